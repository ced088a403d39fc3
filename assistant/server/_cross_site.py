"""Which requests of a browser come from pages of other sites, and which of those may pass.

Browsers say so in Sec-Fetch-Site, or at least name that page's Origin; programs send neither. The
rule is that of Go's net/http.CrossOriginProtection, and it holds for reading too: an event stream
or an answer costs as much when the page that began it may not read it. Following a link is let
through, but only to what is there to be looked at.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers

from assistant.server._authority import is_origin_of

SAFE: Final = ("GET", "HEAD")
# What programs ask for: no link of another site leads there.
FOR_PROGRAMS: Final = ("/api/", "/v1/", "/mcp", "/gradio_api/")


def may_pass(headers: Headers, method: str, route: str, host: str, public: bool) -> bool:
    """Whether the request is none of another site's page, or one that may come from there.

    ``host``: the authority under which the server was asked. ``public``: what is at ``route`` is
    for everyone.
    """
    if not _is_foreign(headers, host):
        return True
    if method not in SAFE:
        return False
    credentials = "cookie" in headers or "authorization" in headers
    return (public and not credentials) or _follows_link(headers, route)


def _is_foreign(headers: Headers, host: str) -> bool:
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if any(sites):
        return any(site not in ("same-origin", "none") for site in sites)
    return len(origins) > 1 or any(not is_origin_of(origin, host) for origin in origins)


def _follows_link(headers: Headers, route: str) -> bool:
    """A tab goes there; a frame or a script of the other page does not."""
    navigates = headers.get("sec-fetch-mode") == "navigate"
    tab = headers.get("sec-fetch-dest", "document") == "document"
    return navigates and tab and not route.startswith(FOR_PROGRAMS)
