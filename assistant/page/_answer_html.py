"""An answer's markup: its text with its proof, or a refusal, and what can be done with it.

Part of a message of gr.Chatbot, which reads Markdown and keeps a list of safe HTML (buttons and
details among it, but no ARIA and no scripts): static/chat.js adds what is missing.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from assistant.answering.prompt_texts import kind_of_refusal, say
from assistant.page import _model_markdown as markdown
from assistant.page._limits import fault_line, filter_chip, with_computed_days
from assistant.page._shared_notice import shared_notice
from assistant.page._suggestions import asks, suggestions
from assistant.page.labels import (
    Labels,
    address_of,
    inert,
    joined,
    lang,
    shorten,
    shown_day,
)
from assistant.records.exchange import About, Exchange
from assistant.text.language import tells_its_language
from assistant.text.names import publisher
from assistant.text.spans import on_one_line, pieces
from assistant.types import Answer, Citation, Claim, Hit, Place, Span

QUOTE_START: Final = 110  # characters of a quote in the list of sources
PREVIEW: Final = 420  # of a quote in the preview of its marker
PASSAGE_START: Final = 240  # of a passage in the list of what was read
NEAR: Final = 0.0  # standardized score of an arm above which it speaks for a passage


def reply(exchange: Exchange, labels: Labels, number: int = 0) -> str:
    """The assistant's side of an exchange, on one line: to Markdown one block of HTML.

    ``number`` counts the conversation's exchanges from 0, all versions among them: what is done
    with this one (copying, opinions) names it. What is asked again is the slot.
    """
    answer = exchange.answer
    parts = [shared_notice(exchange, labels), filter_chip(exchange.filter, labels)]
    if answer and answer.grounding == "refused":
        parts.append(_refusal(exchange, answer, labels))
    elif exchange.text:
        parts += [_counter(exchange, labels), _body(exchange, labels)]
    elif exchange.running:
        parts.append(f'<p class="progress">{_progress(exchange, labels)}</p>')
    if answer:
        parts += [_doubts(answer, labels), _searched(answer, labels), _sources(exchange, labels)]
        parts += [_read(answer, labels), _foot(exchange, answer, labels, number)]
        parts.append(suggestions(exchange, labels))
    if exchange.fault and not exchange.shared:
        parts.append(f'<p class="fault">{inert(fault_line(exchange, labels))}</p>')
        parts.append(f'<div class="acts">{_act("again", labels.again, exchange.slot)}</div>')
    parts.append(_previews(exchange, labels))
    return f'<div class="reply">{"".join(parts)}</div>'


def _progress(exchange: Exchange, labels: Labels) -> str:
    if exchange.passages is None:
        return inert(labels.searching)
    return inert(labels.reading.format(count=exchange.passages))


# The text, with its markers as links and its unsupported sentences marked.
_MARKER = re.compile(r"\[([0-9]{1,4})\]")


def _body(exchange: Exchange, labels: Labels) -> str:
    language = exchange.answer.language if exchange.answer else ""
    read = markdown.blocks if _is_written(exchange) else markdown.paragraphs
    found = read(exchange.text)
    form = _Form(exchange, found, labels)
    shown = [markdown.to_html(block, form.words) for block in found]
    if exchange.answer and exchange.answer.short and len(found) > 1:
        first = shown[0].replace("<p>", '<p class="short">', 1)
        shown[0] = with_computed_days(first, exchange.answer, labels)
    return f'<div class="body"{lang(language)}>{"".join(shown)}</div>'


def _is_written(exchange: Exchange) -> bool:
    """Whether the text is a language model's: what quotes articles has no claims.

    A model may be set and the articles be quoted all the same, where it failed or found nothing.
    """
    answer = exchange.answer
    return bool(exchange.claims) and (answer is None or bool(answer.llm and not answer.fault))


def _counter(exchange: Exchange, labels: Labels) -> str:
    """How many sentences of a model's answer the articles confirm."""
    if not exchange.answer or exchange.shared or not _is_written(exchange):
        return ""
    verdicts = [claim.verdict for claim in exchange.claims]
    confirmed = verdicts.count("supported") + verdicts.count("elsewhere")
    unchecked = verdicts.count("unchecked")
    told = labels.confirmed.format(count=confirmed, all=len(verdicts))
    facts = [told if confirmed else labels.none_confirmed]
    if unchecked:
        facts.append(labels.not_checked.format(count=unchecked))
    kind = " all" if confirmed == len(verdicts) else ""
    return f'<p class="confirmed{kind}">{inert(" · ".join(facts))}</p>'


def _answers(exchange: Exchange) -> Iterator[Span]:
    """Where the quotes in the text have the words that answer."""
    for citation in exchange.citations:
        line = " ".join(citation.quote.split())
        at = exchange.text.find(f"“{line}”")
        for answer in citation.answer if at >= 0 else ():
            own = Span(answer.start - citation.start, answer.end - citation.start)
            shown = on_one_line(citation.quote, own)
            yield Span(at + 1 + shown.start, at + 1 + shown.end)


class _Form:
    """Words of an exchange's text as HTML: with what answers, the markers and the flags.

    The flag of a claim stands behind the last of it that is shown.
    """

    def __init__(self, exchange: Exchange, found: Sequence[markdown.Block], labels: Labels) -> None:
        self._text, self._labels = exchange.text, labels
        self._cited = {citation.number: citation for citation in exchange.citations}
        doubtful = {n: c for n, c in enumerate(exchange.claims) if c.verdict == "unsupported"}
        marks = list(_answers(exchange))
        claims = [Span(claim.start, claim.end) for claim in doubtful.values()]
        self._edges = sorted({e for one in (*marks, *claims) for e in (one.start, one.end)})
        self._answers = [any(m.start <= e < m.end for m in marks) for e in self._edges]
        self._doubtful = [any(c.start <= e < c.end for c in claims) for e in self._edges]
        self._flags: dict[int, list[int]] = {}  # where they stand → their claims
        runs = [run for block in found for run in markdown.runs_of(block)]
        starts = [run.start for run in runs]
        for number, claim in doubtful.items():
            last = runs[at - 1] if (at := bisect_left(starts, claim.end)) else None
            if last and claim.start < min(claim.end, last.end):
                self._flags.setdefault(min(claim.end, last.end), []).append(number)

    def words(self, runs: markdown.Runs) -> str:
        return "".join(map(self._run, runs))

    def _run(self, run: markdown.Run) -> str:
        first = bisect_right(self._edges, run.start)
        inside = self._edges[first : bisect_left(self._edges, run.end, first)]
        cuts = [run.start, *inside, run.end]
        return "".join(self._piece(a, b, run) for a, b in pairwise(cuts))

    def _piece(self, start: int, end: int, run: markdown.Run) -> str:
        """A piece of a run that no edge cuts."""
        shown = _with_links(self._text[start:end], self._cited)
        for style in sorted(run.styles):
            shown = f"<{style}>{shown}</{style}>"
        before = bisect_right(self._edges, start) - 1
        if before >= 0 and self._answers[before]:
            shown = f'<strong class="answer">{shown}</strong>'
        if before >= 0 and self._doubtful[before]:
            shown = f'<span class="unsupported">{shown}</span>'
        return shown + "".join(_flag(n, self._labels) for n in self._flags.get(end, ()))


def _flag(number: int, labels: Labels) -> str:
    return (
        f' <button type="button" class="flag" name="claim" value="{number}">'
        f"{inert(labels.unsupported_mark)}</button>"
    )


def _with_links(text: str, cited: Mapping[int, Citation]) -> str:
    """``text`` with a link at each marker of a citation; other ``[n]`` stay text."""
    parts, done = [], 0
    for marker in _MARKER.finditer(text):
        citation = cited.get(int(marker[1]))
        if citation:
            before = text[done : marker.start()]
            if before.endswith(" "):  # a marker begins no line
                before = f"{before[:-1]}\N{NO-BREAK SPACE}"
            parts += [inert(before), _link(citation, "cite", inert(marker[0]))]
            done = marker.end()
    return "".join([*parts, inert(text[done:])])


def _link(citation: Citation | Place, kind: str, inner: str) -> str:
    address = address_of(citation.article_id, Span(citation.start, citation.end))
    return f'<a class="{kind}" href="{html.escape(address)}">{inner}</a>'


# What chat.js shows beside a marker or a flag that is pointed at.
def _previews(exchange: Exchange, labels: Labels) -> str:
    shown = [_preview(c, exchange, labels) for c in exchange.citations]
    shown += [
        _explanation(number, claim, labels)
        for number, claim in enumerate(exchange.claims)
        if claim.verdict == "unsupported"
    ]
    return f'<div class="previews" hidden>{"".join(shown)}</div>' if shown else ""


def _preview(citation: Citation, exchange: Exchange, labels: Labels) -> str:
    own = [Span(a.start - citation.start, a.end - citation.start) for a in citation.answer]
    marks = [on_one_line(citation.quote, span) for span in own]
    quote = "".join(
        f'<strong class="answer">{inert(text)}</strong>' if inside else inert(text)
        for text, inside in pieces(shorten(citation.quote, PREVIEW), marks)
    )
    return (
        f'<div class="cite-{citation.number}"><p class="start">“{quote}”</p>'
        f'<p class="title">{inert(citation.title)}</p>'
        f'<p class="meta">{_facts(citation, exchange.about, labels)}</p>'
        f"{_also(citation, labels)}</div>"
    )


def _also(citation: Citation, labels: Labels) -> str:
    """The ways to the other articles that print the same text, each at the same words."""
    if not citation.also:
        return ""
    ways = "; ".join(_link(place, "place", _named(place, labels)) for place in citation.also)
    return f'<p class="meta also">{inert(labels.also_in)}: {ways}</p>'


def _named(place: Place, labels: Labels) -> str:
    facts = (inert(publisher(place.source)), shown_day(place.date, labels.language))
    return ", ".join(filter(None, (inert(place.title), *facts)))


def _explanation(number: int, claim: Claim, labels: Labels) -> str:
    detail = f" (“{inert(shorten(claim.detail, PREVIEW))}”)" if claim.detail else ""
    what = f"<p>{inert(labels.lacks[claim.lack])}{detail}.</p>" if claim.lack else ""
    contradicts = claim.lack == "contradicted"
    near = _nearest(claim.nearest, contradicts, labels) if claim.nearest else ""
    return (
        f'<div class="claim-{number}"><p class="title">{inert(labels.unsupported)}</p>'
        f"{what}{near}</div>"
    )


def _nearest(citation: Citation, contradicts: bool, labels: Labels) -> str:
    """What an article says instead, or comes nearest to saying."""
    label = labels.says_instead if contradicts else labels.nearest
    quote = f"“{inert(shorten(citation.quote, PREVIEW))}”"
    return (
        f'<p class="nearest"><span class="meta">{inert(label)}:</span> '
        f'{_link(citation, "near", quote)} <span class="meta">{inert(citation.title)}</span></p>'
    )


# Under the text.
def _doubts(answer: Answer, labels: Labels) -> str:
    """That a model failed, and that the answer is supported only in part."""
    parts = []
    if answer.fault:
        line = labels.fault.format(llm=answer.llm, fault=labels.faults[answer.fault])
        parts.append(f'<p class="doubts">{inert(line)}</p>')
    verdicts = {claim.verdict for claim in answer.claims}
    nothing = bool(verdicts) and verdicts <= {"unsupported"} and not answer.fault  # told above
    if answer.grounding == "partial" and not nothing:
        line = labels.unchecked if "unchecked" in verdicts else labels.partial
        parts.append(f'<p class="doubts partial">{inert(line)}</p>')
    return "".join(parts)


def _searched(answer: Answer, labels: Labels) -> str:
    if not answer.query or answer.query == answer.question:
        return ""
    return f'<p class="searched">{labels.searched}: {inert(answer.query)}</p>'


def _sources(exchange: Exchange, labels: Labels) -> str:
    """The quotes by article: one card an article, in the order of its first quote."""
    cards: dict[str, list[Citation]] = {}
    for citation in exchange.citations:
        cards.setdefault(citation.article_id, []).append(citation)
    if not cards:
        return ""
    items = "".join(f"<li>{_card(quotes, exchange, labels)}</li>" for quotes in cards.values())
    return f'<div class="sources"><h3 class="label">{labels.sources}</h3><ul>{items}</ul></div>'


def _card(quotes: Sequence[Citation], exchange: Exchange, labels: Labels) -> str:
    if len(quotes) == 1:
        return _source(quotes[0], exchange, labels)
    first = quotes[0]
    known = exchange.about.get(first.article_id, About())
    facts = joined(shown_day(known.date, labels.language), inert(publisher(known.source)))
    links = "".join(
        _link(quote, "source", _quote(quote, labels)) + _also(quote, labels) for quote in quotes
    )
    return (
        f'<div class="article"><p class="title">{inert(first.title)}</p>'
        f'<p class="meta">{facts}</p>{links}</div>'
    )


def _source(citation: Citation, exchange: Exchange, labels: Labels) -> str:
    inner = (
        f'<span class="number">{citation.number}</span>'
        f'<span class="what"><span class="title">{inert(citation.title)}</span> '
        f'<span class="start">“{inert(shorten(citation.quote, QUOTE_START))}”</span>'
        f'<span class="meta">{_facts(citation, exchange.about, labels)}</span></span>'
    )
    return _link(citation, "source", inner) + _also(citation, labels)


def _quote(citation: Citation, labels: Labels) -> str:
    """One of several quotes of an article, whose title stands above."""
    return (
        f'<span class="number">{citation.number}</span><span class="what">'
        f'<span class="start">“{inert(shorten(citation.quote, QUOTE_START))}”</span>'
        f'<span class="meta">{joined(*_proof(citation, labels))}</span></span>'
    )


def _facts(citation: Citation, about: Mapping[str, About], labels: Labels) -> str:
    """Date, publisher, place and whether the quote was found there."""
    known = about.get(citation.article_id, About())
    day = shown_day(known.date, labels.language)
    return joined(day, inert(publisher(known.source)), *_proof(citation, labels))


def _proof(citation: Citation, labels: Labels) -> tuple[str, str]:
    """The quote's place and whether it was found there."""
    place = inert(labels.place.format(start=citation.start, end=citation.end))
    doubt = f'<span class="doubt">{labels.unverified}</span>'
    checked = f'<span class="verified">{labels.verified}</span>' if citation.verified else doubt
    return f'<span class="place">{place}</span>', checked


def _read(answer: Answer, labels: Labels) -> str:
    """Every passage that was read, and why it ranked where it did."""
    if not answer.hits:
        return ""
    items = "".join(f"<li>{_passage(hit, labels)}</li>" for hit in answer.hits)
    summary = inert(labels.read.format(count=len(answer.hits)))
    return f'<details class="read"><summary>{summary}</summary><ol>{items}</ol></details>'


def _passage(hit: Hit, labels: Labels) -> str:
    address = html.escape(address_of(hit.article_id, Span(hit.start, hit.end)))
    score = inert(labels.score.format(score=_decimal(hit.score, labels, 2)))
    return (
        f'<a href="{address}">{inert(hit.title)}</a> '
        f'<span class="meta">{inert(why(hit, labels))} · {score}</span>'
        f'<span class="start">{inert(shorten(hit.text, PASSAGE_START))}</span>'
    )


def why(hit: Hit, labels: Labels) -> str:
    """Which of the two searches speaks for the passage: above the mean of its candidates."""
    return {
        (True, True): labels.by_both,
        (True, False): labels.by_meaning,
        (False, True): labels.by_words,
        (False, False): labels.by_neither,
    }[hit.dense > NEAR, hit.lexical > NEAR]


def _foot(exchange: Exchange, answer: Answer, labels: Labels, number: int) -> str:
    """How sure, who wrote it and how long it took; and what can be done with the answer."""
    facts = []
    written = _is_written(exchange)
    # It speaks of what the reader found in the articles' own words, here.
    read = answer.grounding != "refused" and answer.kind == "content"
    if read and not (written or exchange.shared):
        facts.append(labels.certainty[answer.certainty])
    if written:
        facts.append(labels.worded.format(llm=answer.llm))
    if answer.usage:
        facts.append(labels.used.format(read=answer.usage.read, written=answer.usage.written))
    if exchange.seconds is not None:
        facts.append(labels.took.format(seconds=_decimal(exchange.seconds, labels)))
    named: list[tuple[str, str, int | str]] = [
        ("copy", labels.copy, number),
        ("share", labels.share, number),
        ("again", labels.again, exchange.slot),
    ]
    # An opinion is of what was answered here.
    if not (exchange.shared or answer.kind == "greeting"):
        named += [("good", labels.good, number), ("bad", labels.bad, number)]
    acts = "".join(_act(*one) for one in named)
    told = inert(" · ".join(facts))
    return f'<div class="foot"><p class="facts">{told}</p><div class="acts">{acts}</div></div>'


def _decimal(number: float, labels: Labels, places: int = 1) -> str:
    shown = f"{number:.{places}f}"
    return shown.replace(".", ",") if labels.language == "vi" else shown


def _act(name: str, label: str, value: int | str) -> str:
    return (
        f'<button type="button" class="act act-{name}" name="{name}" value="{value}">'
        f"{inert(label)}</button>"
    )


def _refusal(exchange: Exchange, answer: Answer, labels: Labels) -> str:
    """What is said, the closest passage, and questions that the articles do answer."""
    said, language = _refused_with(answer, labels)
    parts = [f'<p class="said"><span class="sign">∅</span> {inert(said)}</p>']
    if answer.closest:
        quote = inert(shorten(answer.closest.quote, PREVIEW))
        inner = (
            f'<span class="start">“{quote}”</span>'
            f'<span class="title">{inert(answer.closest.title)}</span>'
        )
        parts.append(f'<h3 class="label">{labels.closest}</h3>')
        parts.append(_link(answer.closest, "source closest", inner))
    if exchange.filter:
        parts.append(_act("unlimited", labels.ask_unlimited, exchange.slot))
    if exchange.instead:
        parts.append(asks(exchange.instead, labels))
    return f'<div class="refusal"{lang(language)}>{"".join(parts)}</div>'


def _refused_with(answer: Answer, labels: Labels) -> tuple[str, str]:
    """The words of a refusal, without the closest quote that is a link below them, and their
    language: what tells no language itself ("???", "asdf qwerty") is answered in the reader's."""
    if answer.language == "und" and answer.text == say("unreadable", "vi"):
        return say("unreadable", labels.language), labels.language
    if not tells_its_language(answer.question):
        kind = kind_of_refusal(bool(answer.filter), bool(answer.hits))
        return say(kind, labels.language), labels.language
    said = answer.text.strip() or labels.refused
    return said.rpartition("\n")[0] if answer.closest and "\n" in said else said, answer.language
