"""An answer's events from a thread of their own, so that it can be stopped at any moment.

Who shows an answer must be able to leave it, whatever the answer waits for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from assistant.llm.cancellation import pump
from assistant.types import AnswerEvent

LOOK = 0.1  # seconds between two looks at whether the answer was stopped
_DONE = None


def batches(
    start: Callable[[], Iterator[AnswerEvent]], halt: threading.Event
) -> Iterator[list[AnswerEvent]]:
    """The events of ``start()`` in lists, each of what came since the last.

    Ends at once when ``halt`` is set; the answer ends then, and when this is closed early.
    Raises what the answer raised.
    """
    left = _Left(halt)
    events: queue.SimpleQueue[AnswerEvent | Exception | None] = queue.SimpleQueue()
    threading.Thread(target=_run, args=(start, left, events), daemon=True).start()
    try:
        while not halt.is_set():
            batch, ended = _waiting(events)
            if batch:
                yield batch
            if isinstance(ended, Exception):
                raise ended
            if ended:
                return
    finally:
        left.set()


class _Left(threading.Event):
    """Nobody follows the answer any more: it was stopped, or its reader has gone."""

    def __init__(self, halt: threading.Event) -> None:
        super().__init__()
        self._halt = halt

    def is_set(self) -> bool:
        return super().is_set() or self._halt.is_set()


def _waiting(
    events: queue.SimpleQueue[AnswerEvent | Exception | None],
) -> tuple[list[AnswerEvent], Exception | bool]:
    """What waits in the queue, after waiting for a first; and whether or how it ended."""
    batch: list[AnswerEvent] = []
    with suppress(queue.Empty):
        item = events.get(timeout=LOOK)
        while True:
            if item is _DONE:
                return batch, True
            if isinstance(item, Exception):
                return batch, item
            batch.append(item)
            item = events.get_nowait()
    return batch, False


def _run(
    start: Callable[[], Iterator[AnswerEvent]],
    left: threading.Event,
    events: queue.SimpleQueue[AnswerEvent | Exception | None],
) -> None:
    try:
        pump(start, events.put, left)
    except Exception as failure:
        events.put(failure)
    else:
        events.put(_DONE)
