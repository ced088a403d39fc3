"""Whether the passages that a language model was shown support a sentence that it wrote.

Deterministic and without a second model: a sentence must have its numbers, dates and names, its
negation, direction and speaker in the sentences that have the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from assistant.reading.claims._contradictions import attribution, direction, negation
from assistant.reading.claims._missing_facts import Source, amounts, names
from assistant.reading.claims._polarity import denials, sayings
from assistant.text.language import language_of
from assistant.text.parsed_sentence import ParsedSentence, read
from assistant.text.term_rarity import tellingness
from assistant.text.terms import fold
from assistant.types import Evidence, Judgement, Passage, Sentence, Shown, Span, UnsupportedReason

# Claim, sentences of the passages → cosines of the embedding model; higher is better.
Similar = Callable[[str, Sequence[str]], Sequence[float]]

# Set by hand and checked, not fitted, on the even half of XQuAD (tests/benchmarks/claims.py).
ENOUGH_WORDS = 0.72  # share of a claim's telling words that its evidence has, without vectors
FEW_WORDS = 0.5  # the share that is enough where the vectors agree
NEAR = 0.90  # cosine within a language, from which the vectors agree
SAYS_SOMETHING = 0.5  # weight that a word of a claim without facts must have: not "của và là"
EMPTY_CLAUSE = 0.25  # a clause of a claim with a smaller share is one that was added
LOOKED_AT = 4  # sentences, the best first, from which evidence is put together

_LABEL = regex.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_MARKERS = regex.compile(r"\s*\[\d{1,4}\]")
# How answers lead in to what an article says.
_LEAD = regex.compile(
    r"^(?:theo (?:bài (?:viết|báo)|tin tức|nguồn tin)(?: (?:này|trên))?,? "
    r"|(?:trong )?bài (?:viết|báo)"
    r"(?: này)? (?:cho biết|cho hay|nói|viết|nêu|đề cập)(?: rằng| đến)?:? "
    r"|according to (?:the|this) (?:article|text|passage|report), "
    r"|(?:the|this) (?:article|text|passage|report) (?:says|states|reports|notes|mentions)"
    r"(?: that)?:? |(?:cụ thể|ngoài ra|tóm lại|như vậy|đồng thời|bên cạnh đó|in addition|in short"
    r"|overall|specifically|additionally|moreover|furthermore),? )+",
    regex.IGNORECASE,
)
_QUOTES = " \t\n“”\"'‘’*_"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a shown passage."""

    shown: Shown
    place: int
    start: int
    end: int
    reading: ParsedSentence
    cosine: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What some sentences lack of a claim; no ``lack`` where they support it."""

    lines: tuple[Line, ...]
    share: float
    lack: UnsupportedReason = ""
    detail: str = ""


def judge(
    claim: str, cited: Sequence[int], shown: Sequence[Shown], similar: Similar | None = None
) -> Judgement:
    """Looks in the passages that the claim cites, then in the others.

    Without ``similar`` words alone decide. Words of two languages cannot be compared, and cosines
    do not tell a faithful rendering from a false one (rules that tried rejected more than half of
    the faithful ones, ``tests/benchmarks/claims.md``): a claim that no passage of its own language
    supports is "unchecked" where all it cites are in another, and its evidence is then the nearest
    sentence, which may say something else.
    """
    plain = _plain(claim)
    wanted = read(plain)
    if not wanted.words:
        return Judgement("unsupported", lack="content", detail=plain)
    language = language_of(plain)
    own = [s for s in shown if s.number in cited]
    rest = [s for s in shown if s.number not in cited]
    nearest: Finding | None = None
    for verdict, passages in (("supported", own), ("elsewhere", rest)):
        found = _search(wanted, passages, similar)
        if found and not found.lack:
            return Judgement(
                "supported" if verdict == "supported" else "elsewhere", _evidence(found.lines)
            )
        if found and (nearest is None or _rank(found) > _rank(nearest)):
            nearest = found
    read_in = own or shown
    if read_in and all(_language(s) != language for s in read_in):
        return Judgement("unchecked", _nearest(wanted, read_in, similar))
    if nearest is None:
        return Judgement("unsupported", lack="content", detail=plain)
    return Judgement("unsupported", _evidence(nearest.lines), nearest.lack, nearest.detail)


def _plain(claim: str) -> str:
    """The claim without its number in a list, markers, lead and quotation marks."""
    bare = _LABEL.sub("", _MARKERS.sub("", claim)).strip(_QUOTES)
    return _LEAD.sub("", bare).strip(_QUOTES) or bare


def _rank(found: Finding) -> tuple[bool, float]:
    """A finding that lacks one fact is nearer than one that lacks the content."""
    return found.lack != "content", found.share


def _nearest(
    wanted: ParsedSentence, passages: Sequence[Shown], similar: Similar | None
) -> tuple[Evidence, ...]:
    """The sentence of the largest cosine; nothing without cosines."""
    lines = _lines(wanted, passages, similar) if similar else []
    return _evidence([max(lines, key=lambda line: line.cosine)]) if lines else ()


def _search(
    wanted: ParsedSentence, passages: Sequence[Shown], similar: Similar | None
) -> Finding | None:
    lines = _lines(wanted, passages, similar)
    if not lines:
        return None
    for line in lines:
        if _contains(line.reading, wanted):
            return Finding((line,), 1.0)
    ordered = sorted(lines, key=lambda line: -_share(wanted, (line,)) - line.cosine)
    nearest: Finding | None = None
    for window in _windows(ordered[:LOOKED_AT], lines):
        found = _check(wanted, window, lines, similar is not None)
        if not found.lack:
            return found
        if nearest is None or _rank(found) > _rank(nearest):
            nearest = found
    return nearest


def _lines(
    wanted: ParsedSentence, passages: Sequence[Shown], similar: Similar | None
) -> list[Line]:
    cut = [
        (
            shown,
            i,
            s.start,
            s.end,
            _text_of(shown.passage, s),
        )
        for shown in passages
        for i, s in enumerate(shown.passage.sentences)
    ]
    texts = [text for *_, text in cut]
    cosines = similar(wanted.text, texts) if similar and texts else [0.0] * len(texts)
    found = [
        Line(shown, i, start, end, read(text, shown.date), float(cosine))
        for (shown, i, start, end, text), cosine in zip(cut, cosines, strict=True)
    ]
    return [line for line in found if line.reading.words]  # "***" says nothing


def _text_of(passage: Passage, sentence: Sentence) -> str:
    return passage.text[sentence.start - passage.start : sentence.end - passage.start]


def _windows(best: Sequence[Line], lines: Sequence[Line]) -> Iterator[tuple[Line, ...]]:
    """Single sentences, neighbours, then two apart; each in the passage's order."""
    for line in best:
        yield (line,)
    at = {(line.shown.number, line.place): line for line in lines}
    seen = set()
    for before, after in ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2)):
        for line in best:
            number, place = line.shown.number, line.place
            around = [at.get((number, i)) for i in range(place - before, place + after + 1)]
            window = tuple(x for x in around if x is not None)
            if len(window) == len(around) and window not in seen:
                seen.add(window)
                yield window
    for i, a in enumerate(best[:3]):
        for b in best[i + 1 : 4]:
            if a.shown.number != b.shown.number or abs(a.place - b.place) > 2:
                yield tuple(sorted((a, b), key=lambda x: (x.shown.number, x.place)))


def _check(
    wanted: ParsedSentence, window: tuple[Line, ...], lines: Sequence[Line], vectors: bool
) -> Finding:
    share = _share(wanted, window)
    if _apart(window) and not _each_part(wanted, window):
        return Finding(window, share / 2, "content", wanted.text)
    content = _missing_content(wanted, window, share, vectors)
    source = _source(window, lines)
    if content and share < FEW_WORDS / 2 and len(_content(wanted)) > 3:
        return Finding(window, share, "content", content)
    lack, detail = _lack_of(wanted, source)
    if not lack and content:
        lack, detail = "content", content
    return Finding(window, share, lack, detail)


def _lack_of(wanted: ParsedSentence, source: Source) -> tuple[UnsupportedReason, str]:
    """The first fact or turn that is missing, and the claim's words for it; ("", "") if none is."""
    for check in (amounts, names, negation, direction, attribution):
        for lack, detail in check(wanted, source):
            return lack, detail
    return "", ""


def _apart(window: Sequence[Line]) -> bool:
    """Whether its sentences are not neighbours."""
    return any(
        a.shown.number != b.shown.number or b.place - a.place > 1 for a, b in pairwise(window)
    )


def _each_part(wanted: ParsedSentence, window: Sequence[Line]) -> bool:
    """Whether every part of the claim has enough of its words in a single sentence.

    Two sentences that are no neighbours may be combined, but not word by word.
    """
    for indexes in _parts(wanted):
        weights = {wanted.words[i].stem: _weight(wanted.words[i].term) for i in indexes}
        total = sum(weights.values())
        met = max(
            sum(w for stem, w in weights.items() if stem in _stems_of([line])) for line in window
        )
        if len(indexes) >= 4 and met < ENOUGH_WORDS * total:
            return False
    return True


def _parts(wanted: ParsedSentence) -> list[list[int]]:
    """The words of the claim, cut at its clauses and at "và"."""
    parts: list[list[int]] = [[]]
    for i, word in enumerate(wanted.words):
        if i and (word.clause != wanted.words[i - 1].clause or word.term in ("và", "and")):
            parts.append([])
        parts[-1].append(i)
    return parts


def _source(window: tuple[Line, ...], lines: Sequence[Line]) -> Source:
    """The window, what stands before it in its passage, and what its article is headed."""
    first = window[0]
    article = {
        line.start: line
        for line in lines
        if line.shown.passage.article_id == first.shown.passage.article_id
    }
    passage = tuple(article[start].reading for start in sorted(article))
    before = tuple(article[start].reading for start in sorted(article) if start < window[-1].start)
    shown = first.shown
    return Source(
        tuple(line.reading for line in window),
        before,
        passage,
        read(shown.title, shown.date),
        shown.date,
    )


def _missing_content(
    wanted: ParsedSentence, window: tuple[Line, ...], share: float, vectors: bool
) -> str:
    """The claim's words that the window lacks; "" where it has enough."""
    cosine = max(line.cosine for line in window)
    enough = share >= ENOUGH_WORDS or (vectors and share >= FEW_WORDS and cosine >= NEAR)
    if not enough:
        return _unmet(wanted, window) or wanted.text
    return _added_clause(wanted, window)


def _added_clause(wanted: ParsedSentence, window: tuple[Line, ...]) -> str:
    have = _stems_of(window)
    last = wanted.words[-1].clause
    for clause in range(last + 1):
        indexes = [i for i, word in enumerate(wanted.words) if word.clause == clause]
        weights = [(_weight(wanted.words[i].term), wanted.words[i].stem in have) for i in indexes]
        total = sum(w for w, _ in weights)
        met = sum(w for w, known in weights if known)
        if len(indexes) >= 4 and met < EMPTY_CLAUSE * total:
            return wanted.text[wanted.words[indexes[0]].start : wanted.words[indexes[-1]].end]
    return ""


def _unmet(wanted: ParsedSentence, window: tuple[Line, ...]) -> str:
    """The longest run of the claim's words that the window lacks."""
    have = _stems_of(window)
    runs: list[list[int]] = [[]]
    for i, word in enumerate(wanted.words):
        if word.stem in have:
            runs.append([])
        else:
            runs[-1].append(i)
    longest = max(runs, key=len)
    if not longest:
        return ""
    return wanted.text[wanted.words[longest[0]].start : wanted.words[longest[-1]].end]


def _share(wanted: ParsedSentence, window: tuple[Line, ...]) -> float:
    """Share of the claim's weight, facts aside, that is of words the window has."""
    content = _content(wanted)
    have = _stems_of(window)
    total = sum(weight for _, weight in content)
    met = sum(weight for stem, weight in content if stem in have)
    if wanted.text.isascii() and met < total:  # Vietnamese typed without accents
        flat = {fold(stem) for stem in have}
        met = sum(weight for stem, weight in content if stem in flat)
    if wanted.facts:
        return met / total if total else 1.0
    says = any(weight >= SAYS_SOMETHING for _, weight in content)
    return met / total if says else 0.0


@lru_cache(maxsize=1024)
def _content(wanted: ParsedSentence) -> tuple[tuple[str, float], ...]:
    """Stem and weight of the words that are in no fact."""
    checked = {i for fact in wanted.facts for i in range(fact.first, fact.last)}
    return tuple(
        (word.stem, _weight(word.term)) for i, word in enumerate(wanted.words) if i not in checked
    )


def _stems_of(window: Sequence[Line]) -> frozenset[str]:
    return frozenset().union(*(_stems(line.reading) for line in window))


@lru_cache(maxsize=8192)
def _stems(reading: ParsedSentence) -> frozenset[str]:
    return frozenset(word.stem for word in reading.words)


@lru_cache(maxsize=65536)
def _weight(term: str) -> float:
    return tellingness(term)


def _contains(source: ParsedSentence, wanted: ParsedSentence) -> bool:
    """Whether the claim stands in the source word by word, and nothing before it turns it round."""
    own = tuple(word.term for word in wanted.words)
    told = [word.term for word in source.words]
    n = len(own)
    for i in range(len(told) - n + 1):
        if tuple(told[i : i + n]) != own:
            continue
        part = source.text[source.words[i].start : source.words[i + n - 1].end + 1]
        if part.count("%") != wanted.text.count("%"):
            continue
        denied = any(d.first < i and i in d.heads for d in denials(source))
        denied = denied or any(
            s.last <= i and s.act in ("deny", "ask") and i - s.last <= 6 for s in sayings(source)
        )
        if i == 0 or not denied:
            return True
    return False


@lru_cache(maxsize=4096)
def _language_of(text: str) -> str:
    return language_of(text)


def _language(shown: Shown) -> str:
    return _language_of(shown.passage.text) if shown.language == "und" else shown.language


def _evidence(lines: Sequence[Line]) -> tuple[Evidence, ...]:
    """Spans of the article; neighbouring sentences of a passage are one."""
    found: list[Evidence] = []
    previous: Line | None = None
    for line in lines:
        near = (
            previous is not None
            and previous.shown.number == line.shown.number
            and previous.place + 1 == line.place
        )
        if near:
            last = found.pop()
            found.append(Evidence(last.number, Span(last.span.start, line.end)))
        else:
            found.append(Evidence(line.shown.number, Span(line.start, line.end)))
        previous = line
    return tuple(found)
