"""How much one may ask within a minute: one allowance for every way in.

It is counted in parts of a question, so that a visitor of the page, who causes several small
requests with each question, is not cut off by looking around; what is asked costs the same in the
page, over HTTP, OpenAI's protocol and MCP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Final

from assistant.server._rate_limits import Rates, too_many

QUESTION: Final = 10  # parts
EVENT: Final = 1  # of the page
ANSWERED: Final = QUESTION - EVENT  # what an event of the page that is a question costs besides
OPEN_AT_ONCE: Final = 200  # requests of one client; an open page holds one

_QUESTIONS: Final = ("/api/v1/answer", "/api/v1/search", "/v1/chat/", "/mcp")
_WORK: Final = frozenset(("/api/v1/articles", "/api/v1/uploads", "/api/v1/cards/verify"))
# Files, and what an open page looks at again and again: nothing is computed for them.
_FREE: Final = frozenset(
    "/healthz /readyz /login.css /login.js /theme.css /favicon.ico /gradio_api/app_id "
    "/gradio_api/queue/data".split()
)
_FREE_UNDER: Final = ("/assets/", "/static/", "/gradio_api/heartbeat/")


class Allowances:
    """What clients have left. ``a_minute`` questions each; 0 is without limit."""

    def __init__(self, a_minute: int) -> None:
        self._rates = Rates(a_minute * QUESTION)
        self._open: Counter[str] = Counter()

    def charge(self, client: str, parts: int) -> None:
        """Raises Problem where the client has less than ``parts`` left, and takes nothing then."""
        seconds = self._rates.wait(client, parts) if parts else 0
        if seconds:
            raise too_many(seconds)

    @contextmanager
    def open(self, client: str) -> Iterator[None]:
        """While a request of the client is answered. Raises Problem where too many are."""
        if self._open[client] >= OPEN_AT_ONCE:
            raise too_many(1)
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


def price(route: str) -> int:
    """The parts that a request of ``route`` costs."""
    if route.startswith(_QUESTIONS) or route in _WORK:
        return QUESTION
    return 0 if route in _FREE or route.startswith(_FREE_UNDER) else EVENT


def client_of(person: str | None, address: str) -> str:
    """Whose allowance it is: that of who has said who they are, else of the address.

    The IPv6 addresses of one network (/64) are one: a single machine has them all.
    """
    if person:
        return person
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"
