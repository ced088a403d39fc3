"""The cookies of signing in, as tightly bound to this server as a browser can bind them.

Over https their names carry a prefix by which browsers refuse them from anyone else: ``__Host-``,
or ``__Secure-`` under a path of a site, where ``Path`` must name it (RFC 6265bis, section 4.1.3).
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

MOST_OF_A_NAME: Final = 4  # that are looked at


def cookie_name(base: str, scope: Scope) -> str:
    """The name that the cookie ``base`` has for this request; under another it is not taken."""
    if scope["scheme"] != "https":
        return base
    return f"{'__Secure-' if scope.get('root_path') else '__Host-'}{base}"


def cookie_values(base: str, scope: Scope) -> list[str]:
    """Every value that the request has for the cookie, each once: a browser sends several where
    they were set for several paths."""
    name = cookie_name(base, scope)
    headers = Headers(scope=scope).getlist("cookie")
    pairs = (part.partition("=") for header in headers for part in header.split(";"))
    found = dict.fromkeys(value.strip() for key, _, value in pairs if key.strip() == name)
    return list(found)[:MOST_OF_A_NAME]


def set_cookie(response: Response, base: str, scope: Scope, value: str, seconds: int) -> None:
    response.set_cookie(
        cookie_name(base, scope),
        value,
        max_age=seconds,
        path=scope.get("root_path") or "/",
        secure=scope["scheme"] == "https",
        httponly=True,
        samesite="lax",
    )
