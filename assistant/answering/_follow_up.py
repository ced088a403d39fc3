"""Follow-up questions: what a question means after the turns before it.

Two rules. "Còn Tân Phước?" after "Ai là bí thư phường Lái Thiêu?" is searched as "Ai là bí thư
phường Tân Phước?": the thing it names takes the place of its like. Any other question that would
be refused alone is searched together with the last one, where that is answered. With a language
model, the model writes the question out first. What more rules brought is in
``tests/benchmarks/conversations.md``: nothing on conversations they were not written for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import regex
from langchain_core.messages import BaseMessage, HumanMessage

from assistant.answering.prompt_texts import folder
from assistant.retrieval.question_type import kind_asked
from assistant.text.language import has_accents, language_of
from assistant.text.names import NAME
from assistant.text.term_rarity import tellingness
from assistant.text.terms import TERM, fold, terms
from assistant.types import LLMError, Turn

MISSING = 2.0  # weight of a question's words that may be missing where it is joined: two that tell
LOOK_BACK = 3  # turns that a language model is shown
NEAR = 20  # characters between "tổ" and its number in "tổ công tác số 1"
SHORT = 8  # terms of a question that a model is asked about though it is answered alone
SHOWN_ANSWER = 400  # characters of an answer that it is shown

# query → confidence in [0, 1] that the articles answer it, and the texts of its passages
Search = Callable[[str], tuple[float, Sequence[str]]]
Speak = Callable[[list[BaseMessage]], str]  # messages → what the model says; raises LLMError

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
_NAME = regex.compile(NAME)
_NUMBER = regex.compile(r"(?<![\p{L}\p{N}])\p{Nd}+(?:[.,/-]\p{Nd}+)*(?![\p{L}\p{N}])")


def follow(
    question: str,
    history: Sequence[Turn],
    search: Search,
    refuse_below: float = 0.2,
    longest: int = 2000,
    speak: Speak | None = None,
) -> str:
    """What is searched for ``question`` after ``history``, "" where it stands alone.

    ``refuse_below``: the confidence from which on an answer is given; ``longest``: characters
    that a query has at most; ``speak``: a language model, which is asked first.
    """
    question = " ".join(unicodedata.normalize("NFC", question).split())
    turns = [turn for turn in history[-LOOK_BACK:] if turn.question.strip()]
    if not turns or not terms(question):
        return ""
    query = ""
    if speak and (len(terms(question)) <= SHORT or search(question)[0] < refuse_below):
        query = rewritten(speak, question, turns, longest)
    if not query:
        query = _contrasted(question, turns[-1]) or _joined(
            question, turns[-1], search, refuse_below
        )
    return query if fold(query) != fold(question) and len(query) <= longest else ""


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


def _joined(question: str, last: Turn, search: Search, refuse_below: float) -> str:
    """This question with the last one, where it would be refused alone and is not so then.

    Taking whichever is surer pulls the last topic into new ones, and answers what should be
    refused (``tests/benchmarks/conversations.md``). So does a question whose own words stand
    nowhere in what is found then: "thời tiết ngày mai" is another topic.
    """
    if search(question)[0] >= refuse_below:
        return ""
    query = f"{question} {_searched(last)}"
    confidence, texts = search(query)
    return query if confidence >= refuse_below and _spoken_of(question, texts) else ""


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
