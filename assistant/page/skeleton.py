"""What is there before Gradio's scripts: the product's name, a question box, the first articles."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from string import Template
from typing import Final

from assistant.page.labels import LABELS, STATIC, Language, address_of, joined, shown_day
from assistant.settings import Settings
from assistant.text.names import publisher
from assistant.types import Article

_SKELETON: Final = Template((STATIC / "skeleton.html").read_text("utf-8"))
_LISTED: Final = 12  # articles: as many as a screen holds
_SHAPES: Final = '<i class="short"></i><i></i><i></i><i></i><i class="short"></i>'
_ABOVE: Final = "<i></i>"  # the place of what will be above the list


def skeleton(
    language: Language,
    articles: Sequence[Article] = (),
    settings: Settings | None = None,
) -> str:
    """Markup for the beginning of the page's body, with a box that takes a question already and
    the first of the ``articles`` to open; the page's script takes it away (static/chat.js).

    Without scripts nothing else comes, and it says so in both languages. ``language``: of the
    browser; what the person has chosen on the page goes before.
    """
    words = {
        "vi": LABELS["vi"].title,
        "en": LABELS["en"].title,
        "hint": LABELS[language].hint,
        "hint_vi": LABELS["vi"].hint,
        "hint_en": LABELS["en"].hint,
        "needs_vi": LABELS["vi"].needs_scripts,
        "needs_en": LABELS["en"].needs_scripts,
    }
    escaped = {name: html.escape(text) for name, text in words.items()}
    settings = settings or Settings()
    listed, longest = _library(articles, settings.may_change_corpus), settings.max_question
    return _SKELETON.substitute(escaped, language=language, articles=listed, longest=longest)


def _library(articles: Sequence[Article], changes: bool) -> str:
    """The beginning of the page's list, where it will stand; shapes where there are no articles."""
    if not articles:
        return f"<section>{_SHAPES}</section>"
    entries = "".join(
        f'<li><a href="{html.escape(address_of(article.id))}">'
        f"<strong>{html.escape(article.title)}</strong>{_origin(article)}</a></li>"
        for article in articles[:_LISTED]
    )
    title = _in_both({one: html.escape(labels.articles) for one, labels in LABELS.items()})
    above = f"<h2>{title} <small>{len(articles)}</small></h2>{_ABOVE * (1 + changes)}"
    return f'<section class="list">{above}<ul>{entries}</ul></section>'


def _origin(article: Article) -> str:
    """Its day and newspaper."""
    source = html.escape(publisher(article.source))
    return _in_both(
        {language: joined(shown_day(article.date, language), source) for language in LABELS}
    )


def _in_both(words: Mapping[Language, str]) -> str:
    """Markup in each of the page's languages, of which the one that is chosen is shown."""
    return "".join(f'<span lang="{language}">{text}</span>' for language, text in words.items())
