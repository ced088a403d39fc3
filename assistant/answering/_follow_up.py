"""Follow-up questions: what of the earlier turns a question means without saying it.

"Còn Tân Phước?" after "Ai là bí thư phường Lái Thiêu?" is searched as "Ai là bí thư phường Tân
Phước?". What stands in words is taken over from words: a name in place of another of its kind,
a name in place of a pronoun, the topic where a question has none. Only where the words do not
tell whether a question goes on with the last one does the assistant's own confidence decide.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex
from langchain_core.messages import BaseMessage, HumanMessage

from assistant.answering._follow_up_words import (
    ASKING,
    ELLIPTIC,
    OTHER,
    PEOPLE,
    PERSON,
    PLAIN,
    PLAIN_FOLDED,
    THING,
    VAGUE,
    telling,
)
from assistant.answering.prompt_texts import folder
from assistant.retrieval.question_type import kind_asked
from assistant.text.entities import PLACES, Entity, bare, distinct, entities_in, mentions
from assistant.text.language import has_accents, language_of
from assistant.text.terms import TERM, fold, terms
from assistant.types import LLMError, Turn

LOOK_BACK = 3  # turns that a follow-up may mean
LONGEST_ANSWER = 2000  # characters of an answer that are read
SHORT = 4  # telling terms that a question without a topic of its own has at most
SHOWN_ANSWER = 400  # characters of an answer that a language model is shown

Sure = Callable[[str], float]  # query → confidence in [0, 1] that the articles answer it
Speak = Callable[[list[BaseMessage]], str]  # messages → what the model says; raises LLMError
Read = Callable[[str], Sequence[str]]  # query → texts of the passages found for it, best first


@dataclass(frozen=True, slots=True)
class Followed:
    """``query``: what is searched instead of the question; ``carried``: what of it was taken over.

    Empty when the question stands alone.
    """

    query: str = ""
    carried: tuple[str, ...] = ()


ALONE = Followed()


_NUMBER = regex.compile(r"(?<![\p{L}\p{N}])\p{Nd}+(?:[.,/-]\p{Nd}+)*(?![\p{L}\p{N}])")
_CAPITAL = regex.compile(r"(?<=\S\s+)\p{Lu}[\p{L}\p{M}]*")  # not the first word's
_GROUNDED = regex.compile(r"\[\p{Nd}+\]")


def follow(
    question: str,
    history: Sequence[Turn],
    sure: Sure,
    read: Read,
    refuse_below: float = 0.6,
    longest: int = 2000,
    speak: Speak | None = None,
) -> Followed:
    """What is searched for ``question`` after the turns of ``history``, the last of them last.

    A question whose words name all that it is about stands alone, and nothing is called for it.
    ``refuse_below``: the confidence from which on an answer is given; ``longest``: characters
    that a query has at most; ``speak``: a language model, which is asked first.
    """
    question = " ".join(unicodedata.normalize("NFC", question).split())
    turns = [turn for turn in history[-LOOK_BACK:] if turn.question.strip()]
    if not turns or not terms(question):
        return ALONE
    past = [_read_turn(turn, longest) for turn in turns]
    query = ""
    if speak is not None and _may_follow(question):
        query = rewrite(speak, question, turns, longest)
    if not query:
        query = _query(question, past, sure, read, refuse_below)
    if question[:1].isupper():
        query = query[:1].upper() + query[1:]
    if not query or fold(query) == fold(question) or len(query) > longest:
        return ALONE
    return Followed(query, taken_over(query, question))


@dataclass(frozen=True, slots=True)
class _Past:
    """An earlier turn: what was searched, and what it and its grounded answer named."""

    query: str
    asked: tuple[Entity, ...]
    told: tuple[Entity, ...]

    def named(self, kind: str) -> tuple[Entity, ...]:
        """Asked and told entities; the told first where the question asked for that kind."""
        if kind_asked(self.query) == kind:
            return (*self.told, *self.asked)
        return (*self.asked, *self.told)


def _read_turn(turn: Turn, longest: int) -> _Past:
    query = unicodedata.normalize("NFC", turn.query or turn.question)[:longest]
    answer = unicodedata.normalize("NFC", turn.answer)[:LONGEST_ANSWER]
    told = distinct(entities_in(answer)) if _GROUNDED.search(answer) else []
    return _Past(" ".join(query.split()), tuple(mentions(query, told)), tuple(told))


def _query(
    question: str, past: Sequence[_Past], sure: Sure, read: Read, refuse_below: float
) -> str:
    """The query that the question's words make, "" when it stands alone."""
    elliptic, other = ELLIPTIC.search(question), OTHER.search(question)
    subject = elliptic["x"].strip(" ?!.,;:") if elliptic else ""
    if other:
        last = past[-1]
        found = _contrasting(other.groupdict().get("noun") or "", last, read)
        if found is None:
            return _with_topic(question, past[-1], sure, read, refuse_below)
        if subject or not telling(_without(question, other)):
            return _exchanged(last.query, *found, question)
        return _joined(question, question[: other.start()], found[1], question[other.end() :])
    if subject and not ASKING.search(subject):
        return _asked_of(subject, question, past[-1], read)
    for pattern, kind in ((PERSON, "person"), (THING, "")):
        if match := pattern.search(question):
            entity = _antecedent(kind, match.groupdict().get("noun") or "", past)
            if entity:
                after = question[match.end() :]
                if match.group().endswith(" "):
                    after = f" {after}"
                return _joined(question, question[: match.start()], entity, after)
    return _with_topic(question, past[-1], sure, read, refuse_below)


# -- with a language model -----------------------------------------------------------------


def rewrite(speak: Speak, question: str, history: Sequence[Turn], longest: int = 2000) -> str:
    """The question as a language model writes it out, "" where that cannot be used.

    It cannot when the model fails, leaves the question as it is, or breaks a rule of
    ``faithful``.
    """
    turns = history[-LOOK_BACK:]
    shown = "\n".join(f"User: {t.question}\nAssistant: {t.answer[:SHOWN_ANSWER]}" for t in turns)
    prompt = (folder() / "rewrite.md").read_text("utf-8")
    message = HumanMessage(prompt.format(conversation=shown, question=question).rstrip())
    try:
        said = speak([message])
    except LLMError:
        return ""
    written = unicodedata.normalize("NFC", said).strip().strip('"“”').strip()
    if fold(written) == fold(question) or not faithful(written, question, turns, longest):
        return ""
    return written


def wording(question: str, history: Sequence[Turn]) -> BaseMessage:
    """What a model is told: ``prompts/rewrite.md`` with the last turns and the question."""
    turns = history[-LOOK_BACK:]
    shown = "\n".join(f"User: {t.question}\nAssistant: {t.answer[:SHOWN_ANSWER]}" for t in turns)
    prompt = (folder() / "rewrite.md").read_text("utf-8")
    return HumanMessage(prompt.format(conversation=shown, question=question).rstrip())


def faithful(written: str, question: str, history: Sequence[Turn], longest: int = 2000) -> bool:
    """Whether ``written`` can be ``question`` written out, and nothing more.

    One line of at most ``longest`` characters in a language of the conversation; with every
    telling term of the question, numbers among them; still asking, for the same kind of thing; with
    no name and no number that is not in the conversation, and mostly with words of it.
    """
    if not written or "\n" in written or len(written) > longest:
        return False
    own = set(terms(fold(written)))
    if not {fold(term) for term in telling(question)} <= own:
        return False
    if kind_asked(question) not in (None, kind_asked(written)):
        return False
    if ASKING.search(question) and not ASKING.search(written):
        return False
    spoken = [question, *(turn.question for turn in history)]
    if language_of(written) not in {language_of(text) for text in spoken}:
        return False
    texts = [*spoken, *(text for turn in history for text in (turn.answer, turn.query))]
    said = {term for text in texts for term in terms(fold(text))}
    capitals = {fold(m.group()) for m in _CAPITAL.finditer(written)}
    if capitals - said or {t for t in own if t[0].isdigit()} - said:
        return False
    words = {fold(term) for term in telling(written)}
    return 2 * len(words & said) >= len(words)


def _may_follow(question: str) -> bool:
    """Whether a language model is worth asking: the question has a mark, or few words."""
    marks = (ELLIPTIC, OTHER, PERSON, THING, VAGUE)
    return any(p.search(question) for p in marks) or len(telling(question)) <= SHORT


# -- another thing of the same kind --------------------------------------------------------


def _asked_of(subject: str, question: str, last: _Past, read: Read) -> str:
    """What ``last`` asked, asked of ``subject``: "Ai là bí thư phường Tân Phước?"."""
    texts = [*read(last.query), *read(subject)]
    known = distinct([*last.told, *(e for text in texts for e in entities_in(text))])
    asked = mentions(last.query, known)
    new = next(iter(mentions(subject, known)), None)
    if new is not None and (old := _alike(new, asked)):
        return _exchanged(last.query, old, new, question)
    number = _NUMBER.fullmatch(subject)
    if number and (old := next((e for e in asked if e.kind == "numbered"), None)):
        return _exchanged(last.query, old, Entity("numbered", old.head, subject, 0, 0), question)
    kept = [last.query[e.start : e.end] for e in asked if e.kind in ("person", "place", "numbered")]
    return _plainly([subject, *kept, _asking_part(last.query)], question, last.query)


def _alike(new: Entity, asked: Sequence[Entity]) -> Entity | None:
    """The thing asked about that ``new`` can take the place of.

    One of its kind; a name of which nothing is known takes the place of the only other name.
    """
    for entity in asked:
        same_head = new.kind != "numbered" or fold(new.head) == fold(entity.head)
        if entity.kind == new.kind and entity.key != new.key and same_head:
            return entity
    names = [e for e in asked if e.kind in ("person", "place", "name")]
    return names[0] if new.kind == "name" and len(names) == 1 else None


def _exchanged(query: str, old: Entity, new: Entity, question: str) -> str:
    """``query`` with ``new`` in the place of ``old``, as ``question`` is typed."""
    at = fold(query[old.start : old.end]).find(fold(old.name))
    if at < 0 or (new.kind == "counted" and new.end - new.start > len(new.name)):
        return _plainly([query[: old.start] + new.text + query[old.end :]], question, query)
    start = old.start + at
    whole = query[:start] + new.name + query[start + len(old.name) :]
    return _plainly([whole], question, query)


def _contrasting(noun: str, last: _Past, read: Read) -> tuple[Entity, Entity] | None:
    """(what the last turn was about, the other thing of its kind in what was read for it).

    The other is the one that is named beside it ("phường Lái Thiêu và Tân Phước"), else the one
    named most often.
    """
    texts = read(last.query)
    found = [e for text in texts for e in entities_in(text)]
    asked = mentions(last.query, distinct([*last.told, *found]))
    kind = _kind_of(noun)
    old = next((e for e in asked if e.kind == kind or (not kind and e.kind in _NAMED)), None)
    if old is None:
        return None
    others = [e for e in distinct(found) if e.kind == old.kind and e.key != old.key]
    if old.head:
        others = [e for e in others if fold(e.head) == fold(_head_of(old, found))] or others
    if not others:
        return None
    counts = Counter(e.key for e in found)
    joined = fold(" ".join(texts))
    names = fold(old.name)

    def nearness(other: Entity) -> tuple[bool, int]:
        name = fold(other.name)
        beside = any(f"{a} va {b}" in joined for a, b in ((name, names), (names, name)))
        return beside, counts[other.key]

    return old, max(others, key=nearness)


_NAMED = ("place", "person", "numbered")


def _kind_of(noun: str) -> str:
    """Kind of what a noun names; "" when any may be meant ("the other one", "cái kia")."""
    if regex.fullmatch(bare(PEOPLE), bare(noun), regex.IGNORECASE):
        return "person"
    return "place" if regex.fullmatch(bare(PLACES), bare(noun), regex.IGNORECASE) else ""


def _head_of(entity: Entity, found: Sequence[Entity]) -> str:
    return next((e.head for e in found if e.key == entity.key and e.head), entity.head)


# -- pronouns ------------------------------------------------------------------------------


def _antecedent(kind: str, noun: str, past: Sequence[_Past]) -> Entity | None:
    """The nearest earlier thing of that kind, or that begins with that noun ("tổ này")."""
    kind = kind or _kind_of(noun)
    for turn in reversed(past):
        for entity in turn.named(kind):
            if kind and entity.kind == kind:
                return entity
            if not kind and fold(entity.text).startswith(f"{fold(noun)} "):
                return entity
    return None


def _joined(question: str, before: str, entity: Entity, after: str) -> str:
    """The question with the entity in the place of the words that stood for it."""
    english = language_of(question) != "vi"
    name = entity.name if english and entity.kind in ("person", "place") else entity.text
    name = name if before.strip() else name[:1].upper() + name[1:]
    return _plainly([before + name + after], question)


# -- a missing topic -----------------------------------------------------------------------


def _with_topic(question: str, last: _Past, sure: Sure, read: Read, refuse_below: float) -> str:
    """The question behind the last one's topic, where it has none of its own.

    A question of bare asking words ("khi nào?") has none. One of few words, or with words such
    as "that", goes on with the last one where it would be refused alone and is not so: taking
    whichever is surer pulls the last topic into new ones, and answers what should be refused
    (``tests/benchmarks/conversations.md``).
    """
    if not ASKING.search(question):
        return ""
    topic = f"{_topic(last.query)},"
    query = _plainly([topic, question[:1].lower() + question[1:]], question, last.query)
    words = telling(question)
    if not words:
        return query
    if entities_in(question) or (len(words) > SHORT and not VAGUE.search(question)):
        return ""
    if not (_spoken_of(words, question, read(query)) or VAGUE.search(question)):
        return ""
    return query if sure(question) < refuse_below <= sure(query) else ""


def _spoken_of(words: Sequence[str], question: str, texts: Sequence[str]) -> bool:
    """Whether the passages speak of what the question asks: "thời tiết ngày mai" is another topic.

    Most of its words must stand in them; words of another language cannot.
    """
    if not texts or language_of(question) != language_of(texts[0]):
        return True
    there = {fold(term) for text in texts for term in terms(text)}
    return 2 * sum(fold(word) in there for word in words) > len(words)


def _topic(query: str) -> str:
    return ASKING.removed(query).strip(" ?,.;:")


def _asking_part(query: str) -> str:
    """The words around the one that asks: "theo nghị quyết nào" of a longer question."""
    match = ASKING.search(query)
    if match is None:
        return ""
    before = query[: match.start()].split()[-3:]
    return " ".join([*before, query[match.start() :]])


# -- words ---------------------------------------------------------------------------------


def _without(text: str, match: regex.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _plainly(parts: Sequence[str], *typed: str) -> str:
    """The parts as one text; without accents where one of the ``typed`` is Vietnamese without.

    Accents are restored only in a text that has none, so a mixture would stay half typed.
    """
    whole = " ".join(" ".join(parts).split())
    unaccented = any(language_of(text) == "vi" and not has_accents(text) for text in typed)
    return bare(whole) if unaccented else whole


def taken_over(query: str, question: str) -> tuple[str, ...]:
    """What of ``query`` is not in ``question``: its names, and the runs of other telling terms."""
    have = set(terms(fold(question)))
    plain = PLAIN if has_accents(query) else PLAIN_FOLDED
    named = [(e.start, e.end) for e in entities_in(query) if " " in query[e.start : e.end]]
    spans: list[tuple[int, int]] = []
    for match in TERM.finditer(query):
        span = next((s for s in named if s[0] <= match.start() < s[1]), match.span())
        if fold(match.group()) in have or (span not in named and match.group().lower() in plain):
            continue
        if spans and span not in named and spans[-1] not in named and span[0] == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], span[1])
        elif span not in spans:
            spans.append(span)
    return tuple(dict.fromkeys(query[start:end] for start, end in spans))
