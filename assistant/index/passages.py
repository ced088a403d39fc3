"""Passages of an article: whole sentences packed to a token budget.

Lengths are counted in tokens of cl100k, offline. They bound a passage for the index and for
the context of an LLM; the encoder's own limit comes in as ``fits``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

import regex

from assistant.text.sentences import paragraphs
from assistant.text.tokens import LONGEST_TOKEN, count_tokens
from assistant.types import Article, Passage, Sentence

Fits = Callable[[str], bool]


# Where a sentence that is too long is cut, best place first: behind the punctuation of a clause,
# before a space. The spaces stay with the piece behind them, as the tokens have them.
# No mark combines with a letter, a space or an opening bracket: no grapheme is cut there.
_SEPARATORS = [r"(?<=[,;:…])(?=\s)|(?<=[，、；：])(?=[\w\s“「『《（])", r"\s+"]


# Flags first: in a long run of them, \X counts back to the run's start at each one.
_GRAPHEME = regex.compile(
    r"\p{GCB=Regional_Indicator}{2}[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]*|\X"
)


def split(
    article: Article, budget: int = 160, overlap: int = 1, fits: Fits | None = None
) -> list[Passage]:
    """The passages of ``article`` in order: every sentence outside its furniture is in one.

    A passage has at most ``budget`` tokens, and ``fits(text)`` holds where given; only a single
    code point is kept whatever its length. A passage ends with a paragraph where it can, and
    never spans furniture. Within a paragraph, up to ``overlap`` sentences are repeated at the
    start of the next passage, unless one is longer than a third of the budget. A heading goes
    with the text below it. A sentence that is too long is cut into pieces, each a sentence.

    Raises ValueError where ``budget`` is not positive or ``overlap`` negative.
    """
    if budget < 1 or overlap < 0:
        raise ValueError(f"budget must be positive and overlap not negative: {budget}, {overlap}")
    packer = _Packer(article, budget, overlap, fits)
    return [packer.passage(chosen) for run in _runs(article) for chosen in packer.pack(run)]


def _runs(article: Article) -> Iterator[list[list[Sentence]]]:
    """The article's sections, in groups with no furniture inside."""
    blocks = paragraphs(article.text, article.furniture, article.marked)
    furniture = sorted(span.start for span in article.furniture if span.start < span.end)
    for _, run in groupby(blocks, key=lambda block: bisect_left(furniture, block[0].start)):
        yield list(_sections(run))


def _sections(blocks: Iterable[list[Sentence]]) -> Iterator[list[Sentence]]:
    """Paragraphs, each with the headings directly above it."""
    section: list[Sentence] = []
    for block in blocks:
        section += block
        if block[-1].kind != "heading":
            yield section
            section = []
    if section:
        yield section


class _Packer:
    """Packs the sentences of one article."""

    def __init__(self, article: Article, budget: int, overlap: int, fits: Fits | None) -> None:
        self._article = article
        self._text = article.text
        self._budget = budget
        self._overlap = overlap
        self._fits = fits
        self._count = lru_cache(maxsize=256)(count_tokens)  # the same text is asked of in a row

    def passage(self, chosen: Sequence[Sentence]) -> Passage:
        start, end = chosen[0].start, chosen[-1].end
        return Passage(self._article.id, start, end, self._text[start:end], tuple(chosen))

    def pack(self, run: Sequence[Sequence[Sentence]]) -> Iterator[list[Sentence]]:
        """The sentences of each passage of a run of sections."""
        current: list[Sentence] = []
        for section in run:
            if current and self._is_half_full(current) and not self._allows(current, section):
                yield current
                current = []
            pieces = self._fitted(section)
            for index, sentence in enumerate(pieces):
                if current and not self._allows(current, [sentence]):
                    # What of this section is in the passage already may be repeated.
                    own = current[max(0, len(current) - index) :] if index else []
                    done, current = self._close(current, own, sentence)
                    if done:
                        yield done
                current.append(sentence)
        if current:
            yield current

    def _close(
        self, current: list[Sentence], own: list[Sentence], following: Sentence
    ) -> tuple[list[Sentence], list[Sentence]]:
        """The finished passage, and what the next one starts with before ``following``."""
        cut = len(current)
        while cut and current[cut - 1].kind == "heading":
            cut -= 1
        headings = current[cut:]
        if headings and self._allows(headings, [following]):
            return current[:cut], headings
        return current, self._repeated(own, following)

    def _repeated(self, own: Sequence[Sentence], following: Sentence) -> list[Sentence]:
        """The last sentences of ``own`` that may stand before ``following`` once more."""
        kept: list[Sentence] = []
        for sentence in reversed(own[max(0, len(own) - self._overlap) :] if self._overlap else []):
            is_long = count_tokens(self._slice([sentence])) * 3 > self._budget
            if sentence.kind == "heading" or is_long:
                break
            if not self._allows([sentence], [*kept, following]):
                break
            kept.insert(0, sentence)
        return kept

    def _slice(self, chosen: Sequence[Sentence]) -> str:
        return self._text[chosen[0].start : chosen[-1].end]

    def _is_half_full(self, current: Sequence[Sentence]) -> bool:
        return self._count(self._slice(current)) * 2 >= self._budget

    def _allows(self, current: Sequence[Sentence], more: Sequence[Sentence]) -> bool:
        return self._is_short(self._text[current[0].start : more[-1].end])

    def _is_short(self, text: str) -> bool:
        # No token is longer than the longest, so that what is far too long need not be counted.
        if len(text) > self._budget * LONGEST_TOKEN:
            return False
        return self._count(text) <= self._budget and (self._fits is None or self._fits(text))

    # Sentences that are too long

    def _fitted(self, section: Sequence[Sentence]) -> list[Sentence]:
        """The section's sentences, those that are too long in pieces.

        The first sentence below headings is cut so that they fit before its first piece; where
        they take more than half of the budget, they stand alone.
        """
        found: list[Sentence] = []
        heading: Sentence | None = None  # the first of those directly above
        for sentence in section:
            if sentence.kind == "heading" and self._is_short(self._slice([sentence])):
                found.append(sentence)
                heading = heading or sentence
                continue
            # Cut where it takes too much room anyway: thousands of headings may stand there.
            begin = heading.start if heading else sentence.start
            most = self._budget * LONGEST_TOKEN + 1
            room = self._text[max(begin, sentence.start - most) : sentence.start]
            found += self._pieces(sentence, room)
            heading = None
        return found

    def _pieces(self, sentence: Sentence, lead: str) -> list[Sentence]:
        """The sentence whole where it fits behind ``lead``, or in pieces that join to it."""
        text = self._slice([sentence])
        if self._count(lead) * 2 > self._budget or not self._is_short(lead.rstrip()):
            lead = ""
        if self._is_short(lead + text):
            return [sentence]
        parts = self._shatter(text, lead)
        if lead:  # only the first piece needs the room
            rest = text[len(parts[0]) :]
            parts = [parts[0], *self._shatter(rest, "")]
        return _located(parts, sentence.start)

    def _shatter(self, text: str, lead: str) -> list[str]:
        """Pieces of ``text`` that join back to it, each short enough behind ``lead``."""
        if len(text) < 2 or self._is_short(lead + text.strip()):
            return [text] if text else []
        tokens, room = count_tokens(text), max(1, self._budget - count_tokens(lead))
        # Where only ``fits`` refuses it, try pieces of half the length.
        parts = _clauses(text, room if tokens > room else max(1, tokens // 2))
        if len(parts) == 1:
            parts = _halves(text)
        return [piece for part in parts for piece in self._shatter(part, lead)]


def _clauses(text: str, size: int) -> list[str]:
    """Pieces of about ``size`` tokens, cut at clauses or spaces; longer where there is none."""
    # Needed for the rare sentence that is too long, and never to answer: a quarter of a second.
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator=True,
        strip_whitespace=False,
        chunk_size=size,
        chunk_overlap=0,
        length_function=count_tokens,
    )
    return splitter.split_text(text)


def _halves(text: str) -> list[str]:
    """Two pieces, cut between graphemes; a single grapheme is cut between code points."""
    starts = [match.start() for match in _GRAPHEME.finditer(text)]
    middle = starts[len(starts) // 2] or len(text) // 2
    return [text[:middle], text[middle:]]


def _located(parts: Sequence[str], start: int) -> list[Sentence]:
    """The pieces as sentences, without the whitespace around them."""
    found = []
    for part in parts:
        if part.strip():
            lead = len(part) - len(part.lstrip())
            found.append(Sentence(start + lead, start + len(part.rstrip())))
        start += len(part)
    return found
