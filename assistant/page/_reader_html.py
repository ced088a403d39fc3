"""The reader's markup: an article with a span highlighted, and the list of all articles.

A gr.HTML shows it as it is, so everything in it is escaped here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from assistant.articles.files import ARTICLE_SUFFIXES
from assistant.index.index import matching
from assistant.page.labels import (
    ALL_ARTICLES,
    Labels,
    address_of,
    inert,
    joined,
    lang,
    publisher,
    shorten,
    shown_day,
)
from assistant.types import Article, Span

LISTED_ARTICLES: Final = 200  # more make a page nobody scrolls through

_PARAGRAPH = re.compile(r"[^\n]+\n*|\n+")  # a line with the line ends after it


def heading(labels: Labels) -> str:
    """The title of the page."""
    return f"<h1>{html.escape(labels.title)}</h1><p>{html.escape(labels.tagline)}</p>"


def library(
    articles: Sequence[Article], labels: Labels, words: str = "", changes: bool = False
) -> str:
    """The loaded articles, each a link that opens it; those with ``words`` where there are any.

    ``changes``: articles may be added and removed.
    """
    found = matching(articles, words)
    items = "".join(f"<li>{_entry(a, labels, changes)}</li>" for a in found[:LISTED_ARTICLES])
    left = len(found) - LISTED_ARTICLES
    rest = f'<p class="meta">{html.escape(labels.more.format(count=left))}</p>' if left > 0 else ""
    nothing = labels.nothing_found if articles else labels.no_articles
    none = "" if found else f'<p class="meta nothing">{html.escape(nothing)}</p>'
    title = f'<h2>{labels.articles} <span class="count">{len(articles)}</span></h2>'
    search = (
        f'<input type="search" class="find" value="{html.escape(words)}"'
        f' placeholder="{html.escape(labels.find_article)}"'
        f' aria-label="{html.escape(labels.find_article)}">'
    )
    inner = f"{title}{search}{_adding(labels) if changes else ''}{none}"
    return _view(ALL_ARTICLES, labels, f'{inner}<ul class="library">{items}</ul>{rest}')


def _adding(labels: Labels) -> str:
    return (
        f'<label class="adding"><span class="what">{html.escape(labels.add_articles)}</span>'
        f'<span class="meta">{html.escape(labels.drop_here)}</span>'
        f'<input type="file" multiple accept="{",".join(sorted(ARTICLE_SUFFIXES))}"></label>'
        '<ul class="uploads" role="status"></ul>'
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


def reading(article: Article, span: Span | None, labels: Labels) -> str:
    """An article, with ``span`` highlighted where it lies inside the text."""
    inside = span if span and 0 <= span.start < span.end <= len(article.text) else None
    meta = joined(shown_day(article.date, labels.language), _source_link(article.source))
    return _view(
        address_of(article.id, inside),
        labels,
        f"{_ways_back(labels, article.title)}<article{lang(article.language)}>"
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
    """``data-words``: the words that the scripts show."""
    words = json.dumps(dict(labels.script), ensure_ascii=False)
    return (
        f'<div class="view" data-address="{html.escape(address)}"'
        f' data-language="{labels.language}" data-words="{html.escape(words)}">{inner}</div>'
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
        f'<h3>{html.escape(labels.export)}</h3><div class="exports">{exports}</div>{leave}</div>'
    )


def welcome(articles: Sequence[Article], labels: Labels) -> str:
    """What stands above the example questions: which articles there are."""
    if len(articles) == 1:
        loaded = f"{labels.loaded_one}: {shorten(articles[0].title, 90)}"
    else:
        loaded = labels.loaded.format(count=len(articles))
    link = (
        f'<a href="{ALL_ARTICLES}">{inert(loaded)}</a>' if articles else inert(labels.no_articles)
    )
    return f'<p class="welcome">{inert(labels.welcome)}</p><p class="loaded">{link}</p>'
