"""Which addresses may be asked: those of the internet at large, in their plain spelling."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# What IANA's registries of special addresses have and Python's `is_global` lets through, and
# addresses that clouds answer at to their own machines only.
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        [
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata
            "192.88.99.0/24",  # where 6to4 tunnels began (RFC 7526)
            "168.63.129.16/32",  # Azure's host
            "2001::/23",  # protocol assignments, Teredo among them
            "2002::/16",  # 6to4: ends at an IPv4 address that is not looked at
            "3fff::/20",  # documentation (RFC 9637)
        ],
    )
)


_NOBODYS: Final = "192.0.2.1"  # documentation (RFC 5737)


def may_be_asked(address: str) -> bool:
    """Whether an IP address is public and not this machine's own, to which doors may be open that
    are shut to the internet."""
    return is_public(address) and not is_this_machine(address)


def is_this_machine(address: str) -> bool:
    """Whether an IP address is one of this machine's: only those can be bound, unless the system
    lets any be (``ip_nonlocal_bind``), where nothing is known."""
    return _binds(address) and not _binds(_NOBODYS)


def _binds(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's own, and holds no other inside it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped))
        if found.scope_id or found not in _UNICAST or _is_isatap(found):
            return False
    special = any(found in net for net in _SPECIAL if net.version == found.version)
    return found.is_global and not (found.is_multicast or found.is_reserved or special)


def _is_isatap(address: ipaddress.IPv6Address) -> bool:
    """Whether its last half is an IPv4 address behind a tunnel (RFC 5214)."""
    return (int(address) >> 32) & 0xFFFFFFFF in (0x5EFE, 0x02005EFE)


def is_plain(host: str) -> bool:
    """Whether a host is a name, or an IP address as such are written.

    ``2130706433``, ``0x7f.1`` and ``127.1`` lead where 127.0.0.1 does, and no page is named so. A
    host that ends in a number is an address (WHATWG, URL Standard, "ends in a number").
    """
    last = host.rstrip(".").rpartition(".")[2]
    if ":" in host or not _NUMBER.fullmatch(last):
        return True
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False
