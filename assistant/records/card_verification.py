"""Checks the quotes of a card against the index as it is now."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from assistant import types
from assistant.answering import places
from assistant.answering.edited import Became, passed
from assistant.records.card_rendering import render, shows_quotes
from assistant.records.cards import ALIKE_RENDERINGS, Card, Proof, digest, parse, read, suffix_of
from assistant.text.likeness import bag, find_words, flat, likeness
from assistant.text.sentences import sentences
from assistant.text.terms import terms
from assistant.types import Article, Edition, IndexFault, Span

# Where a quote stands now. "holds": same article, span and words. "moved": the same words
# elsewhere. "edited": the same words in the article as it was before an edit. "changed": the
# article is there, the words are not. "gone": no such article.
Standing = Literal["holds", "moved", "edited", "changed", "gone"]
SOUND: Final = ("holds", "moved", "edited")

TELLING = 4  # terms; fewer may stand in any article and say nothing about where a quote went
ALIKE = 0.5  # of one file's several articles, the one that a changed quote is nearest to
_SHOWN = 100  # characters of a text in the table


@dataclass(frozen=True, slots=True)
class Place:
    """A span of an article of the index, with its text."""

    article_id: str
    title: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one quote.

    ``exchange`` counts from 1; ``number`` is the citation's, None for a refusal's closest quote.
    ``also``: the other places that the card names, and whether the words stand there.
    ``now``: where the words stand; for "changed" the nearest sentence; None where there is none.
    For "edited": the same in the article of today, ``became`` what became of the quote, and
    ``edited_on`` the day (ISO 8601) of the edit.
    """

    exchange: int
    number: int | None
    standing: Standing
    proof: Proof
    now: Place | None
    edited_on: str = ""
    became: Became | Literal[""] = ""
    also: tuple[tuple[types.Place, bool], ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the words stand where the card says that they do."""
        return self.standing in SOUND and all(stands for _, stands in self.also)


@dataclass(frozen=True, slots=True)
class Verification:
    """A card held against an index.

    ``intact``: nothing shows that the file was edited: its document has its own digest, and the
    readable part says what the document says. Of a page that another version of this program made,
    the latter is only known of its quotes.
    """

    file: str
    card: Card
    intact: bool
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Every quote stands in the index, and the file shows what was checked."""
        return self.intact and all(finding.sound for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "made": self.card.made,
            "sound": self.sound,
            "intact": self.intact,
            "sealed": bool(self.card.sha256),
            "citations": [_finding_json(finding) for finding in self.findings],
        }


class Shelf:
    """The articles of an index, by what an edited one can be known by. ``opened`` gives the one
    with an id, an edition too."""

    def __init__(
        self, articles: Sequence[Article], opened: Callable[[str], Article] | None = None
    ) -> None:
        self._articles = articles
        self._open = opened
        self._flat: list[str] | None = None
        self._by_id = {article.id: article for article in articles}
        self._by_path: dict[str, list[Article]] = {}
        self._by_name: dict[tuple[str, str], list[Article]] = {}
        for article in articles:
            self._by_path.setdefault(digest(article.path), []).append(article)
            self._by_name.setdefault((article.title, article.source), []).append(article)

    def same(self, proof: Proof) -> Article | None:
        """The article with this id and text."""
        article = self._by_id.get(proof.article_id)
        known = article and (not proof.sha256 or proof.sha256 == digest(article.text))
        return article if known else None

    def edition(self, proof: Proof) -> Edition | None:
        """What the cited article said, where it was edited since and that is known."""
        found = self._edition(proof.article_id)
        same = found and (not proof.sha256 or proof.sha256 == digest(found.text))
        return found if same else None

    def _edition(self, article_id: str) -> Edition | None:
        try:
            found = self._open(article_id) if self._open else None
        except (IndexFault, KeyError):
            return None
        return found if isinstance(found, Edition) else None

    def prints(self, proof: Proof, place: types.Place) -> bool:
        """Whether another place has the words of a quote, in its article or an edition of it."""
        article = self._by_id.get(place.article_id) or self._edition(place.article_id)
        quote = unicodedata.normalize("NFC", proof.quote)
        return article is not None and places.still_there(quote, place, article) is not None

    def current(self, edition: Edition) -> Article | None:
        return self._by_id.get(edition.current)

    def versions(self, proof: Proof) -> list[Article]:
        """What the cited article may be today: what an edition became, else by path, else by title
        and source."""
        edition = self.edition(proof)
        if article := self._by_id.get(edition.current if edition else proof.article_id):
            return [article]
        found = self._by_path.get(proof.path_sha256, []) if proof.path_sha256 else []
        return found or (self._by_name.get((proof.title, proof.source), []) if proof.title else [])

    def holding(self, words: str) -> list[Article]:
        """The articles that hold these words, whatever the spaces: all of them are read."""
        if self._flat is None:
            self._flat = [flat(article.text) for article in self._articles]
        needle = flat(words)
        return [a for a, line in zip(self._articles, self._flat, strict=True) if needle in line]


def verify_file(
    path: Path, articles: Sequence[Article], article: Callable[[str], Article] | None = None
) -> Verification:
    """The card in the file, held against these articles, and the editions that ``article`` gives.
    Raises CardError."""
    return verify_text(path, read(path), articles, article)


def verify_text(
    path: Path,
    text: str,
    articles: Sequence[Article],
    article: Callable[[str], Article] | None = None,
) -> Verification:
    """As ``verify_file``, of a file that holds ``text``."""
    card = parse(path, text)
    findings = verify(card, articles, article)
    return Verification(str(path), card, _is_intact(card, text, path), findings)


def _is_intact(card: Card, text: str, path: Path) -> bool:
    suffix = suffix_of(path)
    if card.edited:
        return False
    if suffix == ".json":
        return True
    if card.rendering in ALIKE_RENDERINGS:
        return render(card, suffix) == text
    return shows_quotes(card, suffix, text)


def verify(
    card: Card, articles: Sequence[Article], article: Callable[[str], Article] | None = None
) -> tuple[Finding, ...]:
    """What became of each quote of the card, in order."""
    shelf = Shelf(articles, article)
    found = []
    for number, exchange in enumerate(card.exchanges, 1):
        for proof in exchange.proofs:
            cited = None if proof is exchange.closest else proof.number
            finding = _in_edition(number, cited, proof, shelf)
            finding = finding or Finding(number, cited, *_located(proof, shelf))
            also = tuple((place, shelf.prints(proof, place)) for place in proof.also)
            found.append(replace(finding, also=also))
    return tuple(found)


def _located(proof: Proof, shelf: Shelf) -> tuple[Standing, Proof, Place | None]:
    standing, now = locate(proof, shelf)
    return standing, proof, now


def _in_edition(exchange: int, number: int | None, proof: Proof, shelf: Shelf) -> Finding | None:
    """What became of a quote whose article was edited since; None where it was not, or did not say
    that before either."""
    edition = shelf.edition(proof)
    words = unicodedata.normalize("NFC", proof.quote)
    span = find_words(words, edition.text, proof.start) if edition else None
    if edition is None or span is None:
        return None
    current = shelf.current(edition)
    found = passed(edition, span, current) if current else None
    now = _place(current, found.now) if current and found and found.now else None
    became = found.became if found else "gone"
    return Finding(exchange, number, "edited", proof, now, edition.replaced_on, became)


def locate(proof: Proof, shelf: Shelf) -> tuple[Standing, Place | None]:
    """Where a quote stands now."""
    words = unicodedata.normalize("NFC", proof.quote)
    article = shelf.same(proof)
    inside = 0 <= proof.start < proof.end  # Python counts a negative offset from the end
    if article and inside and article.text[proof.start : proof.end] == words:
        return "holds", _place(article, Span(proof.start, proof.end))
    versions = shelf.versions(proof)
    if place := _standing_in(versions, words, proof.start):
        return "moved", place
    if versions:
        nearest, alike = _nearest(versions, words)
        if len(versions) == 1 or alike >= ALIKE:
            return "changed", nearest
    elif len(terms(words)) >= TELLING and (place := _standing_in(shelf.holding(words), words)):
        return "moved", place
    return "gone", None


def _standing_in(articles: Sequence[Article], words: str, near: int = 0) -> Place | None:
    for article in articles:
        if span := find_words(words, article.text, near):
            return _place(article, span)
    return None


def _nearest(articles: Sequence[Article], words: str) -> tuple[Place | None, float]:
    """The sentence most like ``words``, and how much."""
    best: tuple[Place | None, float] = (None, 0.0)
    wanted = bag(words)
    for article in articles:
        for s in sentences(article.text, article.furniture, article.marked):
            alike = likeness(wanted, bag(article.text[s.start : s.end]))
            if alike > best[1]:
                best = _place(article, Span(s.start, s.end)), alike
    return best


def _place(article: Article, span: Span) -> Place:
    text = article.text[span.start : span.end]
    return Place(article.id, article.title, span.start, span.end, text)


# -- what is shown -----------------------------------------------------------------------


def table(verification: Verification) -> str:
    """The findings for a person: a line a quote, and below it what stands there now."""
    lines = []
    for f in verification.findings:
        which = f"closest to {f.exchange}" if f.number is None else f"{f.exchange} [{f.number}]"
        lines.append(f"{f.standing:<8} {which:<12} {_short(f.proof.title, 50)}")
        lines.append(f"         “{_short(f.proof.quote)}”")
        lines += [f"         → {line}" for line in (*_now(f), *_also(f))]
    counts = Counter(f.standing for f in verification.findings)
    told = ", ".join(f"{counts[s]} {s}" for s in get_args(Standing) if counts[s])
    lines.append(f"{len(verification.findings)} quotes{': ' + told if told else ''}")
    if not verification.intact:
        lines.append(
            "This file was edited after it was exported: it does not fit its digest, or shows "
            "something else than its data; only the quotes of its data were checked"
        )
    elif not verification.card.sha256:
        lines.append("A card of an older version: whether its data was edited cannot be told")
    return "\n".join(lines)


def _now(finding: Finding) -> list[str]:
    now = finding.now
    if finding.standing == "gone":
        return ["no article here has this id or these words: removed, or of another index"]
    if finding.standing == "edited":
        return _edited(finding)
    if finding.standing == "holds" or now is None:
        return []
    where = f"article {now.article_id}, characters {now.start}–{now.end}"
    if finding.standing == "moved":
        return [f"now in {where}"]
    return [f"nearest, {where}: “{_short(now.text)}”"]


def _also(finding: Finding) -> list[str]:
    return [
        f"{'also' if stands else 'no longer'} in {_short(places.told(place))}"
        for place, stands in finding.also
    ]


def _edited(finding: Finding) -> list[str]:
    now, day = finding.now, finding.edited_on
    became = {"unchanged": "is unchanged", "changed": "changed"}.get(finding.became, "is gone")
    lines = [f"verified; the article was edited on {day}: this passage {became}"]
    if now:
        where = f"now in article {now.article_id}, characters {now.start}–{now.end}"
        lines.append(where if finding.became == "unchanged" else f"{where}: “{_short(now.text)}”")
    return lines


def _short(text: str, longest: int = _SHOWN) -> str:
    """On one line, without what a terminal would obey."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _finding_json(finding: Finding) -> dict[str, Any]:
    proof, now = finding.proof, finding.now
    return {
        "exchange": finding.exchange,
        "number": finding.number,
        "standing": finding.standing,
        "sound": finding.sound,
        "article_id": proof.article_id,
        "title": proof.title,
        "start": proof.start,
        "end": proof.end,
        "quote": proof.quote,
        "edited_on": finding.edited_on,
        "passage": finding.became,
        "also": [asdict(place) | {"stands": stands} for place, stands in finding.also],
        "now": None
        if now is None
        else {
            "article_id": now.article_id,
            "title": now.title,
            "start": now.start,
            "end": now.end,
            "text": now.text,
        },
    }
