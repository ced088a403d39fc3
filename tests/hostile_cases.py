"""The table of hostile files: what each is, what makes it, what must come of it."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import Final

from tests import hostile as h
from tests.hostile import BROKEN, DEEP, LARGE, LONG, MANY, SLOW, UNPACKED, UNSOUND, Case
from tests.hostile_readings import MAILS, PAGES, PDF, TEXTS

BLANK: Final = "has no column of texts"

ARCHIVES = {
    "a letter 200 million times": Case(
        "a.zip", lambda: h.flat_bomb(201), refused=(MANY,), heavy=True
    ),
    "a letter 60 million times": Case(
        "a.zip", lambda: h.flat_bomb(60), refused=("too much text",), heavy=True
    ),
    "a page of 150 MB": Case(
        "a.zip",
        lambda: h.flat_bomb(150, "a.html"),
        refused=("holds no text", "too much text", LARGE, SLOW),
        heavy=True,
    ),
    "archives in archives": Case(
        "a.zip", lambda: h.nested_bomb(2), refused=("holds no articles", MANY), heavy=True
    ),
    "entries that overlap": Case("a.zip", lambda: h.overlapping(50), refused=(MANY,)),
    "100,000 entries that overlap": Case(
        "a.zip", lambda: h.overlapping(60_000), refused=(MANY,), heavy=True
    ),
    "sizes that are too small": Case(
        "a.zip", lambda: h.claimed(h.flat_bomb(2), 5), refused=(UNSOUND,)
    ),
    "sizes that are too large": Case(
        "a.zip", lambda: h.claimed(h.flat_bomb(2), 4_000_000_000), refused=(MANY,)
    ),
    "a link to /etc/passwd": Case("a.zip", h.linked, read=LONG),
    "10,001 members": Case("a.zip", lambda: h.many_members(10_001), refused=(MANY,), heavy=True),
    "names that lead out": Case(
        "a.zip", lambda: h.with_names("../../etc/a.txt", "/etc/b.txt", "..\\c.txt"), read=LONG
    ),
    "names with newlines": Case("a.zip", lambda: h.with_names("a\nb.txt"), read=LONG),
    "names that are the same": Case(
        "a.zip", lambda: h.with_names("a.txt", "A.txt", "./a.txt"), read=LONG
    ),
    "a very long name": Case("a.zip", lambda: h.with_names("a" * 60_000 + ".txt"), read=LONG),
    "packed by bzip2": Case("a.zip", lambda: h.packed_by(zipfile.ZIP_BZIP2), read=LONG),
    "packed by LZMA": Case("a.zip", lambda: h.packed_by(zipfile.ZIP_LZMA), read=LONG),
    "itself, cut off": Case(
        "a.zip", lambda: h.with_names("a.txt")[:-30], refused=("not whole", UNSOUND)
    ),
    "bytes changed": Case(
        "a.zip",
        lambda: h.zipped({"a.txt": LONG * 9}).replace(b"\x9d", b"\x9e", 1)[:60] + b"x" * 60,
        refused=("not whole", UNSOUND),
    ),
    "200 archives": Case(
        "a.zip",
        lambda: h.zipped({f"{n}.zip": h.with_names("a.txt") for n in range(200)}),
        refused=(MANY,),
    ),
    "a bomb in its mail": Case(
        "a.eml", lambda: h.mail_with("a.txt", b"a" * 1_000_000), read="aaaa"
    ),
    "a bomb of an archive in a mail": Case(
        "a.eml", lambda: h.mail_with("a.html.gz", gzip.compress(b"a" * 30_000_000)), read=LONG
    ),
    "a .gz named .html": Case(
        "a.html", lambda: gzip.compress(b"<p>" + LONG.encode()), refused=("is a .gz file",)
    ),
    "a .gz named .txt": Case(
        "a.txt", lambda: gzip.compress(b"a" * 1_000_000), refused=("is a .gz file",)
    ),
    "a .gz named .docx": Case(
        "a.docx", lambda: gzip.compress(b"a" * 1_000_000), refused=("is a .gz file",)
    ),
    "a .gz named .csv": Case(
        "a.csv", lambda: gzip.compress(b"a" * 1_000_000), refused=("is a .gz file",)
    ),
    "a .gz named .json": Case("a.json", lambda: gzip.compress(b"[]"), refused=("is a .gz file",)),
    "a .gz named .pdf": Case(
        "a.pdf", lambda: gzip.compress(h.page_with(h.stream(h.SHOWN))), refused=("is a .gz file",)
    ),
    "a .gz named .eml": Case(
        "a.eml", lambda: gzip.compress(LONG.encode()), refused=("is a .gz file",)
    ),
}

XML = {
    **{
        f"{kind} in .odt": Case(
            "a.odt",
            lambda kind=kind, head=head: h.odt(
                f"<text:p>{LONG} {h.REFERENCES.get(kind, '&a9;')}</text:p>", head
            ),
            read="",
            refused=(UNSOUND, LARGE),
        )
        for kind, head in h.DOCTYPES.items()
    },
    **{
        f"{kind} in .docx": Case(
            "a.docx",
            lambda kind=kind, head=head: h.word_with(
                h.paragraph(f"{LONG} {h.REFERENCES.get(kind, '&a9;')}"), head
            ),
            read="",
            refused=(UNSOUND, LARGE),
        )
        for kind, head in h.DOCTYPES.items()
    },
    **{
        f"{kind} in .epub": Case(
            "a.epub",
            lambda kind=kind, head=head: h.book(f"<p>{LONG} Hai. {LONG}</p>", head),
            read="",
            refused=(UNSOUND, LARGE),
        )
        for kind, head in h.DOCTYPES.items()
    },
    **{
        f"{kind} in a chapter": Case(
            "a.epub",
            lambda kind=kind, head=head: h.book(
                f"{head}<p>{LONG} Hai. {LONG} {h.REFERENCES.get(kind, '&a9;')}</p>"
            ),
            read=LONG,
        )
        for kind, head in h.DOCTYPES.items()
    },
    **{
        f"{kind} in .xlsx": Case(
            "a.xlsx",
            lambda kind=kind, head=head: h.workbook(
                h.ROWS.replace("Một", h.REFERENCES.get(kind, "&a9;")), head
            ),
            read="",
            refused=(UNSOUND, BLANK),
        )
        for kind, head in h.DOCTYPES.items()
    },
    **{
        f"{kind} in .html": Case(
            "a.html",
            lambda kind=kind, head=head: head.encode() + h.article(h.REFERENCES.get(kind, "&a9;")),
            read=LONG,
        )
        for kind, head in h.DOCTYPES.items()
    },
    "a document 201 MB large": Case(
        "a.docx", lambda: h.bomb_in_word(201), refused=(UNPACKED,), heavy=True
    ),
    "a document 150 MB large": Case(
        "a.docx", lambda: h.bomb_in_word(150), read="", refused=(LARGE, UNSOUND), heavy=True
    ),
    "a million paragraphs in .odt": Case(
        "a.odt",
        lambda: h.odt("<text:p>a</text:p>" * 1_000_000),
        read="a",
        refused=(LARGE,),
        heavy=True,
    ),
    "a million paragraphs in .docx": Case(
        "a.docx",
        lambda: h.word_with(h.paragraph("a") * 1_000_000),
        read="a",
        refused=(LARGE, SLOW),
        heavy=True,
    ),
    "spans 100,000 deep": Case(
        "a.odt",
        lambda: h.odt(
            "<text:p>" + "<text:span>" * 100_000 + LONG + "</text:span>" * 100_000 + "</text:p>"
        ),
        refused=(UNSOUND, DEEP),
    ),
    "lists 200 deep": Case(
        "a.odt",
        lambda: h.odt(
            "<text:list><text:list-item>" * 100
            + f"<text:p>{LONG}</text:p>"
            + "</text:list-item></text:list>" * 100
        ),
        read=LONG,
    ),
    "tables 100 deep in .docx": Case(
        "a.docx",
        lambda: h.word_with(
            "<w:tbl><w:tr><w:tc>" * 60 + h.paragraph(LONG) + "</w:tc></w:tr></w:tbl>" * 60
        ),
        read=LONG,
    ),
    "a cell a billion columns wide": Case(
        "a.odt",
        lambda: h.odt(
            "<table:table><table:table-row><table:table-cell table:"
            'number-columns-spanned="1000000000"><text:p>a</text:p></table:table-cell>'
            "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
        ),
        read="a",
    ),
    "macros in .docm": Case("a.docm", h.with_macros, read=LONG),
    "macros in .docx": Case("a.docx", h.with_macros, read=LONG),
    "a .docx named .docm": Case("a.docm", lambda: h.word_with(h.paragraph("Hai.")), read=LONG),
    "a chapter outside of its book": Case(
        "a.epub", lambda: h.book("x", href="../../../etc/passwd"), refused=("holds no text",)
    ),
    "a chapter on the network": Case(
        "a.epub", lambda: h.book("x", href="http://127.0.0.1:9/a"), refused=("holds no text",)
    ),
    "a chapter 10,000 times": Case(
        "a.epub", lambda: h.book(f"<p>{LONG} Hai. {LONG}</p>", times=10_000), read=LONG, heavy=True
    ),
}

TABLES = {
    "a sheet that claims a billion rows": Case(
        "a.xlsx", lambda: h.workbook(h.ROWS, dimension="A1:XFD1048576"), read=LONG
    ),
    "a cell in the last row and column": Case(
        "a.xlsx",
        lambda: h.workbook(h.ROWS + f'<row r="1048576">{h.cell("XFD1048576", "a")}</row>'),
        read=LONG,
        refused=(BROKEN, LARGE, UNSOUND),
    ),
    "a cell beyond the last row": Case(
        "a.xlsx",
        lambda: h.workbook(h.ROWS + f'<row r="4000000000">{h.cell("A4000000000", "a")}</row>'),
        read=LONG,
        refused=(BROKEN, LARGE, UNSOUND),
    ),
    "a million rows of .xlsx": Case(
        "a.xlsx",
        lambda: h.workbook(
            h.ROWS
            + "".join(f'<row r="{n}">{h.cell(f"B{n}", "a")}</row>' for n in range(3, 1_000_000))
        ),
        refused=("too much text", LARGE, SLOW),
        heavy=True,
    ),
    "macros in .xlsm": Case("a.xlsm", lambda: h.workbook(h.ROWS), read=LONG),
    "a line without end": Case(
        "a.csv", lambda: b"text\n" + b"a" * 15_000_000, refused=(UNSOUND,), heavy=True
    ),
    "a line of commas without end": Case(
        "a.csv", lambda: b"," * 15_000_000, refused=(BLANK, LARGE, UNSOUND), heavy=True
    ),
    "a quotation without end": Case(
        "a.csv", lambda: b'text\n"' + b"a,\n" * 1_000_000, refused=(UNSOUND,)
    ),
    "quotation marks alone": Case(
        "a.csv", lambda: b"text\n" + b'"' * 2_000_001, read='"', heavy=True
    ),
    "ten million rows": Case(
        "a.csv",
        lambda: b"text\n" + b"a\n" * 9_000_000,
        refused=("too much text", LARGE, SLOW),
        heavy=True,
    ),
    "10,000 columns": Case(
        "a.csv",
        lambda: (
            ",".join(f"c{n}" for n in range(10_000)) + ",text\n" + "x," * 10_000 + f'"{LONG}"'
        ).encode(),
        read=LONG,
    ),
    "days that are none, 20,000 times": Case(
        "a.csv",
        lambda: (
            b"text,date\n"
            + b"".join(b"Tin so %d,day %d of never\n" % (n, n) for n in range(20_000))
        ),
        read="Tin so",
        refused=(SLOW,),
        heavy=True,
    ),
    "bytes of NUL": Case("a.csv", lambda: b"text\n" + b"\0" * 1_000_000, refused=("binary",)),
}

RECORDS = {
    "lists 100,000 deep": Case(
        "a.json", lambda: b"[" * 100_000 + b"]" * 100_000, refused=("not valid JSON",)
    ),
    "objects 100,000 deep": Case(
        "a.json", lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, refused=("not valid JSON",)
    ),
    "lists 900 deep": Case(
        "a.json",
        lambda: b"[" * 900 + json.dumps({"text": LONG}).encode() + b"]" * 900,
        read=LONG,
        refused=(DEEP, "not valid JSON"),
    ),
    "lists 100,000 deep in .jsonl": Case(
        "a.jsonl", lambda: b"[" * 100_000 + b'\n{"text": "' + LONG.encode() + b'"}', read=LONG
    ),
    "a number of a million figures": Case(
        "a.json", lambda: b'{"a": ' + b"9" * 1_000_000 + b"}", refused=("not valid JSON",)
    ),
    "a million empty objects": Case(
        "a.json",
        lambda: b"[" + b"{}," * 1_000_000 + b"{}]",
        refused=("no object with a text",),
        heavy=True,
    ),
    "keys that are the same, a million times": Case(
        "a.json",
        lambda: b"{" + b'"text":"a",' * 500_000 + b'"text":"' + LONG.encode() + b'"}',
        read=LONG,
    ),
    "half a letter": Case(
        "a.json",
        lambda: b'{"text": "\\ud800 ' + LONG.encode() + b'", "title": "\\udfff"}',
        read=LONG,
    ),
    "SQuAD of 50,000 paragraphs": Case(
        "a.json",
        lambda: json.dumps(
            {"data": [{"paragraphs": [{"context": f"{LONG} {n}"} for n in range(50_000)]}]}
        ).encode(),
        read=LONG,
        heavy=True,
    ),
    "SQuAD whose data is wrong": Case(
        "a.json", lambda: b'{"data": [{"paragraphs": 3}]}', refused=("not in SQuAD's format",)
    ),
    "a key of a megabyte": Case(
        "a.json",
        lambda: b'{"' + b"a" * 1_000_000 + b'": 1, "text": "' + LONG.encode() + b'"}',
        read=LONG,
    ),
}

CASES: Final = {
    f"{kind}: {name}": case
    for kind, group in (
        ("archives", ARCHIVES),
        ("XML", XML),
        ("tables", TABLES),
        ("records", RECORDS),
        ("PDF", PDF),
        ("mails", MAILS),
        ("pages", PAGES),
        ("texts", TEXTS),
    )
    for name, case in group.items()
}
