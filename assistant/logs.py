"""The log: what failed and where, never what was asked, answered or read.

A failure's own words are left out: a provider's quote the prompt, pydantic's the value, a library's
whatever it was given. What is kept is the kind of each failure and the lines it came through.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal

REQUESTS: Final = "assistant.requests"  # the logger of served requests
FACTS: Final = "facts"  # the attribute of a record that JSON lines show as their own fields
MOST_LINES: Final = 40  # of one failure: the last ones

# The request that this thread or task works for.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# Where a library's message may begin to quote what it works on.
_QUOTES = re.compile(r"[\"'`“‘«<({\[:=\n]")
_WARNED = re.compile(r"(?P<place>.+?:\d+): (?P<kind>\w+):")


def failed(log: logging.Logger, what: str, failure: BaseException) -> None:
    """Logs that ``what`` has failed: the kinds and places of ``failure`` without its words."""
    log.error("%s\n%s", what, without_words(failure))


def without_words(failure: BaseException | None) -> str:
    """A traceback of the failure and those it came from, the last one last: files, lines, kinds.

    No message of a failure is in it, nor a line of source.
    """
    if failure is None:
        return ""
    lines = ["Traceback without what the failures say:"]
    for each in reversed(list(_with_causes(failure))):
        lines += [
            f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
            for frame in traceback.extract_tb(each.__traceback__, limit=-MOST_LINES)
        ]
        lines.append(f"{type(each).__module__}.{type(each).__qualname__}")
    return "\n".join(lines)


def _with_causes(failure: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException] = [failure]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        cause = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        waiting += [cause] if cause else []


def set_up(form: Literal["text", "json"] = "text") -> None:
    """Sends the log of this process to standard error, in one form, without words of people.

    That is: our records and the warnings and errors of libraries, what ends a thread, warnings of
    Python, and the tracebacks that a library prints by itself. For a process that serves; of one
    whose log is set up already it changes only the last ones.
    """
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_JsonLines() if form == "json" else _Lines())
        handler.addFilter(_is_told)
        logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if form == "json":
        logging.getLogger(REQUESTS).setLevel(logging.INFO)
    logging.captureWarnings(True)
    warnings.simplefilter("ignore", ResourceWarning)
    threading.excepthook = _thread_ended
    sys.excepthook = _ended
    sys.unraisablehook = _unraisable
    traceback.print_exc = _print_exc


def _is_told(record: logging.LogRecord) -> bool:
    """A library may lower its own level, as by OPENAI_LOG=debug, and then tells every prompt."""
    return record.levelno >= logging.WARNING or record.name == REQUESTS


def _message(record: logging.LogRecord) -> str:
    """Ours as it is; of a library's the words up to where it may begin to quote."""
    if record.name.startswith("assistant"):
        return record.getMessage()
    if record.name == "py.warnings":
        warned = _WARNED.match(record.getMessage())
        return f"{warned['kind']} at {warned['place']}" if warned else "a warning"
    words = _QUOTES.split(str(record.msg), maxsplit=1)[0].strip()
    return f"{words} (at {record.module}:{record.lineno})"


def _failure(record: logging.LogRecord) -> str:
    return without_words(record.exc_info[1]) if record.exc_info else ""


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        request = f" [{request_id.get()}]" if request_id.get() else ""
        told = f"{record.levelname}:{record.name}:{request} {_message(record)}"
        return "\n".join(filter(None, (told, _failure(record))))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if request := request_id.get():
            line["request_id"] = request
        if failure := _failure(record):
            line["failure"] = failure
        return json.dumps(line | getattr(record, FACTS, {}), ensure_ascii=False)


# -- what would be printed beside the log ------------------------------------------------

_log = logging.getLogger(__name__)


def _thread_ended(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        failed(_log, "a thread has ended", arguments.exc_value)


def _ended(kind: type[BaseException], failure: BaseException, place: TracebackType | None) -> None:
    failed(_log, "the program has ended", failure)


def _unraisable(arguments: Any) -> None:
    if arguments.exc_value is not None:
        failed(_log, "a failure was not raised", arguments.exc_value)


def _print_exc(*_: Any, **__: Any) -> None:
    """Instead of ``traceback.print_exc``, by which Gradio tells what its handlers raise."""
    failure = sys.exc_info()[1]
    if failure is not None:
        failed(_log, "a library has caught a failure", failure)
