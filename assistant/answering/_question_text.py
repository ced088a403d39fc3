"""The text of a question: what of it can be read, and what is said where nothing can."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from assistant.answering.prompt_texts import say
from assistant.text.language import language_of
from assistant.types import Answer, AnswerEvent, Finished, Retrieved, TextDelta

_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_UNSEEN = regex.compile(r"[\p{Cc}\p{Cf}\p{Co}\p{Cn}]+")


def readable(question: str, longest: int) -> tuple[str, bool]:
    """The question in NFC without control characters, and whether it was cut.

    ``longest``: characters. "" when no letter or digit is left: blank, punctuation, emoji.
    """
    clean = " ".join(_UNSEEN.sub(" ", unicodedata.normalize("NFC", question)).split())
    if not _LETTER_OR_DIGIT.search(clean):
        return "", False
    return clean[:longest], len(clean) > longest


def unreadable(question: str) -> Iterator[AnswerEvent]:
    """The answer to what is not a question."""
    language = language_of(question)
    text = say("unreadable", "vi" if language == "und" else language)
    yield Retrieved((), "")
    yield TextDelta(text)
    yield Finished(Answer(question, text, language, 0.0, ()))
