"""What a feed (RSS, Atom), a sitemap or a plain list of addresses names."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urldefrag, urljoin

from lxml import etree

from assistant.types import AssistantError

MOST_ENTRIES: Final = 50_000  # of one listing; a sitemap has no more (sitemaps.org)
LARGEST: Final = 50_000_000  # bytes of an unpacked sitemap, by the same protocol
LONGEST_ADDRESS: Final = 2000  # characters


class FeedError(AssistantError):
    """What was read is no listing: one line that says what it is, and what to name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that is listed. ``changed``: when it last did, as the listing tells it, or ""; where
    that stays the same, so does the page."""

    address: str
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The pages, each once and in order, and the further listings that it names."""

    entries: tuple[Entry, ...]
    listings: tuple[Entry, ...] = ()


def listing_in(data: bytes, base: str) -> Listing:
    """What ``data`` lists; ``base`` is the address it came from. Raises FeedError."""
    data = _unpacked(data)
    if not data[:64].replace(b"\0", b"").strip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return _checked(Listing(_each_once(_lines(data))), base)
    # Opens nothing and resolves no entity; a feed with a slip in it is read all the same.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    not_one = FeedError(f"{base} is no feed, sitemap or list of addresses; name one")
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise not_one from None
    if root is None:  # nothing could be recovered
        raise not_one
    match _name(root):
        case "rss" | "RDF":
            found = Listing(_each_once(_rss(root, base)))
        case "feed":
            found = Listing(_each_once(_atom(root, base)))
        case "urlset":
            found = Listing(_each_once(_sitemap(root, "url", base)))
        case "sitemapindex":
            found = Listing((), _each_once(_sitemap(root, "sitemap", base)))
        case "html":
            raise FeedError(f"{base} is a web page; name the address of its feed or sitemap")
        case _:
            raise not_one
    return _checked(found, base)


def _checked(found: Listing, base: str) -> Listing:
    if not found.entries and not found.listings:
        raise FeedError(f"{base} lists no address; name a feed, a sitemap or a list of addresses")
    return found


def _lines(data: bytes) -> Iterator[Entry]:
    """An address a line; what follows it, and lines that begin with #, are remarks."""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        words = line.split()
        if words and words[0].startswith(("http://", "https://")):
            yield Entry(urldefrag(words[0]).url)
        elif words and not words[0].startswith("#"):
            raise FeedError(f"{words[0][:60]!r} is no web address; put one on each line")


def _rss(root: etree._Element, base: str) -> Iterator[Entry]:
    for item in root.iter("{*}item"):
        links = [child for child in item if _name(child) == "link" and _text(child)]
        guids = [c for c in item if _name(c) == "guid" and c.get("isPermaLink", "true") == "true"]
        for told in (*links, *guids):
            yield Entry(_joined(base, _text(told)))
            break


def _atom(root: etree._Element, base: str) -> Iterator[Entry]:
    for entry in root.iter("{*}entry"):
        links = {link.get("rel", "alternate"): link for link in entry.iterchildren("{*}link")}
        if "alternate" in links:
            changed = next(map(_text, entry.iterchildren("{*}updated")), "")
            yield Entry(_joined(base, links["alternate"].get("href", "")), changed)


def _sitemap(root: etree._Element, kind: str, base: str) -> Iterator[Entry]:
    for each in root.iterchildren(f"{{*}}{kind}"):
        told = {_name(child): _text(child) for child in each}
        yield Entry(_joined(base, told.get("loc", "")), told.get("lastmod", ""))


def _each_once(entries: Iterator[Entry]) -> tuple[Entry, ...]:
    found: dict[str, Entry] = {}
    for entry in entries:
        if 0 < len(entry.address) <= LONGEST_ADDRESS:
            found.setdefault(entry.address, entry)
        if len(found) == MOST_ENTRIES:
            break
    return tuple(found.values())


def _name(element: etree._Element) -> str:
    """The tag without its namespace; "" of a comment."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _text(element: etree._Element) -> str:
    """Its own words; an entity that the document defines is none."""
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return " ".join("".join(parts).split())


def _joined(base: str, address: str) -> str:
    """The address as a whole one; "" where it is none."""
    try:
        return urldefrag(urljoin(base, address)).url if address else ""
    except ValueError:
        return ""


def _unpacked(data: bytes) -> bytes:
    """A sitemap is mostly sent as a .gz file."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, LARGEST)
    except zlib.error:
        raise FeedError("The listing is a damaged .gz file; try again") from None
