"""Files to articles.

An article's text stays as it was written, apart from newlines and NFC; what is known about it
(title, source, date, language) comes from front matter or a sidecar file, else from the text.
A file that cannot be read is a fault, and never stops the others.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from charset_normalizer import from_bytes

from assistant.segment import heading_like, heading_text, sentences
from assistant.text import language_of
from assistant.types import Article, CorpusError, Span

MAX_BYTES = 20_000_000
MAX_METADATA = 64_000  # code points of front matter or a sidecar file: YAML is slow to parse
ARTICLE_SUFFIXES = (".txt", ".md")
SIDECAR_SUFFIXES = (".yaml", ".yml", ".json")
TITLE_LENGTH = 90  # code points of a title taken from the first sentence
SOURCE_WORDS = 8  # of a publisher's name: more is prose that starts with "Nguồn: "
EDGE_LINES = 5  # non-empty lines at the end (and the start) that may be furniture

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NEWLINE = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # controls, half surrogate pairs
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]+", re.IGNORECASE)
_SOURCE = re.compile(r"[(\[]?\s*(?:nguồn(?: tin)?|theo|source|via)\s*[:：]\s*(.*)", re.IGNORECASE)
_COUNTER = re.compile(
    r"(?:(?:bình luận|comments?|chia sẻ|shares?|thích|likes?)\s*[:：]?\s*(?:\(\s*\d+\s*\)|\d+)"
    r"|\(?\d+\)?\s*(?:bình luận|comments?|lượt chia sẻ|chia sẻ|shares?|lượt thích|likes?)"
    r"|(?:(?:bình luận|comments?|chia sẻ(?: bài viết)?|share|facebook|twitter|zalo|email|in bài"
    r"|sao chép liên kết|copy link)(?:\s*[|·•/,:-]\s*|\s+|$))+)",
    re.IGNORECASE,
)

_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)"),
    re.compile(
        r"(?<![\d/-])(?P<d>\d{1,2})(?P<sep>[/-])(?P<m>\d{1,2})(?P=sep)(?P<y>\d{4})(?![\d/-])"
    ),
    re.compile(
        r"(?<!\w)ngày\s+(?P<d>\d{1,2})\s+tháng\s+(?P<m>\d{1,2})\s*,?\s+năm\s+(?P<y>\d{4})(?!\d)",
        re.IGNORECASE,
    ),
)
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*", re.IGNORECASE)
_TOP_HEADING = re.compile(r"#\s")
_FENCE = re.compile(r"---[ \t]*\n")
_FENCE_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles of some paths, in the order of the paths, and what could not be read."""

    articles: tuple[Article, ...]
    faults: tuple[CorpusError, ...]


@dataclass(frozen=True, slots=True)
class _Metadata:
    """What front matter or a sidecar file says; "" where it says nothing."""

    title: str = ""
    source: str = ""
    date: str = ""
    language: str = ""


def read_article(path: Path) -> Article:
    """The article in a .txt or .md file.

    It is in UTF-8, in UTF-16 or UTF-32 with a byte order mark, or in Windows-1258. Raises
    CorpusError, naming the file, where it cannot be read as an article.
    """
    if path.suffix.lower() not in ARTICLE_SUFFIXES:
        raise _fault(path, "is not an article", "name .txt, .md or SQuAD-format .json files")
    text = _decoded(path)
    metadata, text = _front_matter(path, text)
    sidecar = _sidecar(path)
    _check_content(path, text)
    return _article(path, text, _merged(metadata, sidecar))


def read_articles(paths: Sequence[Path]) -> Corpus:
    """The articles of files and folders; never raises CorpusError.

    A folder is searched for .txt and .md files, in sorted order, without hidden ones; a .json
    file is read in SQuAD's format, each paragraph an article. Of articles with the same text
    the first is kept.
    """
    articles: dict[str, Article] = {}
    faults: list[CorpusError] = []
    for found in _each(paths):
        if isinstance(found, CorpusError):
            faults.append(found)
        else:
            articles.setdefault(found.id, found)
    return Corpus(tuple(articles.values()), tuple(faults))


def _each(paths: Iterable[Path]) -> Iterator[Article | CorpusError]:
    for path in paths:
        for file in _files(path):
            if isinstance(file, CorpusError):
                yield file
                continue
            try:
                if file.suffix.lower() == ".json":
                    yield from _read_squad(file)
                else:
                    yield read_article(file)
            except CorpusError as fault:
                yield fault


# Faults


def _fault(path: Path, why: str, remedy: str) -> CorpusError:
    return CorpusError(f"{_printable(str(path))} {why}: {remedy}")


def _printable(name: str) -> str:
    """``name`` on one line: control characters and undecodable bytes escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def _system_fault(path: Path, error: OSError | ValueError) -> CorpusError:
    """The operating system's refusal in our words."""
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ENOENT:
        return _fault(path, "does not exist", "check the path")
    if code in (errno.EACCES, errno.EPERM):
        return _fault(path, "cannot be read, permission denied", "allow it, as with chmod u+r")
    if code == errno.ELOOP:
        return _fault(path, "is a symbolic link that leads back to itself", "remove the link")
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _fault(path, f"cannot be read, {why}", "check the path")


# Folders


def _files(path: Path) -> Iterator[Path | CorpusError]:
    """The files to read for a path the user named."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        yield _system_fault(path, error)
        return
    if not is_folder:
        yield path
        return
    found = list(_walk(path))
    yield from found
    if not found:
        yield _fault(path, "holds no articles", "put .txt or .md files into it")


def _walk(folder: Path) -> Iterator[Path | CorpusError]:
    """The articles below a folder in sorted order, and what is wrong with the others.

    Links to folders are followed, each folder once.
    """
    pending, seen = [folder], set[tuple[int, int]]()
    while pending:
        path = pending.pop()
        try:
            if not path.is_dir():
                if path.suffix.lower() in ARTICLE_SUFFIXES:
                    yield path
                continue
            _check_folder(path)
            status = path.stat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                inside = sorted(p for p in path.iterdir() if not p.name.startswith("."))
                pending += reversed(inside)
        except OSError as error:
            yield _system_fault(path, error)
        except CorpusError as fault:
            yield fault


def _check_folder(path: Path) -> None:
    if path.suffix.lower() in ARTICLE_SUFFIXES:
        raise _fault(path, "is a folder, though named like an article", "rename it")
    if path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve()):
        raise _fault(path, "is a symbolic link to a folder it lies in", "remove the link")


# Bytes to text


def _decoded(path: Path) -> str:
    """The text of a file with ``\\n`` for every newline, in NFC, without a byte order mark."""
    data = _read(path)
    text = _NEWLINE.sub("\n", _decode(path, data))
    _check_characters(path, text)
    return unicodedata.normalize("NFC", text)


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _fault(path, "is a folder where a file should be", "rename it")
        if not stat.S_ISREG(status.st_mode):
            raise _fault(path, "is not a regular file", "copy its content into a file")
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / 1e6:.1f} MB"
            raise _fault(path, f"is too large ({size}, at most 20 MB)", "split it into articles")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _system_fault(path, error) from error


def _decode(path: Path, data: bytes) -> str:
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            why = f"is damaged: not {encoding.upper()} at byte {error.start}"
            raise _fault(path, why, "save it again as UTF-8") from error
        if _CONTROL_BYTE.search(data):
            raise _binary(path) from error
        return _detected(path, data, error.start)
    if "\x00" in text:
        raise _binary(path)
    return text


def _binary(path: Path) -> CorpusError:
    return _fault(path, "is a binary file", "save its text as UTF-8")


def _detected(path: Path, data: bytes, position: int) -> str:
    """Text of Windows-1258, recognized as Vietnamese; else a fault with the way out.

    Other encodings are not guessed: their bytes do not tell them apart (GB 18030 passes for
    Korean, Latin-1 for Baltic), and a wrong guess garbles an article without anyone noticing.
    """
    best = from_bytes(data).best()
    if best and (best.encoding, best.language) == ("cp1258", "Vietnamese"):
        text = str(best)
        if language_of(unicodedata.normalize("NFC", text)) == "vi":
            return text
    guess = best.encoding.upper() if best else "WINDOWS-1258"
    why = f"is not UTF-8 (byte {position}), and its encoding is not certain"
    remedy = f"convert it, as with iconv -f {guess} -t UTF-8, naming the encoding you know"
    raise _fault(path, why, remedy)


def _check_characters(path: Path, text: str, what: str = "it") -> None:
    """Refuse what no text holds: it would upset terminals, databases or hashing."""
    if unfit := _UNFIT.search(text):
        line = text.count("\n", 0, unfit.start()) + 1
        name = f"U+{ord(unfit.group()):04X}"
        why = f"cannot be used, {what} holds the control character {name} on line {line}"
        raise _fault(path, why, "remove it")


def _check_content(path: Path, text: str, what: str = "it") -> None:
    if not any(c.isprintable() and not c.isspace() for c in text):
        raise _fault(path, f"cannot be used, {what} is empty", "write an article or remove it")


# Front matter and sidecar files


def _front_matter(path: Path, text: str) -> tuple[_Metadata, str]:
    """What a block between two lines '---' at the top says, and the text below it."""
    opening = _FENCE.match(text)
    if not opening:
        return _Metadata(), text
    closing = _FENCE_END.search(text, opening.end())
    if not closing:
        raise _fault(path, "opens front matter on line 1 and never closes it", "add a line ---")
    block = text[opening.end() : closing.start()]
    return _metadata(path, _parsed_yaml(path, block, 2)), text[closing.end() :]


def _sidecar(path: Path) -> _Metadata:
    for suffix in SIDECAR_SUFFIXES:
        beside = path.with_name(path.name + suffix)
        if os.path.lexists(beside):
            text = _decoded(beside)
            parse = _parsed_json if suffix == ".json" else _parsed_yaml
            return _metadata(beside, parse(beside, text))
    return _Metadata()


def _parsed_yaml(path: Path, block: str, first: int = 1) -> Any:
    """``block`` parsed; it starts on line ``first`` of its file."""
    _check_metadata_length(path, block)
    try:
        return yaml.safe_load(block)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = first + (mark.line if mark else 0)
        why = getattr(error, "problem", None) or "it cannot be parsed"
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        line, why = first, f"{error}" or type(error).__name__  # what yaml lets through
    raise _fault(path, f"is not valid YAML from line {line} on, {_printable(why)}", "correct it")


def _parsed_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, why = error.lineno, error.msg
    except (ValueError, RecursionError) as error:
        line, why = 1, str(error)
    raise _fault(path, f"is not valid JSON on line {line}, {_printable(why)}", "correct it")


def _check_metadata_length(path: Path, block: str) -> None:
    if len(block) > MAX_METADATA:
        raise _fault(path, f"has more than {MAX_METADATA} characters of metadata", "shorten it")


def _metadata(path: Path, values: object) -> _Metadata:
    """The keys we know; the others are the user's own."""
    if values is None:
        return _Metadata()
    if not isinstance(values, Mapping):
        raise _fault(path, "has metadata without keys", "write lines such as title: …")
    return _Metadata(
        title=_string(path, values, "title"),
        source=_string(path, values, "source"),
        date=_day(path, values),
        language=_language(path, values),
    )


def _string(path: Path, values: Mapping[Any, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        # The value itself is not shown: aliases can make it too large to print.
        why = f"has a {key} that is not text but {type(value).__name__}"
        raise _fault(path, why, "put it in quotes")
    _check_characters(path, value, f"the {key}")
    return _line_of(value)


def _line_of(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _day(path: Path, values: Mapping[Any, Any]) -> str:
    value = values.get("date")
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = _string(path, values, "date")
    day = _date_in(text)
    if text and not day:
        raise _fault(path, f"has the date {_quoted(text)}", "write a day as YYYY-MM-DD")
    return day


def _language(path: Path, values: Mapping[Any, Any]) -> str:
    text = _string(path, values, "language")
    match = _LANGUAGE.fullmatch(text)
    if text and not match:
        raise _fault(path, f"has the language {_quoted(text)}", "write two letters such as vi")
    return match[1].lower() if match else ""


def _quoted(value: str) -> str:
    shown = _printable(repr(value))
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _merged(own: _Metadata, beside: _Metadata) -> _Metadata:
    """Front matter counts before a sidecar file."""
    return _Metadata(
        title=own.title or beside.title,
        source=own.source or beside.source,
        date=own.date or beside.date,
        language=own.language or beside.language,
    )


# Text to article


def _article(path: Path, text: str, known: _Metadata) -> Article:
    lines = _nonempty_lines(text)
    source, furniture = _furniture(text, lines)
    prose = [text[line.start : line.end] for line in lines if line not in furniture]
    markdown = path.suffix.lower() == ".md"
    return Article(
        id=_id(text),
        title=known.title or _title(prose, markdown) or path.stem,
        text=text,
        language=known.language or language_of(text),
        source=known.source or source,
        date=known.date or _date_of(prose),
        path=os.fsencode(path).decode("utf-8", "replace"),
        furniture=furniture,
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


def _title(lines: Sequence[str], markdown: bool) -> str:
    """The headline: marked with '# ', or a first line like one, or the first sentence."""
    if not lines:
        return ""
    top = next((line for line in lines if markdown and _TOP_HEADING.match(line)), lines[0])
    if marked := heading_text(top):
        return _line_of(marked)
    if heading_like(top):
        return _line_of(top)
    first = sentences(lines[0])[0]
    return _shortened(_line_of(lines[0][first.start : first.end]))


def _shortened(sentence: str) -> str:
    """At most 90 code points, cut between words where there are some."""
    if len(sentence) <= TITLE_LENGTH:
        return sentence
    head = sentence[: TITLE_LENGTH - 1]
    if not sentence[TITLE_LENGTH - 1].isspace() and " " in head:
        head = head.rpartition(" ")[0]
    return head.rstrip(" ,;:–-") + "…"


def _date_of(lines: Sequence[str]) -> str:
    """The day of a date line among the first or last three lines.

    Only lines as short as a headline count: a date inside a paragraph is what is told about.
    """
    edge = [*lines[:3], *lines[-3:]]
    return next((day for line in edge if len(line) <= 120 and (day := _date_in(line))), "")


def _date_in(text: str) -> str:
    """The first full and valid date in ``text`` as YYYY-MM-DD, "" where there is none."""
    for match in sorted(
        (m for pattern in _DATES for m in pattern.finditer(text)), key=lambda m: m.start()
    ):
        try:
            return date(int(match["y"]), int(match["m"]), int(match["d"])).isoformat()
        except ValueError:
            continue
    return ""


# SQuAD


def _read_squad(path: Path) -> list[Article]:
    """An article for each paragraph of a file in SQuAD's format; its questions are not read."""
    document = _parsed_json(path, _decoded(path))
    found = []
    for i, entry in enumerate(_items(path, document, "data", "")):
        title = _optional_title(path, entry, f"data[{i}]")
        for j, paragraph in enumerate(_items(path, entry, "paragraphs", f"data[{i}]")):
            found.append(_squad_article(path, paragraph, f"data[{i}].paragraphs[{j}]", title))
    if not found:
        raise _fault(path, "holds no paragraphs", "name a file in SQuAD's format")
    return found


def _items(path: Path, holder: object, key: str, where: str) -> list[Any]:
    value = _member(path, holder, key, where)
    if not isinstance(value, list):
        raise _squad_fault(path, f"{where}.{key}".lstrip("."), "is not a list")
    return value


def _member(path: Path, holder: object, key: str, where: str) -> Any:
    if not isinstance(holder, Mapping):
        raise _squad_fault(path, where or "the document", "is not an object")
    if key not in holder:
        raise _squad_fault(path, f"{where}.{key}".lstrip("."), "is missing")
    return holder[key]


def _squad_fault(path: Path, where: str, why: str) -> CorpusError:
    return _fault(path, f"is not in SQuAD's format, {where} {why}", "correct it")


def _optional_title(path: Path, entry: object, where: str) -> str:
    title = entry.get("title") if isinstance(entry, Mapping) else None
    if title is not None and not isinstance(title, str):
        raise _squad_fault(path, f"{where}.title", "is not text")
    _check_characters(path, title or "", f"{where}.title")
    return _line_of(title or "")


def _squad_article(path: Path, paragraph: object, where: str, title: str) -> Article:
    context = _member(path, paragraph, "context", where)
    if not isinstance(context, str):
        raise _squad_fault(path, f"{where}.context", "is not text")
    return article_of(path, context, title, f"{where}.context")


def article_of(path: Path, text: str, title: str = "", where: str = "it") -> Article:
    """The article that a text of a collection becomes: a SQuAD paragraph, a BEIR document.

    ``where`` names the text in the message of the CorpusError that is raised when it is empty
    or holds control characters.
    """
    _check_characters(path, text, where)
    _check_content(path, text, where)
    article = _article(path, normalized(text), _Metadata(title=title))
    # A text of a collection is prose to its end, and its dates are what it tells about.
    return replace(article, source="", date="", furniture=())


def normalized(text: str) -> str:
    """``text`` as articles keep it: in NFC, with ``\\n`` for every newline."""
    return unicodedata.normalize("NFC", _NEWLINE.sub("\n", text))
