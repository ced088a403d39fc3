"""Errands: what is to be done with the files that people sent, once a change is committed.

A file that is sent waits under another name until its articles are committed, and one that is
removed goes after its articles have. The commit itself notes what is left to do, so that it is
done by whoever comes next where a run ends in between.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from assistant.index.catalog import Catalog
from assistant.index.files import discarded, synced

UPLOADS = "uploads"  # folder of the files that people sent
INCOMING = ".incoming-"  # begins the name of a folder in it where a file waits


def finish(folder: Path, catalog: Catalog) -> None:
    """Does the errands. Only who may change the index calls this. Raises OSError, IndexFault."""
    errands = catalog.errands()
    for path, becomes in errands.items():
        _run(folder / path, folder / becomes if becomes else None)
    if errands:
        synced(folder / UPLOADS)
        with catalog.renewal() as changes:
            changes.drop_errands(list(errands))
    for left in (folder / UPLOADS).glob(f"{INCOMING}*"):
        discarded(left)


def _run(path: Path, becomes: Path | None) -> None:
    if becomes is None:
        path.unlink(missing_ok=True)
    elif path.exists():
        os.replace(path, becomes)


def noted(folder: Path, errands: Mapping[Path, Path | None]) -> dict[str, str]:
    """Errands in the index's folder as the catalog notes them: the folder may move."""

    def within(path: Path | None) -> str:
        return str(path.resolve().relative_to(folder.resolve())) if path else ""

    return {within(path): within(becomes) for path, becomes in errands.items()}
