"""Who is signed in: sessions that the server keeps, and can end.

The cookie is a random number and says nothing; the file beside the users file says whose it is
(OWASP, Session Management Cheat Sheet). So signing out ends it wherever it was copied to.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from assistant.server._sign_in_file import SignInFile

MOST_OF_A_USER: Final = 50  # at once; the oldest goes

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 random bytes
_LIVE: Final = "SELECT user, password FROM sessions WHERE token = ? AND began > ?"
_SURPLUS: Final = (
    "DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE user = ? "
    "ORDER BY token = ? DESC, began DESC LIMIT -1 OFFSET ?)"
)


class Sessions:
    """The sessions of the users whose password hashes ``hashes`` gives.

    One ends after ``hours``, by signing out, with its user, and with the password that was valid
    when it began.
    """

    def __init__(
        self, hashes: Callable[[], Mapping[str, str]], file: SignInFile, hours: float
    ) -> None:
        self._hashes = hashes
        self._file = file
        self.seconds = int(hours * 3600)

    def begin(self, name: str) -> str:
        """The value of a new cookie of that user. What is over is swept out."""
        token = secrets.token_urlsafe(32)
        now, known = time.time(), self._hashes()
        with self._file.writing.write() as db:
            db.execute("DELETE FROM sessions WHERE began <= ?", (now - self.seconds,))
            for user, password in db.execute("SELECT DISTINCT user, password FROM sessions"):
                if password != _version(known, user):
                    db.execute(
                        "DELETE FROM sessions WHERE user = ? AND password = ?", (user, password)
                    )
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)",
                (_digest(token), name, _version(known, name), now),
            )
            db.execute(_SURPLUS, (name, _digest(token), MOST_OF_A_USER))
        return token

    def user(self, token: str) -> str | None:
        """The user whose cookie this is; None unless the session lives."""
        if not _TOKEN.fullmatch(token):
            return None
        found = self._file.reading.rows(_LIVE, (_digest(token), time.time() - self.seconds))
        if not found:
            return None
        user, password = found[0]
        return str(user) if password == _version(self._hashes(), user) else None

    def user_of(self, tokens: Iterable[str]) -> str | None:
        """The one user of all these cookies: None where they are of several, since another than
        the browser's own may have been put beside it."""
        users = {user for user in map(self.user, tokens) if user}
        return users.pop() if len(users) == 1 else None

    def end(self, tokens: Iterable[str]) -> None:
        """Signs out."""
        with self._file.writing.write() as db:
            for token in tokens:
                db.execute("DELETE FROM sessions WHERE token = ?", (_digest(token),))

    def end_all(self, name: str) -> None:
        """Signs the user out everywhere."""
        with self._file.writing.write() as db:
            db.execute("DELETE FROM sessions WHERE user = ?", (name,))


def _version(known: Mapping[str, str], name: str) -> str:
    """Tells one password of a user from the next; "" of who is no user."""
    hashed = known.get(name)
    return "" if hashed is None else hashlib.sha256(hashed.encode()).hexdigest()[:32]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
