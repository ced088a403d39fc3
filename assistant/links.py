"""Takes links, images and HTML out of a language model's text as it streams.

A model may have been talked into an address by an article: an image that loads tells its server
what was read. So nothing that a reader's program could turn into a link or an image leaves here,
but an article's own recorded source.
"""

from __future__ import annotations

from collections.abc import Collection

import regex

LONGEST = 400  # characters held back while a link may still be coming; more is plain text

# What may become something to be taken out when more text comes. At the end of the buffer each
# of these is held back; anything before it is settled.
_OPEN = regex.compile(
    r"!?\[[^\[\]\n]*\Z"  # "[text", "![alt"
    r"|(?:!?\[[^\[\]\n]*)?\](?:\((?:[^()\n]|\([^()\n]*\))*(?:\([^()\n]*)?)?\Z"  # "[text](addr"
    r"|!\Z"
    r"|<(?:[a-zA-Z/!?][^<>\n]*)?\Z"  # "<img src"
    r"|(?<![\p{L}\p{N}])(?:[a-zA-Z][a-zA-Z0-9+.-]{0,12}:?/?|w{1,3})\Z"  # "https:/", "ww"
    r"|(?:[a-zA-Z][a-zA-Z0-9+.-]{0,12}://|\bwww\.)[^\s<>\[\]]*\Z"  # an address that goes on
)
_LINK = regex.compile(r"!?\[(?P<text>[^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_TAG = regex.compile(r"<[a-zA-Z/!?][^<>\n]*>")
_ADDRESS = regex.compile(
    r"(?:\b[a-zA-Z][a-zA-Z0-9+.-]{0,12}://|\bwww\.)[^\s<>\[\]]*[^\s<>\[\].,;:!?\"'”’)]"
)


class LinkFilter:
    """A stream's text without links; what it has given out is never taken back.

    "[text](address)" becomes "text", an image its description, a tag nothing, and a bare address
    nothing unless it is one of ``allowed``.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = {address.rstrip("/") for address in allowed if address}
        self._held = ""

    def feed(self, text: str) -> str:
        """What is settled by now. The same whatever the pieces in which the text comes."""
        return "".join(self._step(character) for character in text)

    def finish(self) -> str:
        """What was held back, cleaned as it stands."""
        held, self._held = self._held, ""
        return self._clean(held)

    def _step(self, character: str) -> str:
        self._held += character
        if character == ")":  # else its address, too, would seem to go on
            self._held = regex.sub(rf"{_LINK.pattern}\Z", _text_of, self._held)
        match = _OPEN.search(self._held)
        if match and len(self._held) - match.start() <= LONGEST:
            cut = match.start()
        else:
            cut = len(self._held)
        settled, self._held = self._held[:cut], self._held[cut:]
        return self._clean(settled)

    def _clean(self, text: str) -> str:
        text = _LINK.sub(_text_of, text)
        text = _TAG.sub("", text)
        # What still looks like a link (its address over two lines, say) is set apart.
        return _ADDRESS.sub(self._address, text).replace("](", "] (")

    def _address(self, found: regex.Match[str]) -> str:
        return found.group() if found.group().rstrip("/") in self._allowed else ""


def _text_of(link: regex.Match[str]) -> str:
    text = str(link["text"])
    return f"[{text}]" if text.isdecimal() else text  # "[1](address)": a marker all the same
