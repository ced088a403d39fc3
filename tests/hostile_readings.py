"""Hostile files of pages, mails and plain texts; the others are in ``hostile_cases``."""

from __future__ import annotations

import base64
from typing import Final

from tests import hostile as h
from tests.hostile import BROKEN, DEEP, LARGE, LONG, SLOW, UNSOUND, Case

PDFS: Final = "health post"
NO_TEXT: Final = "holds pictures and no text"

PDF = {
    "nothing strange": Case("a.pdf", lambda: h.page_with(h.stream(h.SHOWN)), read=PDFS),
    "100 MB in a stream": Case(
        "a.pdf",
        lambda: h.page_with(h.deflated(h.SHOWN + b" " * 100_000_000)),
        read=PDFS,
        refused=(NO_TEXT, LARGE, BROKEN, SLOW),
        heavy=True,
    ),
    "a gigabyte in a stream, packed twice": Case(
        "a.pdf",
        lambda: h.page_with(h.deflated(h.deflated(b" " * 300_000_000)[-600_000:], 2)),
        read=None,
        refused=(NO_TEXT, LARGE, BROKEN, SLOW),
        heavy=True,
    ),
    "two million letters on a page": Case(
        "a.pdf",
        lambda: h.page_with(h.deflated(h.SHOWN * 50_000)),
        read=PDFS,
        refused=(SLOW, LARGE),
        heavy=True,
    ),
    "a tree of pages 10,000 deep": Case(
        "a.pdf", lambda: h.deep_pages(10_000), refused=(NO_TEXT, UNSOUND, BROKEN)
    ),
    "a billion pages": Case(
        "a.pdf", lambda: h.wide_pages(9), refused=(NO_TEXT, UNSOUND, SLOW, BROKEN)
    ),
    "pages that are their own parents": Case(
        "a.pdf",
        lambda: h.pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 5>>"),
        refused=(NO_TEXT, UNSOUND),
    ),
    "objects that lead to themselves": Case(
        "a.pdf",
        lambda: h.pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"3 0 R", b"2 0 R"),
        refused=(NO_TEXT, UNSOUND),
    ),
    "a form that draws itself": Case(
        "a.pdf",
        lambda: h.page_with(
            h.stream(h.SHOWN + b"/X Do"),
            h.stream(
                b"/X Do /X Do",
                b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>",
            ),
        ),
        read=PDFS,
        refused=(BROKEN, LARGE, SLOW),
        heavy=True,
    ),
    "a picture of JBIG2 that claims 4 billion dots": Case(
        "a.pdf",
        lambda: h.page_with(
            h.stream(h.SHOWN + b"/X Do"),
            h.stream(
                b"\0\0\0\0\x30\0\x01\0\0\0\x13\xff\xff\xff\xff\xff\xff\xff\xff" + b"\0" * 11,
                b"/Type/XObject/Subtype/Image/Width 65535/Height 65535/BitsPerComponent 1"
                b"/ColorSpace/DeviceGray/Filter/JBIG2Decode",
            ),
        ),
        read=PDFS,
    ),
    "a picture that claims a terabyte": Case(
        "a.pdf",
        lambda: h.page_with(
            h.stream(h.SHOWN + b"/X Do"),
            h.stream(
                b"x",
                b"/Type/XObject/Subtype/Image/Width 2147483647"
                b"/Height 2147483647/BitsPerComponent 8/ColorSpace/DeviceRGB",
            ),
        ),
        read=PDFS,
    ),
    "a script that opens a page": Case(
        "a.pdf",
        lambda: h.page_with(h.stream(h.SHOWN)).replace(
            b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(while(1){})>>", 1
        ),
        read=PDFS,
    ),
    "lists 100,000 deep": Case(
        "a.pdf",
        lambda: h.page_with(h.stream(b"[" * 100_000 + h.SHOWN)),
        read=None,
        refused=(NO_TEXT, BROKEN, UNSOUND),
    ),
    "states saved a million times": Case(
        "a.pdf",
        lambda: h.page_with(h.deflated(b"q " * 1_000_000 + h.SHOWN)),
        read=PDFS,
        refused=(LARGE, BROKEN),
        heavy=True,
    ),
    "a list of objects that claims billions": Case(
        "a.pdf",
        lambda: (
            h.page_with(h.stream(h.SHOWN))
            + b"\nxref\n0 4294967295\ntrailer<</Root 1 0 R/Size 4294967295"
            b"/Prev 0>>\nstartxref\n0\n%%EOF"
        ),
        read=PDFS,
        refused=(UNSOUND, NO_TEXT),
    ),
    "no end": Case(
        "a.pdf", lambda: h.page_with(h.stream(h.SHOWN))[:60], refused=("not whole", UNSOUND)
    ),
}

MAILS = {
    "50 parts in parts": Case("a.eml", lambda: h.nested_parts(50), refused=(DEEP, "holds no text")),
    "100,000 parts in parts": Case(
        "a.eml", lambda: h.nested_parts(100_000), refused=(DEEP, SLOW), heavy=True
    ),
    "50 mails in mails": Case("a.eml", lambda: h.nested_mails(50), refused=(DEEP, "holds no text")),
    "a million heads": Case(
        "a.eml", lambda: b"X-A: b\n" * 1_000_000 + b"\n" + LONG.encode(), read="S", heavy=True
    ),
    "a head of five megabytes": Case(
        "a.eml",
        lambda: (
            b"Subject: "
            + b"a" * 5_000_000
            + b"\nContent-Type: text/plain; charset=utf-8\n\n"
            + LONG.encode()
        ),
        read="",
        refused=("",),
        heavy=True,
    ),
    "an unknown encoding": Case(
        "a.eml",
        lambda: b"Content-Type: text/plain; charset=x-none\n\n" + LONG.encode(),
        read="",
        refused=(UNSOUND,),
    ),
    "a path for a name": Case(
        "a.eml", lambda: h.mail_with("../../a.txt", f"{LONG} Hai.".encode()), read="Hai."
    ),
    "a rule of dashes without end": Case(
        "a.eml", lambda: b"Content-Type: text/plain\n\n" + b"-" * 3_000_000, read="-"
    ),
    "rules of dashes": Case(
        "a.eml",
        lambda: (
            b"Content-Type: text/plain; charset=utf-8\n\n"
            + LONG.encode()
            + b"\n"
            + b"-----\n" * 300_000
        ),
        read=LONG,
    ),
    "base64 of zeros": Case(
        "a.eml",
        lambda: (
            b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(b"\0" * 2_000_000)
        ),
        read="",
        refused=("is empty", UNSOUND),
        heavy=True,
    ),
    "boundaries a million times": Case(
        "a.eml",
        lambda: (
            b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000 + b"--b--"
        ),
        read="",
        refused=("holds too much text",),
        heavy=True,
    ),
    "a page saved 100 deep": Case(
        "a.mhtml", lambda: h.nested_parts(90), refused=("holds no text", DEEP)
    ),
}

DEPTH = 100_000
PAGES = {
    **{
        f"<{tag}> 100,000 deep": Case(
            "a.html",
            lambda tag=tag: h.page(f"<{tag}>" * DEPTH + LONG + f"</{tag}>" * DEPTH),
            read="",
            refused=("holds no text", DEEP, SLOW, UNSOUND),
        )
        for tag in ("div", "span", "b", "blockquote", "ul><li", "font", "table><tr><td")
    },
    "<a> 100,000 deep": Case(
        "a.html",
        lambda: h.page("<a>" * DEPTH + LONG + "</a>" * DEPTH),
        read="",
        refused=("holds no text", DEEP, SLOW),
        heavy=True,
    ),
    "an attribute of five megabytes": Case(
        "a.html",
        lambda: h.article("<p class='" + "a" * 5_000_000 + "'>x</p>"),
        read=LONG,
        refused=(SLOW,),
        heavy=True,
    ),
    "100,000 attributes": Case(
        "a.html",
        lambda: h.article("<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</p>"),
        read=LONG,
        refused=(SLOW,),
        heavy=True,
    ),
    "100,000 tags that are not closed": Case(
        "a.html", lambda: h.article("<p>a" * 100_000), read="a", refused=(SLOW,), heavy=True
    ),
    "100,000 links": Case(
        "a.html",
        lambda: h.article("<a href=/x>tin khác ở đây</a> " * 100_000),
        read="",
        refused=(SLOW,),
        heavy=True,
    ),
    "a comment without end": Case("a.html", lambda: h.article("<!--" * 100_000), read=LONG),
    "a table of 100,000 rows": Case(
        "a.html",
        lambda: h.article(
            "<table><tr><th>a</th><th>b</th></tr>"
            + "<tr><td>1</td><td>2</td></tr>" * 100_000
            + "</table>"
        ),
        read="",
        refused=(SLOW,),
        heavy=True,
    ),
    "a data address": Case(
        "a.html",
        lambda: h.article(f"<img src='data:image/png;base64,{'A' * 3_000_000}'>"),
        read=LONG,
        heavy=True,
    ),
    "a script without end": Case(
        "a.html", lambda: h.article("<script>" + "a" * 2_000_000), read=LONG, heavy=True
    ),
    "JSON-LD 100,000 deep": Case(
        "a.html",
        lambda: h.article("<script type='application/ld+json'>" + "[" * 100_000 + "</script>"),
        read=LONG,
        refused=(DEEP,),
    ),
    "frames of files": Case(
        "a.html",
        lambda: h.article(
            "<iframe src='file:///etc/passwd'></iframe><object data='file:///etc/passwd'></object>"
        ),
        read=LONG,
    ),
    "spaces without end": Case(
        "a.html", lambda: h.article("<p>a" + " " * 3_000_000 + "b</p>"), read=LONG, heavy=True
    ),
    "bytes of no encoding": Case(
        "a.html",
        lambda: b"<html><body><p>" + bytes(range(128, 256)) * 1_000,
        read="",
        refused=("holds no text", UNSOUND),
    ),
    "groups 100,000 deep in .rtf": Case(
        "a.rtf",
        lambda: b"{\\rtf1 " + b"{" * DEPTH + b"Tin dai." + b"}" * DEPTH + b"}",
        read="Tin dai.",
    ),
    "groups that are not closed in .rtf": Case(
        "a.rtf", lambda: b"{\\rtf1 Tin dai." + b"{\\info" * DEPTH, read="Tin dai."
    ),
    "footnotes in footnotes in .rtf": Case(
        "a.rtf", lambda: b"{\\rtf1 Tin dai." + b"{\\footnote a" * 20_000, read="Tin dai."
    ),
    "a picture of ten megabytes in .rtf": Case(
        "a.rtf",
        lambda: b"{\\rtf1 Tin dai.{\\pict\\wmetafile8 " + b"ff" * 5_000_000 + b"}}",
        read="Tin dai.",
        refused=(SLOW,),
        heavy=True,
    ),
    "control words in .rtf": Case(
        "a.rtf",
        lambda: b"{\\rtf1 Tin dai. " + b"\\b" * 1_000_000 + b"}",
        read="Tin dai.",
        refused=(SLOW,),
        heavy=True,
    ),
    "a program to run in .rtf": Case(
        "a.rtf",
        lambda: (
            b"{\\rtf1 Tin dai.{\\object\\objdata 0105000002000000}"
            b"{\\field{\\*\\fldinst DDEAUTO c:\\\\x}}}"
        ),
        read="Tin dai.",
    ),
}

LINES = {
    "letters": "a", "dots": ".", "spaces": " a", "quotation marks": '"', "accents": "\u0301",
    "brackets": "([", "addresses": "www.", "days": "1/1/", "zero-width spaces": "\u200b",
}  # fmt: skip
MARKS = {
    "brackets": "[", "images": "![", "stars": "*a", "backticks": "`a``", "quotes": "> ",
    "comments": "<!--", "tags": "<a ", "rows": "|", "underlines": "_a_ ", "links": "[a](b",
    "footnotes": "[^a", "backslashes": "\\", "entities": "&a;", "addresses": "<http:",
}  # fmt: skip

TEXTS = {
    "a merge bomb in front matter": Case("a.txt", lambda: h.merge_bomb(26, 2).encode(), read=LONG),
    "a wide merge bomb": Case("a.md", lambda: h.merge_bomb(9, 9).encode(), read=LONG),
    "an alias bomb in front matter": Case("a.txt", lambda: h.alias_bomb().encode(), read=LONG),
    "brackets in front matter": Case(
        "a.txt",
        lambda: ("---\na: " + "[" * 60_000 + f"\n---\n{LONG}").encode(),
        read=LONG,
        heavy=True,
    ),
    "an object of Python in front matter": Case(
        "a.txt",
        lambda: f"---\na: !!python/object/apply:os.system ['touch x']\n---\n{LONG}".encode(),
        read=LONG,
    ),
    "TOML of a megabyte": Case(
        "a.txt",
        lambda: (
            "+++\n" + "".join(f"a{n} = 1\n" for n in range(100_000)) + f"+++\n{LONG}"
        ).encode(),
        read=LONG,
    ),
    "TOML 10,000 deep": Case(
        "a.txt", lambda: ("+++\na = " + "[" * 10_000 + f"\n+++\n{LONG}").encode(), read=LONG
    ),
    "front matter without end": Case(
        "a.txt", lambda: ("---\n" + "a: b\n" * 100_000).encode(), read="a: b"
    ),
    **{
        f"a line of {name} in .txt": Case(
            "a.txt", lambda mark=mark: f"{LONG}\n{mark * 500_000}".encode(), read=LONG
        )
        for name, mark in LINES.items()
    },
    **{
        f"a line of {name} in .md": Case(
            "a.md",
            lambda mark=mark: f"{LONG}\n\n{mark * (5_000 // len(mark))}".encode(),
            read=LONG,
        )
        for name, mark in MARKS.items()
    },
    "lists 10,000 deep in .md": Case(
        "a.md",
        lambda: (f"{LONG}\n\n" + "".join("  " * n + "- a\n" for n in range(1000))).encode(),
        read=LONG,
    ),
    "600,000 paragraphs in .md": Case(
        "a.md",
        lambda: f"{LONG}\n\n".encode() + b"a\n\n" * 600_000,
        read=LONG,
        refused=(SLOW, LARGE),
        heavy=True,
    ),
    "letters of no encoding": Case(
        "a.txt",
        lambda: bytes(range(128, 256)) * 100_000,
        refused=("encoding is not certain", "binary", LARGE),
        heavy=True,
    ),
    "UTF-16 that is cut off": Case(
        "a.txt", lambda: b"\xff\xfe" + LONG.encode("utf-16-le")[:-1], refused=("is damaged",)
    ),
    "UTF-32 of nothing": Case(
        "a.txt", lambda: b"\xff\xfe\0\0" + b"\xff" * 4_000, refused=("is damaged",)
    ),
    "TCVN3 of two megabytes": Case(
        "a.txt",
        lambda: (
            "Tr\u00ad\u00eang TiÓu häc Lª V¨n T¸m khai gi¶ng n¨m häc míi s¸ng nay.\n" * 30_000
        ).encode("latin-1"),
        read="Trường Tiểu học",
        heavy=True,
    ),
}
