"""A scripted assistant for tests of the evaluation: its answers can be computed in one's head.

An article is one sentence "NAME works as ROLE." and a passage. A question "Who is ROLE?" finds
first the article whose role it names; the confidence is 0.9 when there is one, else 0.1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from assistant.evaluation._questions import Question
from assistant.reading.readings import Beside, Verdict
from assistant.reading.shipped import CalibratedReader
from assistant.settings import Settings
from assistant.text.terms import terms
from assistant.types import Answer, Article, Citation, Hit, Turn


class JudgedByWords(CalibratedReader):
    """The shipped reader; claims are judged by their words and numbers, as one can in one's head:
    supported where a passage has the numbers and most of the words."""

    def judge(self, claims: Sequence[Beside]) -> list[Verdict]:
        return [self._verdict(one) for one in claims]

    def _verdict(self, one: Beside) -> Verdict:
        said, told = set(terms(one.asked)), set(terms(one.passage))
        if any(term[0].isdigit() for term in said - told):
            return Verdict(0.1, 0.8, 0.1)
        most = bool(said) and 3 * len(said & told) >= 2 * len(said)
        return Verdict(0.9, 0.05, 0.05) if most else Verdict(0.1, 0.1, 0.8)


NAMES = ("Ada", "Binh", "Chi", "Dung", "Giang", "Hoa")
ROLES = ("mayor", "doctor", "teacher", "pilot", "baker", "judge")


def articles() -> list[Article]:
    return [
        Article(f"a{i}", f"Article {i}", f"{name} works as {role}.", "en")
        for i, (name, role) in enumerate(zip(NAMES, ROLES, strict=True))
    ]


def questions() -> list[Question]:
    """Six that the articles answer, one that they do not."""
    asked = [
        Question(f"q{i}", f"Who is {role}?", (name,), article.text, False, "en", article.id)
        for i, (name, role, article) in enumerate(zip(NAMES, ROLES, articles(), strict=True))
    ]
    return [*asked, Question("q6", "Who is sailor?", unanswerable=True, language="en")]


def _encoder() -> SimpleNamespace:
    return SimpleNamespace(encoder=SimpleNamespace(fingerprint={"model": "scripted"}))


@dataclass
class Scripted:
    """``offset``: it takes the article so many places behind the right one."""

    offset: int = 0
    settings: Settings = field(default_factory=Settings)
    index: SimpleNamespace = field(default_factory=_encoder)
    asked: list[str] = field(default_factory=list)

    def articles(self) -> list[Article]:
        return articles()

    def retrieve(
        self, question: str, top_k: int | None = None, exclude: Collection[str] = ()
    ) -> list[Hit]:
        found = [a for a in articles() if a.id not in exclude]
        found.sort(key=lambda a: not self._about(a, question))
        found = found[self.offset :] + found[: self.offset]
        return [
            Hit(n, 1 / n, a.id, a.title, 0, len(a.text), a.text)
            for n, a in enumerate(found[:top_k], 1)
        ]

    def answer(
        self, question: str, history: Sequence[Turn] = (), exclude: Collection[str] = ()
    ) -> Answer:
        self.asked.append(question)
        hits = self.retrieve(question, None, exclude)
        knows = any(self._about(a, question) for a in articles() if a.id not in exclude)
        if not hits:
            return Answer(question, "The articles do not say.", "en", 0.0, ())
        first = hits[0]
        quote = Citation(1, first.article_id, first.title, 0, first.end, first.text, True)
        if not knows:
            return Answer(question, "The articles do not say.", "en", 0.1, (), (), quote)
        text = f"According to the article:\n“{first.text}” [1]"
        return Answer(question, text, "en", 0.9, (quote,), tuple(hits))

    @staticmethod
    def _about(article: Article, question: str) -> bool:
        return article.text.rpartition(" ")[2].strip(".") in question


class Parrot(Scripted):
    """Answers every question with the first article: it does not read."""

    def retrieve(
        self, question: str, top_k: int | None = None, exclude: Collection[str] = ()
    ) -> list[Hit]:
        return super().retrieve("", top_k, exclude)

    def answer(
        self, question: str, history: Sequence[Turn] = (), exclude: Collection[str] = ()
    ) -> Answer:
        return super().answer(f"Who is {ROLES[0]}?", history, exclude)
