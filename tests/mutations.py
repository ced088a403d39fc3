"""Sentences made from those of articles: faithful ones, and ones that say something else.

The rules and word lists here are written from the languages, not from the checker's tables, and
import nothing of the checker. A rule gives nothing where it does not apply.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

from assistant.types import Passage

_L = r"\p{L}\p{M}\p{Nd}"
_NUMBER = regex.compile(rf"(?<![{_L}.,/-])\p{{Nd}}+(?:[.,]\p{{Nd}}+)*(?![{_L}/-]|[.,]\p{{Nd}})")
_NAME = regex.compile(r"\p{Lu}[\p{L}\p{M}'’-]*(?: \p{Lu}[\p{L}\p{M}'’-]*)*")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A claim, the passage that its sentence is of, the rule, and whether the claim is true."""

    claim: str
    passage: int
    rule: str
    faithful: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its passage, and the names of that passage and of other ones.

    A place among ``near`` and ``far`` begins with "@": names are places behind "in", "ở" and such.
    """

    text: str
    passage: int
    near: tuple[str, ...]
    far: tuple[str, ...]
    language: str


Rule = Callable[[Sentence, random.Random], str]


# -- what changes the meaning ----------------------------------------------------------------


def changed_digit(s: Sentence, rng: random.Random) -> str:
    found = list(_NUMBER.finditer(s.text))
    if not found:
        return ""
    match = rng.choice(found)
    at = rng.choice([i for i in range(*match.span()) if s.text[i].isdigit()])
    other = rng.choice([d for d in "123456789" if d != s.text[at]])
    return s.text[:at] + other + s.text[at + 1 :]


def moved_mark(s: Sentence, rng: random.Random) -> str:
    """12,5 → 1,25; 1.250 → 12.50"""
    found = [m for m in _NUMBER.finditer(s.text) if regex.search("[.,]", m.group())]
    if not found:
        return ""
    match = rng.choice(found)
    digits = match.group()
    at = max(digits.rfind("."), digits.rfind(","))
    bare = digits[:at] + digits[at + 1 :]
    places = [i for i in range(1, len(bare)) if i != at and not set(bare[i:]) <= {"0"}]
    if not places or bare.startswith("0"):
        return ""
    place = min(places, key=lambda i: abs(i - at))
    return (
        s.text[: match.start()] + bare[:place] + digits[at] + bare[place:] + s.text[match.end() :]
    )


_WORDS = {
    "vi": "hai ba bốn sáu bảy tám chín mười".split(),
    "en": "two three four five six seven eight nine ten".split(),
}


def changed_number_word(s: Sentence, rng: random.Random) -> str:
    words = _WORDS[s.language]
    found = [
        m
        for m in regex.finditer(rf"(?<![{_L}])(?:{'|'.join(words)})(?= \p{{Ll}})", s.text)
        if not s.text[: m.start()].endswith(("thứ ", "tháng ", "mươi "))
    ]
    if not found:
        return ""
    match = rng.choice(found)
    other = rng.choice([w for w in words if w != match.group()])
    return s.text[: match.start()] + other + s.text[match.end() :]


_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_DATES = (
    regex.compile(r"(?<=(?:năm|in|since|tháng \d\d?/|of) )(?:1\d{3}|20\d{2})(?!\d)"),
    regex.compile(rf"(?<=\b)(?:{'|'.join(_MONTHS)})(?= \d)|(?<=\d )(?:{'|'.join(_MONTHS)})"),
    regex.compile(r"(?<=ngày |mùng )\d{1,2}(?!\d)|(?<=tháng )\d{1,2}(?!\d)"),
    regex.compile(r"(?<![\d-])\d{1,2}(?=[-/]\d{1,2}(?![\d-]))"),
)


def changed_date(s: Sentence, rng: random.Random) -> str:
    found = [m for pattern in _DATES for m in pattern.finditer(s.text)]
    if not found:
        return ""
    match = rng.choice(found)
    old = match.group()
    if old in _MONTHS:
        new = rng.choice([month for month in _MONTHS if month != old])
    elif len(old) == 4:
        new = str(int(old) + rng.choice([-30, -10, -2, -1, 1, 2, 10, 20]))
    else:
        new = str(rng.choice([d for d in range(1, 13) if d != int(old)]))
    return s.text[: match.start()] + new + s.text[match.end() :]


def _swapped_name(s: Sentence, rng: random.Random, pool: Sequence[str], place: bool) -> str:
    found = [
        m
        for m in _NAME.finditer(s.text)
        if m.start() > 0 and _is_place(s.text, m) is place and _proper(m.group())
    ]
    rng.shuffle(found)
    for match in found:
        old = match.group().rstrip(".'’-")
        others = [n for n in pool if not _alike(n, old, s.text)]
        if others:
            end = match.start() + len(old)
            return s.text[: match.start()] + rng.choice(others) + s.text[end:]
    return ""


_HEADS = frozenset(
    "the ông bà phó bí thường tổ ban thành trung nghị quyết đảng president king lord king queen "
    "european university".split()
)


def _proper(name: str) -> bool:
    return len(name) > 3 and name.split()[0].lower() not in _HEADS and not name.isupper()


def _alike(a: str, b: str, text: str) -> bool:
    """The one is a part of the other, or stands in the sentence already in the same words."""
    words = {w.lower() for w in a.split()} & {w.lower() for w in b.split()}
    return (bool(words) and (a in b or b in a)) or a.split()[-1].lower() == b.split()[-1].lower()


_BEFORE_PLACE = regex.compile(
    r"(?:\b(?:in|at|near|from|to|into|of)|ở|tại|phường|quận|huyện|tỉnh|thành phố|vùng|khu vực"
    r"|đảo|thị trấn|gần|đến|từ)\s$"
)


def _is_place(text: str, match: regex.Match[str]) -> bool:
    return bool(_BEFORE_PLACE.search(text[: match.start()]))


def names_in(text: str, place: bool) -> list[str]:
    return list(
        dict.fromkeys(
            m.group().rstrip(".'’-")
            for m in _NAME.finditer(text)
            if m.start() > 0
            and text[m.start() - 2 : m.start()] not in (". ", "? ", "! ")
            and _proper(m.group().rstrip(".'’-"))
            and _is_place(text, m) is place
        )
    )


def _people(pool: Sequence[str]) -> list[str]:
    return [name for name in pool if not name.startswith("@")]


def _places(pool: Sequence[str]) -> list[str]:
    return [name.removeprefix("@") for name in pool if name.startswith("@")]


def swapped_name_near(s: Sentence, rng: random.Random) -> str:
    return _swapped_name(s, rng, _people(s.near), place=False)


def swapped_name_far(s: Sentence, rng: random.Random) -> str:
    return _swapped_name(s, rng, _people(s.far), place=False)


def swapped_place_near(s: Sentence, rng: random.Random) -> str:
    return _swapped_name(s, rng, _places(s.near), place=True)


def swapped_place_far(s: Sentence, rng: random.Random) -> str:
    return _swapped_name(s, rng, _places(s.far), place=True)


_OPPOSITES = {
    "vi": """tăng/giảm, cao/thấp, mở rộng/thu hẹp, trước/sau, nhiều/ít, lớn/nhỏ, sớm/muộn,
        thắng/thua, nâng cao/hạ thấp, tăng cường/làm suy yếu, đầu tiên/cuối cùng, phía bắc/phía nam,
        phía đông/phía tây, thuận lợi/khó khăn, nhanh/chậm, mạnh/yếu, hiện đại/lạc hậu, trên/dưới,
        tối đa/tối thiểu, mới/cũ, chủ động/bị động, thu hút/xua đuổi, ngắn gọn/dài dòng,
        đẩy mạnh/kìm hãm, linh hoạt/cứng nhắc, bắt đầu/kết thúc""",
    "en": """increase/decrease, increased/decreased, rise/fall, rose/fell, before/after, more/less,
        above/below, win/lose, won/lost, first/last, north/south, northern/southern, east/west,
        eastern/western, higher/lower, high/low, larger/smaller, large/small, early/late,
        earlier/later, began/ended, most/least, many/few, strong/weak, long/short, old/new,
        largest/smallest, support/oppose, supported/opposed, best/worst, grew/shrank""",
}


def flipped_direction(s: Sentence, rng: random.Random) -> str:
    pairs = _pairs(_OPPOSITES[s.language])
    found = []
    for a, b in pairs:
        for old, new in ((a, b), (b, a)):
            for match in regex.finditer(rf"(?<![{_L}]){old}(?![{_L}])", s.text):
                if not _FIXED.search(s.text[max(0, match.start() - 10) : match.end() + 8]):
                    found.append((match.span(), new))
    if not found:
        return ""
    (start, end), new = rng.choice(found)
    return s.text[:start] + new + s.text[end:]


# Where a word of the lists above is no direction but part of another word.
_FIXED = regex.compile(
    r"trước mắt|trên cơ sở|sau đó|trước đó|tăng cường|trên thế giới|khá cao|cao su|trên thực tế"
    r"|at least|at last|many as|less than|more than|no more|as long|long as|last year|most of"
    r"|New |cao cấp|nâng cao|một số ít|dựa trên|so long|no longer"
)


def _pairs(listed: str) -> list[tuple[str, str]]:
    """ "a b/c d, e/f" → (a b, c d), (e, f)."""
    both = [pair.strip().split("/") for pair in listed.split(",")]
    return [(a, b) for a, b in both]


def inserted_negation(s: Sentence, rng: random.Random) -> str:
    if s.language == "vi":
        found = list(
            regex.finditer(
                r"(?<=\s)(?:đã|sẽ|đang|có thể|được|là|phải|cần|yêu cầu|cho biết|đề nghị|tập trung"
                r"|sử dụng|bao gồm|trở thành|giúp|muốn)(?=\s)",
                s.text,
            )
        )
        if not found:
            return ""
        match = rng.choice(found)
        word = match.group()
        instead = {"đã": "chưa", "sẽ": "sẽ không", "đang": "không", "là": "không phải là"}
        return s.text[: match.start()] + instead.get(word, f"không {word}") + s.text[match.end() :]
    found = list(
        regex.finditer(r"(?<=\s)(?:is|are|was|were|has|had|can|could|will|would)(?=\s)", s.text)
    )
    if not found:
        return ""
    match = rng.choice(found)
    return s.text[: match.end()] + " not" + s.text[match.end() :]


def removed_negation(s: Sentence, rng: random.Random) -> str:
    if s.language == "vi":
        found = list(
            regex.finditer(
                r"(?<!hàng |bầu |hay |nếu )(?<=\s)"
                r"(?:không phải|không thể|không được|không|chưa|chẳng) "
                r"(?!gian|khí|chỉ|quân|những|ngừng|phận|đổi|lưu|còn|trung|lực)",
                s.text,
            )
        )
        found = [m for m in found if not regex.match(r"[,.?]", s.text[m.end() :])]
    else:
        found = list(
            regex.finditer(
                r"(?<=\b(?:is|are|was|were|can|could|will|would|did|do|does|has|had))"
                r" not (?!only|just|necess)",
                s.text,
            )
        )
    if not found:
        return ""
    match = rng.choice(found)
    word = match.group().strip()
    instead = {"chưa": "đã ", "không thể": "có thể ", "không được": "được ", "not": " "}
    return s.text[: match.start()] + instead.get(word, "") + s.text[match.end() :]


_SAID = regex.compile(
    r"(?P<vi>cho biết|cho hay|cho rằng|yêu cầu|đề nghị|kiến nghị|nhận định|khẳng định|tuyên bố)"
    r"|(?P<en>\b(?:said|stated|argued|claimed|believed|announced|suggested|asked|believes|argues"
    r"|states|says|believe|argue))(?= |$)"
)
_OTHER_ACT = {"vi": ("bác bỏ việc", "phủ nhận rằng"), "en": ("denied", "rejected the idea")}


def other_act(s: Sentence, rng: random.Random) -> str:
    """Who says it denies it instead."""
    found = [m for m in _SAID.finditer(s.text) if m[s.language] and m.start() > 8]
    if not found:
        return ""
    match = rng.choice(found)
    return s.text[: match.start()] + rng.choice(_OTHER_ACT[s.language]) + s.text[match.end() :]


def other_speaker(s: Sentence, rng: random.Random) -> str:
    """Another name of the article says it."""
    found = [m for m in _SAID.finditer(s.text) if m[s.language]]
    people = [n for n in _people([*s.near, *s.far[:3]]) if len(n.split()) > 1]
    for match in found:
        names = [m for m in _NAME.finditer(s.text[: match.start()]) if len(m.group()) > 3]
        if not names or match.start() - names[-1].end() > 30:
            continue
        old = names[-1]
        others = [n for n in people if not _alike(n, old.group(), s.text)]
        if others:
            return s.text[: old.start()] + rng.choice(others) + s.text[old.end() :]
    return ""


def added_speaker(s: Sentence, rng: random.Random) -> str:
    """Something that the text says in its own name is put into a person's mouth."""
    if _SAID.search(s.text) or regex.search(r"\b[Tt]heo |ccording to", s.text):
        return ""
    people = [n for n in _people(s.near) if len(n.split()) > 1 and n not in s.text]
    if not people:
        return ""
    lead = {"vi": "Theo {}, {}", "en": "According to {}, {}"}[s.language]
    return lead.format(rng.choice(people), s.text)


MEANING: dict[str, Rule] = {
    "changed digit": changed_digit,
    "moved decimal mark": moved_mark,
    "changed number word": changed_number_word,
    "changed date": changed_date,
    "name of the passage": swapped_name_near,
    "name from elsewhere": swapped_name_far,
    "place of the passage": swapped_place_near,
    "place from elsewhere": swapped_place_far,
    "flipped direction": flipped_direction,
    "inserted negation": inserted_negation,
    "removed negation": removed_negation,
    "other act of speech": other_act,
    "other speaker": other_speaker,
    "added speaker": added_speaker,
}
GROUPS = {
    "numbers": ("changed digit", "moved decimal mark", "changed number word"),
    "dates": ("changed date",),
    "names": (
        "name of the passage", "name from elsewhere", "place of the passage",
        "place from elsewhere",
    ),
    "direction": ("flipped direction",),
    "negation": ("inserted negation", "removed negation"),
    "attribution": ("other act of speech", "other speaker", "added speaker"),
}  # fmt: skip


# -- what keeps it ---------------------------------------------------------------------------


def verbatim(s: Sentence, rng: random.Random) -> str:
    return s.text


def reordered(s: Sentence, rng: random.Random) -> str:
    """The clauses behind the first comma go in front."""
    parts = s.text.rstrip(".").split(", ")
    if len(parts) < 2 or any(len(part.split()) < 3 for part in (parts[0], parts[-1])):
        return ""
    return ", ".join([*parts[1:], parts[0]]) + "."


def shortened(s: Sentence, rng: random.Random) -> str:
    """One part between commas or semicolons is left out, the first aside."""
    parts = regex.split(r"(?<=[,;]) ", s.text)
    if len(parts) < 3 or '"' in s.text:
        return ""
    at = rng.randrange(1, len(parts))
    kept = " ".join([*parts[:at], *parts[at + 1 :]])
    if regex.search(r"không|chưa|not\b|bác bỏ|den(y|ied)", parts[at - 1] + parts[at]):
        return ""
    return kept.rstrip(",; ").rstrip(".") + "."


_SYNONYMS = {
    "vi": """sử dụng/dùng, xây dựng/thiết lập, cho biết/nói, quan trọng/then chốt, nhiều/không ít,
        bắt đầu/khởi sự, kết quả/thành quả, tuy nhiên/song, bởi vì/do, xảy ra/diễn ra, rất/hết sức,
        người dân/dân chúng, giúp/hỗ trợ, cần/phải, lớn/to lớn, tập trung/chú trọng,
        hiện nay/ngày nay, thực hiện/tiến hành, đảm bảo/bảo đảm, khu vực/vùng, phát triển/mở mang,
        khó khăn/trở ngại, phần lớn/đa số, nổi tiếng/có tiếng, yêu cầu/đề nghị, nỗ lực/cố gắng,
        chính/chủ yếu, kỹ lưỡng/cẩn thận, thẳng thắn/bộc trực""",
    "en": """however/but, large/big, began/started, important/significant, many/numerous,
        use/employ, used/employed, about/approximately, help/assist, because/since, people/persons,
        shows/reveals, area/region, made/created, small/little, often/frequently, several/various,
        found/discovered, known/famous, main/chief, create/make, built/constructed,
        different/distinct, allow/let, also/likewise, while/whereas, usually/normally""",
}


def synonyms(s: Sentence, rng: random.Random) -> str:
    """Up to three words by others that mean the same."""
    text, changed = s.text, 0
    for a, b in _pairs(_SYNONYMS[s.language]):
        new = regex.sub(rf"(?<![{_L}]){a}(?![{_L}])", b, text, count=1)
        changed += new != text
        text = new
        if changed == 3:
            break
    return text if changed else ""


def reframed(s: Sentence, rng: random.Random) -> str:
    """ "X cho biết Y" → "Theo X, Y"; "X said that Y" → "According to X, Y"."""
    if s.language == "vi":
        match = regex.fullmatch(
            r"(.{4,60}?),? (?:cho biết|cho hay|cho rằng)(?: rằng)?,? (.+)", s.text
        )
        lead = "Theo {}, {}"
    else:
        match = regex.fullmatch(
            r"(.{4,60}?) (?:said|stated|argued|believed|argues|believes) that (.+)", s.text
        )
        lead = "According to {}, {}"
    if not match or "," in match[1]:
        return ""
    speaker = match[1]
    return lead.format(
        speaker[0].lower() + speaker[1:] if s.language == "vi" else speaker, match[2]
    )


def moved_source(s: Sentence, rng: random.Random) -> str:
    """ "Theo X, Y." → "Y, theo X." """
    match = regex.fullmatch(r"(Theo|According to) ([^,]{3,50}), ([^.]+)\.", s.text)
    if not match:
        return ""
    return f"{match[3][0].upper()}{match[3][1:]}, {match[1].lower()} {match[2]}."


def passive(s: Sentence, rng: random.Random) -> str:
    """ "X được V bởi Y" → "Y V X"; "X was V by Y" → "Y V X"."""
    if s.language == "vi":
        by = r"([^,.]{3,60}) (?:đã )?được (\p{Ll}+ \p{Ll}+) bởi ([^,.]{3,60})\."
        aspect = "đã "
    else:
        by = r"([^,.]{3,60}) (?:was|were) (\p{Ll}+ed) by ([^,.]{3,60})\."
        aspect = ""
    match = regex.fullmatch(by, s.text)
    if not match:
        return ""
    what, deed, who = match.groups()
    return f"{who[0].upper()}{who[1:]} {aspect}{deed} {what}."


def framed(s: Sentence, rng: random.Random) -> str:
    """With a lead that answers begin with."""
    leads = {
        "vi": ("Bài viết cho biết {}", "Cụ thể, {}", "Ngoài ra, {}", "Theo bài viết, {}"),
        "en": ("The article says that {}", "In addition, {}", "According to the article, {}"),
    }
    text = s.text
    if regex.match(r"\p{Lu}\p{Ll}* \p{Ll}", text):  # what a name begins stays as it is
        text = text[0].lower() + text[1:]
    return rng.choice(leads[s.language]).format(text)


def other_notation(s: Sentence, rng: random.Random) -> str:
    """Numbers written the other way: "hai" ↔ "2", "1.250" ↔ "1,250", "15,5%" ↔ "15.5 percent"."""
    values = {"vi": (2, 3, 4, 6, 7, 8, 9, 10), "en": tuple(range(2, 11))}[s.language]
    text = s.text
    for word, value in zip(_WORDS[s.language], values, strict=True):
        text = regex.sub(
            rf"(?<![{_L}]|thứ |tháng |mươi |mười |chương ){word}(?= \p{{Ll}})"
            r"(?! mươi| trăm| mẹ| hundred| thousand)",
            str(value),
            text,
        )
    text = regex.sub(
        r"(?<=\d)[.,](?=\d{3}(?!\d))", lambda m: "," if m.group() == "." else ".", text
    )
    text = regex.sub(
        r"(\d+)[.,](\d{1,2})(?=\s?%)",
        lambda m: f"{m[1]}{'.' if ',' in m.group() else ','}{m[2]}",
        text,
    )
    text = regex.sub(r"(?<=\d)\s?%", " phần trăm" if s.language == "vi" else " percent", text)
    return text if text != s.text else ""


FAITHFUL: dict[str, Rule] = {
    "verbatim": verbatim,
    "reordered": reordered,
    "shortened": shortened,
    "synonyms": synonyms,
    "reframed": reframed,
    "moved source": moved_source,
    "passive": passive,
    "framed": framed,
    "other notation": other_notation,
}
KEEPING = {
    "verbatim": ("verbatim",),
    "shortened": ("shortened",),
    "reordered": ("reordered",),
    "paraphrase": ("synonyms", "reframed", "moved source", "passive", "framed"),
    "other notation": ("other notation",),
}


def sentences_of(passages: Sequence[Passage], language: str) -> list[Sentence]:
    """The prose sentences of six words or more, with names to swap."""
    own = [["@" + n for n in names_in(p.text, True)] + names_in(p.text, False) for p in passages]
    found = []
    for i, passage in enumerate(passages):
        far = tuple(n for j in range(1, 5) for n in own[(i + j) % len(own)] if n not in own[i])
        for s in passage.sentences:
            text = passage.text[s.start - passage.start : s.end - passage.start]
            if s.kind == "prose" and len(text.split()) >= 6:
                found.append(Sentence(text, i, tuple(own[i]), far, language))
    return found


def mutants(found: Sequence[Sentence], every: int = 1, seed: int = 5) -> Iterator[Mutant]:
    """Every rule applied once to every sentence that it fits, or to one in ``every``."""
    for number, sentence in list(enumerate(found))[::every]:
        for faithful, rules in ((False, MEANING), (True, FAITHFUL)):
            for name, rule in rules.items():
                claim = rule(sentence, random.Random(f"{seed} {number} {name}"))
                if claim and (faithful or claim != sentence.text):
                    yield Mutant(claim, sentence.passage, name, faithful)
