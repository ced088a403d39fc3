"""How often a password may be tried, so that nobody is guessed and nobody is locked out.

The scheme is that of device cookies (OWASP, "Slow Down Online Guessing Attacks with Device
Cookies"): a browser that has signed in as a user keeps a signed cookie that says so, and has an
allowance of its own for that name, which no stranger can use up. All other browsers share an
allowance for a name, and each of their addresses has one for all names; an IPv6 address counts
with its /64, which one customer has (RFC 6177). Only wrong passwords use an allowance, for WINDOW
seconds after each. A name that no user has is counted like one.

What is left: while strangers use up what they share, a user cannot sign in on a browser that is
new to the server.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import secrets
import time
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from assistant.server._sign_in_file import SignInFile

WINDOW: Final = 300.0  # seconds
OF_A_DEVICE: Final = 10  # wrong passwords, of one browser for the name it knows
OF_AN_ADDRESS: Final = 10  # of one address, for all names
OF_A_NAME: Final = 30  # of all other browsers together, so that a crowd cannot guess either
MOST_NAMES: Final = 5  # that one browser is remembered for
LONGEST_COOKIE: Final = 1000  # characters


@dataclass(frozen=True, slots=True)
class Try:
    """A password that is being tried: it counts as wrong until it is found right."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """No try is left before so many whole seconds have passed."""

    seconds: int


class Tries:
    """Counts them in the file that all servers of the users share."""

    def __init__(self, file: SignInFile, secret: bytes) -> None:
        self._file = file
        self._secret = secret
        self._signed = URLSafeSerializer(secret, salt="device")

    def is_known(self, name: str, device: str) -> bool:
        """Whether the browser with this device cookie has signed in as ``name`` before."""
        return self._key("name", name).hex() in self._devices(device)

    def begin(self, name: str, address: str, device: str) -> Try | Refused:
        """Counts a try before the password is looked at: of several at once, none is free."""
        known = self._devices(device).get(self._key("name", name).hex())
        if known:
            allowances = [(self._key("device", known), OF_A_DEVICE)]
        else:
            allowances = [
                (self._key("address", network_of(address)), OF_AN_ADDRESS),
                (self._key("name", name), OF_A_NAME),
            ]
        now = time.time()
        with self._file.writing.write() as db:
            for whose, most in allowances:
                used = db.execute(
                    "SELECT at FROM tries WHERE whose = ? AND at > ? ORDER BY at DESC LIMIT ?",
                    (whose, now - WINDOW, most),
                ).fetchall()
                if len(used) == most:
                    return Refused(max(1, math.ceil(min(WINDOW, used[-1][0] + WINDOW - now))))
            db.execute("DELETE FROM tries WHERE at <= ?", (now - WINDOW,))
            insert = "INSERT INTO tries (whose, at) VALUES (?, ?)"
            rows = [db.execute(insert, (whose, now)).lastrowid for whose, _ in allowances]
        return Try(tuple(filter(None, rows)))

    def right(self, done: Try) -> None:
        """The password was right: the try uses nothing up."""
        with self._file.writing.write() as db:
            db.executemany("DELETE FROM tries WHERE id = ?", [(n,) for n in done.numbers])

    def device(self, name: str, device: str) -> str:
        """The device cookie of a browser that has just signed in as ``name``; ``device`` is the
        one it had. A new number each time: its allowance is fresh."""
        key = self._key("name", name).hex()
        others = [pair for pair in self._devices(device).items() if pair[0] != key]
        return str(self._signed.dumps([(key, secrets.token_hex(16)), *others[: MOST_NAMES - 1]]))

    def _devices(self, device: str) -> dict[str, str]:
        """Digest of a name → the browser's number for it; empty for what is no cookie of ours."""
        if not device or len(device) > LONGEST_COOKIE:
            return {}
        try:
            return {str(key): str(number) for key, number in self._signed.loads(device)}
        except (BadData, ValueError, TypeError):
            return {}

    def _key(self, kind: str, value: str) -> bytes:
        text = f"{kind}:{value}".encode(errors="surrogatepass")
        return hmac.digest(self._secret, text, "sha256")[:16]


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, the /64 of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)
