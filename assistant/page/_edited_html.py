"""What the reader says above an edition: the article was edited, and what became of a quote."""

from __future__ import annotations

import html

from assistant.answering.edited import passed
from assistant.page.labels import Labels, address_of, lang, shown_day
from assistant.types import Article, Edition, Span


def edited(edition: Edition, span: Span | None, current: Article | None, labels: Labels) -> str:
    """``span`` of the edition beside what it became in ``current``, the article of today, with the
    way there."""
    day = shown_day(edition.replaced_on, labels.language)
    words = labels.edited
    told = [html.escape(words["on"]).format(day=day)]
    found = passed(edition, span, current) if span and current else None
    if found:
        told.append(f"<strong>{html.escape(words[found.became])}</strong>")
    texts = ""
    if found and found.became != "unchanged":
        texts += _text(words["before"], found.quote, edition.language)
        texts += _text(words["now"], found.text, current.language) if found.text and current else ""
    way = ""
    if current:
        address = address_of(current.id, found.now if found else None)
        way = f'<p><a href="{html.escape(address)}">{html.escape(words["open"])}</a></p>'
    return f'<aside class="edited" role="note"><p>{" ".join(told)}</p>{texts}{way}</aside>'


def _text(label: str, text: str, language: str) -> str:
    return (
        f'<p class="meta">{html.escape(label)}</p>'
        f"<blockquote{lang(language)}>{html.escape(text)}</blockquote>"
    )
