"""What a language model is given to read: instructions, history, numbered passages, question.

Everything is counted with tiktoken (cl100k) and fits the model's window together with the room
kept for its answer. Other tokenizers count differently: ``llm_context`` leaves room for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from assistant.answering.citation_markers import MARKER
from assistant.answering.link_filter import UNSEEN
from assistant.answering.prompt_texts import say
from assistant.text.tokens import count_tokens
from assistant.types import Passage, Shown, Turn

PER_MESSAGE = 4  # tokens that a chat format adds to a message: role and separators
HISTORY_SHARE = 0.25  # of the window, at most, for earlier turns
FENCE = ("<<<", ">>>")

# Chat formats write "<|im_start|>", "<start_of_turn>", "</s>" or "[INST]" between messages, and
# some servers read these anywhere in a text. With a blank in them they are words.
_ROLE = re.compile(r"<(?=[|｜]|/?[a-zA-Z_][^<>\n]{0,30}>)|\[(?=/?[A-Z_]{3,20}\])")
_NAMES = {
    "vi": "tiếng Việt", "en": "English", "zh": "Chinese", "fr": "French", "de": "German",
    "es": "Spanish", "ja": "Japanese", "ko": "Korean", "th": "Thai", "ru": "Russian",
    "ar": "Arabic", "id": "Indonesian", "pt": "Portuguese", "it": "Italian", "lo": "Lao",
    "km": "Khmer", "nl": "Dutch", "pl": "Polish", "tr": "Turkish", "hi": "Hindi",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """The messages for the model, and the passages in them, numbered as it sees them.

    ``tokens``: of all messages together.
    """

    messages: tuple[BaseMessage, ...]
    shown: tuple[Shown, ...]
    tokens: int


def assemble(
    question: str,
    language: str,
    history: Sequence[Turn],
    candidates: Iterable[Shown],
    room: int,
) -> Context:
    """As much of ``candidates`` (best first) and ``history`` as fits into ``room`` tokens.

    Instructions and question always go in. History takes a quarter at most, the latest turns
    first. A passage goes in whole; only where not even the first fits, as many of its sentences
    as do. Passages are numbered from 1 in the order given.
    """
    system = say(
        "answer.system", language, language=name_of(language), refusal=say("refusal", language)
    )
    fixed = [system.strip(), say("answer.question", language, question=question)]
    left = room - sum(count_tokens(text) + PER_MESSAGE for text in fixed)
    turns, spent = _recent(history, min(left, int(room * HISTORY_SHARE)))
    shown, blocks = _fitting(candidates, left - spent, language)
    last = "\n\n".join([*blocks, fixed[1]])
    messages = (SystemMessage(fixed[0]), *turns, HumanMessage(last))
    return Context(messages, shown, tokens_of(messages))


def tokens_of(messages: Sequence[BaseMessage]) -> int:
    """Tokens of messages as a chat format sends them."""
    return sum(count_tokens(str(message.content)) + PER_MESSAGE for message in messages)


def name_of(language: str) -> str:
    """The language's name, as a model is told it."""
    return _NAMES.get(language, "the language of the question")


def _recent(history: Sequence[Turn], room: int) -> tuple[list[BaseMessage], int]:
    """The latest turns that fit, oldest first, and their tokens."""
    messages: list[BaseMessage] = []
    spent = 0
    for turn in reversed(history):
        pair = [HumanMessage(turn.question), AIMessage(_tame(MARKER.sub("", turn.answer)))]
        cost = tokens_of(pair)
        if spent + cost > room:
            break
        messages = [*pair, *messages]
        spent += cost
    return messages, spent


def _fitting(
    candidates: Iterable[Shown], room: int, language: str
) -> tuple[tuple[Shown, ...], list[str]]:
    """The passages that fit into ``room`` tokens, renumbered, each with its block of text."""
    shown: list[Shown] = []
    blocks: list[str] = []
    left = room
    for candidate in candidates:
        one = replace(candidate, number=len(shown) + 1)
        block = _block(one, language)
        cost = count_tokens(block) + 2  # the blank line that sets it apart
        if cost > left and not shown:
            one, block = _shortened(one, left, language)
            cost = count_tokens(block) + 2
        if block and cost <= left:
            shown.append(one)
            blocks.append(block)
            left -= cost
    return tuple(shown), blocks


def _shortened(shown: Shown, room: int, language: str) -> tuple[Shown, str]:
    """As many sentences from the start of the passage as fit; no text when none does."""
    passage = shown.passage
    for count in range(len(passage.sentences) - 1, 0, -1):
        sentences = passage.sentences[:count]
        text = passage.text[: sentences[-1].end - passage.start]
        part = Passage(passage.article_id, passage.start, sentences[-1].end, text, sentences)
        one = replace(shown, passage=part)
        block = _block(one, language)
        if count_tokens(block) + 2 <= room:
            return one, block
    return shown, ""


def _block(shown: Shown, language: str) -> str:
    """A passage as data: what it is of, then its text between fences that it cannot close."""
    facts = [say("answer.header", language, number=shown.number, title=_fact(shown.title))]
    facts += [say("answer.source", language, source=_fact(shown.source))] if shown.source else []
    facts += [say("answer.date", language, date=_fact(shown.date))] if shown.date else []
    return f"{' · '.join(facts)}\n{FENCE[0]}\n{_tame(shown.passage.text)}\n{FENCE[1]}"


def _fact(text: str) -> str:
    """On one line: a second one could look like a passage of its own."""
    return " ".join(_tame(text).split())


def _tame(text: str) -> str:
    """Without what could close the fences, end the message, or speak unseen."""
    text = _ROLE.sub(lambda mark: f"{mark[0]} ", UNSEEN.sub("", text))
    for fence in FENCE:
        text = text.replace(fence, " ".join(fence))
    return text
