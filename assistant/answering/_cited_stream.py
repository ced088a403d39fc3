"""A language model's words → sentences that were checked, with citations, as they stream.

Each sentence becomes a claim the moment it ends: what supports it is cited behind it, whatever
the model cited itself. Nothing that has been given out is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import regex

from assistant.answering.citation_markers import Marker, MarkerFilter, literals_of
from assistant.answering.link_filter import AddressFilter, LinkFilter, plain
from assistant.text.sentence_stream import End, SentenceStream
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

_CONTENT = regex.compile(r"[\p{L}\p{N}]")
_LEADS_IN = regex.compile(r"[^\p{N}]*[:：]\s*")  # "Theo bài viết:", but not "Có 15 dự án:"
_DRESS = regex.compile(
    r"^\s*(?:(?:[-•+>]|#{1,6}|\d{1,2}[.)])\s+)+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}"
)
_WHOLE = regex.compile(r"[.!?…。！？][\"'”’»)\]]*\s*$")  # how a sentence ends
_UNSAID = regex.compile(r"[^\p{L}\p{N}]+")


class Composer:
    """Builds an answer from the pieces in which a model's text comes.

    ``refusals``: sentences with which the model says that the passages do not hold the answer;
    where its first sentence is one of them, ``refused`` is set and nothing is given out.
    What comes of a text does not depend on how it is cut into pieces. ``before``: text of the
    answer that stands before the model's.
    """

    def __init__(
        self,
        shown: Sequence[Shown],
        refusals: Sequence[str],
        check: Check,
        cite: Cite,
        policy: Policy = "flag",
        before: str = "",
    ) -> None:
        self._shown = {one.number: one for one in shown}
        self._refusals = [_said(refusal) for refusal in refusals]
        self._check, self._cite, self._policy = check, cite, policy
        self._links = LinkFilter()
        self._addresses = AddressFilter(
            [one.source for one in shown],
            [text for one in shown for text in (one.title, one.source, one.passage.text)],
        )
        literals = literals_of(one.passage.text for one in shown)
        self._markers = MarkerFilter(self._shown, literals)
        self._sentences = SentenceStream()
        self._numbers: dict[tuple[str, int, int], int] = {}  # span of an article → citation
        self._sentence = ""  # as it came, without markers
        self._given = 0  # characters of it that were given out
        self._wanted: list[int] = []  # passages that it cites
        self._blanks = ""  # that end what was given out, held back until more comes
        self._begun = self._first = 0
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
        return _joined(events)

    def _taken(self, pieces: Sequence[str | Marker]) -> list[AnswerEvent]:
        events: list[AnswerEvent] = []
        for piece in pieces:
            if isinstance(piece, Marker):
                events += self._settled()
                self._wanted += [n for n in piece.numbers if n not in self._wanted]
            else:
                events += self._split(self._sentences.feed(self._addresses.feed(piece)))
        return events

    def _settled(self) -> list[AnswerEvent]:
        return self._split(self._sentences.feed(self._addresses.settle()))

    def _split(self, pieces: Sequence[str | End]) -> list[AnswerEvent]:
        events: list[AnswerEvent] = []
        for piece in pieces:
            if self.refused:
                return events
            events += self._words(piece) if isinstance(piece, str) else self._ended()
        return events

    def _words(self, text: str) -> list[AnswerEvent]:
        self._sentence += text
        if self._policy != "flag" or self._may_refuse():
            return []
        return self._give()

    def _may_refuse(self) -> bool:
        """Whether what came so far may be the beginning of a refusal."""
        said = _said(self._sentence)
        return not self._first and any(r.startswith(said) for r in self._refusals)

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
        sentence, wanted = self._sentence, self._wanted
        if not self._first and _said(sentence) in self._refusals:
            self.refused = True
            return []
        said = _CONTENT.search(sentence)
        self._first += bool(said)
        if not said or (_LEADS_IN.fullmatch(sentence) and not wanted):
            events = self._give()
        else:
            events = self._claimed(sentence, wanted)
        self._sentence, self._given, self._wanted = "", 0, []
        return events

    def _claimed(self, sentence: str, wanted: Sequence[int]) -> list[AnswerEvent]:
        plain = _DRESS.sub("", sentence).strip()
        if self._broken:
            judgement = Judgement("unsupported", lack="content", detail=plain)
        else:
            judgement = self._check(plain, wanted)
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
            self._blanks = max(self._blanks, lead, tail, key=len)
            return []
        one, span = self._shown[judgement.evidence[0].number], judgement.evidence[0].span
        quote = one.passage.text[span.start - one.passage.start : span.end - one.passage.start]
        events = self._say(f"{lead}“{' '.join(plain(quote).split())}”")
        _, cited = self._cited(replace(judgement, evidence=judgement.evidence[:1]))
        self._blanks = tail
        return [*events, *cited]

    def _claim(self, end: int, judgement: Judgement, numbers: tuple[int, ...]) -> list[AnswerEvent]:
        claim = Claim(
            self._begun, end, judgement.verdict, numbers, judgement.lack, judgement.detail
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


def _said(text: str) -> str:
    """Letters and digits of ``text`` without accents: how a refusal is recognized."""
    return _UNSAID.sub("", fold(text))
