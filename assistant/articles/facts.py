"""What an article's own text says about it: title, source, date, furniture."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import regex

from assistant.articles.document import Document, Metadata, headline
from assistant.articles.text_files import check_characters, check_content, line_of, normalized
from assistant.text.dates import first_day_in
from assistant.text.language import language_of
from assistant.text.legacy_encodings import FEW_KINDS, recovered
from assistant.text.names import FULL_NAME
from assistant.text.sentences import heading_like, heading_text, sentences
from assistant.types import Article, Span

UNKNOWN = Metadata()
TITLE_LENGTH = 90  # code points of a title taken from the first sentence
LONGEST_BYLINE = 90  # code points
SOURCE_WORDS = 8  # of a publisher's name: more is prose that starts with "Nguồn: "
EDGE_LINES = 5  # non-empty lines at the end (and the start) that may be furniture

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]+", re.IGNORECASE)
_SOURCE = re.compile(r"[(\[]?\s*(?:nguồn(?: tin)?|theo|source|via)\s*[:：]\s*(.*)", re.IGNORECASE)
_COUNTER = re.compile(
    r"(?:(?:bình luận|comments?|chia sẻ|shares?|thích|likes?)\s*[:：]?\s*(?:\(\s*\d+\s*\)|\d+)"
    r"|\(?\d+\)?\s*(?:bình luận|comments?|lượt chia sẻ|chia sẻ|shares?|lượt thích|likes?)"
    r"|(?:(?:bình luận|comments?|chia sẻ(?: bài viết)?|share|facebook|twitter|zalo|email|in bài"
    r"|sao chép liên kết|copy link)(?:\s*[|·•/,:-]\s*|\s+|$))+)",
    re.IGNORECASE,
)
_TOP_HEADING = re.compile(r"#\s")


# Document to article
def article_from(path: Path, document: Document, beside: Metadata = UNKNOWN) -> Article:
    """The article of a document; ``beside`` is what a sidecar file says.

    The document's own facts count first, then those beside it, then what the text tells. Raises
    CorpusError where there is no text.
    """
    text = normalized(document.text)
    check_content(path, text)
    lines = _nonempty_lines(text)
    source, furniture = _furniture(text, lines)
    prose = [text[line.start : line.end] for line in lines if line not in furniture]
    known = document.metadata.or_else(beside)
    language = known.language or document.around.language or language_of(text)
    known, around = _in_unicode(known, language), _in_unicode(document.around, language)
    shown = [*prose[:1], *document.byline, *prose[1:]]
    told = _byline(shown).or_else(_running_head(document.edges))
    place = path / document.member if document.member else path
    article = Article(
        id=_id(text),
        title=headline(known.title, map(_bare, prose[:EDGE_LINES]))
        or _title(prose, document.marked)
        or place.stem,
        text=text,
        language=language,
        source=known.source or source or told.source or around.source,
        date=known.date or _date_of(shown) or told.date or around.date,
        path=os.fsencode(place).decode("utf-8", "replace"),
        furniture=(*furniture, *_signed(text, lines, furniture)),
        author=known.author or told.author or around.author,
        marked=document.marked,
    )
    # A text of a collection is prose to its end, and its dates are what it tells about.
    bare = replace(article, source="", date="", furniture=())
    return bare if document.collected else article


def _in_unicode(known: Metadata, language: str) -> Metadata:
    """What is known of a Vietnamese article; names in letters of an old font are converted."""
    if language != "vi":
        return known

    def mended(fact: str) -> str:
        return (recovered(fact, FEW_KINDS) or (fact,))[0]

    return replace(
        known, title=mended(known.title), source=mended(known.source), author=mended(known.author)
    )


def _id(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _nonempty_lines(text: str) -> list[Span]:
    """The lines that are not blank, without the whitespace around them."""
    found = []
    start = 0
    for line in text.split("\n"):
        if bare := line.strip():
            begin = start + len(line) - len(line.lstrip())
            found.append(Span(begin, begin + len(bare)))
        start += len(line) + 1
    return found


def _furniture(text: str, lines: Sequence[Span]) -> tuple[str, tuple[Span, ...]]:
    """The source named at the end, and the lines that are no prose of the article.

    Source lines are looked for in the last lines, counters and share bars in the first, too.
    """
    furniture, names = [], []
    last = lines[-EDGE_LINES:]
    for line in dict.fromkeys([*lines[:EDGE_LINES], *last]):
        content = text[line.start : line.end]
        source = _source_in(content) if line in last else None
        if source is not None:
            names.append(source)
        if source is not None or (len(content) <= 120 and _COUNTER.fullmatch(content)):
            furniture.append(line)
    addresses = [name for name in names if _URL.match(name)]
    return "".join((addresses or [n for n in names if n])[:1]), tuple(furniture)


def _source_in(line: str) -> str | None:
    """The address or name that a source line gives ("" where it gives none), else None."""
    url = _URL.search(line)
    address = url.group().rstrip(".,;)]") if url else ""
    if url and url.group() == line.strip("()[]<>"):
        return address
    match = _SOURCE.fullmatch(line)
    if not match or len(line) - len(address) > 120:
        return None
    name = match[1].rstrip(" .)]")
    return address or (name if len(name.split()) <= SOURCE_WORDS else None)


def _title(lines: Sequence[str], has_marks: bool) -> str:
    """The headline: marked with '# ', or a first line like one, or the first sentence."""
    lines = [line for line in lines if any(map(str.isalnum, line))] or lines  # no rule
    if not lines:
        return ""
    top = next((line for line in lines if has_marks and _TOP_HEADING.match(line)), lines[0])
    if marked := heading_text(top):
        return line_of(marked)
    if heading_like(top):
        return line_of(top)
    first = sentences(lines[0])[0]
    return _shortened(line_of(lines[0][first.start : first.end]))


def _shortened(sentence: str) -> str:
    """At most 90 code points, cut between words where there are some."""
    if len(sentence) <= TITLE_LENGTH:
        return sentence
    head = sentence[: TITLE_LENGTH - 1]
    if not sentence[TITLE_LENGTH - 1].isspace() and " " in head:
        head = head.rpartition(" ")[0]
    return head.rstrip(" ,;:–-") + "…"


def _bare(line: str) -> str:
    return heading_text(line) or line


# Lines above or below an article that say who wrote it, where and when, and nothing else.
_WHEN = regex.compile(
    r"(?:\b(?:ngày|thứ \p{L}+|chủ nhật|(?:mon|tues|wednes|thurs|fri|satur|sun)day),?\s*)*"
    r"\b\d{1,4}[\d./:h-]*(?:,?\s*(?:tháng|năm|am|pm|gmt[+\d]*|\p{Lu}\p{Ll}+|\(gmt[+\d]*\)"
    r"|\d[\d./:h-]*))*",
    regex.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_OF_DAYS = frozenset(
    "ngày tháng năm giờ lúc thứ chủ nhật hai ba tư sáu bảy sáng trưa chiều tối cập on at".split()
)
_APART = regex.compile(r"\s+[-–—]\s+|\s*[|·•;]\s*|(?<=\p{L})(?<!TTXVN)/(?=\p{Lu})")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_BY = re.compile(
    r"(?:by|(?:tin|bài)(?: viết)?(?:(?:,| và)? (?:ảnh|bài|video|clip))*|tác giả|người viết"
    r"|thực hiện|phóng viên|cộng tác viên|pv|ctv|von|par|por)\s*:?\s+",
    re.IGNORECASE,
)
_DONE = re.compile(r"\s*\b(?:t/h|[Tt]ổng hợp|lược dịch|biên dịch|lược ghi|ghi|thực hiện)$")
_OTHER_WORK = re.compile(r"(?:ảnh|video|clip|đồ họa|biên tập)(?:\s*:\s*|\s).+", re.IGNORECASE)
_PAPER = regex.compile(
    r"\(?(?:[Tt]heo\s+)?"
    r"(?P<name>(?:Báo|Bản tin|Tạp chí|Nhật báo|Tuần báo|The)\s\p{Lu}[^()|]{2,40})\)?"
)
_TOLD_BY = regex.compile(
    r"(?:[Tt]heo|[Nn]guồn)\s+(?:báo\s+)?"
    r"(?P<name>\p{Lu}[\p{L}\p{N}. ]{1,40}(?:, \p{Lu}[\p{L}\p{N}]{1,20})*"
    r"|[\w-]+(?:\.[\w-]+)*\.\p{Ll}{2,})"
)
_AGENCY = regex.compile(r"(?P<name>TTXVN|VNA|VOV|VTV|AFP|AP|BBC|CNN|Reuters)(?:/Vietnam\+)?")
# "Phú Lộng, ngày 25 tháng 8", "Hà Nội, 7/9/2025": an office's line.
_PLACED = regex.compile(rf"{FULL_NAME},\s+(?:ngày\s|\d{{1,2}}[/.-]\d)")
# What pages call their sections and ways to other news; written as names are.
_LABEL = re.compile(
    r"(?i)(?:xem|đọc|tin|bài|mời|về|quay|trở)\s.*|(?:tin|bài)?\s*liên quan|trang chủ|quảng cáo"
    r"|ban biên tập|(?:thời sự|xã hội|kinh tế|kinh doanh|chính trị|thế giới|quốc tế|pháp luật"
    r"|giáo dục|sức khỏe|y tế|thể thao|văn hóa|giải trí|du lịch|khoa học|công nghệ|đời sống"
    r"|bạn đọc)"
    r"(?:\s*[-–&]\s*.*)?"
    r"|(?:phường|xã|thị trấn|quận|huyện|tỉnh|thành phố|sở|ban|tổng|khu|nhóm|tổ|lô|bảng)\s.*"
)
_PERSON = regex.compile(rf"{FULL_NAME}(?:\s\p{{Lu}})?")
# "PV", and those who sign "B.NG".
_INITIALS = regex.compile(r"(?:Nhóm )?(?:PV|[Pp]hóng viên)|(?:\p{Lu}{1,2}\.){1,3}\p{Lu}{1,2}\.?")


def _byline(lines: Sequence[str]) -> Metadata:
    """Author and newspaper by the short lines below the headline and at the end."""
    found = UNKNOWN
    for line in [*lines[1:EDGE_LINES], *lines[-EDGE_LINES:]]:
        found = found.or_else(_told_by(line) or UNKNOWN)
    return found


def _told_by(line: str) -> Metadata | None:
    """Author and newspaper of a line that says who wrote, where and when; None for others."""
    if len(line) > LONGEST_BYLINE:
        return None
    parts = _parts(line)
    papers = [name for part in parts if (name := _paper_in(part))]
    others = [part for part in parts if not _paper_in(part)]
    if not papers and _PLACED.match(line):
        others = others[1:]
    names = [_names_in(part, bool(papers)) for part in others if not _OTHER_WORK.match(part)]
    if not all(names):
        return None
    told = [name for some in names for name in some]
    return Metadata(author=", ".join(told[:2]), source="".join(papers[-1:]))


def _signed(text: str, lines: Sequence[Span], furniture: Sequence[Span]) -> list[Span]:
    """The lines right below the headline that say who wrote it, where and when: no prose of the
    article. A name alone may be the first of a list."""

    def is_signature(line: Span) -> bool:
        content = text[line.start : line.end]
        told = _told_by(content)
        says = told is not None and (told.source or first_day_in(content) or _BY.match(content))
        return bool(says)

    below = [line for line in lines if line not in furniture][1:]
    signed = list(takewhile(is_signature, below[: EDGE_LINES - 1]))
    return signed if len(signed) < len(below) else []


def _names_in(part: str, beside_paper: bool) -> list[str]:
    """The people that a part of a line names, and nothing else; none where it tells another
    thing."""
    told = _BY.sub("", part, count=1)
    is_said = told != part
    names = re.split(r",\s+|\s+và\s+", told) if is_said else [told]
    return names if all(_is_name(name, is_said or beside_paper) for name in names) else []


def _paper_in(part: str) -> str:
    """The newspaper that a part of a line names, "" where it names none."""
    ways = (_PAPER, _TOLD_BY, _AGENCY)
    found = next(filter(None, (way.fullmatch(part) for way in ways)), None)
    return found["name"].strip() if found else ""


def _running_head(lines: Sequence[str]) -> Metadata:
    """The newspaper at the edge of the pages, and the day beside it: other days there are those
    of printing."""
    for line in lines:
        papers = [m["name"] for m in map(_PAPER.fullmatch, _parts(line)) if m]
        if papers:
            return Metadata(source=papers[0], date=first_day_in(line))
    return UNKNOWN


def _parts(line: str) -> list[str]:
    """What a line tells beside a day and a time."""
    opened = _BRACKETS.sub(_opened, line)
    told = (_DONE.sub("", part.strip(" ,")) for part in _APART.split(_WHEN.sub(" | ", opened)))
    return [part for part in told if part]


def _opened(brackets: re.Match[str]) -> str:
    """What brackets hold as a part of its own, where it is a newspaper or what was done."""
    held = brackets[1].strip()
    return f" | {held}" if _paper_in(held) or _DONE.fullmatch(held) else brackets[0]


def _is_name(text: str, is_said: bool) -> bool:
    """Whether it is a person's name; sections of a newspaper are written in capitals too, where
    nothing says (``is_said``) that somebody wrote."""
    is_label = _LABEL.fullmatch(text) is not None or (text.isupper() and not is_said)
    is_person = _PERSON.fullmatch(text) is not None and not is_label
    return is_person or _INITIALS.fullmatch(text) is not None


def _date_of(lines: Sequence[str]) -> str:
    """The day of a date line among the first or last three lines.

    Only lines as short as a headline count: a date inside a paragraph is what is told about.
    """
    edge = [line for line in (*lines[:3], *lines[-3:]) if len(line) <= 120 and not _tells(line)]
    return next((day for line in edge if (day := first_day_in(line))), "")


def _tells(line: str) -> bool:
    """Whether it is a sentence about a day, and no date line: "Ngày 3/5, cầu cũ bị lũ cuốn."."""
    words = [word for word in _WORD.findall(line) if word.islower()]
    other = [word for word in words if word not in _OF_DAYS]
    return line.rstrip("\"'”’)").endswith((".", "!", "?", "…")) and len(other) >= 3


def article_of(path: Path, text: str, title: str = "", where: str = "it") -> Article:
    """The article that a text of a collection becomes: a SQuAD paragraph, a BEIR document.

    ``where`` names the text in the message of the CorpusError that is raised when it is empty
    or holds control characters.
    """
    check_characters(path, text, where)
    check_content(path, text, where)
    return article_from(path, Document(text, Metadata(title=title), collected=True))
