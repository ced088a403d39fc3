"""Example questions made from the articles: who holds an office, what a list holds, what was asked.

They are only candidates: the assistant keeps those it can answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import regex

from assistant.text.names import FULL_NAME
from assistant.types import Article

_OFFICE = regex.compile(rf"\b(?:ông|bà)\s{FULL_NAME},\s(?P<office>\p{{Lu}}[^,.;:\n]{{6,60}}),")
_LIST = regex.compile(
    r"(?:(?<=\bVề\s)|\b)(?P<list>(?:hai|ba|bốn|năm|sáu|bảy)\s(?:\p{Ll}+\s){2,3}?\p{Ll}+)"
    r"(?:(?<=\bVề\s\P{Lu}+)(?=,)|(?= là:| gồm:))"
)
_PERSON = regex.compile(rf"\b(?:ông|bà|Mr\.?|Mrs\.?|Ms\.?)\s(?P<name>{FULL_NAME})")
_OFFICE_EN = regex.compile(rf"{FULL_NAME},\s(?P<office>the\s[^,.;:\n]{{6,60}}),")


def candidates(article: Article, language: str) -> Iterator[str]:
    """Questions about the article in Vietnamese ("vi") or else English, the best kinds first."""
    text = article.text
    if language == "vi":
        yield from (f"Ai là {m['office']}?" for m in _OFFICE.finditer(text))
        yield from (f"{_capital(m['list'])} là gì?" for m in _LIST.finditer(text))
        for name in _frequent(_PERSON, text):
            yield f"Ông {name} yêu cầu gì?"
            yield f"Ông {name} nói gì?"
        return
    yield from (f"Who is {m['office']}?" for m in _OFFICE_EN.finditer(text))
    for name in _frequent(_PERSON, text):
        yield f"Who is {name}?"
        yield f"What did {name} ask for?"


def _frequent(pattern: regex.Pattern[str], text: str) -> list[str]:
    """Names the pattern finds, the most frequent first, at most five."""
    return [name for name, _ in Counter(m["name"] for m in pattern.finditer(text)).most_common(5)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
