"""Answers that can be left at any moment: a generator in a thread, and the sign to end it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

# Set by who runs an answer: once this event is, nobody waits for the model's next words, so that
# the answer's generator can be closed.
stopped: ContextVar[threading.Event | None] = ContextVar("stopped", default=None)


def pump(start: Callable[[], Iterator[T]], put: Callable[[T], None], left: threading.Event) -> None:
    """Gives every item of ``start()`` to ``put``, in this thread, until ``left`` is set.

    A generator can only be closed between two items, and may hold what belongs to a thread: so
    it runs from its first item to its last in one, and is closed there as soon as it can be; a
    language model's words are not waited for. Raises what the iterator or ``put`` raises.
    """
    if left.is_set():
        return
    stopped.set(left)  # of this thread alone
    items = start()
    try:
        for item in items:
            put(item)
            if left.is_set():
                return
    finally:
        close = getattr(items, "close", None)
        if close:
            close()
