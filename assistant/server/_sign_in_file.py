"""The file beside the users file: who is signed in, and how often passwords were tried of late.

One SQLite file, so that a restart forgets neither, and several servers over the same users know
the same. What stands in it opens nothing: of cookies, names and addresses there are digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.records.sqlite_file import Database
from assistant.types import SettingsError

SUFFIX: Final = ".sessions"  # after the name of the users file
LAYOUT: Final = 1
SCHEMA: Final = """
CREATE TABLE sessions (
    token BLOB PRIMARY KEY, -- SHA-256 of the cookie
    user TEXT NOT NULL,
    password TEXT NOT NULL, -- digest of the hash that was valid at signing in
    began REAL NOT NULL -- seconds since 1970
) WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user, began);
CREATE TABLE tries (
    id INTEGER PRIMARY KEY,
    whose BLOB NOT NULL, -- digest of the device, address or name whose allowance it uses
    at REAL NOT NULL
);
CREATE INDEX tries_of_whose ON tries (whose, at);
CREATE INDEX tries_by_age ON tries (at)
"""


class SignInError(SettingsError):
    """A file of who may come in cannot be used: one line that names it and says what to do."""


@dataclass(frozen=True, slots=True)
class SignInFile:
    """The open file. It is read on a connection of its own: whoever asks does not wait while
    another signs in."""

    reading: Database
    writing: Database

    @classmethod
    def beside(cls, users: Path) -> SignInFile:
        """Raises SignInError when it can neither be opened nor made."""
        path = users.with_name(users.name + SUFFIX)
        writing = Database.open(path, SCHEMA, LAYOUT, SignInError)
        return cls(Database.open(path, SCHEMA, LAYOUT, SignInError), writing)

    def close(self) -> None:
        self.reading.close()
        self.writing.close()
