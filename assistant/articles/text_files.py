"""Bytes of a file to text: encodings, newlines, NFC, and what no text may hold."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from pathlib import Path

from charset_normalizer import from_bytes

from assistant.text.legacy_encodings import decoded
from assistant.types import CorpusError

MAX_BYTES = 20_000_000

MOST_GUESSED = 50_000  # bytes by which an encoding is guessed

_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Behind "á»" it is the last byte of an "ễ", read as Latin-1.
_NEWLINE = re.compile("\r\n|[\r\v\f\u2028\u2029]|(?<!\xe1\xbb)\x85")
_UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # controls, half surrogate pairs
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


# What iconv knows by the same name as Python.
_ICONV = re.compile(r"CP(?!1006|720)\d+|GB\w+|BIG5\w*|KOI8-\w|ISO8859-\d+|EUC-(JP|KR)|SHIFT-JIS")


# Faults
def corpus_error(path: Path, why: str, remedy: str) -> CorpusError:
    return CorpusError(f"{printable(str(path))} {why}: {remedy}")


def printable(name: str) -> str:
    """``name`` on one line: control characters and undecodable bytes escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def system_fault(path: Path, error: OSError | ValueError) -> CorpusError:
    """The operating system's refusal in our words."""
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ENOENT:
        return corpus_error(path, "does not exist", "check the path")
    if code in (errno.EACCES, errno.EPERM):
        return corpus_error(
            path, "cannot be read, permission denied", "allow it, as with chmod u+r"
        )
    if code == errno.ELOOP:
        return corpus_error(path, "is a symbolic link that leads back to itself", "remove the link")
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return corpus_error(path, f"cannot be read, {why}", "check the path")


# Bytes to text
def text_of(path: Path, data: bytes) -> str:
    """The text of a file with ``\\n`` for every newline, in NFC, without a byte order mark.

    ``path`` is named in the CorpusError.
    """
    text = normalized(_decode(path, data))
    check_characters(path, text)
    return text


def read_bytes(path: Path) -> bytes:
    """A regular file of at most 20 MB. Raises CorpusError.

    It waits for nothing: what the kernel shows as a file of no size, as the log in /proc/kmsg, is
    not read, and a pipe that has just taken the file's place is not waited for.
    """
    try:
        _check_file(path, path.stat())  # first: to open a device may do something
        with open(os.open(path, os.O_RDONLY | _NO_WAIT), "rb") as file:
            size = _check_file(path, os.fstat(file.fileno()))
            data = file.read(size) if size else b""
        if len(data) < size:
            raise corpus_error(path, "was cut short while it was read", "try again")
        return data
    except (OSError, ValueError) as error:
        raise system_fault(path, error) from error


def _check_file(path: Path, status: os.stat_result) -> int:
    """The size of a file that can be read."""
    if stat.S_ISDIR(status.st_mode):
        raise corpus_error(path, "is a folder where a file should be", "rename it")
    if not stat.S_ISREG(status.st_mode):
        raise corpus_error(path, "is not a regular file", "copy its content into a file")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size / 1e6:.1f} MB"
        raise corpus_error(path, f"is too large ({size}, at most 20 MB)", "split it into articles")
    return status.st_size


def _decode(path: Path, data: bytes) -> str:
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            why = f"is damaged: not {encoding.upper()} at byte {error.start}"
            raise corpus_error(path, why, "save it again as UTF-8") from error
        # First, since letters of VISCII have the codes of control characters.
        if old := decoded(data):
            return old[0]
        if _CONTROL_BYTE.search(data):
            raise _binary(path) from error
        if _is_nearly_utf8(data):
            why = f"is damaged: not UTF-8 at byte {error.start}"
            raise corpus_error(path, why, "save it again as UTF-8") from error
        raise _uncertain(path, data, error.start) from error
    if "\x00" in text:
        raise _binary(path)
    return text


def _binary(path: Path) -> CorpusError:
    return corpus_error(path, "is a binary file", "save its text as UTF-8")


def _is_nearly_utf8(data: bytes) -> bool:
    """Whether most of what is not ASCII is UTF-8, as it hardly is in any other encoding."""
    text = data.decode("utf-8", "replace")
    above = len(text) - len(text.encode("ascii", "ignore"))
    return above > 2 * text.count("\ufffd")


def _uncertain(path: Path, data: bytes, position: int) -> CorpusError:
    """A fault with the way out: a command only where it works for this file.

    Other encodings are not guessed: their bytes do not tell them apart (GB 18030 passes for
    Korean, Latin-1 for Baltic), and a wrong guess garbles an article without anyone noticing.
    """
    start = max(0, position - MOST_GUESSED // 2)
    best = from_bytes(data[start : start + MOST_GUESSED]).best()
    guess = best.encoding.upper().replace("_", "-") if best and best.language != "Unknown" else ""
    why = f"is not UTF-8 (byte {position}), and its encoding is not certain"
    remedy = "save it again as UTF-8"
    if _ICONV.fullmatch(guess) and _is_in(guess, data):
        remedy = f"convert it, as with iconv -f {guess} -t UTF-8, naming the encoding you know"
    return corpus_error(path, why, remedy)


def _is_in(encoding: str, data: bytes) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def check_characters(path: Path, text: str, what: str = "it") -> None:
    """Refuse what no text holds: it would upset terminals, databases or hashing."""
    if unfit := _UNFIT.search(text):
        line = text.count("\n", 0, unfit.start()) + 1
        name = f"U+{ord(unfit.group()):04X}"
        why = f"cannot be used, {what} holds the control character {name} on line {line}"
        raise corpus_error(path, why, "remove it")


def without_unfit(text: str) -> str:
    """``text`` without what ``check_characters`` refuses: what a program wrote cannot be mended by
    who has the file."""
    return _UNFIT.sub("", text)


def check_content(path: Path, text: str, what: str = "it") -> None:
    if not any(c.isprintable() and not c.isspace() for c in text):
        raise corpus_error(
            path, f"cannot be used, {what} is empty", "write an article or remove it"
        )


def line_of(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def normalized(text: str) -> str:
    """``text`` as articles keep it: in NFC, with ``\\n`` for every newline."""
    return unicodedata.normalize("NFC", _NEWLINE.sub("\n", text))
