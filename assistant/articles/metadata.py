"""What front matter, sidecar files, columns and records say about an article."""

from __future__ import annotations

import html
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from assistant.articles.document import Metadata
from assistant.articles.suffixes import ARTICLE_SUFFIXES, PAGES, TEXTS
from assistant.articles.text_files import (
    corpus_error,
    line_of,
    printable,
    read_bytes,
    text_of,
    without_unfit,
)
from assistant.text.dates import first_day_in
from assistant.text.terms import fold
from assistant.types import CorpusError

MAX_METADATA = 64_000  # code points of front matter or a sidecar file: YAML is slow to parse
MOST_SIDECAR = 4 * MAX_METADATA  # bytes; its letters are not told for that
MOST_NAMES, LONGEST_FACT = 8, 1000  # of a list of authors; characters of a fact
LONGEST_DAY = 60  # characters
LONGEST_NAME = 100  # characters of a key
MOST_ALIASES, MOST_PAIRS = 20, 100_000  # of YAML: what they stand for can double with each
SIDECAR_SUFFIXES = (".yaml", ".yml", ".json")

# The names under which a fact is told, folded and without what is no letter.
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "title": (
        "title", "headline", "subject", "tieude", "tuade", "tit", "tenbai", "ogtitle",
        "tieudebaiviet", "tenbaiviet", "tieudetin",
    ),
    "text": (
        "text", "body", "content", "articlebody", "fulltext", "articletext", "bodytext", "article",
        "paragraphs", "noidung", "vanban", "toanvan", "baiviet", "context", "maintext", "bodyhtml",
        "contenthtml", "noidungbaiviet", "noidungchitiet", "noidungtin", "noidungtoanvan",
        "chitiet", "description", "blocks", "contentblocks", "contentelements",
    ),
    "source": (
        "url", "link", "source", "canonical", "permalink", "nguon", "publisher", "newspaper",
        "site", "sitename", "bao", "tobao", "diachi", "linkbai", "duongdan",
    ),
    "date": (
        "date", "datepublished", "published", "publishedat", "pubdate", "publicationdate",
        "publishdate", "publisheddate", "webpublicationdate", "created", "time", "ngay", "ngaydang",
        "ngayxuatban", "thoigian", "publishedtime", "publishtime", "ngaydangtai", "thoigiandang",
        "articlepublishedtime",
    ),
    "author": (
        "author", "authors", "byline", "by", "creator", "writer", "tacgia", "nguoiviet", "butdanh",
    ),
    "language": ("language", "lang", "inlanguage", "ngonngu"),
}  # fmt: skip

_TOO_LONG = f"has more than {MAX_METADATA} characters and is not read"
_KEY_OF_PROGRAMS = re.compile(r"[A-Za-z][\w.:-]*", re.ASCII)
_NOBODY = re.compile(
    r"(?i)python-docx|openpyxl|admin(istrator)?|((windows|microsoft office) )?user|pc|acer|dell|hp"
)
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*", re.IGNORECASE)
_YAML_FENCE = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_TOML_FENCE = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.S | re.M)
_KEYED = re.compile(r"^([^\W\d_][\w -]{0,30}?)[ \t]*:(?:[ \t]+(.*))?$")
_MOST_FACTS = 40  # lines of a block that has no closing fence


def name_of(key: object) -> str:
    """The fact that a key or a column's header tells: "Tiêu đề" → "title"; "" for others."""
    return _name_of(str(key))


@lru_cache(maxsize=2000)  # every row has the same
def _name_of(key: str) -> str:
    plain = re.sub(r"\W|_", "", fold(key[:LONGEST_NAME]))
    return next((fact for fact, names in NAMES.items() if plain in names), "")


def facts_of(values: Mapping[Any, Any]) -> tuple[Metadata, tuple[str, ...]]:
    """What the known keys say, the first in the order of NAMES; and what of it cannot be read."""
    told: dict[str, str] = {}
    notes = []
    for key, value in _by_rank(values):
        fact = name_of(key)
        if fact == "text" or told.get(fact):
            continue
        text = _text_of(value)
        read = {"date": day_of, "language": _language_of}.get(fact, line_of)(text)
        told[fact] = read
        if text and not read:
            notes.append(f"its {key} {_quoted(text)} is not read")
    return Metadata(**told), tuple(notes)


def _by_rank(values: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """The pairs whose key is known, those of a fact in the order of its names."""
    ranks = {name: i for names in NAMES.values() for i, name in enumerate(names)}
    known = [(key, value) for key, value in values.items() if name_of(key)]
    return sorted(known, key=lambda pair: ranks[re.sub(r"\W|_", "", fold(str(pair[0])))])


def _text_of(value: object) -> str:
    """A value on one line: names of people and publishers out of lists and objects."""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_name, value[:MOST_NAMES])))
    return _name(value)


def _name(value: object) -> str:
    """Never what lists hold in lists: aliases of YAML can make that too large to write."""
    if isinstance(value, Mapping):
        rendered = value.get("rendered")  # WordPress: HTML
        name = html.unescape(rendered) if isinstance(rendered, str) else value.get("name")
        value = name or value.get("url") or ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    shown = ""
    with suppress(ValueError):  # Python writes no number of thousands of digits
        shown = str(value) if isinstance(value, str | int | float) else ""
    return line_of(without_unfit("" if isinstance(value, bool) else shown))[:LONGEST_FACT]


def author_of(text: str) -> str:
    """Who wrote it, where that is not a program or the name that a computer came with."""
    return "" if _NOBODY.fullmatch(text.strip()) else line_of(text)


def day_of(text: str) -> str:
    """The day, as ISO 8601, that a text tells in any way that newspapers write it; "" without."""
    text = line_of(text)
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    elif re.fullmatch(r"1\d{9}(\d{3})?", text):  # seconds or milliseconds since 1970
        return datetime.fromtimestamp(int(text[:10]), UTC).date().isoformat()
    return first_day_in(text) or _day_in_words(text)


def _day_in_words(text: str) -> str:
    """A day with its month's name in any of the languages of dateparser."""
    if not text or len(text) > LONGEST_DAY:
        return ""
    import dateparser  # takes a second to load, and is seldom needed

    whole = {"REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]}
    found = dateparser.parse(text, settings={"DATE_ORDER": "DMY", **whole})
    return found.date().isoformat() if found else ""


def _language_of(text: str) -> str:
    match = _LANGUAGE.fullmatch(text)
    return match[1].lower() if match else ""


def _quoted(value: str) -> str:
    shown = printable(repr(value))
    return shown if len(shown) <= 60 else shown[:59] + "…"


# Front matter and sidecar files
def read_front_matter(text: str) -> tuple[Metadata, str, tuple[str, ...]]:
    """What a block at the top says, the text below it, and what of the block could not be read.

    The block stands between two lines "---" (YAML) or "+++" (TOML). Where it has no keys it is part
    of the text, which then begins with a rule.
    """
    for fence, parse in ((_YAML_FENCE, _yaml), (_TOML_FENCE, _toml)):
        if block := fence.match(text):
            told, why = parse(block[1])
            if told is None or not _are_facts(told):
                return Metadata(), text, ()
            metadata, notes = facts_of(told)
            notes = (f"its front matter {why}", *notes) if why else notes
            return metadata, text[block.end() :], notes
    if text.startswith("---"):
        return _unclosed(text)
    return Metadata(), text, ()


def _are_facts(told: Mapping[Any, Any]) -> bool:
    """Whether keys are those of front matter, and not words of a notice between two rules ("Địa
    điểm: …"): written as programs write them, or half of them known."""
    written = all(_KEY_OF_PROGRAMS.fullmatch(str(key)) for key in told)
    return written or 2 * sum(bool(name_of(key)) for key in told) >= len(told)


def _unclosed(text: str) -> tuple[Metadata, str, tuple[str, ...]]:
    """Lines of keys under a rule, up to the first line that is none, where nothing closes them."""
    lines = text.split("\n")[1 : _MOST_FACTS + 1]
    count = next((i for i, line in enumerate(lines) if not _KEYED.match(line)), len(lines))
    told = _lines_of_keys(lines[:count])
    if not any(map(name_of, told)) or not _are_facts(told):
        return Metadata(), text, ()
    metadata, notes = facts_of(told)
    rest = "\n".join(text.split("\n")[1 + count :])
    return metadata, rest, ("its front matter is not closed by a line ---", *notes)


class _FrugalLoader(yaml.SafeLoader):
    """YAML in which aliases and merges cannot make much out of little."""

    aliases = 0
    pairs = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                raise yaml.composer.ComposerError(None, None, "too many aliases")
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        self.pairs += len(node.value)
        if self.pairs > MOST_PAIRS:
            raise yaml.constructor.ConstructorError(None, None, "too many pairs")


def _yaml(block: str) -> tuple[Mapping[Any, Any] | None, str]:
    """The keys of a block, None where it has none; and what is wrong with it."""
    if len(block) > MAX_METADATA:
        return {}, _TOO_LONG
    try:
        told = yaml.load(block, _FrugalLoader)  # a SafeLoader
        return (told, "") if isinstance(told, Mapping) else (None, "")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = 2 + (mark.line if mark else 0)
        why = f"is not valid YAML from line {line} on and was read line by line"
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        why = "is not valid YAML and was read line by line"  # what yaml lets through
    keys = _lines_of_keys(block.split("\n"))
    return (keys, why) if keys else (None, "")


def _toml(block: str) -> tuple[Mapping[Any, Any] | None, str]:
    if len(block) > MAX_METADATA:
        return {}, _TOO_LONG
    try:
        return tomllib.loads(block), ""
    except (ValueError, RecursionError):
        return {}, "is not valid TOML and is not read"


def _lines_of_keys(lines: list[str]) -> dict[str, str]:
    """``key: value`` lines as they stand, so that a colon in a title does no harm."""
    matches = filter(None, map(_KEYED.match, lines))
    return {m[1].strip(): (m[2] or "").strip().strip("\"'") for m in matches}


def read_sidecar(path: Path) -> tuple[Metadata, tuple[str, ...]]:
    """What a file beside the article says: ``a.txt.yaml``, ``a.txt.json``, ``a.json``."""
    return sidecar_of(path, lambda place: read_bytes(place) if os.path.lexists(place) else None)


def sidecar_of(
    path: Path, read: Callable[[Path], bytes | None]
) -> tuple[Metadata, tuple[str, ...]]:
    """The same for an article wherever it lies; ``read`` gives None where there is no such file,
    and raises CorpusError."""
    beside = [path.with_name(path.name + suffix) for suffix in SIDECAR_SUFFIXES]
    if path.suffix.lower() in TEXTS | PAGES:
        beside.append(path.with_suffix(".json"))
    for place in beside:
        try:
            if (data := read(place)) is not None:
                return _sidecar(place, data)
        except CorpusError as fault:
            return Metadata(), (str(fault),)
    return Metadata(), ()


def may_belong_to(path: Path) -> list[Path]:
    """The articles that a .yaml or .json file may say something of, by its name."""
    of_name = path.with_suffix("")
    found = [of_name] if of_name.suffix.lower() in ARTICLE_SUFFIXES else []
    if path.suffix.lower() == ".json":
        found += [path.with_suffix(suffix) for suffix in sorted(TEXTS | PAGES)]
    return found


def _sidecar(place: Path, data: bytes) -> tuple[Metadata, tuple[str, ...]]:
    if len(data) > MOST_SIDECAR:
        return Metadata(), (f"{place.name} {_TOO_LONG}",)
    text = text_of(place, data)
    told, why = _json(text) if place.suffix == ".json" else _yaml(text)
    if told is None:
        return Metadata(), (f"{place.name} has no lines such as title: …",)
    metadata, notes = facts_of(told)
    return metadata, (f"{place.name} {why}", *notes) if why else notes


def _json(text: str) -> tuple[Mapping[Any, Any] | None, str]:
    if len(text) > MAX_METADATA:
        return {}, _TOO_LONG
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, f"is not valid JSON, {printable(str(error))}"
    return (told, "") if isinstance(told, Mapping) else (None, "")


def parsed_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, why = error.lineno, error.msg
    except (ValueError, RecursionError) as error:
        line, why = 1, str(error)
    raise corpus_error(path, f"is not valid JSON on line {line}, {printable(why)}", "correct it")
