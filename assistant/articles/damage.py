"""Why a file cannot be read by the reader of its name, in one line that says what to do."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Final

from assistant.articles.text_files import corpus_error
from assistant.types import CorpusError

MOST_READ: Final = 1_000_000  # bytes of a list of files
MOST_UNPACKED: Final = 200_000_000  # bytes of what is packed in a file, in all

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # files of Office 97, and encrypted ones
_HEADS: Final = tuple(
    (re.compile(head, re.DOTALL), kind)
    for head, kind in (
        (rb"%PDF-", ".pdf"),
        (rb"\{\\rtf", ".rtf"),
        (rb"\x1f\x8b", ".gz"),
        (rb"Rar!\x1a", ".rar"),
        (rb"7z\xbc\xaf", ".7z"),
        (rb"\x89PNG", ".png"),
        (rb"\xff\xd8\xff", ".jpg"),
        (rb"GIF8[79]a", ".gif"),
        (rb"RIFF....WEBP", ".webp"),
        (rb"II\*\0|MM\0\*", ".tif"),
        (rb"....ftyp(?:hei|mif1)", ".heic"),
        (rb"....ftyp", ".mp4"),
        (rb"ID3[\2-\4]\0", ".mp3"),
    )
)
_IN_ZIP: Final = (
    ("word/document.xml", ".docx"),
    ("xl/workbook.xml", ".xlsx"),
    ("META-INF/container.xml", ".epub"),
    ("content.xml", ".odt"),
)
_IN_OLE: Final = (("WordDocument", ".doc"), ("Workbook", ".xls"))
_PAGE = re.compile(rb"\A\s*(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)\b", re.IGNORECASE)
_ALIKE: Final = (
    {".html", ".htm"}, {".odt", ".ods"}, {".mhtml", ".mht", ".eml"}, {".docx", ".docm"},
    {".xlsx", ".xlsm"},
)  # fmt: skip
_UNPACK: Final = "unpack it and add its files"
_RECOGNIZE: Final = "recognize its text first, and save that"
_REMEDIES: Final = {
    ".doc": "save it as .docx", ".gz": _UNPACK, ".rar": _UNPACK, ".7z": _UNPACK,
    **dict.fromkeys((".png", ".jpg", ".gif", ".webp", ".tif", ".heic"), _RECOGNIZE),
    **dict.fromkeys((".mp4", ".mp3"), "save its text as .txt"),
}  # fmt: skip


def check_unpacked(path: Path, data: bytes) -> None:
    """Refuse a packed document that is far larger than it looks. Raises CorpusError.

    The sizes are those that its list of files claims: zipfile reads no more of any, and other
    readers are ended where they need too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as files:
            unpacked = sum(info.file_size for info in files.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return  # what is wrong with it tells its reader
    if unpacked > MOST_UNPACKED:
        raise corpus_error(path, "holds too much when it is unpacked", "split it")


def fault_of(path: Path, data: bytes) -> CorpusError | None:
    """What is wrong with a file by its bytes alone; None where they do not tell."""
    if not data.strip(b"\x00 \t\r\n"):
        return corpus_error(path, "is empty", "save or download it again")
    if _is_encrypted(data):
        return corpus_error(path, "opens with a password only", "save it without one")
    kind, own = _kind_of(data), path.suffix.lower()
    if kind and kind != own and not any({kind, own} <= alike for alike in _ALIKE):
        why = f"is a {kind} file by its content"
        return corpus_error(path, why, _REMEDIES.get(kind, "name it so"))
    if _is_cut_off(data):
        return corpus_error(path, "is not whole, its end is missing", "copy or download it again")
    return None


def is_marked(data: bytes) -> bool:
    """Whether the bytes begin as those of a known kind do, and no text."""
    return data.startswith((_OLE, b"PK\x03\x04")) or bool(_by_head(data))


def _by_head(data: bytes) -> str:
    return next((kind for head, kind in _HEADS if head.match(data)), "")


def _is_encrypted(data: bytes) -> bool:
    if data.startswith(_OLE):
        return _utf16("EncryptedPackage") in data
    return b"encryption-data" in _member(data, "META-INF/manifest.xml")


def _kind_of(data: bytes) -> str:
    """The suffix that files with this content have, "" where it is not known."""
    if data.startswith(_OLE):
        return next((kind for name, kind in _IN_OLE if _utf16(name) in data), "")
    if data.startswith(b"PK\x03\x04"):
        names = _names(data)
        return next((kind for name, kind in _IN_ZIP if name in names), ".zip" if names else "")
    if _PAGE.match(data):
        return ".html"
    return _by_head(data)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


def _names(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as files:
            return files.namelist()
    except (zipfile.BadZipFile, ValueError):
        return []


def _member(data: bytes, name: str) -> bytes:
    """A file in an archive, b"" where it is not there or cannot be read."""
    if name not in _names(data):
        return b""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as files, files.open(name) as member:
            return member.read(MOST_READ)
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError):
        return b""


def _is_cut_off(data: bytes) -> bool:
    """Whether an archive has no list of its files, or a PDF no end."""
    if data.startswith(b"PK\x03\x04"):
        return not _names(data)
    return data.startswith(b"%PDF-") and b"%%EOF" not in data[-2048:]
