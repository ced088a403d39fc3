"""Work in a process of its own that may die."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import Any

from assistant.types import AssistantError
from tests.reliability.worlds import stub


def forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """(exit code, what it returned); of a fault that a user is told: 2 and the line; of any other:
    3 and its traceback; of a process that died: its code and None."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        code, found = 0, None
        try:
            stub()
            found = work()
        except AssistantError as fault:
            code, found = 2, str(fault)
        except BaseException:
            code, found = 3, traceback.format_exc()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(found))
        sys.stdout.flush()
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), pickle.loads(data) if data else None
