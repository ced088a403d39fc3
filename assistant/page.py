"""What the page shows, as text: labels in two languages, and HTML in which every text is inert.

Pure functions of the product's types. Offsets are code points, so all slicing happens here;
the browser, which counts UTF-16 units, is only given finished markup.

A place in an article is an address, ``#article=<id>&start=<s>&end=<e>``: the same string is the
link of a citation, what the address bar holds, and what :func:`parse_address` reads.
"""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qs, quote, urlsplit

from assistant.types import (
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Claim,
    Claimed,
    Finished,
    Retrieved,
    Span,
    TextDelta,
)

Language = Literal["vi", "en"]
Fault = Literal["failed", "stopped"]

STATIC: Final = Path(__file__).with_name("static")
LISTED_ARTICLES: Final = 200  # more make a page nobody scrolls through
ALL_ARTICLES: Final = "#articles"  # the address of the list
_QUOTE_START: Final = 110  # characters of a quote in the list of sources
_TOOLTIP: Final = 300
# strftime's names of months follow the machine's locale.
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass(frozen=True, slots=True)
class Labels:
    """Every word of ours on the page, in one language."""

    language: Language
    title: str
    tagline: str
    switch: str
    fresh: str
    leave: str
    question: str
    hint: str
    ask: str
    stop: str
    welcome: str
    searching: str
    reading: str
    sources: str
    searched: str
    unverified: str
    refused: str
    closest: str
    failed: str
    stopped: str
    articles: str
    no_articles: str
    more: str
    back: str
    to_conversation: str
    gone: str


def _read_labels() -> dict[Language, Labels]:
    """A label that is missing or not known fails at once, in either language."""
    words = json.loads((STATIC / "labels.json").read_text("utf-8"))
    return {"vi": Labels("vi", **words["vi"]), "en": Labels("en", **words["en"])}


LABELS: Final[Mapping[Language, Labels]] = _read_labels()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of the conversation and what is known of its answer so far.

    ``dates`` holds the day of each cited article, by article id. An exchange with neither
    ``answer`` nor ``fault`` is still being answered.
    """

    question: str
    text: str = ""
    passages: int | None = None
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    fault: Fault | None = None

    @property
    def running(self) -> bool:
        return self.answer is None and self.fault is None

    def after(self, event: AnswerEvent) -> Exchange:
        """The exchange once ``event`` has happened."""
        match event:
            case Retrieved(hits=hits):
                return replace(self, passages=len(hits))
            case TextDelta(text=text):
                return replace(self, text=self.text + text)
            case Cited(citation=citation):
                return replace(self, citations=(*self.citations, citation))
            case Claimed(claim=claim):
                return replace(self, claims=(*self.claims, claim))
            case Finished(answer=answer):
                return replace(self, text=answer.text, citations=answer.citations, answer=answer)


def preferred_language(accept_language: str) -> Language:
    """The page's language for an ``Accept-Language`` header: "vi-VN,en;q=0.8" → "vi"."""
    return "vi" if accept_language.strip().lower().startswith("vi") else "en"


def address_of(article_id: str, span: Span | None = None) -> str:
    """The address of an article, or of a span of it."""
    address = f"#article={quote(article_id, safe='')}"
    return f"{address}&start={span.start}&end={span.end}" if span else address


def parse_address(address: str) -> tuple[str, Span | None] | None:
    """The article id and span of an address; None if it names no article.

    Never raises: anyone can type an address. A span that is none is left out.
    """
    fields = parse_qs(address.removeprefix("#"))
    article_id = fields.get("article", [""])[0]
    if not article_id:
        return None
    start, end = (fields.get(name, [""])[0] for name in ("start", "end"))
    if not all(re.fullmatch(r"[0-9]{1,9}", offset) for offset in (start, end)):
        return article_id, None
    return article_id, Span(int(start), int(end))


# The conversation: messages of gr.Chatbot, which reads Markdown and keeps a list of safe HTML.

_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")  # all ASCII punctuation
_LINE_END = re.compile(r"\r\n|\r|\n")
_PARAGRAPH_END = re.compile(r"(?:\r\n|\r|\n)\s*(?:\r\n|\r|\n)")
_MARKER = re.compile(r"\[([0-9]{1,4})\]")


def inert(text: str) -> str:
    """``text`` such that Markdown and HTML both read it as nothing but that text.

    html.escape alone would leave ``![](…)``, ``**`` and bare addresses to Markdown. As numeric
    entities no punctuation is left for either to act on. Line ends become ``<br>``.
    """
    lines = _LINE_END.split(text)
    return "<br>".join(_MARKDOWN.sub(lambda m: f"&#{ord(m[0])};", line) for line in lines)


def messages(exchanges: Sequence[Exchange], labels: Labels) -> list[dict[str, str]]:
    """The conversation as messages of ``gr.Chatbot``."""
    found = []
    for exchange in exchanges:
        said = f'<div class="question">{inert(exchange.question)}</div>'
        found.append({"role": "user", "content": said})
        found.append({"role": "assistant", "content": reply(exchange, labels)})
    return found


def reply(exchange: Exchange, labels: Labels) -> str:
    """The assistant's side of an exchange, on one line: to Markdown one block of HTML."""
    parts = []
    if exchange.answer and exchange.answer.grounding == "refused":
        parts.append(_refusal(exchange.answer, labels))
    elif exchange.text:
        parts.append(_body(exchange))
    elif exchange.running:
        parts.append(f'<p class="progress">{_progress(exchange, labels)}</p>')
    if exchange.answer:
        parts += [_searched(exchange.answer, labels), _sources(exchange, labels)]
    if exchange.fault:
        line = labels.failed if exchange.fault == "failed" else labels.stopped
        parts.append(f'<p class="fault">{inert(line)}</p>')
    return f'<div class="reply">{"".join(parts)}</div>'


def _progress(exchange: Exchange, labels: Labels) -> str:
    if exchange.passages is None:
        return inert(labels.searching)
    return inert(labels.reading.format(count=exchange.passages))


def _body(exchange: Exchange) -> str:
    language = exchange.answer.language if exchange.answer else ""
    cited = {citation.number: citation for citation in exchange.citations}
    paragraphs = (p for p in _PARAGRAPH_END.split(exchange.text) if p.strip())
    inner = "".join(f"<p>{_with_links(p, cited)}</p>" for p in paragraphs)
    return f'<div class="body"{_lang(language)}>{inner}</div>'


def _with_links(text: str, cited: Mapping[int, Citation]) -> str:
    """``text`` with a link at each marker of a citation; other ``[n]`` stay text."""
    parts, done = [], 0
    for marker in _MARKER.finditer(text):
        citation = cited.get(int(marker[1]))
        if citation:
            parts += [inert(text[done : marker.start()]), _link(citation, "cite", inert(marker[0]))]
            done = marker.end()
    return "".join([*parts, inert(text[done:])])


def _link(citation: Citation, kind: str, inner: str) -> str:
    address = address_of(citation.article_id, Span(citation.start, citation.end))
    title = inert(" ".join(f"“{shorten(citation.quote, _TOOLTIP)}” — {citation.title}".split()))
    return f'<a class="{kind}" href="{html.escape(address)}" title="{title}">{inner}</a>'


def _searched(answer: Answer, labels: Labels) -> str:
    if not answer.query or answer.query == answer.question:
        return ""
    return f'<p class="searched">{labels.searched}: {inert(answer.query)}</p>'


def _sources(exchange: Exchange, labels: Labels) -> str:
    if not exchange.citations:
        return ""
    items = "".join(f"<li>{_source(c, exchange.dates, labels)}</li>" for c in exchange.citations)
    return f'<div class="sources"><p class="label">{labels.sources}</p><ul>{items}</ul></div>'


def _source(citation: Citation, dates: Mapping[str, str], labels: Labels) -> str:
    day = _time(dates.get(citation.article_id, ""), labels.language)
    doubt = "" if citation.verified else f'<span class="doubt">{labels.unverified}</span>'
    inner = (
        f'<span class="number">{citation.number}</span>'
        f'<span class="what"><span class="title">{inert(citation.title)}</span> {day} {doubt}'
        f'<span class="start">“{inert(shorten(citation.quote, _QUOTE_START))}”</span></span>'
    )
    return _link(citation, "source", inner)


def _refusal(answer: Answer, labels: Labels) -> str:
    parts = [f"<p>{inert(answer.text.strip() or labels.refused)}</p>"]
    if answer.closest:
        inner = (
            f'<span class="start">“{inert(shorten(answer.closest.quote, _TOOLTIP))}”</span>'
            f'<span class="title">{inert(answer.closest.title)}</span>'
        )
        parts.append(f'<p class="label">{labels.closest}</p>')
        parts.append(_link(answer.closest, "source closest", inner))
    return f'<div class="refusal"{_lang(answer.language)}>{"".join(parts)}</div>'


# The reader: a gr.HTML, which shows its value as it is. Everything in it is escaped here.

_PARAGRAPH = re.compile(r"[^\n]+\n*|\n+")  # a line with the line ends after it


def heading(labels: Labels, sign_out: bool = False) -> str:
    """The title of the page, and the way out for those who have signed in."""
    title = f"<h1>{html.escape(labels.title)}</h1><p>{html.escape(labels.tagline)}</p>"
    leave = f'<a class="leave" href="/logout">{html.escape(labels.leave)}</a>'
    return title + leave if sign_out else title


def library(articles: Sequence[Article], labels: Labels) -> str:
    """The loaded articles, each a link that opens it."""
    items = "".join(f"<li>{_entry(a, labels)}</li>" for a in articles[:LISTED_ARTICLES])
    left = len(articles) - LISTED_ARTICLES
    rest = f'<p class="meta">{html.escape(labels.more.format(count=left))}</p>' if left > 0 else ""
    none = "" if articles else f'<p class="meta">{html.escape(labels.no_articles)}</p>'
    title = f'<h2>{labels.articles} <span class="count">{len(articles)}</span></h2>'
    return _view(ALL_ARTICLES, labels, f'{title}{none}<ul class="library">{items}</ul>{rest}')


def _entry(article: Article, labels: Labels) -> str:
    meta = _joined(_time(article.date, labels.language), html.escape(_publisher(article.source)))
    return (
        f'<a href="{html.escape(address_of(article.id))}"{_lang(article.language)}>'
        f'<span class="title">{html.escape(article.title)}</span>'
        f'<span class="meta">{meta}</span></a>'
    )


def reading(article: Article, span: Span | None, labels: Labels) -> str:
    """An article, with ``span`` highlighted where it lies inside the text."""
    inside = span if span and 0 <= span.start < span.end <= len(article.text) else None
    meta = _joined(_time(article.date, labels.language), _source_link(article.source))
    return _view(
        address_of(article.id, inside),
        labels,
        f"{_ways_back(labels, article.title)}<article{_lang(article.language)}>"
        f'<h2>{html.escape(article.title)}</h2><p class="meta">{meta}</p>'
        f'<div class="text">{marked(article, inside)}</div></article>',
    )


def notice(line: str, labels: Labels) -> str:
    """The reader when it has no article to show: one line saying why."""
    return _view("", labels, f'{_ways_back(labels)}<p class="notice">{html.escape(line)}</p>')


def marked(article: Article, span: Span | None) -> str:
    """The text in paragraphs, ``span`` inside ``<mark>``, furniture muted.

    A quote over several lines is one mark a line. Every character of the text is kept, in order
    (a browser shows line ends inside a paragraph as nothing), so that the marks' contents
    joined are the quote and the paragraphs' contents joined are the text.
    """
    spans = [*article.furniture, *([span] if span else [])]
    edges = {edge for s in spans for edge in (s.start, s.end)}
    paragraphs = []
    for line in _PARAGRAPH.finditer(article.text):
        within = {edge for edge in edges if line.start() < edge < line.end()}
        cuts = sorted({line.start(), line.end(), *within})
        paragraphs.append("".join(_piece(article, span, a, b) for a, b in pairwise(cuts)))
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _piece(article: Article, span: Span | None, start: int, end: int) -> str:
    text = html.escape(article.text[start:end])
    if span and span.start <= start < span.end:
        # tabindex: the script moves the focus here, so that the keyboard goes on from the quote.
        first = ' id="quote" tabindex="-1"' if start == span.start else ""
        return f"<mark{first}>{text}</mark>"
    if any(f.start <= start < f.end for f in article.furniture):
        return f'<span class="furniture">{text}</span>'
    return text


def _view(address: str, labels: Labels, inner: str) -> str:
    return (
        f'<div class="view" data-address="{html.escape(address)}"'
        f' data-language="{labels.language}">{inner}</div>'
    )


def _ways_back(labels: Labels, title: str = "") -> str:
    """The bar that stays above the text; ``title`` is for when the heading has scrolled away."""
    return (
        f'<nav><a href="{ALL_ARTICLES}">{html.escape(labels.back)}</a>'
        f'<span aria-hidden="true">{html.escape(title)}</span>'
        f'<a class="to-conversation" href="#conversation">'
        f"{html.escape(labels.to_conversation)}</a></nav>"
    )


def _source_link(source: str) -> str:
    name = html.escape(_publisher(source))
    if name == html.escape(source):  # a name, or an address no browser should follow
        return name
    return f'<a href="{html.escape(source)}" target="_blank" rel="noopener noreferrer">{name}</a>'


def _publisher(source: str) -> str:
    """The host of a web address; any other source as it is."""
    try:
        parts = urlsplit(source)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:  # "http://[" and the like
        return source
    return host.removeprefix("www.") if host else source


def _time(day: str, language: Language) -> str:
    if not day:
        return ""
    try:
        date = datetime.date.fromisoformat(day)
    except ValueError:
        return f'<span class="day">{inert(day)}</span>'
    english = f"{date.day} {_MONTHS[date.month - 1]} {date.year}"
    shown = f"{date:%d/%m/%Y}" if language == "vi" else english
    return f'<time class="day" datetime="{day}">{shown}</time>'


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _lang(code: str) -> str:
    return f' lang="{html.escape(code)}"' if code else ""


def shorten(text: str, longest: int) -> str:
    """``text`` on one line in at most ``longest`` characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"
