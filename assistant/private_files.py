"""Files for the eyes of the account that runs the program: 0600, folders 0700, whatever the umask.

Articles, questions and keys are in them. A program of ours narrows the umask of its process once
(:func:`for_this_process`); used from Python, whatever writes says so where it writes. An
installation that a group shares has 0660 and 0770 instead (the setting ``group_files``).
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PRIVATE, _GROUP = 0o077, 0o007  # what others may not
_masks = [_PRIVATE]  # one item: the mask of this process
_lock = threading.Lock()
_writers: list[int] = []  # the umask before the first of those who write now, once for each


def for_this_process(group: bool = False) -> None:
    """Every file that this process and its libraries make from now on is private."""
    _masks[:] = [_GROUP if group else _PRIVATE]
    os.umask(_masks[0])


@contextmanager
def writing() -> Iterator[None]:
    """Files that are made meanwhile are private: also by libraries, which know but the umask.

    That belongs to the process, so another thread's are private too until the last writer is done.
    """
    with _lock:
        before = os.umask(_masks[0])
        _writers.append(_writers[0] if _writers else before)
    try:
        yield
    finally:
        with _lock:
            before = _writers.pop()
            if not _writers:
                os.umask(before)


def file_mode() -> int:
    """The permissions of a file of this process."""
    return 0o666 & ~_masks[0]


def make_folder(path: Path) -> None:
    """Makes the folder, and those above it, where they are not there. Raises OSError."""
    with writing():
        path.mkdir(parents=True, exist_ok=True)


def make_file(path: Path) -> None:
    """Makes the file, empty, where there is none. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, file_mode()))
    _narrow(path)


def write(path: Path, data: bytes, new: bool = False) -> None:
    """Writes the file; ``new``: raises FileExistsError where it is there. Raises OSError."""
    with writing(), path.open("xb" if new else "wb") as file:
        _narrow(path)
        file.write(data)


def tighten(folder: Path) -> None:
    """Takes from others what they may with the folder and all in it, as earlier versions left it.

    What belongs to another account, and what a link leads to, stays as it is.
    """
    if not folder.is_dir() or folder.stat().st_mode & stat.S_ISVTX:  # a common place, like /tmp
        return
    _narrow(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _narrow(Path(place, name))


def _narrow(path: Path) -> None:
    with suppress(OSError):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _masks[0]:
            path.chmod(stat.S_IMODE(mode) & ~_masks[0])
