"""How the threads of a server share memory."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

ARENAS: Final = 2
_M_ARENA_MAX: Final = -8  # malloc.h of glibc


def share_between_threads() -> None:
    """Lets all threads take their memory from two arenas.

    glibc otherwise gives every thread one of its own, up to eight a core, each of which keeps the
    most that it ever needed: the reader's work goes through all of them. Where the environment
    says how many, or another allocator is used, nothing changes.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(_M_ARENA_MAX, ARENAS)
