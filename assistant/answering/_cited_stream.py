"""A language model's words → sentences that were checked, with citations, as they stream.

Each sentence becomes a claim the moment it ends: what supports it is cited behind it, whatever
the model cited itself. Nothing that has been given out is taken back, so the beginning is held
back until a sentence of it is supported: it may be a refusal, or a thought.

Of Markdown, a heading, the header of a table and what stands behind a fence claim nothing; a row of
a table claims what it says under its header, and is cited inside its last cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

import regex

from assistant.answering.citation_markers import Marker, MarkerFilter, literals_of
from assistant.answering.link_filter import AddressFilter, LinkFilter, plain
from assistant.text.sentence_stream import HEADING, ROW, End, SentenceStream, cells
from assistant.text.sentences import HEADING_LENGTH
from assistant.text.terms import fold
from assistant.types import (
    AnswerEvent,
    Citation,
    Cited,
    Claim,
    Claimed,
    Judgement,
    Shown,
    Span,
    TextDelta,
)

Policy = Literal["flag", "drop", "replace"]
Check = Callable[[str, Sequence[int]], Judgement]  # a sentence, the passages it cites
Cite = Callable[[int, Shown, Span], Citation]  # number, passage, span → a verified citation
Refuses = Callable[[str], float]  # how likely a sentence says that there is no answer, in [0, 1]

REFUSES = 0.8  # probability from which a sentence that nothing supports is a refusal
# The same of a sentence that the claim check takes for supported, since it does not know what "the
# passages" are. Of held-back sentences (tests/questions/refusals/c.jsonl) 66 of 100 refusals are
# above, and none of the 120 that only look like one; the likeliest of these is at .92.
SURELY_REFUSES = 0.98
APOLOGY = 40  # characters: "I am sorry."
HELD = 300  # characters of the beginning that are held back at most

_CONTENT = regex.compile(r"[\p{L}\p{N}]")
_LEADS_IN = regex.compile(r"[^\p{N}]*[:：]\s*")  # "Theo bài viết:", but not "Có 15 dự án:"
_DRESS = regex.compile(
    r"^\s*(?:(?:[-•+>]|#{1,6}|\d{1,2}[.)])\s+)+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}"
)
_WHOLE = regex.compile(r"[.!?…。！？][\"'”’»)\]]*\s*$")  # how a sentence ends
_UNSAID = regex.compile(r"[^\p{L}\p{N}]+")
_LINE_STARTS = regex.compile(r"\s*\n")
_APART = regex.compile(r"\s*\n[ \t]*\n")  # before a line: a table that it goes on with has ended
_FENCE = regex.compile(r"[ \t]{0,8}(?:`{3,}|~{3,})[ \t]*[\w+#.-]{0,24}[ \t]{0,8}")


@dataclass(frozen=True, slots=True)
class _Whole:
    """A sentence that has ended. ``judgement``: None where it claims nothing."""

    text: str
    judgement: Judgement | None
    is_row: bool

    @property
    def is_supported(self) -> bool:
        return self.judgement is not None and self.judgement.verdict in ("supported", "elsewhere")


class Composer:
    """Builds an answer from the pieces in which a model's text comes.

    ``agreed``: sentences with which the model was told to say that the passages do not hold the
    answer; ``refuses``: how likely one says so in other words. Where one comes first, ``refused``
    is set and nothing is given out. What comes of a text does not depend on how it is cut into
    pieces. ``before``: text of the answer that stands before the model's; ``whole``: nobody reads
    along, so all of it is held back to the end.
    """

    def __init__(
        self,
        shown: Sequence[Shown],
        agreed: Sequence[str],
        refuses: Refuses,
        check: Check,
        cite: Cite,
        policy: Policy = "flag",
        before: str = "",
        whole: bool = False,
    ) -> None:
        self._shown = {one.number: one for one in shown}
        self._agreed = [_said(refusal) for refusal in agreed]
        self._refuses, self._whole = refuses, whole
        self._check, self._cite, self._policy = check, cite, policy
        self._links = LinkFilter()
        self._addresses = AddressFilter(
            [one.source for one in shown],
            [text for one in shown for text in (one.title, one.source, one.passage.text)],
        )
        literals = literals_of(one.passage.text for one in shown)
        self._markers = MarkerFilter(self._shown, literals)
        self._fences = _Fences()
        self._sentences = SentenceStream()
        self._numbers: dict[tuple[str, int, int], int] = {}  # span of an article → citation
        self._sentence = ""  # as it came, without markers
        self._given = 0  # characters of it that were given out
        self._wanted: list[int] = []  # passages that it cites
        self._first = True  # it is the first of the text
        self._is_row = False
        self._header: list[str] = []  # of the table that the last row belongs to
        self._blanks = ""  # at the end, held back until more comes; of a row "|" too
        self._held: list[_Whole] | None = []  # sentences of the beginning; None: it was given out
        self._begun = 0
        self._nothing = True  # given out so far
        self.text = before
        self.citations: tuple[Citation, ...] = ()
        self.claims: tuple[Claim, ...] = ()
        self.refused = False
        self._broken = False
        self.left_out = 0  # sentences that the policy dropped

    def feed(self, text: str) -> list[AnswerEvent]:
        """More of the model's text → what can be shown of it."""
        return _joined(self._taken(self._markers.feed(self._links.feed(text))))

    def finish(self, broken: bool = False) -> list[AnswerEvent]:
        """The model's text has ended. ``broken``: in the middle.

        Nothing supports a sentence that broke off.
        """
        events = self._taken(self._markers.feed(self._links.finish()))
        events += self._taken(self._markers.finish())
        events += self._settled()
        self._broken = broken and not _WHOLE.search(self._sentence)
        events += self._split(self._sentences.finish())
        events += self._released()
        return _joined(events)

    def _taken(self, pieces: Sequence[str | Marker]) -> list[AnswerEvent]:
        events: list[AnswerEvent] = []
        for piece in pieces:
            if isinstance(piece, Marker):
                events += self._settled()
                self._wanted += [n for n in piece.numbers if n not in self._wanted]
            else:
                events += self._read(self._addresses.feed(self._fences.feed(piece)))
        return events

    def _settled(self) -> list[AnswerEvent]:
        return self._read(self._addresses.feed(self._fences.settle()) + self._addresses.settle())

    def _read(self, text: str) -> list[AnswerEvent]:
        return self._split(self._sentences.feed(text))

    def _split(self, pieces: Sequence[str | End]) -> list[AnswerEvent]:
        events: list[AnswerEvent] = []
        for piece in pieces:
            if self.refused:
                return events
            events += self._words(piece) if isinstance(piece, str) else self._ended()
        return events

    def _words(self, text: str) -> list[AnswerEvent]:
        self._sentence += text
        events = self._released() if self._is_long() else []
        if self._held is not None or self._policy != "flag":
            return events
        self._is_row = self._starts(ROW, self._sentence)
        return events + self._give()

    def _is_long(self) -> bool:
        """Whether no more of the beginning can be held back."""
        held = sum(len(one.text) for one in self._held or ()) + len(self._sentence)
        return held > HELD and not self._whole

    def _released(self) -> list[AnswerEvent]:
        """What was held back is given out."""
        held, self._held = self._held or [], None
        begun, self._sentence = self._sentence, ""
        events = [event for one in held for event in self._settle(one)]
        self._sentence = begun
        return events

    def _give(self) -> list[AnswerEvent]:
        """Gives out what is left of the sentence, but for blanks at its end."""
        left = self._sentence[self._given :]
        if not self._sentence[: self._given].strip():
            if left[:1] in {"(", ":"} and not self._blanks and self.text.endswith("]"):
                self._blanks = " "  # a marker of ours must not become "[1](address)"
            lead = len(left) - len(left.lstrip())
            self._begun = len(self.text) + (0 if self._nothing else len(self._blanks) + lead)
        self._given = len(self._sentence)
        return self._say(left)

    def _say(self, text: str) -> list[AnswerEvent]:
        whole = self._blanks + text
        kept = whole.rstrip()
        while self._is_row and kept.endswith("|"):
            kept = kept[:-1].rstrip()
        self._blanks = whole[len(kept) :]
        if self._nothing:
            kept = kept.lstrip()
        if not kept:
            return []
        self._nothing = False
        self.text += kept
        return [TextDelta(kept)]

    def _ended(self) -> list[AnswerEvent]:
        """The sentence is whole: it is checked, cited and, by the policy, shown."""
        sentence, wanted = self._sentence, tuple(self._wanted)
        self._wanted = []
        if self._held is not None and _said(sentence) in self._agreed:
            return self._refused()
        is_row = self._starts(ROW, sentence)
        one = _Whole(sentence, self._judged(self._stated(sentence, is_row), wanted), is_row)
        self._first = False
        if self._held is None:
            return self._settle(one)
        self._sentence = ""
        least = SURELY_REFUSES if one.is_supported else REFUSES
        if one.judgement and self._likely_refuses(sentence) >= least:
            return self._refused()
        self._held.append(one)
        return self._released() if one.is_supported and not self._whole else []

    def _likely_refuses(self, sentence: str) -> float:
        """In [0, 1]: only the first sentence refuses, or one behind an apology."""
        before = sum(len(one.text) for one in self._held or ())
        return self._refuses(_undressed(sentence)) if before <= APOLOGY else 0.0

    def _refused(self) -> list[AnswerEvent]:
        self.refused, self._held, self._sentence = True, [], ""
        return []

    def _starts(self, kind: regex.Pattern[str], sentence: str) -> bool:
        """Whether the sentence begins a line of this kind."""
        lead = _LINE_STARTS.match(sentence)
        at = lead.end() if lead else 0
        return bool((lead or self._first) and kind.match(sentence, at))

    def _stated(self, sentence: str, is_row: bool) -> str:
        """What the sentence says without the marks of Markdown; "" of what claims nothing."""
        if is_row:
            return self._row(sentence)
        self._header = []
        plain = _undressed(sentence)
        is_heading = self._starts(HEADING, sentence) and len(plain) <= HEADING_LENGTH
        return "" if is_heading else plain

    def _row(self, sentence: str) -> str:
        """A row under its header: "Năm: 2020; Voi: 7". The first row of more than one cell is one.

        Whether a rule follows is known too late: the row's words are out by then.
        """
        row = [_undressed(sentence[cell.start : cell.end]) for cell in cells(sentence)]
        if _APART.match(sentence):
            self._header = []
        if not self._header and len(row) > 1:
            self._header = row
            return ""
        under = zip_longest(self._header, row, fillvalue="")
        told = [f"{head}: {cell}" if head else cell for head, cell in under if cell]
        return "; ".join(told) if any(map(_CONTENT.search, row)) else ""

    def _judged(self, plain: str, wanted: Sequence[int]) -> Judgement | None:
        """None for what claims nothing: "Theo bài viết:"."""
        if not _CONTENT.search(plain) or (_LEADS_IN.fullmatch(plain) and not wanted):
            return None
        if self._broken:
            return Judgement("unsupported", lack="content", detail=plain)
        return self._check(plain, wanted)

    def _settle(self, one: _Whole) -> list[AnswerEvent]:
        self._sentence, self._is_row = one.text, one.is_row
        events = self._claimed(one.text, one.judgement) if one.judgement else self._give()
        self._sentence, self._given, self._is_row = "", 0, False
        return events + (self._say("") if one.is_row else [])  # its last "|"

    def _claimed(self, sentence: str, judgement: Judgement) -> list[AnswerEvent]:
        if judgement.verdict != "unsupported":
            events = self._give()
            end = len(self.text)
            numbers, cited = self._cited(judgement)
            return [*events, *cited, *self._claim(end, judgement, numbers)]
        if self._policy == "flag":
            events = self._give()
            return [*events, *self._claim(len(self.text), judgement, ())]
        return self._without(sentence, judgement)

    def _without(self, sentence: str, judgement: Judgement) -> list[AnswerEvent]:
        """An unsupported sentence that is not shown: the words of the article, or nothing.

        Only a sentence that gets a fact wrong has words of the article in its place; of one that
        says something else altogether the nearest words are beside the point.
        """
        self.left_out += 1
        body = sentence.strip()
        lead, tail = sentence[: sentence.index(body)], sentence.rpartition(body)[2]
        if self._policy == "drop" or not judgement.evidence or judgement.lack == "content":
            if not self._is_row:  # a blank line would end its table
                self._blanks = max(self._blanks, lead, tail, key=len)
            return []
        if self._is_row:
            lead, tail = f"{lead}| ", f" |{tail}"
        one, span = self._shown[judgement.evidence[0].number], judgement.evidence[0].span
        quote = one.passage.text[span.start - one.passage.start : span.end - one.passage.start]
        events = self._say(f"{lead}“{' '.join(plain(quote).split())}”")
        _, cited = self._cited(replace(judgement, evidence=judgement.evidence[:1]))
        self._blanks = tail
        return [*events, *cited]

    def _claim(self, end: int, judgement: Judgement, numbers: tuple[int, ...]) -> list[AnswerEvent]:
        nearest = None
        if judgement.verdict == "unsupported" and judgement.evidence:
            evidence = judgement.evidence[0]
            nearest = self._cite(0, self._shown[evidence.number], evidence.span)
        claim = Claim(
            self._begun, end, judgement.verdict, numbers, judgement.lack, judgement.detail, nearest
        )
        self.claims += (claim,)
        return [Claimed(claim)]

    def _cited(self, judgement: Judgement) -> tuple[tuple[int, ...], list[AnswerEvent]]:
        """The numbers under which the evidence is cited, and the events that say so."""
        numbers: list[int] = []
        events: list[AnswerEvent] = []
        for evidence in judgement.evidence:
            one = self._shown[evidence.number]
            key = (one.passage.article_id, evidence.span.start, evidence.span.end)
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers) + 1
                citation = self._cite(self._numbers[key], one, evidence.span)
                self.citations += (citation,)
                events.append(Cited(citation))
            if self._numbers[key] not in numbers:
                numbers.append(self._numbers[key])
        if numbers:
            marks = " " + "".join(f"[{n}]" for n in numbers)
            self.text += marks
            events.append(TextDelta(marks))
        return tuple(numbers), events


class _Fences:
    """Text as it streams without the language behind a fence ("```python").

    The filter of addresses takes the marks themselves, and would leave a sentence "python".
    """

    def __init__(self) -> None:
        self._held: str | None = ""  # the line, as long as it can be a fence

    def feed(self, text: str) -> str:
        """What is settled by now."""
        return "".join(map(self._step, text))

    def settle(self) -> str:
        """What was held back of the line, which is no fence any more."""
        held, self._held = self._held or "", None
        return "" if _FENCE.fullmatch(held) else held

    def _step(self, character: str) -> str:
        if character == "\n":
            settled, self._held = self.settle(), ""
            return f"{settled}\n"
        if self._held is None:
            return character
        self._held += character
        if _FENCE.fullmatch(self._held, partial=True):
            return ""
        held, self._held = self._held, None
        return held


def _joined(events: Sequence[AnswerEvent]) -> list[AnswerEvent]:
    """The events with neighbouring pieces of text in one."""
    found: list[AnswerEvent] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            found[-1] = TextDelta(last.text + event.text)
        else:
            found.append(event)
    return found


def _undressed(sentence: str) -> str:
    """The sentence without the marks of Markdown."""
    return _DRESS.sub("", sentence).strip()


def _said(text: str) -> str:
    """Letters and digits of ``text`` without accents: how a refusal is recognized."""
    return _UNSAID.sub("", fold(text))
