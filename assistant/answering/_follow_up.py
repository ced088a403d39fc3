"""Follow-up questions: what a question means after the turns before it.

Three rules. "Còn Tân Phước?" after "Ai là bí thư phường Lái Thiêu?" is searched as "Ai là bí thư
phường Tân Phước?": the thing it names takes the place of its like. "Bao giờ xong?" tells nothing
that the articles of the last answer do not have, so it is about them: it is searched in these alone
and read together with the last question. Any other question that would be refused alone is searched
together with the last one, where that is answered. With a language model, the model writes the
question out first. What they bring is in ``tests/benchmarks/conversations.md``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import regex
from langchain_core.messages import BaseMessage, HumanMessage

from assistant.answering.prompt_texts import folder
from assistant.retrieval.question_type import kind_asked
from assistant.text.language import has_accents, language_of
from assistant.text.names import NAME
from assistant.text.term_rarity import tellingness, tells
from assistant.text.terms import TERM, fold, terms
from assistant.types import LLMError, Turn

MISSING = 2.0  # weight of a question's words that may be missing where it is joined: two that tell
LOOK_BACK = 3  # turns that a language model is shown
NEAR = 20  # characters between "tổ" and its number in "tổ công tác số 1"
SHORT = 8  # terms of a question that a model is asked about though it is answered alone
SHOWN_ANSWER = 400  # characters of an answer that it is shown

Speak = Callable[[list[BaseMessage]], str]  # messages → what the model says; raises LLMError


@dataclass(frozen=True, slots=True)
class Seen:
    """What a search found: the articles that answer, the surest first, none where it would be
    refused, and the texts of the passages."""

    articles: tuple[str, ...] = ()
    texts: Sequence[str] = ()


class Searching(Protocol):
    """Searches for follow-up questions."""

    def seen(self, query: str) -> Seen: ...

    def terms_of(self, articles: Sequence[str]) -> set[str]:
        """The folded terms of articles."""
        ...


@dataclass(frozen=True, slots=True)
class Meant:
    """What a question means: the query that is read for it, and the articles that alone are
    searched; neither where it stands alone."""

    query: str = ""
    articles: tuple[str, ...] = ()


_OPENING = r"^\W*(?:(?:thế|the|vậy|vay|và|va|rồi|roi|and|so|but|then|well)\b\W*)*"
_CLOSING = r"(?:\s+(?:thì\s+sao|thi\s+sao|thì\s+thế\s+nào|thế\s+nào|ra\s+sao|sao|nhỉ|vậy|ạ))*\W*$"
_CONTRAST = regex.compile(
    rf"{_OPENING}(?:còn|con)\s+(?P<subject>\S.*?){_CLOSING}"
    rf"|{_OPENING}(?:what|how)\s+about\s+(?P<subject>.+?)\W*$"
    r"|^\W*(?:and|et|und|y)\s+(?:(?:for|in|at|of|pour|à|für|in|para|en)\s+)?"
    r"(?P<subject>\S+(?:\s+\S+){0,3}?)\W*$",
    regex.IGNORECASE,
)
_OTHER = regex.compile(r"\b(?:kia|còn lại|con lai|other)\b", regex.IGNORECASE)  # not named
_POINTING = frozenset("ay kia he she they his her".split())  # folded; they tell nothing themselves
_NAME = regex.compile(NAME)
_NUMBER = regex.compile(r"(?<![\p{L}\p{N}])\p{Nd}+(?:[.,/-]\p{Nd}+)*(?![\p{L}\p{N}])")


def follow(
    question: str,
    history: Sequence[Turn],
    search: Searching,
    longest: int = 2000,
    speak: Speak | None = None,
) -> Meant:
    """What is searched for ``question`` after ``history``.

    ``longest``: characters that a query has at most; ``speak``: a language model, which is asked
    first.
    """
    question = " ".join(unicodedata.normalize("NFC", question).split())
    turns = [turn for turn in history[-LOOK_BACK:] if turn.question.strip()]
    if not turns or not terms(question):
        return Meant()
    query = ""
    if speak and (len(terms(question)) <= SHORT or not search.seen(question).articles):
        query = rewritten(speak, question, turns, longest)
    query = query or _contrasted(question, turns[-1])
    meant = Meant(query) if query else _gone_on(question, turns[-1], search)
    usable = fold(meant.query) != fold(question) and len(meant.query) <= longest
    return meant if usable else Meant()


def _contrasted(question: str, last: Turn) -> str:
    """The last question asked of what this one names, "" where it names nothing alike."""
    match = _CONTRAST.search(question)
    subject = match["subject"].strip(" ?!.,;:") if match else ""
    query = _searched(last)
    place = _like(subject, query, last.answer) if subject else None
    if place is None:
        return ""
    start, end = place
    found = query[:start] + subject + query[end:]
    # Accents are restored only in a text that has none: a mixture would stay half typed.
    typed = (query, question)
    plain = any(language_of(text) == "vi" and not has_accents(text) for text in typed)
    return _unaccented(found) if plain else found


def _like(subject: str, query: str, answer: str) -> tuple[int, int] | None:
    """Where ``query`` has something of the subject's kind.

    A number for a number. Behind the same first word ("phường", "nghị quyết", "ông"), that word
    and the name or number that follows it. Else the last name that the query has, known by its
    capitals, or in a query without capitals by those of the answer.
    """
    if _NUMBER.fullmatch(subject):
        number = _NUMBER.search(query)
        return number.span() if number else None
    if _OTHER.search(subject):
        return None
    named = [m.span() for m in _NAME.finditer(query) if m.start() or " " in m.group()]
    plain = fold(query)
    if not named and len(plain) == len(query):
        told = {fold(m.group()) for m in _NAME.finditer(answer) if " " in m.group()}
        named = sorted((plain.find(n), plain.find(n) + len(n)) for n in told if n in plain)
    things = sorted([*named, *(m.span() for m in _NUMBER.finditer(query))])
    first = fold(subject).split()[0]
    for head in TERM.finditer(query):
        after = next((t for t in things if head.end() <= t[0] <= head.end() + NEAR), None)
        if fold(head.group()) == first and after:
            return head.start(), after[1]
    is_name = _NAME.search(subject) or not has_accents(subject)
    return named[-1] if named and is_name and not _NUMBER.search(subject) else None


def _gone_on(question: str, last: Turn, search: Searching) -> Meant:
    """This question with the last one: in its articles, where it tells nothing else, or anywhere,
    where it would be refused alone and is not so then.

    A question whose own words stand nowhere in what is found then goes on with nothing: "thời tiết
    ngày mai" is another topic.
    """
    alone, topic = search.seen(question), _topic(last)
    query = f"{question} {topic}"
    before = search.seen(topic).articles
    if before and not set(alone.articles[:1]) & set(before) and _about(question, before, search):
        return Meant(query, before)
    if alone.articles:
        return Meant()
    joined = search.seen(query)
    found = joined.articles and _spoken_of(question, joined.texts)
    return Meant(query) if found else Meant()


def _about(question: str, articles: Sequence[str], search: Searching) -> bool:
    """Whether these articles have every term of the question that tells something."""
    foreign = set(terms(fold(question))) - search.terms_of(articles) - _POINTING
    return not any(tells(term, folded=True) for term in foreign)


def _topic(turn: Turn) -> str:
    """What a turn was about: what it was searched with, if it was one that goes on, else itself."""
    question = " ".join(unicodedata.normalize("NFC", turn.question).split())
    return _searched(turn).removeprefix(f"{question} ")


def _spoken_of(question: str, texts: Sequence[str]) -> bool:
    """Whether what the question's words tell is mostly in the texts; always in another language.

    The words of a bare "khi nào?" tell nothing, so nothing of it is missing.
    """
    if not texts or language_of(question) != language_of(texts[0]):
        return bool(texts)
    there = {term for text in texts for term in terms(fold(text))}
    missing = {term for term in terms(fold(question)) if term not in there}
    return sum(tellingness(term, folded=True) for term in missing) <= MISSING


def _searched(turn: Turn) -> str:
    return " ".join(unicodedata.normalize("NFC", turn.query or turn.question).split())


def _unaccented(text: str) -> str:
    """``text`` without accents, its capitals kept."""
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return "".join(bare).replace("đ", "d").replace("Đ", "D")


# -- with a language model -----------------------------------------------------------------


def rewritten(speak: Speak, question: str, turns: Sequence[Turn], longest: int = 2000) -> str:
    """The question as a language model writes it out, "" where that cannot be used.

    It cannot when the model fails, leaves the question as it is, or breaks a rule of
    ``faithful``.
    """
    try:
        said = speak([rewriting_prompt(question, turns)])
    except LLMError:
        return ""
    written = unicodedata.normalize("NFC", said).strip().strip('"“”').strip()
    if fold(written) == fold(question) or not faithful(written, question, turns, longest):
        return ""
    return written


def rewriting_prompt(question: str, history: Sequence[Turn]) -> BaseMessage:
    """What a model is told: ``prompts/rewrite.md`` with the last turns and the question."""
    turns = history[-LOOK_BACK:]
    shown = "\n".join(f"User: {t.question}\nAssistant: {t.answer[:SHOWN_ANSWER]}" for t in turns)
    prompt = (folder() / "rewrite.md").read_text("utf-8")
    return HumanMessage(prompt.format(conversation=shown, question=question).rstrip())


def faithful(written: str, question: str, history: Sequence[Turn], longest: int = 2000) -> bool:
    """Whether ``written`` can be ``question`` written out, and nothing more.

    One line of at most ``longest`` characters in a language of the conversation, asking for the
    same kind of thing, with the question's names and numbers, with none that the
    conversation has not, and mostly with words of it.
    """
    if not written or "\n" in written or len(written) > longest:
        return False
    if kind_asked(question) not in (None, kind_asked(written)):
        return False
    spoken = [question, *(turn.question for turn in history)]
    if language_of(written) not in {language_of(text) for text in spoken}:
        return False
    texts = [*spoken, *(text for turn in history for text in (turn.answer, turn.query))]
    said = {term for text in texts for term in terms(fold(text))}
    own = set(terms(fold(written)))
    if _named(written) - said or not _named(question) <= own:
        return False
    return 2 * len(own & said) >= len(own)


def _named(text: str) -> set[str]:
    """Folded terms of the names and numbers of ``text``; its first word's capital is no sign."""
    _, _, rest = text.strip().partition(" ")
    found = [*_NAME.findall(rest), *_NUMBER.findall(text)]
    return {term for each in found for term in terms(fold(each))}
