"""The reader's markup: an article with a span highlighted, and the list of all articles.

A gr.HTML shows it as it is, so everything in it is escaped here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from assistant.articles.suffixes import ARTICLE_SUFFIXES
from assistant.index.index import matching
from assistant.page._edited_html import edited
from assistant.page.labels import (
    ALL_ARTICLES,
    Labels,
    address_of,
    inert,
    joined,
    lang,
    shorten,
    shown_day,
)
from assistant.records.cards import SUFFIXES
from assistant.text.names import publisher
from assistant.types import Article, Citation, Edition, Span

LISTED_ARTICLES: Final = 200  # at first, and more with each step

_SIGN = re.compile(r"#{1,6}[ \t]+|-[ \t]+")  # of headings and items in marked text
_PARAGRAPH = re.compile(r"[^\n]+\n*|\n+")  # a line with the line ends after it


def heading(labels: Labels) -> str:
    """The title of the page."""
    return f"<h1>{html.escape(labels.title)}</h1><p>{html.escape(labels.tagline)}</p>"


def library(
    articles: Sequence[Article],
    labels: Labels,
    words: str = "",
    changes: bool = False,
    telling: Sequence[Article] = (),
    most: int = LISTED_ARTICLES,
) -> str:
    """The loaded articles, each a link that opens it; those with ``words`` where there are any.

    ``telling``: those that have the words in their text; ``changes``: articles may be added and
    removed; ``most``: how many are listed before the way to more.
    """
    found = matching(articles, words)
    known = {article.id for article in found}
    inside = [article for article in telling if article.id not in known]
    items = "".join(f"<li>{_entry(a, labels, changes)}</li>" for a in found[:most])
    nothing = labels.nothing_found if articles else labels.no_articles
    none = "" if found or inside else f'<p class="meta nothing">{html.escape(nothing)}</p>'
    title = f'<h2>{labels.articles} <span class="count">{len(articles)}</span></h2>'
    search = (
        f'<input type="search" class="find" value="{html.escape(words)}"'
        f' placeholder="{html.escape(labels.find_article)}"'
        f' aria-label="{html.escape(labels.find_article)}">'
    )
    listed = f'<ul class="library">{items}</ul>{_more(len(found) - most, most, labels)}'
    inner = f"{title}{search}{_adding(labels) if changes else ''}{none}{listed}"
    return _view(ALL_ARTICLES, labels, f"{inner}{_telling(inside, labels, changes)}")


def _more(left: int, most: int, labels: Labels) -> str:
    """The way to the articles that are not listed yet."""
    if left <= 0:
        return ""
    line = html.escape(labels.more.format(count=left))
    return f'<button type="button" class="more" value="{most + LISTED_ARTICLES}">{line}</button>'


def _telling(articles: Sequence[Article], labels: Labels, changes: bool) -> str:
    if not articles:
        return ""
    items = "".join(f"<li>{_entry(a, labels, changes)}</li>" for a in articles)
    return f'<h3>{html.escape(labels.in_the_text)}</h3><ul class="library">{items}</ul>'


def _adding(labels: Labels) -> str:
    """static/panels.js shows the button that is hidden where the server fetches web addresses."""
    return (
        f'<label class="adding"><span class="what">{html.escape(labels.add_articles)}</span>'
        f'<span class="meta">{html.escape(labels.drop_here)}</span>'
        f'<input type="file" multiple accept="{",".join(sorted(ARTICLE_SUFFIXES))}"></label>'
        f'<p class="ways"><button type="button" class="paste">{html.escape(labels.paste_text)}'
        f'</button><button type="button" class="web" hidden>{html.escape(labels.add_address)}'
        '</button></p><div role="status"><ul class="uploads"></ul></div>'
    )


def _entry(article: Article, labels: Labels, changes: bool) -> str:
    meta = joined(shown_day(article.date, labels.language), html.escape(publisher(article.source)))
    title = html.escape(labels.remove_title.format(title=article.title))
    remove = (
        f'<button type="button" class="remove" value="{html.escape(article.id)}"'
        f' aria-label="{title}">{html.escape(labels.remove)}</button>'
    )
    return (
        f'<a href="{html.escape(address_of(article.id))}"{lang(article.language)}>'
        f'<span class="title">{html.escape(article.title)}</span>'
        f'<span class="meta">{meta}</span></a>{remove if changes else ""}'
    )


def reading(
    article: Article,
    span: Span | None,
    labels: Labels,
    quotes: Sequence[Citation] = (),
    current: Article | None = None,
) -> str:
    """An article, with ``span`` highlighted where it lies inside the text.

    ``quotes``: those of the answer that ``span`` is a quote of, in their order: the others in this
    article are marked too, and lead to one another. ``current``: of an edition, the article today.
    """
    inside = span if span and _is_inside(span, article) else None
    spans = [Span(c.start, c.end) for c in quotes if c.article_id == article.id]
    others = [one for one in spans if one != inside and _is_inside(one, article)]
    meta = joined(shown_day(article.date, labels.language), _source_link(article.source))
    return _view(
        address_of(article.id, inside),
        labels,
        f"{_ways_back(labels, article.title, _steps(article.id, inside, quotes, labels))}"
        f"{edited(article, inside, current, labels) if isinstance(article, Edition) else ''}"
        f"<article{lang(article.language)}>"
        f'<h2>{html.escape(article.title)}</h2><p class="meta">{meta}</p>'
        f'<div class="text">{marked(article, inside, others)}</div></article>',
    )


def _is_inside(span: Span, article: Article) -> bool:
    return 0 <= span.start < span.end <= len(article.text)


def _steps(article_id: str, span: Span | None, quotes: Sequence[Citation], labels: Labels) -> str:
    """Which quote of the answer this is, and the ways to the one before and the one after."""
    places = [(c.article_id, Span(c.start, c.end)) for c in quotes]
    if span is None or (article_id, span) not in places:
        return ""
    at = places.index((article_id, span))
    told = html.escape(labels.quote_of.format(number=at + 1, count=len(places)))
    ways = ((labels.quote_before, "‹", at - 1), (labels.quote_after, "›", at + 1))
    steps = [
        f'<a class="step" href="{html.escape(address_of(*places[to]))}"'
        f' aria-label="{html.escape(label)}" title="{html.escape(label)}">{sign}</a>'
        for label, sign, to in ways
        if 0 <= to < len(places)
    ]
    return f'<span class="steps"><span class="which">{told}</span>{"".join(steps)}</span>'


def notice(line: str, labels: Labels) -> str:
    """The reader when it has no article to show: one line saying why."""
    return _view("", labels, f'{_ways_back(labels)}<p class="notice">{html.escape(line)}</p>')


def marked(article: Article, span: Span | None, others: Sequence[Span] = ()) -> str:
    """The text in paragraphs, ``span`` inside ``<mark>``, ``others`` in fainter ones, furniture
    muted, the marks of headings and items hidden.

    A quote over several lines is one mark a line. Every character of the text is kept, in order
    (a browser shows line ends inside a paragraph as nothing), so that the marks' contents
    joined are the quote and the paragraphs' contents joined are the text.
    """
    lines = list(_PARAGRAPH.finditer(article.text))
    signs = [_sign(article, line) for line in lines]
    known = _Marks(article, span, tuple(others), tuple(one for one in signs if one))
    first = next((line for line in lines if line[0].strip()), None)
    return "".join(
        f"<p{_kind(known, line, sign, line is first)}>{_line(known, line.start(), line.end())}</p>"
        for line, sign in zip(lines, signs, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Marks:
    """What of an article's text is shown otherwise than as it is. ``signs``: "## " and "- "."""

    article: Article
    span: Span | None
    others: tuple[Span, ...]
    signs: tuple[Span, ...]

    @property
    def spans(self) -> tuple[Span, ...]:
        own = (self.span,) if self.span else ()
        return (*self.article.furniture, *own, *self.others, *self.signs)


def _sign(article: Article, line: re.Match[str]) -> Span | None:
    """The mark at the beginning of a line of marked text."""
    sign = _SIGN.match(line[0]) if article.marked else None
    return Span(line.start(), line.start() + sign.end()) if sign else None


def _kind(marks: _Marks, line: re.Match[str], sign: Span | None, first: bool) -> str:
    text = marks.article.text
    words = text[sign.end if sign else line.start() : line.end()].strip()
    quoted = (*marks.others, *((marks.span,) if marks.span else ()))
    free = all(one.end <= line.start() or one.start >= line.end() for one in quoted)
    if first and free and words == marks.article.title.strip():
        return ' class="headline"'  # which stands above the text already
    if sign is None:
        return ""
    return ' class="item"' if text[sign.start] == "-" else ' class="heading"'


def _line(marks: _Marks, start: int, end: int) -> str:
    edges = {edge for s in marks.spans for edge in (s.start, s.end) if start < edge < end}
    return "".join(_piece(marks, a, b) for a, b in pairwise(sorted({start, end, *edges})))


def _piece(marks: _Marks, start: int, end: int) -> str:
    text = html.escape(marks.article.text[start:end])
    if any(sign.start <= start < sign.end for sign in marks.signs):
        text = f'<span class="sign">{text}</span>'
    if marks.span and marks.span.start <= start < marks.span.end:
        # tabindex: the script moves the focus here, so that the keyboard goes on from the quote.
        first = ' id="quote" tabindex="-1"' if start == marks.span.start else ""
        return f"<mark{first}>{text}</mark>"
    if any(one.start <= start < one.end for one in marks.others):
        return f'<mark class="other">{text}</mark>'
    if any(f.start <= start < f.end for f in marks.article.furniture):
        return f'<span class="furniture">{text}</span>'
    return text


def _view(address: str, labels: Labels, inner: str) -> str:
    """``data-words``: the words that the scripts show."""
    words = json.dumps(dict(labels.script), ensure_ascii=False)
    return (
        f'<div class="view" data-address="{html.escape(address)}"'
        f' data-language="{labels.language}" data-words="{html.escape(words)}">{inner}</div>'
    )


def _ways_back(labels: Labels, title: str = "", steps: str = "") -> str:
    """The bar that stays above the text; ``title`` is for when the heading has scrolled away."""
    find = html.escape(labels.find_inside)
    search = (
        f'<input type="search" class="find-inside" placeholder="{find}" aria-label="{find}">'
        if title
        else ""
    )
    return (
        f'<nav><a href="{ALL_ARTICLES}">{html.escape(labels.back)}</a>'
        f'<span class="of" aria-hidden="true">{html.escape(title)}</span>{steps}{search}'
        f'<a class="to-conversation" href="#conversation">'
        f"{html.escape(labels.to_conversation)}</a></nav>"
    )


def _source_link(source: str) -> str:
    name = html.escape(publisher(source))
    if name == html.escape(source):  # a name, or an address no browser should follow
        return name
    return f'<a href="{html.escape(source)}" target="_blank" rel="noopener noreferrer">{name}</a>'


# The parts around the reader.
_SVG = '<svg viewBox="0 0 20 20" aria-hidden="true">{}</svg>'
_LINES = _SVG.format('<path d="M3 5h14M3 10h14M3 15h14"/>')
_SLIDERS = _SVG.format(
    '<path d="M3 6h7M14 6h3M3 14h3M10 14h7"/><circle cx="12" cy="6" r="2"/>'
    '<circle cx="8" cy="14" r="2"/>'
)
_PAGE = _SVG.format('<path d="M5 3h10v14H5zM8 7h4M8 10h4M8 13h2"/>')
_HALF = _SVG.format('<circle cx="10" cy="10" r="7"/><path class="full" d="M10 3a7 7 0 0 1 0 14z"/>')


def tools(labels: Labels) -> str:
    """The buttons of the top line; static/panels.js answers them."""
    return "".join(
        f'<button type="button" id="open-{name}" aria-label="{html.escape(label)}"'
        f' title="{html.escape(label)}"{more}>{sign}</button>'
        for name, label, sign, more in (
            ("side", labels.conversations, _LINES, ' aria-expanded="false" aria-controls="side"'),
            (
                "settings",
                labels.settings,
                _SLIDERS,
                ' aria-expanded="false" aria-controls="settings"',
            ),
            ("theme", labels.theme, _HALF, ""),
            ("articles", labels.articles, _PAGE, ""),
        )
    )


def side(labels: Labels, account: bool) -> str:
    """The drawer of conversations, which static/panels.js fills.

    ``account``: they are kept on the server, with the person's account.
    """
    kept = labels.kept_there if account else labels.kept_here
    find = html.escape(labels.find_conversation)
    leave = f'<a class="leave" href="logout">{html.escape(labels.sign_out)}</a>' if account else ""
    exports = "".join(
        f'<button type="button" class="export" value="{suffix}">{name}</button>'
        for suffix, name in ((".md", "Markdown"), (".html", "HTML"), (".json", "JSON"))
    )
    return (
        f'<div class="drawer" data-account="{"yes" if account else ""}">'
        f"<header><h2>{html.escape(labels.conversations)}</h2>"
        f'<button type="button" class="close" aria-label="{html.escape(labels.close)}">×</button>'
        f'</header><input type="search" class="find" placeholder="{find}" aria-label="{find}">'
        f'<ul class="conversations"></ul><p class="meta">{html.escape(kept)}</p>'
        f'<h3>{html.escape(labels.export)}</h3><div class="exports">{exports}</div>'
        f"{_checking(labels)}{leave}</div>"
    )


def _checking(labels: Labels) -> str:
    """Where a card is chosen or dropped to be checked: static/cards.js does it."""
    return (
        f'<label class="checking"><span class="what">{html.escape(labels.check_card)}</span>'
        f'<span class="meta">{html.escape(labels.check_card_hint)}</span>'
        f'<input type="file" accept="{",".join(SUFFIXES)}"></label>'
    )


def welcome(articles: Sequence[Article], labels: Labels) -> str:
    """What stands above the example questions: which articles there are."""
    if len(articles) == 1:
        loaded = f"{labels.loaded_one}: {shorten(articles[0].title, 90)}"
    else:
        loaded = labels.loaded.format(count=len(articles))
    told = loaded if articles else labels.no_articles
    link = f'<a href="{ALL_ARTICLES}">{inert(told)}</a>'
    return f'<p class="welcome">{inert(labels.welcome)}</p><p class="loaded">{link}</p>'
