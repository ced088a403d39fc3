"""Names of servers as requests tell them: the Host header and the Origin of a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

# host [":" port] of RFC 3986, 3.2, without what no client sends in a Host header: user names,
# percent-encoding, zones of IPv6 addresses (RFC 6874), future kinds of addresses, empty ports.
_AUTHORITY: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._~-]{1,253}))"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_ORIGIN: Final = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/]+)")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Authority:
    """A host's name in small letters (an IPv6 address in its shortest form, without brackets),
    and the port where one is told."""

    name: str
    port: int | None = None


def authority(text: str) -> Authority | None:
    """``text`` as a whole, or None where it is no well-formed authority."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 1 <= port <= 65535:
        return None
    if found["name"]:
        return Authority(found["name"].lower(), port)
    try:
        return Authority(str(IPv6Address(found["address"])), port)
    except ValueError:
        return None


def is_origin_of(origin: str, host: str) -> bool:
    """Whether a page with that Origin header came from ``host``, an authority.

    Browsers leave out the port that belongs to the scheme. The scheme is not compared: a proxy may
    have taken TLS away.
    """
    told = _ORIGIN.fullmatch(origin)
    page, server = authority(told["authority"]) if told else None, authority(host)
    if told is None or page is None or server is None:
        return False
    usual = _PORTS[told["scheme"]]
    return (page.name, page.port or usual) == (server.name, server.port or usual)
