"""XQuAD read for measuring: parallel questions and paragraphs in several languages."""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from assistant.articles.files import read_articles
from assistant.types import Article

FOLDER = Path(os.environ.get("XQUAD", "xquad"))


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the article (paragraph) that answers it, and where the answer starts."""

    question: str
    gold: Article
    answer_start: int
    topic: int  # number of the Wikipedia article the paragraph is from


def file_of(language: str) -> Path:
    """The set's file. Raises SystemExit with what to do when it is not there."""
    path = FOLDER / f"xquad.{language}.json"
    if not path.exists():
        raise SystemExit(f"{path} is missing: set XQUAD to the folder of the XQuAD files")
    return path


def articles_of(language: str) -> tuple[Article, ...]:
    """Every paragraph as an article."""
    return read_articles([file_of(language)]).articles


def cases(asked: str, told: str, accents: bool = True) -> list[Case]:
    """The questions in language ``asked`` over the paragraphs in language ``told``."""
    by_text = {_key(article.text): article for article in articles_of(told)}
    asking, telling = (json.loads(file_of(x).read_text("utf-8")) for x in (asked, told))
    found = []
    for topic, (a, b) in enumerate(zip(asking["data"], telling["data"], strict=True)):
        for paragraph, other in zip(a["paragraphs"], b["paragraphs"], strict=True):
            gold = by_text[_key(other["context"])]
            for question, same in zip(paragraph["qas"], other["qas"], strict=True):
                answer = same["answers"][0]
                near = max(0, answer["answer_start"] - 30)
                start = gold.text.find(unicodedata.normalize("NFC", answer["text"]), near)
                text = question["question"] if accents else unaccented(question["question"])
                found.append(Case(text, gold, start, topic))
    return found


def unaccented(text: str) -> str:
    """As typed without accents, letters keeping their case: "Đường" → "Duong"."""
    bare = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "D")


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
