"""LangSmith, to which LangChain sends every prompt and answer where an environment says so.

Here our own setting must say so too: variables that were set for another program of the same
account, or by whoever set a machine up, shall not send articles and questions away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Of LangChain's first tracer, which is gone: all they do is make every request fail.
_DEAD: Final = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")


@contextmanager
def traced(wanted: bool) -> Iterator[None]:
    """Where not ``wanted``, no request of this block is traced, whatever the environment or the
    caller's own context says. Of the thread or task that enters it alone."""
    if wanted:
        yield
        return
    from langchain_core.tracers.context import tracing_v2_callback_var
    from langsmith.run_helpers import tracing_context

    for name in _DEAD:
        os.environ.pop(name, None)
    # LangSmith asks this context first: before the environment, which it remembers as it once was,
    # and before what `langsmith.configure` set. LangChain asks its own variable even before.
    before = tracing_v2_callback_var.set(None)
    try:
        with tracing_context(enabled=False, parent=False):
            yield
    finally:
        tracing_v2_callback_var.reset(before)
