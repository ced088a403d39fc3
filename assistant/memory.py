"""How the threads of a server share memory, and give back what they no longer use."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from typing import Any, Final

ARENAS: Final = 2
GIVEN_BACK: Final = 20.0  # seconds from one time to the next
_M_ARENA_MAX: Final = -8  # malloc.h of glibc


def share_between_threads() -> None:
    """Lets all threads take their memory from two arenas.

    glibc otherwise gives every thread one of its own, up to eight a core, each of which keeps the
    most that it ever needed: the reader's work goes through all of them. Where the environment
    says how many, or another allocator is used, nothing changes.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, ARENAS)


def give_back_regularly(seconds: float = GIVEN_BACK) -> None:
    """Starts a thread that returns freed memory to the system, again and again.

    glibc returns what is free at the end of an arena alone. An answer's matrices of megabytes come
    and go between small things that stay, and what is free between those was kept for good.
    """
    trim = _of_glibc("malloc_trim")
    if trim:
        threading.Thread(target=_repeat, args=(trim, seconds), daemon=True, name="memory").start()


def _repeat(trim: Any, seconds: float) -> None:
    while True:
        time.sleep(seconds)
        trim(0)


def _of_glibc(name: str) -> Any:
    """The function of C's library; None where it has none of that name."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
