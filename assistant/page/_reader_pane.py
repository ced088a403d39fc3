"""What the reader beside the conversation shows at an address."""

from __future__ import annotations

import logging
from typing import Final

from assistant import logs
from assistant.answering.edited import current_of
from assistant.answering.protocols import AnsweringAssistant
from assistant.page import _reader_html as reader_html
from assistant.page._session import Session
from assistant.page.labels import ALL_ARTICLES, Labels, address_of, parse_address
from assistant.text.terms import fold, terms
from assistant.types import Article, AssistantError, Edition

FOUND_IN_TEXT: Final = 30  # passages looked through for words of an article

_log = logging.getLogger(__name__)


class ReaderPane:
    """``may_change``: whether the list of articles offers to add and remove some."""

    def __init__(self, assistant: AnsweringAssistant, may_change: bool) -> None:
        self.assistant, self.may_change = assistant, may_change

    def at(self, address: str, labels: Labels, session: Session, words: str, most: int) -> str:
        """An article with the quotes of the conversation, or the list of all where ``address``
        names none: of those that have the ``words``, at most ``most``."""
        try:
            place = parse_address(address)
            if place is None:
                articles, telling = self.assistant.articles(), self._telling(words)
                return reader_html.library(articles, labels, words, self.may_change, telling, most)
            article, quotes = self.assistant.article(place[0]), session.quotes_with(*place)
            return reader_html.reading(article, place[1], labels, quotes, self._current(article))
        except Exception as exc:  # an address may name anything
            if not isinstance(exc, KeyError | AssistantError):
                logs.failed(_log, "an article was not opened", exc)
            return reader_html.notice(labels.gone, labels)

    def _current(self, article: Article) -> Article | None:
        """What an edition is today."""
        if not isinstance(article, Edition):
            return None
        return current_of(article, self.assistant.article)

    def _telling(self, words: str) -> list[Article]:
        """Articles whose text has all of the words, the best match first."""
        wanted = set(terms(fold(words)))
        if not wanted:
            return []
        hits = self.assistant.retrieve(words, FOUND_IN_TEXT)
        found = map(self.assistant.article, dict.fromkeys(hit.article_id for hit in hits))
        return [one for one in found if wanted <= set(terms(fold(one.text)))]


def still_quoted(address: str, session: Session) -> str:
    """``address``, without its span where no answer that is shown quotes it."""
    place = parse_address(address)
    quoted = place is None or session.quotes_with(*place)
    return address if quoted else without_span(address)


def without_span(address: str) -> str:
    """The article of an address, or the list of all."""
    place = parse_address(address)
    return address_of(place[0]) if place else ALL_ARTICLES
