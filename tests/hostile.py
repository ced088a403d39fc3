"""Files that are made to do harm, made by code: what each is, and what must come of it.

A case is read with a text, or refused with a message; ``heavy`` ones take more than a moment.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage

import docx

LONG = "Sáng 9-9, phường Bình Khê khai trương trạm y tế rộng 900m2. Trạm có 14 nhân viên."
SECRET = "root:"  # how /etc/passwd begins
MANY = "holds too much for one archive"
UNPACKED = "holds too much when it is unpacked"
SLOW, LARGE, BROKEN = "takes too long", "needs too much memory", "makes its reader break off"
UNSOUND, DEEP = "is no sound", "is nested too deeply"


@dataclass(frozen=True)
class Case:
    """A file ``name``; a heavy one may always be refused as too slow.

    ``read``: what its text has, "" where any will do. ``refused``: what one of the messages has.
    Where both are given either may come: it depends on the library's version.
    """

    name: str
    make: Callable[[], bytes]
    read: str | None = None
    refused: tuple[str, ...] = ()
    heavy: bool = False


def zipped(
    files: Mapping[str, bytes | str], level: int = 9, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method, compresslevel=level) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


# Archives
def flat_bomb(megabytes: int, name: str = "a.txt") -> bytes:
    return zipped({name: b"a" * megabytes * 1_000_000})


def nested_bomb(levels: int) -> bytes:
    inner = flat_bomb(30)
    for _ in range(levels):
        inner = zipped({f"{n}.zip": inner for n in range(8)})
    return inner


def claimed(data: bytes, size: int) -> bytes:
    """An archive whose first member says in both places that it has another size."""
    at = data.index(b"PK\x01\x02")
    data = data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]
    return data[:22] + struct.pack("<I", size) + data[26:]


def overlapping(members: int) -> bytes:
    """Entries that all lead to the same packed content."""
    one = zipped({"a.txt": b"a" * 20_000_000})
    at, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entry = one[at:end]
    names = (f"{n:05d}"[-5:].encode() for n in range(members))
    listed = b"".join(entry.replace(b"a.txt", name + b".txt")[:28] + struct.pack("<H", 9)
                      + entry[30:46] + name + b".txt" for name in names)  # fmt: skip
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, members, members, len(listed), at, 0)
    return one[:at] + listed + tail


def linked() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("a.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("b.txt", LONG)
    return made.getvalue()


def many_members(count: int) -> bytes:
    return zipped({f"{n}.txt": f"{LONG} {n}" for n in range(count)}, 1)


def with_names(*names: str) -> bytes:
    return zipped({name: f"{LONG} {n}" for n, name in enumerate(names)})


def packed_by(method: int) -> bytes:
    return zipped({"a.txt": LONG}, method=method)


# XML in archives
LAUGHS = '<!DOCTYPE x [<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
) + "]>"  # fmt: skip
QUADRATIC = '<!DOCTYPE x [<!ENTITY a "' + "ha" * 50_000 + '">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;<!ENTITY a9 "x">]>'
NETWORK = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY a9 "x">]>'
DOCTYPES = {"laughs": LAUGHS, "quadratic": QUADRATIC, "outside": OUTSIDE, "parameter": PARAMETER,
            "network": NETWORK}  # fmt: skip
REFERENCES = {"quadratic": "&a;" * 20_000}
_OFFICE = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">'
    "<office:body>{}</office:body></office:document-content>"
)


def odt(body: str, before: str = "") -> bytes:
    content = before + _OFFICE.format(f"<office:text>{body}</office:text>")
    return zipped({"content.xml": content, "meta.xml": "<m/>"})


def word(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A .docx whose files were changed."""
    stream = io.BytesIO()
    made = docx.Document()
    made.add_paragraph(LONG)
    made.save(stream)
    with zipfile.ZipFile(stream) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    return zipped(files)


def word_with(body: str, before: str = "") -> bytes:
    def change(files: dict[str, bytes]) -> None:
        name = "word/document.xml"
        text = files[name].decode()
        head, _, rest = text.partition("<w:body>")
        head = head.replace("?>", "?>" + before, 1)
        files[name] = f"{head}<w:body>{body}{rest}".encode()

    return word(change)


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def with_macros() -> bytes:
    plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    macros = b"application/vnd.ms-word.document.macroEnabled.main+xml"

    def change(files: dict[str, bytes]) -> None:
        files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(plain, macros)
        files["word/vbaProject.bin"] = b'Sub AutoOpen()\nShell "touch /tmp/x"\nEnd Sub'

    return word(change)


def bomb_in_word(megabytes: int) -> bytes:
    def change(files: dict[str, bytes]) -> None:
        files["word/document.xml"] += b" " * megabytes * 1_000_000

    return word(change)


def book(chapter: str, before: str = "", href: str = "a.xhtml", times: int = 1) -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="p.opf"/></rootfiles></container>'
    )
    package = (
        f'{before}<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        f'<item id="a" href="{href}"/></manifest><spine>'
        + '<itemref idref="a"/>' * times
        + "</spine></package>"
    )
    files = {"META-INF/container.xml": container, "p.opf": package, "a.xhtml": chapter}
    return zipped(files)


def workbook(rows: str, before: str = "", dimension: str = "A1:B2") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    )
    return zipped({
        "[Content_Types].xml": types,
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r" '
                       f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
                           '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{main}">'
            f'<dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>',
        "xl/vbaProject.bin": "Sub Auto_Open()",
    })  # fmt: skip


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


ROWS = (
    f'<row r="1">{cell("A1", "title")}{cell("B1", "text")}</row>'
    f'<row r="2">{cell("A2", "Một")}{cell("B2", LONG)}</row>'
)


# PDF
def pdf(*objects: bytes, root: int = 1) -> bytes:
    """Objects numbered from 1 on; PDFium finds them without a table."""
    body = b"".join(b"%d 0 obj%b endobj\n" % (n, one) for n, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root %d 0 R>>\n%%%%EOF" % root


def stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (about, len(data), data)


def deflated(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter[" + b"/FlateDecode" * times + b"]")


def page_with(content: bytes, *more: bytes) -> bytes:
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R"
        b">>/XObject<</X 6 0 R>>>>>>",
        content,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *more,
    )


SHOWN = b"BT /F 12 Tf 50 700 Td (A health post opened in Binh Khe this morning.) Tj ET\n"


def deep_pages(levels: int) -> bytes:
    nodes = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 3) for n in range(levels)]
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>")


def wide_pages(levels: int) -> bytes:
    """Every node has ten times the same child: 10^levels pages."""
    kids = (b" ".join([b"%d 0 R" % (n + 3)] * 10) for n in range(levels))
    nodes = [
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kid, 10 ** (levels - n))
        for n, kid in enumerate(kids)
    ]
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>")


# Mails
def nested_parts(levels: int) -> bytes:
    heads = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(levels)
    )
    return f"Subject: x\n{heads}Content-Type: text/plain\n\n{LONG}\n".encode()


def nested_mails(levels: int) -> bytes:
    inner = EmailMessage()
    inner["Subject"] = "trong"
    inner.set_content(LONG)
    for n in range(levels):
        outer = EmailMessage()
        outer["Subject"] = f"{n}"
        outer.set_content("x")
        outer.add_attachment(inner)
        inner = outer
    return bytes(inner)


def mail_with(name: str, content: bytes) -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"] = "Tin", "An <an@bao.example>"
    made.set_content(LONG)
    made.add_attachment(content, maintype="application", subtype="x", filename=name)
    return bytes(made)


def page(body: str) -> bytes:
    return f"<html><head><title>Tin</title></head><body>{body}</body></html>".encode()


def article(extra: str) -> bytes:
    return page(f"<article><h1>Tin</h1><p>{LONG}</p><p>{LONG} Hai.</p>{extra}</article>")


def merge_bomb(levels: int, wide: int) -> str:
    lines = ["a0: &a0 {k: v}"] + [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * wide)}]}}" for n in range(1, levels)
    ]
    return "---\n" + "\n".join(lines) + f"\n---\n{LONG}"


def alias_bomb() -> str:
    lines = ["a0: &a0 [x, x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)
    ]
    return "---\n" + "\n".join(lines) + f"\n---\n{LONG}"
