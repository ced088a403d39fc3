"""Takes links, images, HTML and unseen characters out of a language model's text as it streams.

A model may have been talked into an address by an article: an image that loads tells its server
what was read. So nothing that a reader's program could turn into a link or an image leaves here,
but an article's own recorded source. Two steps, since markers are taken out between them and what
is left could grow together: :class:`LinkFilter` takes out what is written as a link or a tag,
:class:`AddressFilter` sees to it that no word that is left becomes one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import regex

LONGEST = 400  # characters held back while a link may still be coming; more is plain text

# What may become something to be taken out when more text comes. At the end of the buffer each
# of these is held back; anything before it is settled.
_OPEN = regex.compile(
    r"!?\[[^\[\]\n]*\Z"  # "[text", "![alt"
    r"|(?:!?\[[^\[\]\n]*)?\](?:\((?:[^()\n]|\([^()\n]*\))*(?:\([^()\n]*)?)?\Z"  # "[text](addr"
    r"|!\Z"
    r"|<(?:[a-zA-Z/!?][^<>\n]*)?\Z"  # "<img src"
)
_LINK = regex.compile(r"!?\[(?P<text>[^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_TAG = regex.compile(r"<[a-zA-Z/!?][^<>\n]*>")

# Controls (a terminal obeys them), directions (they turn what is read round) and what is never
# seen. The two joiners shape letters of some scripts and emoji, and mean nothing elsewhere.
UNSEEN = regex.compile(
    r"[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{DI}]--[\n\t\u200c\u200d\uFE0E\uFE0F]]", regex.V1
)
_LINE_ENDS = regex.compile(r"[\v\f\x1c-\x1e\x85\u2028\u2029]")
_JOINERS = "\u200c\u200d"
_JOINED = regex.compile(
    r"[[\p{L}\p{M}\p{Emoji}]--[\p{Latin}\p{Greek}\p{Cyrillic}\p{Han}\p{ASCII}]]", regex.V1
)

# Ends a word: white space, marks that no address has, letters of scripts without blanks.
_BREAK = regex.compile(
    r"[[\s\p{P}\p{S}\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"--[\p{ASCII}--\s]]",
    regex.V1,
)
_ADDRESS = regex.compile(
    r"(?:(?:[a-z][a-z0-9+.-]*:)//|www\.|//(?=[^\s/]*[.:\[])|\\\\(?=[^\s\\]*\.)"
    r"|(?:javascript|vbscript|data|mailto|xmpp|file|blob):)"
    r"(?:\S*[^\s.,;:!?\"')*_~\]])?",
    regex.IGNORECASE,
)
# "name.vn": some readers' programs make a link of it, too. Any two letters may be a country.
_DOT = regex.compile(
    r"(?<=[^\s.])\.(?=(?:[a-z]{2}|xn--[a-z0-9-]+|рф|com|edu|gov|net|org|biz|pro|web"
    r"|xxx|aero|asia|coop|info|museum|name|shop)(?![\p{L}\p{N}]))",
    regex.IGNORECASE,
)
_AT = regex.compile(r"(?<=\S)@(?=[\p{L}\p{N}_-])")
_NAMED = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}.+_@-]*[.@][\p{L}\p{N}.@-]*[\p{L}\p{N}]")
_FENCE = regex.compile(r"`{3,}|~{3,}")  # some programs run what stands between two
_DISARMED = (
    (regex.compile(r"<(?=[a-zA-Z/!?])"), "< "),
    (regex.compile(r"\](?=[(:])"), "] "),  # "[a](address)", "[a]: address"
)
_BEFORE = "([{\"'*_~"
_BEHIND = ".,;:!?\"')]}*_~"
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")


class LinkFilter:
    """A stream's text without links, tags and unseen characters; nothing given out is taken back.

    "[text](address)" becomes "text", an image its description, a tag nothing.
    """

    def __init__(self) -> None:
        self._held = ""
        self._last = ""  # character that was seen

    def feed(self, text: str) -> str:
        """What is settled by now. The same whatever the pieces in which the text comes."""
        return "".join(map(self._step, self._seen(text)))

    def finish(self) -> str:
        """What was held back, cleaned as it stands."""
        held, self._held = self._held, ""
        return _clean(held)

    def _seen(self, text: str) -> str:
        kept = []
        for character in _LINE_ENDS.sub("\n", text):
            if character in _JOINERS:
                unseen = not _JOINED.match(self._last)
            else:
                unseen = bool(UNSEEN.match(character))
            if not unseen:
                kept.append(character)
                self._last = character
        return "".join(kept)

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
        return _clean(settled)


def _clean(text: str) -> str:
    return _TAG.sub("", _LINK.sub(_text_of, text))


def _text_of(link: regex.Match[str]) -> str:
    text = str(link["text"])
    return f"[{text}]" if text.isdecimal() else text  # "[1](address)": a marker all the same


def plain(text: str) -> str:
    """A whole text, an article's own words say, without links; names of hosts stay."""
    links, addresses = LinkFilter(), AddressFilter(texts=[text])
    return addresses.feed(links.feed(text) + links.finish()) + addresses.settle()


class AddressFilter:
    """Words as they stream, none of which Markdown, HTML or a finder of addresses can follow.

    An address is left out unless it is one of ``allowed``. The bare name of a host, or of a
    mailbox, gets a blank ("name. vn") unless it stands in ``texts``: what it says is then
    theirs, and cannot carry anything away.
    """

    def __init__(self, allowed: Collection[str] = (), texts: Iterable[str] = ()) -> None:
        self._allowed = {address.rstrip("/") for address in allowed if address}
        self._named = {name.lower() for text in texts for name in _NAMED.findall(text)}
        self._word = ""  # held back
        self._tail = ""  # the last two characters given out
        self._glued = False  # the word goes on from what was given out

    def feed(self, text: str) -> str:
        """What is settled by now: everything but the last word."""
        return "".join(map(self._step, text))

    def settle(self) -> str:
        """The word so far; it has ended here, or a marker stood here."""
        word, self._word = self._word, ""
        glued, self._glued = self._glued, bool(word) or self._glued
        if glued and _LETTER_OR_DIGIT.search(word) and not self._tail[-1:].isspace():
            word = f" {word}"  # else the two could be an address together
        return self._out(self._inert(word))

    def _step(self, character: str) -> str:
        if not _BREAK.match(character):
            self._word += character
            return self.settle() if len(self._word) >= LONGEST else ""
        settled = self.settle()
        self._glued = False
        return settled + self._out(character)

    def _out(self, text: str) -> str:
        self._tail = (self._tail + text)[-2:]
        return text

    def _inert(self, word: str) -> str:
        if self._tail[-1:] in {"`", "~"}:
            word = word.lstrip("`~")
        word = _FENCE.sub("", word)
        core = word.lstrip(_BEFORE).rstrip(_BEHIND)
        if core.rstrip("/") not in self._allowed:
            word = _ADDRESS.sub("", word)
            if core.lower() not in self._named:
                before = self._tail[-1:]
                word = _DOT.sub(". ", _AT.sub("@ ", before + word))[len(before) :]
        for pattern, instead in _DISARMED:
            word = pattern.sub(instead, self._tail + word)[len(self._tail) :]
        return word
