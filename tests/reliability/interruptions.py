"""Interruptions: the process dies, or the disk is full, at one step of what it writes.

A step is a file that is opened to write, half of what is written into it, an fsync, a rename, a
link, a deletion, a folder, each statement of SQLite that changes anything, and what comes after a
commit. A process dies without a word: no ``finally`` runs, nothing is rolled back or closed.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import sqlite3
from collections.abc import Callable
from typing import Any, Literal

Kind = Literal["none", "kill", "full"]

KILLED = 77  # exit code of a process that died so
_CALLS = "replace rename unlink link symlink mkdir rmdir fsync truncate".split()
_CHANGING = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "BEGIN I", "COMMIT")


class Interruption:
    """Counts steps; at number ``at`` (from 1) it interrupts. Under ``root`` only."""

    def __init__(self, kind: Kind, at: int, root: str) -> None:
        self.kind, self.at, self.root = kind, at, root
        self.steps = 0

    def step(self, half: Callable[[], object] | None = None) -> None:
        self.steps += 1
        # A disk stays full.
        if self.kind == "none" or self.steps < self.at or (self.steps > self.at and self.killing):
            return
        if half:
            half()
        if self.killing:
            os._exit(KILLED)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @property
    def killing(self) -> bool:
        return self.kind == "kill"

    def install(self) -> None:
        """For the rest of the process."""
        for name in _CALLS:
            setattr(os, name, self._counted(name, getattr(os, name)))
        opened = io.open

        def open_(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
            found_ = str(file).startswith(self.root)
            if not found_ or not set(mode) & set("wxa+"):
                return opened(file, mode, *args, **named)
            self.step()
            return _Half(opened(file, mode, *args, **named), self)

        io.open = builtins.open = open_  # type: ignore[assignment]
        connect, interruption = sqlite3.connect, self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                _statement(interruption, sql)
                found = super().execute(sql, *args)
                if sql.startswith("COMMIT"):
                    _sqlite_step(interruption)
                return found

            def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
                _statement(interruption, sql)
                return super().executemany(sql, *args)

            def backup(self, *args: Any, **named: Any) -> None:
                _statement(interruption, "COMMIT")
                super().backup(*args, **named)
                _sqlite_step(interruption)

        def connect_(*args: Any, **named: Any) -> sqlite3.Connection:
            return connect(*args, **{"factory": Connection} | named)

        sqlite3.connect = connect_  # type: ignore[assignment]

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        freeing = name in ("unlink", "rmdir", "fsync")  # a full disk does not mind

        def counted(*args: Any, **named: Any) -> Any:
            if freeing and not self.killing:
                return call(*args, **named)
            self.step()
            return call(*args, **named)

        return counted


def _statement(interruption: Interruption, sql: str) -> None:
    if sql.lstrip().upper().startswith(_CHANGING):
        _sqlite_step(interruption)


def _sqlite_step(interruption: Interruption) -> None:
    """A step that fails as SQLite has it fail."""
    try:
        interruption.step()
    except OSError:
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise full from None


class _Half:
    """A file of which only half of what is written arrives."""

    def __init__(self, file: Any, interruption: Interruption) -> None:
        self._file, self._interruption = file, interruption

    def write(self, data: Any) -> int:
        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        self._interruption.step(half)
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Half:
        return self

    def __exit__(self, *fault: Any) -> None:
        self._file.close()
