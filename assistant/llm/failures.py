"""A provider's failures as ours: which kind, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant.llm.models import one_line
from assistant.types import FaultKind, LLMError

if TYPE_CHECKING:
    pass


# What a failure is, and what to do: around what the provider said of it.
FACTS: Mapping[FaultKind, tuple[str, str]] = {
    "missing": ("is not known to its provider", "check the spec"),
    "key": ("refuses the key", "check the key in the environment"),
    "unreachable": ("cannot be reached or its server fails", "check that it runs, or try again"),
    "rate": ("takes no more requests for now", "wait, or check the quota"),
    "timeout": ("took too long", "raise llm_timeout or llm_total_timeout, or use a faster model"),
    "context": ("was given more than its window holds", "lower llm_context or top_k"),
    "empty": ("wrote no answer", "ask again, or use another model"),
    "endless": ("did not come to an end", "ask again, or use another model"),
    "cut": ("broke off", "raise llm_max_tokens, or try again"),
    "other": ("failed", "try again, or use another model"),
}


def translated(error: BaseException, name: str, begun: bool = False) -> LLMError:
    """Any provider's error as ours, on one line. ``begun``: it came after some text."""
    if isinstance(error, LLMError):
        kind, said = error.kind, str(error)
    else:
        kind, said = kind_of(error), one_line(error)
    if begun and kind == "unreachable":
        kind = "cut"
    fact, todo = FACTS[kind]
    return LLMError(f"{name} {fact} ({said}); {todo}", kind)


# -- kinds of failures -------------------------------------------------------------------

# By the names of an error's classes (LangChain's, the SDKs', httpx's), by HTTP status, and by
# what it says, in this order. Names, so that no provider is imported to compare with.
_RULES: tuple[tuple[FaultKind, str, frozenset[int], str], ...] = (
    (
        "context",
        r"ContextOverflow",
        frozenset({413}),
        r"context[_ ](length|window|size)|prompt is too long|input token count|maximum context",
    ),
    (
        "key",
        r"Authentication|PermissionDenied|Unauthorized|Forbidden",
        frozenset({401, 403}),
        r"api[_ ]?key|unauthorized|unauthenticated",
    ),
    (
        "rate",
        r"RateLimit|ResourceExhausted|TooManyRequests",
        frozenset({429, 529}),
        r"rate limit|quota|overloaded",
    ),
    ("empty", r"(?!)", frozenset(), r"no generation chunks|no generations found"),
    ("timeout", r"Timeout", frozenset({408, 504}), r"timed out"),
    ("missing", r"NotFound", frozenset({404}), r"model .{0,80}(not found|does not exist)"),
    (
        "unreachable",
        r"Connect|ReadError|WriteError|RemoteProtocol|InternalServer|ServiceUnavailable"
        r"|ModelAPIError|^OSError$",
        frozenset(range(500, 600)),
        r"connection (error|refused|reset)|peer closed",
    ),
)


def kind_of(error: BaseException) -> FaultKind:
    """What kind of failure an error is, or the error it came from."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        at = at.__cause__ or at.__context__
    for each in seen:
        names = [kind.__name__ for kind in type(each).__mro__]
        status, said = _status(each), str(each)
        for kind, name, statuses, words in _RULES:
            if any(re.search(name, n) for n in names) or status in statuses:
                return kind
            if re.search(words, said, re.IGNORECASE):
                return kind
    return "other"


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    places = (
        getattr(error, "status_code", None),
        getattr(error, "code", None),
        getattr(response, "status_code", None),
    )
    return next((place for place in places if isinstance(place, int)), None)
