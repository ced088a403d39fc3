"""What names look like: capitals in a row; and what a newspaper is called."""

from __future__ import annotations

from urllib.parse import urlsplit

# A word with a capital, and names of at least one and of at least two such words.
WORD = r"\p{Lu}[\p{L}\p{M}]*"
NAME = rf"{WORD}(?:[ ]{WORD})*"
FULL_NAME = r"\p{Lu}[\p{L}\p{M}]+(?:\s\p{Lu}[\p{L}\p{M}]+){1,4}"


def publisher(source: str) -> str:
    """The host of a web address; any other source as it is."""
    try:
        parts = urlsplit(source)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:  # "http://[" and the like
        return source
    return host.removeprefix("www.") if host else source
