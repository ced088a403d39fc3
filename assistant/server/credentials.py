"""Who may use the server: users with passwords, keys for programs, or a proxy that has asked.

Users file: ``name:argon2 hash`` a line. Keys file: ``name:SHA-256 of the key`` a line; a key is
32 random bytes, so that a slow hash would protect nothing more. Both are read again when they
have changed. Who has signed in stands in a file beside the users file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from assistant.server._password_tries import Tries
from assistant.server._sessions import Sessions
from assistant.server._sign_in_file import SignInError, SignInFile
from assistant.settings import Settings
from assistant.types import SettingsError

COOKIE: Final = "assistant_session"
DEVICE: Final = "assistant_device"  # the cookie of a browser that has signed in before
KEY_PREFIX: Final = "aak_"  # tells a key of ours to people and to programs that look for leaks
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 1024
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

_NAME = re.compile(r"[\w.@-]{1,64}")
_HASHER = PasswordHasher()


class Names:
    """A file of ``name:secret's hash`` lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._hashes: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """Name → hash. Raises SignInError when the file is missing or faulty."""
        with self._lock:
            try:
                status = self.path.stat()
                # Not by time and size alone: a new password's hash is as long as the old one's.
                seen = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)
                if seen != self._seen:
                    self._hashes = self._parsed(self.path.read_text("utf-8"))
                    self._seen = seen
            except FileNotFoundError:
                raise SignInError(f"There is no file {self.path}; {self._remedy()}") from None
            except (OSError, UnicodeDecodeError) as error:
                raise SignInError(f"{self.path} cannot be read: {error}") from None
            return self._hashes

    def put(self, name: str, hashed: str) -> None:
        """Adds the name, or gives it a new hash; the other lines stay, those of comments too. The
        file is for its owner's eyes only."""
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"{name!r} is not a valid name: up to 64 letters, digits and any of . _ @ - are"
            )
        lines: list[str] = []
        if self.path.exists():
            self.read()  # a faulty file is not written over
            lines = self.path.read_text("utf-8").splitlines()
        others = [line for line in lines if line.strip().partition(":")[0] != name]
        _write(self.path, "".join(f"{line}\n" for line in (*others, f"{name}:{hashed}")))

    def _parsed(self, text: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, colon, hashed = line.strip().partition(":")
            if not colon or not _NAME.fullmatch(name) or not hashed:
                raise SignInError(f"{self.path}, line {number}, is not 'name:hash'; mend it")
            found[name] = hashed
        return found

    def _remedy(self) -> str:
        return "check the path"


class Users(Names):
    """The users and their passwords."""

    def add(self, name: str, password: str) -> None:
        if len(password) < SHORTEST_PASSWORD:
            raise SettingsError(
                f"The password is too short: {SHORTEST_PASSWORD} characters at least"
            )
        if len(password) > LONGEST_PASSWORD:
            raise SettingsError(f"The password is too long: {LONGEST_PASSWORD} characters at most")
        self.put(name, _HASHER.hash(password))

    def check(self, name: str, password: str) -> bool:
        """Whether the password is the user's. Takes as long for a name that is not known."""
        if len(password) > LONGEST_PASSWORD:
            return False
        nobody, hashed = _nobody(), self.read().get(name)
        try:
            given = password.encode(errors="surrogatepass")
            return _HASHER.verify(hashed or nobody, given) and hashed is not None
        except InvalidHashError:  # at once
            return self.check("", password) if name else False
        except Argon2Error:
            return False

    def _remedy(self) -> str:
        return f"make it with: assistant user add NAME --users {self.path}"


class Keys(Names):
    """The keys of programs."""

    def add(self, name: str) -> str:
        """The new key, which is nowhere else; one of the same name ends."""
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        self.put(name, _digest(key))
        return key

    def owner(self, key: str) -> str | None:
        """The name of the key, None for one that is not known."""
        digest = _digest(key)
        for name, known in self.read().items():
            if hmac.compare_digest(digest.encode(), known.encode()):
                return name
        return None

    def _remedy(self) -> str:
        return f"make it with: assistant key add NAME --keys {self.path}"


@dataclass(frozen=True, slots=True)
class Access:
    """The ways in. None of them: everyone may come in (see :func:`check_open`)."""

    users: Users | None = None
    sessions: Sessions | None = None
    tries: Tries | None = None
    keys: Keys | None = None
    proxy_address: str = ""
    proxy_header: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Access:
        """Raises SettingsError for a file that is missing, empty or faulty."""
        if settings.proxy_header and not settings.proxy_address:
            raise SettingsError("proxy_header needs proxy_address, the proxy that is trusted")
        users = Users(settings.users) if settings.users else None
        keys = Keys(settings.keys) if settings.keys else None
        for names in filter(None, (users, keys)):
            names.read()
        sessions = tries = None
        if users:
            file = SignInFile.beside(users.path)
            sessions = Sessions(users.read, file, settings.session_hours)
            tries = Tries(file, _secret_of(users.path))
        proxy = (settings.proxy_address or "", settings.proxy_header or "")
        return cls(users, sessions, tries, keys, *proxy)

    @property
    def required(self) -> bool:
        """Whether one must say who one is."""
        return bool(self.users or self.keys or self.proxy_header)


def check_open(settings: Settings) -> None:
    """Raises SettingsError when all machines could ask without anyone having said they may."""
    signed = settings.users or settings.keys or settings.proxy_header
    if signed or settings.open_to_all or settings.host in LOOPBACK:
        return
    raise SettingsError(
        f"Listening on {settings.host} lets everyone who reaches it ask; give it users "
        "(assistant user add NAME --users FILE, then serve --users FILE) or say --open-to-all"
    )


def _secret_of(users: Path) -> bytes:
    """What device cookies are signed with: kept beside the users file, to outlive a restart."""
    path = users.with_name(users.name + ".secret")
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    except OSError as error:
        raise SignInError(f"{path} cannot be read: {error}") from None
    if len(found) < 32:
        found = secrets.token_hex(32).encode()
        _write(path, found.decode())
    return found


def _write(path: Path, text: str) -> None:
    """All or nothing, readable by its owner alone."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError as error:
        raise SignInError(f"{path} cannot be written: {error}") from None


_nobodies: list[str] = []


def _nobody() -> str:
    """A hash that no password fits."""
    if not _nobodies:
        _nobodies.append(_HASHER.hash(secrets.token_hex(16)))
    return _nobodies[0]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
