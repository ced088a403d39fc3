"""Stamps of derived indexes: what they were built from, and checksums of their files.

The catalog keeps them: the commit that makes a state names the indexes of that state, which were
made before. So whoever reads a state finds its indexes, and no run that was cut short leaves any
that are used. Nothing here waits for the disk: an index that the power failure took is found
damaged, and made again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.index._catalog_reading import Reading
from assistant.index.files import discarded


@dataclass(frozen=True, slots=True)
class Stamp:
    """``name`` of a derived index's file or folder, ``generation`` of the catalog it has seen,
    ``identity`` of what made it, ``count`` of passages in it, the SHA-256 of each of its files."""

    name: str
    generation: int
    identity: dict[str, str]
    count: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Stamps:
    """Of both indexes of one state."""

    dense: Stamp
    lexical: Stamp


def written(stamps: Stamps) -> str:
    """As the catalog keeps them."""
    return json.dumps(asdict(stamps))


def read(catalog: Reading) -> Stamps | None:
    """Those of the catalog's state, or the last ones that were made; None without any."""
    text = catalog.meta()["derived"]
    if not text:
        return None
    found = json.loads(text)
    for stamp in found.values():
        stamp.pop("removed", None)  # of earlier versions: always 0
    return Stamps(Stamp(**found["dense"]), Stamp(**found["lexical"]))


def fresh_name(kind: str, generation: int, suffix: str = "") -> str:
    """A name that no other index has or had."""
    return f"{kind}-{generation}-{secrets.token_hex(4)}{suffix}"


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


# What earlier versions called them, too.
_DERIVED = ("dense-*.faiss", "lexical-*", "passages.faiss*", "lexical", "lexical.*", "dense.json*")


def leftovers(folder: Path, stamps: Stamps | None) -> list[Path]:
    """Derived indexes that are none of ``stamps``: replaced, or of a run that was cut short."""
    kept = {stamps.dense.name, stamps.lexical.name} if stamps else set()
    return sorted({p for pattern in _DERIVED for p in folder.glob(pattern) if p.name not in kept})


def clear(folder: Path, stamps: Stamps | None) -> None:
    """Deletes the leftovers. Who has one of them open goes on with it."""
    for path in leftovers(folder, stamps):
        discarded(path)
