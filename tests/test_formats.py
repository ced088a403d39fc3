"""Articles in files of other programs: what is read, and what is said of those that fail."""

from __future__ import annotations

import base64
import datetime
import io
import json
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument

from assistant.articles.document import table
from assistant.articles.files import read_article, read_articles
from assistant.articles.markdown import light_text
from assistant.articles.suffixes import ARTICLE_SUFFIXES
from assistant.types import Article

LONG = "Sáng 9-9, phường Bình Khê khai trương trạm y tế rộng 900m2. Trạm có 14 nhân viên."


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def facts(article: Article) -> tuple[str, str, str, str]:
    return article.title, article.source, article.date, article.author


def test_rows_are_told_with_their_header() -> None:
    rows = [["Mặt hàng", "Tuần này"], ["Cà phê", "121.500"], ["Tiêu", ""], ["", ""]]
    assert table(rows) == "Mặt hàng: Cà phê; Tuần này: 121.500.\nMặt hàng: Tiêu."
    assert table([["Một"], ["Hai"]]) == "Một\nHai"
    assert table([["A", ""], ["x", "y"]]) == "A: x; y."


PAGE = """<html lang="vi"><head><meta charset="utf-8"><title>Cầu mới</title></head><body>
<ul><li><a href="/">Trang chủ</a></li></ul><h1>Cầu mới ở Bình Khê</h1>{lead}
<article>{table}<p>Sáng nay phường Bình Khê thông xe cây cầu qua rạch Gốc, dài 86 m và rộng 6 m, sau
14 tháng thi công.</p><p>Bà Phạm Thị Thùy, chủ tịch phường, nói 1.200 hộ không còn phải đi đò. Cầu
cũ bằng gỗ được dựng từ năm 1998.</p><p>Theo Sở Xây dựng, công trình gồm ba nhịp dầm bê tông cốt
thép, tải trọng 8 tấn, có lan can và đèn chiếu sáng dọc hai bên.</p><p>Ông Đỗ Văn Đạt, 61 tuổi, kể
mỗi mùa nước nổi gia đình ông phải neo ghe trước nhà để đưa cháu đi học.</p></article>
</body></html>"""


@pytest.mark.parametrize(
    "lead",
    [
        "<p><span>Đồng Tháp</span>Cây cầu nối hai ấp cù lao được chờ mười năm.</p>",
        "<h2 class=sapo>Cây cầu nối hai ấp cù lao được chờ mười năm.</h2>",
        "<div><p><strong>Cây cầu nối hai ấp cù lao được chờ mười năm.</strong></p></div>",
    ],
)
def test_the_lead_of_a_page_comes_first_wherever_it_stands(lead: str, tmp_path: Path) -> None:
    page = put(tmp_path, "a.html", PAGE.format(lead=lead, table=""))
    article = read_article(page)
    first, *_ = article.text.removeprefix("# Cầu mới ở Bình Khê\n\n").split("\n\n")
    assert first.lstrip("# ").endswith("Cây cầu nối hai ấp cù lao được chờ mười năm.")
    assert "ThápCây" not in article.text and article.text.count("chờ mười năm") == 1
    assert article.date == ""  # a year in the text is no day of it


def test_a_caption_is_no_row_and_a_row_may_be_a_name_and_what_it_is(tmp_path: Path) -> None:
    prices = (
        "<table><caption>Giá (nghìn đồng)</caption><tr><th>Hàng</th><th>Tuần này</th></tr>"
        "<tr><td>Cà phê</td><td>121,5</td></tr></table>"
        "<table><tr><th>Chiều dài</th><td>86 m</td></tr><tr><th>Rộng</th><td>6 m</td></tr></table>"
    )
    text = read_article(put(tmp_path, "a.html", PAGE.format(lead="", table=prices))).text
    assert "Hàng: Cà phê; Tuần này: 121,5." in text and "Giá (nghìn đồng)" in text
    assert "Chiều dài: 86 m." in text and "Rộng: 6 m." in text


@pytest.mark.parametrize(
    ("declared", "written"),
    [("", "utf-8"), ("us-ascii", "utf-8"), ("iso-8859-1", "utf-8"), ("x-none", "utf-8"),
     ("windows-1258", "utf-8"), ("utf-16", "utf-16")],
)  # fmt: skip
def test_a_mail_is_read_in_the_letters_that_it_has(
    declared: str, written: str, tmp_path: Path
) -> None:
    charset = f"; charset={declared}" if declared else ""
    body = base64.b64encode(LONG.encode(written)).decode()
    for kind in ("plain", "html"):
        head = f"Subject: Tin\nContent-Type: text/{kind}{charset}\n"
        mail = put(tmp_path, "a.eml", f"{head}Content-Transfer-Encoding: base64\n\n{body}\n")
        if kind == "plain" or written == "utf-8":
            assert read_article(mail).text.strip() == LONG


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ("Thời gian: 8 giờ ngày 12/9\nĐịa điểm: Nhà văn hóa\nThành phần: mỗi hộ một người", True),
        ("Đường dây nóng: 0909 000 111", True),
        ("Tiêu đề: Tin mới\nNguồn: Báo Mới", False),
        ("layout: post\ntags: [a, b]", False),
        ("title: Tin mới\nGhi chú: không đăng", False),
    ],
)
def test_a_notice_between_rules_is_text_and_front_matter_is_not(
    block: str, kept: bool, tmp_path: Path
) -> None:
    for name in ("a.md", "a.txt"):
        text = read_article(put(tmp_path, name, f"---\n{block}\n---\n\n{LONG}\n")).text
        assert all((line.partition(": ")[2] in text) == kept for line in block.split("\n"))
        assert LONG in text


@pytest.mark.parametrize(
    ("line", "author", "source", "date"),
    [
        ("Hà Nội, 7/9/2025", "", "", "2025-09-07"),
        ("Thời Sự | 07/09/2025", "", "", "2025-09-07"),
        ("Theo Thanh Niên", "", "Thanh Niên", ""),
        ("Xem Thêm", "", "", ""),
        ("Lê Bình - 07/09/2025", "Lê Bình", "", "2025-09-07"),
        ("Ngày 3/5/2019, cầu cũ bị lũ cuốn.", "", "", ""),
        ("Thứ ba, ngày 9 tháng 9 năm 2025.", "", "", "2025-09-09"),
    ],
)
def test_what_a_line_below_the_headline_tells(
    line: str, author: str, source: str, date: str, tmp_path: Path
) -> None:
    article = read_article(put(tmp_path, "a.txt", f"Cầu mới ở Bình Khê\n{line}\n\n{LONG}\n"))
    assert facts(article) == ("Cầu mới ở Bình Khê", source, date, author)


def test_markdown_is_read_without_its_marks() -> None:
    text = light_text(
        "# Bảng *giá*\n\nGiá tại [chợ](https://a.example 'x') **tăng**[^1]\nmạnh.\n\n"
        "| Hàng | Giá |\n|---|---:|\n| Tiêu | 139.000 |\n\n"
        "- một\n- hai\n    1. ba\n\n3. bốn\n\n> trích\n\n![ảnh](a.jpg)\n\n```\nmã 47\n```\n"
        "***\n<b>đậm</b>\n\n[^1]: Nguồn quận."
    )
    assert text.split("\n\n") == [
        "# Bảng giá",
        "Giá tại chợ tăng mạnh.",
        "Hàng: Tiêu; Giá: 139.000.",
        "- một\n- hai\n1. ba",
        "3. bốn",
        "trích",
        "mã 47",
        "đậm",
        "Nguồn quận.",
    ]


def word(*, core: bool) -> bytes:
    made: WordDocument = docx.Document()
    if core:
        made.core_properties.title, made.core_properties.author = "Trạm y tế mới", "An"
    made.add_paragraph("Trạm y tế Bình Khê", style="Title")
    made.add_heading("Giờ mở cửa", 2)
    made.add_paragraph(LONG)
    made.add_paragraph("Khám", style="List Bullet")
    grid = made.add_table(2, 2)
    for row, cells in zip(grid.rows, (("Ngày", "Giờ"), ("Thứ hai", "7–17")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def test_word(tmp_path: Path) -> None:
    article = read_article(put(tmp_path, "a.docx", word(core=True)))
    assert (article.title, article.author) == ("Trạm y tế mới", "An")
    assert article.text.split("\n\n") == [
        "# Trạm y tế Bình Khê",
        "## Giờ mở cửa",
        LONG,
        "- Khám",
        "Ngày: Thứ hai; Giờ: 7–17.",
    ]
    assert read_article(put(tmp_path, "b.docx", word(core=False))).title == "Trạm y tế Bình Khê"


def test_a_day_that_word_prints_counts_before_that_of_the_file(tmp_path: Path) -> None:
    made: WordDocument = docx.Document()
    made.core_properties.title = "Học không điện thoại"
    made.core_properties.created = datetime.datetime(2013, 12, 23)  # of a template
    lines = ["Học không điện thoại", "Báo Giáo Dục Trẻ, ngày 25/2/2026", LONG]
    for line in lines:
        made.add_paragraph(line)
    made.save(str(tmp_path / "a.docx"))
    article = read_article(tmp_path / "a.docx")
    assert (article.date, article.source) == ("2026-02-25", "Báo Giáo Dục Trẻ")


def test_a_page_without_what_stands_around_its_article(tmp_path: Path) -> None:
    about = {"@type": "NewsArticle", "headline": "Trạm y tế mới", "datePublished": "2025-09-09"}
    body = "".join(f"<p>{LONG} Đoạn {i} nói thêm về trạm và người dân ở đó.</p>" for i in range(4))
    page = (
        "<html lang=vi><head><title>Trạm y tế mới - Báo Khê</title>"
        f"<script type='application/ld+json'>{json.dumps(about)}</script></head><body>"
        "<nav><a href=/>Trang chủ</a><a href=/tt>Thể thao</a></nav>"
        f"<article><h1>Trạm y tế mới</h1>{body}</article>"
        "<footer>Giấy phép số 12</footer></body></html>"
    )
    article = read_article(put(tmp_path, "a.html", page))
    assert (article.title, article.date) == ("Trạm y tế mới", "2025-09-09")
    assert LONG in article.text
    assert "Thể thao" not in article.text and "Giấy phép" not in article.text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_of_a_table_are_articles(tmp_path: Path, delimiter: str) -> None:
    lines = ["Tiêu đề|Nội dung|Nguồn|Ngày", f'Một|"{LONG}\nHai dòng."|Báo A|9/9/2025', "Hai||B|"]
    content = "\ufeff" + "\r\n".join(lines).replace("|", delimiter)
    (article,) = read_articles([put(tmp_path, "a.csv", content)]).articles
    assert facts(article) == ("Một", "Báo A", "2025-09-09", "")
    assert article.text == f"{LONG}\nHai dòng."


def test_objects_are_articles(tmp_path: Path) -> None:
    record = {
        "headline": "Một", "articleBody": LONG, "author": [{"name": "An"}, {"name": "Bình"}],
        "publisher": {"name": "Báo A"}, "datePublished": "2025-09-09T08:00:00+07:00",
    }  # fmt: skip
    for name, content in (
        ("a.json", json.dumps([record, {"other": 1}])),
        ("b.json", json.dumps({"articles": [record]})),
        ("c.jsonl", json.dumps(record) + '\n{"x\n'),
    ):
        corpus = read_articles([put(tmp_path, name, content)])
        (article,) = corpus.articles
        assert facts(article) == ("Một", "Báo A", "2025-09-09", "An, Bình")
        note = f"{tmp_path / name}: line 2 is not valid JSON and is not read"
        assert corpus.notes == ((note,) if name == "c.jsonl" else ())


def test_a_mail(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Trạm y tế mới", "Báo Khê <tin@bao.example>"
    message["Date"] = "Tue, 09 Sep 2025 08:15:00 +0700"
    message.set_content(f"<p>{LONG}</p><p>Hết.</p>", subtype="html")
    article = read_article(put(tmp_path, "a.eml", bytes(message)))
    assert facts(article) == ("Trạm y tế mới", "Báo Khê", "2025-09-09", "")
    assert article.text == f"{LONG}\n\nHết."


def test_chapters_of_a_book_are_articles(tmp_path: Path) -> None:
    page = "<html><body><h1>{}</h1><p>" + 3 * LONG + "</p></body></html>"
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Sách</dc:title>'
        "<dc:creator>An</dc:creator><dc:date>2025-09-09</dc:date></metadata><manifest>"
        '<item id="a" href="a.xhtml"/><item id="b" href="b.xhtml"/></manifest>'
        '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="in/p.opf"/></rootfiles></container>'
    )
    files = {"META-INF/container.xml": container, "in/p.opf": package}
    files |= {f"in/{name}.xhtml": page.format(f"Chương {name}") for name in "ab"}
    articles = read_articles([put(tmp_path, "a.epub", zipped(files))]).articles
    assert [facts(a) for a in articles] == [
        (f"Chương {name}", "Sách", "2025-09-09", "An") for name in "ba"
    ]


def test_an_archive_is_read_like_a_folder(tmp_path: Path) -> None:
    files = {
        "tin/a.txt": LONG, "tin/b.md": f"# Hai\n\n{LONG} Hai.", "tin/bad.txt": b"\0",
        "__MACOSX/a.txt": "x", "ảnh.png": b"x", "../../up.txt": f"{LONG} Ba.",
    }  # fmt: skip
    path = put(tmp_path, "a.zip", zipped(files))
    corpus = read_articles([path])
    assert [a.path for a in corpus.articles] == [
        f"{path}/tin/a.txt",
        f"{path}/tin/b.md",
    ]
    assert [a.title for a in corpus.articles][1] == "Hai"
    assert corpus.notes == (f"{path}/tin/bad.txt is a binary file: save its text as UTF-8",)


def test_an_archive_in_an_archive_is_read_and_none_in_that(tmp_path: Path) -> None:
    deepest = zipped({"d.txt": f"{LONG} Bốn."})
    inner = zipped({"c.txt": f"{LONG} Ba.", "e.zip": deepest})
    path = put(tmp_path, "a.zip", zipped({"b.txt": LONG, "trong.zip": inner}))
    corpus = read_articles([path])
    assert [a.path for a in corpus.articles] == [f"{path}/b.txt", f"{path}/trong.zip/c.txt"]


def test_what_hangs_on_a_mail_is_read_and_its_cover_is_not(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Fwd: Hai bài", "An <an@bao.example>"
    message.set_content("Gửi chị.")
    message.add_attachment(LONG, filename="bài.txt")
    message.add_attachment(b"\0", maintype="text", subtype="plain", filename="hỏng.txt")
    path = put(tmp_path, "a.eml", bytes(message))
    corpus = read_articles([path])
    assert [a.path for a in corpus.articles] == [f"{path}/bài.txt"]
    assert corpus.notes == (f"{path}/hỏng.txt is a binary file: save its text as UTF-8",)


def in_tables(article: str) -> str:
    menu = "<a href=/>Trang chủ</a><br><a href=/tt>Tin tức sự kiện</a>"
    first, second = "Khai giảng lớp dạy nghề may cho phụ nữ", "Họp tổ dân phố số chín"
    news = f"<a href=/1>{first}</a><br><a href=/2>{second}</a>"
    return (
        "<html><head><title>UBND phường Bình Khê</title></head><body><table><tr>"
        f"<td>{menu}</td><td><b>Phường Bình Khê khai trương trạm y tế</b><br>09/09/2009"
        f"{article}<p>Tin khác</p><p>{news}</p></td></tr></table></body></html>"
    )


def test_a_page_of_tables(tmp_path: Path) -> None:
    told = [f"{LONG} Đoạn {i} nói thêm về trạm và người dân ở đó." for i in range(4)]
    related = (
        "<table><tr><td>Xem thêm<br><a href=/3>Trạm cũ</a><br><a href=/4>Chợ</a></td></tr></table>"
    )
    body = f"<p>{told[0]}</p>{related}{told[1]}<p>{told[2]}</p><p>{told[3]}</p>"
    article = read_article(put(tmp_path, "a.html", in_tables(body)))
    title = "Phường Bình Khê khai trương trạm y tế"
    assert facts(article) == (title, "UBND phường Bình Khê", "2009-09-09", "")
    assert article.text.split("\n\n") == [f"# {title}", "09/09/2009", *told]


@pytest.mark.parametrize("suffix", sorted(ARTICLE_SUFFIXES))
@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\xff" * 50, b"PK\x03\x04broken", b"{[<%PDF-1.4"]
)
def test_damaged_files_are_one_line(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = put(tmp_path, f"a{suffix}", content)
    corpus = read_articles([path])
    assert len(corpus.faults) + len(corpus.articles) == 1
    for fault in corpus.faults:
        assert str(fault).startswith(str(path)) and "\n" not in str(fault)


@pytest.mark.parametrize(
    "suffix", [".txt", ".md", ".csv", ".json", ".html", ".rtf", ".eml", ".docx"]
)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n",
            ".pdf file by its content: name it so",
        ),
        (zipped({"xl/workbook.xml": ""}), ".xlsx file by its content: name it so"),
        (zipped({"a.txt": LONG}), ".zip file by its content: name it so"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ".png file by its content: recognize its text first"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", ".webp file by its content: recognize its text first"),
        (b"\0\0\0\x20ftypisom\0\0", ".mp4 file by its content: save its text as .txt"),
    ],
)
def test_another_kind_than_its_name_says_is_told(
    tmp_path: Path, suffix: str, content: bytes, said: str
) -> None:
    (fault,) = read_articles([path := put(tmp_path, f"a{suffix}", content)]).faults
    assert str(fault).startswith(f"{path} is a {said}")


def test_a_document_named_zip_is_told(tmp_path: Path) -> None:
    word = zipped({"word/document.xml": ""})
    (fault,) = read_articles([put(tmp_path, "a.zip", word)]).faults
    assert "is a .docx file by its content: name it so" in str(fault)


def test_a_picture_in_a_pdf_says_what_to_do(tmp_path: Path) -> None:
    empty = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>"
    )
    (fault,) = read_articles([put(tmp_path, "a.pdf", empty)]).faults
    assert "holds pictures and no text: recognize its text first" in str(fault)


def test_entities_of_xml_are_not_opened(tmp_path: Path) -> None:
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "ha ha ha ha ha ha"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>'
        f"<text:p>{LONG} &a; &f;</text:p></office:text></office:body></office:document-content>"
    )
    files = {"content.xml": bomb, "meta.xml": "<m/>"}
    article = read_article(put(tmp_path, "a.odt", zipped(files)))
    assert "root:" not in article.text


def test_rich_text(tmp_path: Path) -> None:
    source = (
        r"{\rtf1\ansi{\info{\title Tr\u7841?m m\u7899?i}{\author An}}"
        r"Ph\u432?\u7901?ng B\'ecnh Kh\'ea khai tr\u432?\u417?ng tr\u7841?m.\par Hai.\par}"
    )
    article = read_article(put(tmp_path, "a.rtf", source))
    assert (article.title, article.author) == ("Trạm mới", "An")
    assert article.text.startswith("Phường")


def test_base64_of_nothing_is_no_mail(tmp_path: Path) -> None:
    content = b"Subject: x\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(b"")
    (fault,) = read_articles([put(tmp_path, "a.eml", content)]).faults
    assert "is empty" in str(fault)


def test_letters_of_an_old_font_are_converted_and_that_is_said(tmp_path: Path) -> None:
    # .VnTime: bytes of TCVN3, kept as if they were Latin.
    salad = (
        "Tr\u00ad\u00eang TiÓu häc Lª V¨n T¸m khai gi¶ng n¨m häc míi s¸ng nay, cã 6.200 ®Çu s¸ch."
    )
    path = put(tmp_path, "a.txt", salad)
    corpus = read_articles([path])
    assert corpus.articles[0].text.startswith("Trường Tiểu học Lê Văn Tám khai giảng năm học mới")
    assert corpus.notes == (f"{path}: was written in TCVN3 and is converted",)
    article = read_article(put(tmp_path, "b.txt", salad.encode("latin-1")))
    assert article.text == corpus.articles[0].text


def test_paragraphs_of_an_old_font_are_converted_beside_others(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph(LONG)
    word.add_paragraph("Tr­êng TiÓu häc Lª V¨n T¸m khai gi¶ng n¨m häc míi s¸ng nay.")
    word.add_paragraph("Thanh Hóa, Hà Nam")
    word.save(str(path := tmp_path / "a.docx"))
    corpus = read_articles([path])
    mended = "Trường Tiểu học Lê Văn Tám khai giảng năm học mới sáng nay."
    assert corpus.articles[0].text == f"{LONG}\n\n{mended}\n\nThanh Hóa, Hà Nam"
    assert corpus.notes == (f"{path}: some of it was written in TCVN3 and is converted",)


@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_utf8_that_was_encoded_twice_is_converted(tmp_path: Path, codec: str) -> None:
    text = f"Nguyễn Văn Tám về quê.\n\n{LONG} Ông nói: “Đúng…”"
    salad = "".join(bytes([c]).decode(codec, "ignore") or chr(c) for c in text.encode())
    corpus = read_articles([path := put(tmp_path, "a.txt", salad)])
    assert corpus.articles[0].text == text
    assert corpus.notes == (f"{path}: was written in UTF-8 encoded twice and is converted",)


@pytest.mark.parametrize(
    ("author", "body"),
    [
        ("NguyÔn V¨n Nam", LONG),
        ("Nguyễn Văn Nam", "S¸ng 9-9, ph­êng B×nh Khª khai tr­¬ng tr¹m y tÕ. Tr¹m cã 14 nh©n viªn."),
        (
            "NguyÔn V¨n Nam",
            "Saùng 9-9, phöôøng Bình Kheâ khai tröông traïm y teá. Traïm coù ngöôøi.",
        ),
    ],
)
def test_letters_of_facts_and_text_are_judged_apart(tmp_path: Path, author: str, body: str) -> None:
    front = f"---\ntitle: Trạm y tế\nauthor: {author}\n---\n"
    article = read_article(put(tmp_path, "a.txt", f"{front}{body}"))
    assert article.text.startswith("Sáng 9-9, phường Bình Khê khai trương trạm y tế")
    assert (article.title, article.author) == ("Trạm y tế", "Nguyễn Văn Nam")
    put(tmp_path, "b.txt.yaml", f"author: {author}\nsource: B¸o Lao §éng")
    beside = read_article(put(tmp_path, "b.txt", body))
    assert (beside.author, beside.source) == ("Nguyễn Văn Nam", "Báo Lao Động")


def test_what_a_sidecar_or_a_name_holds_reaches_the_terminal_as_text(tmp_path: Path) -> None:
    path = put(tmp_path, "a\x1b[31m.txt", f"---\ndate: not a day\n---\n{LONG}\n")
    put(tmp_path, "a\x1b[31m.txt.yaml", "title: 0x" + "f" * 4000 + "\nauthor: Lê Bình\n")
    found = read_articles([path])
    assert found.articles[0].author == "Lê Bình"
    assert len(found.notes) == 1 and found.notes[0].isprintable()
