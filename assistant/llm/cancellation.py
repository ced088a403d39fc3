"""Whether a running answer was stopped."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


# Set by who runs an answer: once this event is, nobody waits for the model's next words, so that
# the answer's generator can be closed.
stopped: ContextVar[threading.Event | None] = ContextVar("stopped", default=None)
