"""Stamps of derived indexes: what they were built from, and checksums of their files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stamp:
    """``generation`` of the catalog a derived index has seen, ``identity`` of what made it,
    ``count`` of passages in it, the SHA-256 of each of its files, and how many passages were
    ``removed`` from it since it was built."""

    generation: int
    identity: dict[str, str]
    count: int
    files: dict[str, str]
    removed: int = 0


def read(path: Path) -> Stamp | None:
    """The stamp, or None when it is missing or not a stamp."""
    try:
        stamp = Stamp(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    numbers = (stamp.generation, stamp.count, stamp.removed)
    tables = (stamp.identity, stamp.files)
    sound = all(type(n) is int for n in numbers) and all(type(t) is dict for t in tables)
    # A stamp without files would let them be read unchecked.
    return stamp if sound and stamp.files else None


def write(path: Path, stamp: Stamp) -> None:
    """Writes the stamp in one step: a reader sees the old one or the new one."""
    scratch = path.with_name(path.name + ".new")
    scratch.write_text(json.dumps(asdict(stamp), indent=1), "utf-8")
    os.replace(scratch, path)


def checksums(files: Sequence[Path]) -> dict[str, str]:
    """File name → SHA-256 in hex."""
    found = {}
    for file in files:
        with file.open("rb") as stream:
            found[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def damaged(stamp: Stamp, folder: Path) -> str:
    """Which stamped file is not there unchanged; "" when all are."""
    for name, expected in stamp.files.items():
        try:
            actual = checksums([folder / name])[name]
        except OSError:
            return f"{folder / name} is missing"
        if actual != expected:
            return f"{folder / name} is damaged (its checksum differs)"
    return ""
