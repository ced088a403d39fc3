"""A server whose every part fails, each failure quoting what it was given: for test_logs.

``python -m tests.faulty_server FOLDER``: its index and ``records.txt``, all that our loggers were
given at any level, are in FOLDER.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel

from assistant.index import index as index_module
from assistant.index.index import Index
from assistant.server.serve import serve
from assistant.settings import Settings
from assistant.types import Answer, AnswerEvent, Article, Finished, LLMError, Retrieved, Turn
from tests import served
from tests.fixtures import FakeEncoder

_library = logging.getLogger("openai._base_client")


class ProviderError(Exception):
    """As a provider's, whose message quotes the request."""


class _Body(BaseModel):
    number: int


def _plain(text: str) -> NoReturn:
    raise RuntimeError(text)


def _chained(text: str) -> NoReturn:
    try:
        raise ProviderError(f"400: {text}")
    except ProviderError as error:
        raise ValueError(f"because of {text}") from error


def _in_context(text: str) -> NoReturn:
    try:
        _plain(text)
    except RuntimeError:
        raise OSError(5, text, text)  # noqa: B904  # as code does that did not mean to


def _grouped(text: str) -> NoReturn:
    raise ExceptionGroup(text, [KeyError(text), ProviderError(text)])


def _invalid(text: str) -> NoReturn:
    _Body(number=text)  # type: ignore[arg-type]
    raise AssertionError


def _noted(text: str) -> NoReturn:
    error = UnicodeEncodeError("ascii", text, 0, 1, text)
    error.add_note(text)
    raise error


def _of_a_model(text: str) -> NoReturn:
    raise LLMError(f"the model failed ({text}); try again", "other")


def _by_a_library(text: str) -> None:
    """What libraries tell at the level that we set, and below it."""
    _library.setLevel(logging.DEBUG)  # as OPENAI_LOG=debug does
    _library.debug("Request options: %s", text)
    _library.warning("bad request %s", text)
    _library.error(f"failed: {text}")
    _library.error(f"Task <{text}>\nfuture: {text}")
    try:
        _plain(text)
    except RuntimeError:
        _library.exception("no answer to '%s'", text)
        traceback.print_exc()
    warnings.warn(f"input_value={text!r}", UserWarning, stacklevel=1)


def _in_a_thread(text: str) -> None:
    thread = threading.Thread(target=_plain, args=(text,), name=text)
    thread.start()
    thread.join()


def _in_a_loop(text: str) -> None:
    async def fail() -> None:
        _plain(text)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(_plain, text)
        task = loop.create_task(fail(), name=text)
        await asyncio.sleep(0.01)
        del task

    asyncio.run(run())


def _not_raised(text: str) -> None:
    class Faulty:
        def __del__(self) -> None:
            _plain(text)

    Faulty()


# What is asked begins with one of these names.
FAULTS: dict[str, Callable[[str], None]] = {
    fault.__name__.strip("_"): fault
    for fault in (
        *(_plain, _chained, _in_context, _grouped, _invalid, _noted, _of_a_model),
        *(_by_a_library, _in_a_thread, _in_a_loop, _not_raised),
    )
}


def _fail(text: str) -> None:
    FAULTS[text.split()[0]](text)


class Faulty(served.Scripted):
    """Does what the question says; every other way in fails too."""

    def __init__(self, index: Index) -> None:
        super().__init__()
        self.index = index

    def retrieve(self, question: str, top_k: int | None = None) -> list[Any]:
        _fail(question)
        return []

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        if len(history) == 1:  # half-way
            yield Retrieved((served.HIT,), question)
        _fail(question)
        yield Finished(Answer(question, question, "vi", 0.9, (served.QUOTE,), (served.HIT,)))

    def article(self, article_id: str) -> Article:
        raise RuntimeError(f"{article_id} {served.BRIDGE.text}")

    def articles(self) -> list[Article]:
        raise RuntimeError(served.BRIDGE.text)

    def examples(self, language: str) -> list[str]:
        raise RuntimeError(served.BRIDGE.text)

    def further(self, answer: Answer, *_: Any) -> list[str]:
        raise RuntimeError(answer.text)


class QuotingEncoder(FakeEncoder):
    def embed_passages(self, texts: Sequence[str]) -> Any:
        raise RuntimeError(f"cannot embed {texts}")


def main(folder: Path) -> None:
    index_module.SentenceEncoder = QuotingEncoder  # type: ignore[misc,assignment]
    settings = Settings.load(index=folder / "index", port=17_860)
    records = (folder / "records.txt").open("a", encoding="utf-8")
    told = logging.StreamHandler(records)
    ours = logging.getLogger("assistant")
    ours.setLevel(logging.DEBUG)
    ours.addHandler(told)
    faulty: Any = Faulty(Index.create(settings))
    serve(faulty, settings, lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
