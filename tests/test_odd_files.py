"""Files as people and their programs write them: not quite right, and yet clear to a reader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument

from assistant.articles.files import read_article, read_articles
from assistant.articles.html_blocks import light_text, parsed
from assistant.articles.markdown import light_text as markdown_text
from tests.test_formats import LONG, PAGE, facts, put, zipped

OPEN = "has a quotation mark that is not closed"


@pytest.mark.parametrize(
    ("row", "text", "note"),
    [
        ("Một,9/9/2025,Sáng nay, xã họp, rồi nghỉ.", "Sáng nay, xã họp, rồi nghỉ.", ""),
        ('Một,9/9/2025,"Sáng nay, xã họp.",,', "Sáng nay, xã họp.", ""),
        ('Một,9/9/2025,"Sáng nay, xã họp.', "Sáng nay, xã họp.", OPEN),
        ('Một,9/9/2025,"Họp, nghỉ.\nĐoạn hai, ngắn.', "Họp, nghỉ.\nĐoạn hai, ngắn.", OPEN),
    ],
)
def test_a_row_not_quoted_rightly_loses_nothing_and_swallows_no_other(
    row: str, text: str, note: str, tmp_path: Path
) -> None:
    content = f'title,date,content\n{row}\nHai,8/9/2025,"Hai, {LONG}"\nBa,,{LONG[10:]}\n'
    path = put(tmp_path, "a.csv", content)
    corpus = read_articles([path])
    assert [a.title for a in corpus.articles] == ["Một", "Hai", "Ba"]
    assert corpus.articles[0].text.strip() == text
    assert corpus.notes == ((f"{path}: row 2 {note}",) if note else ())


def test_a_row_wider_than_its_header_is_told_where_it_does_not_end_in_the_text(
    tmp_path: Path,
) -> None:
    path = put(tmp_path, "a.csv", f"text,title\nHọp, nghỉ.,Một\n{LONG[10:]},Hai\n")
    corpus = read_articles([path])
    assert len(corpus.articles) == 2
    assert corpus.notes == (f"{path}: row 2 has more cells than columns are named",)


TITLE = "<tr><td colspan=3>Bảng 1. Giá ở chợ</td></tr>"
HEADS = "<tr><td>Hàng</td><td>Tuần này</td><td>Tuần trước</td></tr>"
TWO_HEADS = (
    "<tr><th rowspan=2>Hàng</th><th colspan=2>Giá</th></tr>"
    "<tr><th>Tuần này</th><th>Tuần trước</th></tr>"
)
ROWS = "<tr><td>Tiêu</td><td rowspan=2>139</td><td>138</td></tr><tr><td>Ớt</td><td>40</td></tr>"
NAMED = "Hàng: Tiêu; Tuần này: 139; Tuần trước: 138.\nHàng: Ớt; Tuần này: 139; Tuần trước: 40."
BELOW = NAMED.replace("Tuần", "Giá, Tuần")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (TITLE + HEADS + ROWS, f"Bảng 1. Giá ở chợ\n\n{NAMED}"),
        (TWO_HEADS + ROWS, BELOW),
        (TITLE + TWO_HEADS.replace("th", "td") + ROWS, f"Bảng 1. Giá ở chợ\n\n{BELOW}"),
        (HEADS + ROWS + "<tr><td colspan=3>Nguồn: quận</td></tr>", f"{NAMED}\nNguồn: quận."),
    ],
)
def test_cells_are_named_by_the_true_header_of_a_table(
    rows: str, told: str, tmp_path: Path
) -> None:
    table = f"<table>{rows}</table>"
    tree = parsed(table)
    assert tree is not None and light_text(tree) == told
    page = read_article(put(tmp_path, "a.html", PAGE.format(lead="", table=table))).text
    assert told.removesuffix("\nNguồn: quận.") in page


def test_merged_cells_of_word(tmp_path: Path) -> None:
    made: WordDocument = docx.Document()
    made.add_paragraph(LONG)
    grid = made.add_table(4, 3)
    told = ["Bảng 1. Giá ở chợ", "", "", "Hàng", "Giá", "", "", "Tuần này", "Tuần trước"]
    for number, text in enumerate([*told, "Tiêu", "139", "138"]):
        grid.cell(number // 3, number % 3).text = text
    grid.cell(0, 0).merge(grid.cell(0, 2))
    grid.cell(1, 0).merge(grid.cell(2, 0))
    grid.cell(1, 1).merge(grid.cell(1, 2))
    made.save(str(tmp_path / "a.docx"))
    assert read_article(tmp_path / "a.docx").text.split("\n\n")[1:] == [
        "Bảng 1. Giá ở chợ",
        "Hàng: Tiêu; Giá, Tuần này: 139; Giá, Tuần trước: 138.",
    ]


def test_merged_cells_of_open_document(tmp_path: Path) -> None:
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table")
    )
    covered = "<table:covered-table-cell/>"

    def cell(text: str, columns: int = 1) -> str:
        span = f'table:number-columns-spanned="{columns}"'
        return f"<table:table-cell {span}><text:p>{text}</text:p></table:table-cell>"

    rows = (
        cell("Bảng 1. Giá ở chợ", 3) + 2 * covered,
        cell("Hàng") + cell("Giá", 2) + covered,
        covered + cell("Tuần này") + cell("Tuần trước"),
        cell("Tiêu") + cell("139") + cell("138"),
    )
    told = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    content = (
        f"<office:document-content{names}><office:body><office:text><text:p>{LONG}</text:p>"
        f"<table:table>{told}</table:table></office:text></office:body></office:document-content>"
    )
    path = put(tmp_path, "a.odt", zipped({"content.xml": content, "meta.xml": "<m/>"}))
    assert read_article(path).text.split("\n\n")[1:] == [
        "Bảng 1. Giá ở chợ",
        "Hàng: Tiêu; Giá, Tuần này: 139; Giá, Tuần trước: 138.",
    ]


def test_the_title_of_a_table_may_be_a_name_of_texts(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", f"Nội dung;;\nTiêu đề;Nội dung;Ngày\nMột;{LONG};9/9/2025\n")
    (article,) = read_articles([path]).articles
    assert facts(article) == ("Một", "", "2025-09-09", "")


def test_a_title_of_a_table_in_rich_text(tmp_path: Path) -> None:
    rows = (r"Title one\cell", r"Goods\cell Price\cell", r"Rice\cell 139\cell")
    told = "".join(rf"\trowd\cellx3000 {row}\row" for row in rows)
    path = put(tmp_path, "a.rtf", rf"{{\rtf1\ansi The market is open again.\par {told}\pard}}")
    assert "Title one\n\nGoods: Rice; Price: 139." in read_article(path).text


@pytest.mark.parametrize(
    ("markdown", "told"),
    [
        (f"<table>\n    {HEADS}\n\n    {ROWS}\n</table>", NAMED),
        (f"Chữ <TABLE>{HEADS}{ROWS}</TABLE>", f"Chữ\n\n{NAMED}"),
        ("|A|B|\n|-|-|\n|x<br>y|z &amp; t|", "A: x y; B: z & t."),
        ("<div>\n<p>Ảnh: <b>An</b> &amp; Bình</p></div>", "Ảnh: An & Bình"),
        ("<table><tr><td>\n\nkhông đóng", "không đóng"),
    ],
)
def test_html_in_markdown_is_read_as_html(markdown: str, told: str) -> None:
    assert markdown_text(markdown) == told


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("| Hàng | Giá |\n|------|----:|\n| Tiêu | 139 |", "Hàng: Tiêu; Giá: 139."),
        ("| Hàng | Giá |\n| Tiêu | 139 |", "Hàng: Tiêu; Giá: 139."),
        ("Hàng | Giá\n--- | ---\nTiêu | 139", "Hàng: Tiêu; Giá: 139."),
        ("+------+-----+\n| Hàng | Giá |\n+------+-----+\n| Tiêu | 139 |\n+------+-----+",
         "Hàng: Tiêu; Giá: 139."),
        ("Lê Bình | 07/09/2025\nThời sự | Xã hội", "Lê Bình | 07/09/2025\nThời sự | Xã hội"),
        ("| Ghi chú |\n| của xã |", "| Ghi chú |\n| của xã |"),
    ],
)  # fmt: skip
def test_tables_in_plain_text(lines: str, told: str, tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", f"{LONG}\n\nBảng giá\n{lines}\nHết.\n")
    assert read_article(path).text == f"{LONG}\n\nBảng giá\n{told}\nHết.\n"


ONE, TWO = "Đoạn một.", "Đoạn hai & ba."


def text_run(text: str, **other: object) -> dict[str, object]:
    return {"type": "text", "text": text, **other}


@pytest.mark.parametrize(
    "content",
    [
        [ONE, TWO],
        [{"type": "paragraph", "text": ONE}, {"type": "paragraph", "text": TWO},
         {"type": "image", "url": "https://a.example/a.jpg", "title": "Ảnh"}],
        [{"type": "text", "content": f"<p>{ONE}</p>"},
         {"type": "text", "content": "Đoạn hai &amp; ba."}],
        {"type": "doc", "content": [
            {"type": "paragraph", "content": [text_run("Đoạn "), text_run("một.", marks=["bold"])]},
            {"type": "paragraph", "content": [text_run(TWO)]}]},
        {"time": 1757400000, "blocks": [
            {"type": "paragraph", "data": {"text": "Đoạn <b>một</b>."}},
            {"type": "paragraph", "data": {"text": "Đoạn hai &amp; ba."}}]},
        [{"type": "p", "children": [
            {"text": "Đoạn "}, {"type": "link", "children": [{"text": "một"}]}, {"text": "."}]},
         {"_type": "block", "children": [{"_type": "span", "text": TWO}]}],
        {"nodeType": "document", "content": [
            {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": ONE}]},
            {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": TWO}]}]},
    ],
)  # fmt: skip
def test_blocks_of_an_editor_are_the_paragraphs_of_one_article(
    content: object, tmp_path: Path
) -> None:
    record = {"title": "Một", "author": "Lê Bình", "date": "2025-09-09", "content": content}
    for name, told in (("a.json", [record]), ("b.jsonl", record)):
        (article,) = read_articles([put(tmp_path, name, json.dumps(told))]).articles
        assert article.text == f"{ONE}\n\n{TWO}"
        assert facts(article) == ("Một", "", "2025-09-09", "Lê Bình")


def test_headings_lists_and_rows_of_blocks(tmp_path: Path) -> None:
    blocks = [
        {"type": "header", "data": {"text": "Giá ở chợ", "level": 3}},
        {"type": "list", "data": {"items": ["tiêu", "ớt"]}},
        {"type": "table", "data": {"content": [["Hàng", "Giá"], ["Tiêu", "139"]]}},
    ]
    article = read_article(put(tmp_path, "a.json", json.dumps({"body": blocks})))
    assert article.marked
    assert article.text == "### Giá ở chợ\n\n- tiêu\n- ớt\n\nHàng: Tiêu; Giá: 139."


def test_a_list_of_articles_is_no_list_of_blocks(tmp_path: Path) -> None:
    page = {"content": [{"title": f"Tin {n}", "content": f"{LONG} {n}"} for n in "ab"]}
    articles = read_articles([put(tmp_path, "a.json", json.dumps(page))]).articles
    assert [article.title for article in articles] == ["Tin a", "Tin b"]


def test_sidecars_are_used_in_an_archive_as_in_a_folder(tmp_path: Path) -> None:
    told = {"title": "Một", "source": "Báo A", "date": "2025-09-09", "author": "Lê Bình"}
    files = {"tin/a.txt": LONG, "tin/b.md": f"{LONG} Hai.", "tin/c.txt": f"{LONG} Ba."}
    beside = {"tin/a.json": json.dumps(told), "tin/b.md.yaml": "title: Một\nsource: Báo A\n"
              "date: 2025-09-09\nauthor: Lê Bình\n", "tin/c.txt.json": "[]"}  # fmt: skip
    (tmp_path / "tin").mkdir()
    for name, content in (files | beside).items():
        put(tmp_path, name, content)
    path = put(tmp_path, "a.zip", zipped(files | beside))
    for corpus in (read_articles([tmp_path / "tin"]), read_articles([path])):
        assert len(corpus.articles) == 3
        assert {facts(a) for a in corpus.articles[:2]} == {tuple(told.values())}
        (note,) = corpus.notes
        assert note.endswith("tin/c.txt: c.txt.json has no lines such as title: …")


@pytest.mark.parametrize(
    ("line", "author", "source"),
    [
        ("Bài và ảnh: TRÀ MY", "TRÀ MY", ""),
        ("Tin, ảnh: B.NG", "B.NG", ""),
        ("Bài, ảnh: Thanh Hà, Quốc Tuấn", "Thanh Hà, Quốc Tuấn", ""),
        ("Bài: Lê Bình - Ảnh: Trần Cao", "Lê Bình", ""),
        ("Lê Bình; ảnh: Trần Cao", "Lê Bình", ""),
        ("Nguyễn Văn A - Trần Văn B", "Nguyễn Văn A, Trần Văn B", ""),
        ("Phóng viên Lê Bình", "Lê Bình", ""),
        ("PV (Tổng hợp)", "PV", ""),
        ("Lê Bình lược dịch (Theo The Guardian)", "Lê Bình", "The Guardian"),
        ("Lê Bình (Báo Thanh Niên)", "Lê Bình", "Báo Thanh Niên"),
        ("Lê Bình/TTXVN", "Lê Bình", "TTXVN"),
        ("(Theo TTXVN)", "", "TTXVN"),
        ("Theo báo Thanh Niên", "", "Thanh Niên"),
        ("(Theo dantri.com.vn)", "", "dantri.com.vn"),
        ("Nguồn Báo Nhân Dân", "", "Báo Nhân Dân"),
        ("Ảnh: Lê Bình", "", ""),
        ("Lê Bình (Hà Nội)", "", ""),
        ("Phường Bình Khê", "", ""),
        ("Tổng Biên Tập", "", ""),
        ("THỂ THAO", "", ""),
        ("Theo ông Lê Bình", "", ""),
    ],
)
@pytest.mark.parametrize("at_end", [True, False])
def test_who_wrote_an_article_as_newspapers_print_it(
    line: str, author: str, source: str, at_end: bool, tmp_path: Path
) -> None:
    above, below = ("", f"\n{line}\n") if at_end else (f"{line}\n", "")
    text = f"Cầu mới ở Bình Khê\n{above}\n" + f"{LONG}\n\n" * 6 + below
    assert facts(read_article(put(tmp_path, "a.txt", text)))[1::2] == (source, author)


HEAD = "Từ: Báo Khê <tin@bao.example>\nĐã gửi: 08/09/2025 9:00\nĐến: An\nChủ đề: {}\n\n"
WROTE = "Vào Th 2, 8 thg 9, 2025 vào lúc 09:00 Lê Bình <\nbinh@bao.example> đã viết:"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        (f"Đã duyệt.\n\n-- \nAn\n\n{WROTE}\n{quoted(LONG)}", ["Đã duyệt.", LONG]),
        (f"Đã duyệt.\n\n{WROTE}\n\n{quoted(LONG)}\n>\n>> Hai.", ["Đã duyệt.", LONG, "Hai."]),
        (f"Được.\nOn 8 Sep 2025, at 09:00, An wrote:\n{quoted(LONG)}", ["Được.", LONG]),
        ("Vào năm 1990, ông đã viết:\n> Trạm mở.", ["Vào năm 1990, ông đã viết:", "Trạm mở."]),
        (f"Từ: Bình Khê\nĐến: Phú Lộc\nGiá: 9.000 đồng\n{LONG}", None),
    ],
)  # fmt: skip
def test_marks_of_an_answered_mail_are_none_of_its_text(
    body: str, paragraphs: list[str] | None, tmp_path: Path
) -> None:
    path = put(tmp_path, "a.eml", f"Subject: Re: Tin\nFrom: An <a@b.example>\n\n{body}\n")
    article = read_article(path)
    told = [one.strip() for one in article.text.split("\n\n") if one.strip()]
    assert told == (paragraphs or [body])
    assert facts(article) == ("Tin", "An", "", "")


@pytest.mark.parametrize(
    "body",
    [
        "Chị xem.\n\n________________________________\n" + HEAD.format("FW: Trạm mới") + LONG,
        "---------- Thư đã được chuyển tiếp ---------\n" + HEAD.format("Trạm mới") + LONG,
        quoted("---------- Forwarded message ---------\n" + HEAD.format("Trạm mới") + LONG),
        "Chị xem.\n\n" + HEAD.format("Trạm mới").replace("Từ:", "*Từ:*") + LONG,
    ],
)
def test_a_forwarded_article_is_read_however_it_is_marked(body: str, tmp_path: Path) -> None:
    path = put(tmp_path, "a.eml", f"Subject: Fwd: Tin\nFrom: An <a@b.example>\n\n{body}\n")
    article = read_article(path)
    assert facts(article) == ("Trạm mới", "Báo Khê", "2025-09-08", "")
    assert article.text.strip() == LONG


def pdf(*pages: list[tuple[int, int, str]]) -> bytes:
    """A PDF of pages that have lines: how high they stand, the size of their letters, the text."""
    made = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    inside = "/Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>"
    kids = []
    for lines in pages:
        drawn = "".join(f"/F {size} Tf 1 0 0 1 50 {y} Tm ({text}) Tj " for y, size, text in lines)
        made.append(f"<</Length {len(drawn) + 6}>>stream\nBT {drawn}ET\nendstream")
        made.append(f"<<{inside}/Contents {len(made)} 0 R>>")
        kids.append(f"{len(made)} 0 R")
    made[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
    objects = "".join(f"{n} 0 obj\n{one}\nendobj\n" for n, one in enumerate(made, 1))
    return f"%PDF-1.4\n{objects}trailer<</Root 1 0 R>>\n%%EOF".encode()


def test_a_footnote_is_not_in_the_middle_of_a_sentence(tmp_path: Path) -> None:
    filled = "the council of the town has told everybody who asked for it that the new bridge"
    first = [(760 - 16 * n, 12, f"In the year {n} {filled} and") for n in range(5)]
    notes = [(120, 9, "1 As counted in 2023, and"), (109, 9, "told since."), (98, 9, "2 Of wood.")]
    last = [(760, 12, "the old one stay open."), (744, 12, "Both are six metres wide.")]
    text = read_article(put(tmp_path, "a.pdf", pdf(first + notes, last))).text
    assert f"In the year 4 {filled} and the old one stay open." in text
    assert text.split("\n\n")[-2:] == ["1 As counted in 2023, and told since.", "2 Of wood."]


def test_smaller_letters_above_the_text_are_no_footnotes(tmp_path: Path) -> None:
    lines = [(760, 9, "3 September 2025"), *((740 - 16 * n, 12, f"Line {n}.") for n in range(5))]
    lines[3:3] = [(700, 9, "2 photographs of it")]
    text = read_article(put(tmp_path, "a.pdf", pdf(lines))).text
    assert text.startswith("3 September 2025") and text.index("2 photo") < text.index("Line 4.")


def test_the_paragraphs_of_a_footnote_of_word_are_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(Path(__file__).parent / "documents" / "43-footnotes.docx") as files:
        parts: dict[str, bytes | str] = {name: files.read(name) for name in files.namelist()}
        notes = files.read("word/footnotes.xml").decode()
    more = "</w:p><w:p><w:r><w:t>Số mới chưa có.</w:t></w:r></w:p></w:footnote>"
    parts["word/footnotes.xml"] = more.join(notes.rsplit("</w:p></w:footnote>", 1))
    text = read_article(put(tmp_path, "a.docx", zipped(parts))).text
    assert text.endswith("\n\nTheo sổ của cảng vụ năm 2023. Số mới chưa có.")
