from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import unicodedata
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.articles.files import Corpus, read_article, read_articles
from assistant.index.passages import split
from assistant.text.sentences import sentences
from assistant.types import Article, CorpusError

SEED = Path(__file__).parent.parent / "seeds" / "000_db7cbbd52221714d.txt"
PROSE = "Hôm nay trời nắng và mọi người ra đường từ rất sớm."


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def read(folder: Path, content: str | bytes, name: str = "a.txt") -> Article:
    return read_article(put(folder, name, content))


def refusal(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        read_article(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def faults(*paths: Path) -> list[str]:
    return [str(fault) for fault in read_articles(paths).faults]


def furniture(article: Article) -> list[str]:
    return [article.text[span.start : span.end] for span in article.furniture]


# The seed article


def test_the_seed() -> None:
    address = (
        "https://ttbc-hcm.gov.vn/ong-nguyen-thanh-nghi-tan-dung-toi-da-cac-nguon-luc-"
        "de-tao-buoc-dot-pha-1019290.html"
    )
    article = read_article(SEED)
    assert article.text == SEED.read_text(encoding="utf-8")
    assert article.id == hashlib.sha256(SEED.read_bytes()).hexdigest()[:16]  # it is in NFC
    assert article.source == address
    assert furniture(article) == [f"Nguồn: {address}", "Bình luận (0)"]
    assert article.language == "vi"
    assert article.date == ""  # "5-8" has no year
    assert article.path == str(SEED)
    # The first line is a paragraph of 279 code points: its first sentence is cut to 90.
    assert article.title == (
        "Sáng 5-8, Tổ công tác số 1 Ban chỉ đạo đại hội Thành ủy TP do Phó Bí thư Thường trực…"
    )


def test_the_seeds_last_two_lines_are_in_no_passage() -> None:
    article = read_article(SEED)
    passages = split(article)
    assert passages[-1].end < article.text.index("Nguồn: http")
    assert passages[-1].text.endswith("tăng cường sự đoàn kết nội bộ.")


# Text


def test_text_is_nfc_with_plain_newlines_and_no_mark(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Phường Lái Thiêu.")
    article = read(tmp_path, b"\xef\xbb\xbf" + f"{decomposed}\r\nHai.\rBa.\u2028Hết.".encode())
    assert article.text == "Phường Lái Thiêu.\nHai.\nBa.\nHết."
    assert article.id == hashlib.sha256(article.text.encode()).hexdigest()[:16]


def windows_1258(text: str) -> bytes:
    """Vietnamese as Windows wrote it: letters with their shape, tones as marks of their own."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    letters = []
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        shape = unicodedata.normalize("NFC", "".join(c for c in parts if c not in tones))
        letters.append(shape + "".join(c for c in parts if c in tones))
    return "".join(letters).encode("cp1258")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_names_the_encoding(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, PROSE.encode(encoding)).text == PROSE


def test_vietnamese_in_windows_1258_is_decoded(tmp_path: Path) -> None:
    seed = SEED.read_text(encoding="utf-8").replace("–", "-")
    assert read(tmp_path, windows_1258(seed)).text == seed


@pytest.mark.parametrize(
    ("text", "encoding", "position"),
    [
        ("L'après-midi, les élèves étaient fatigués et le maître les libéra.", "cp1252", 5),
        ("今天天气很好。市政府宣布了新的政策。", "gb18030", 0),
        ("Привет мир, сегодня хорошая погода в Москве.", "cp1251", 0),
    ],
)
def test_an_uncertain_encoding_is_refused_with_a_way_out(
    tmp_path: Path, text: str, encoding: str, position: int
) -> None:
    message = refusal(put(tmp_path, "a.txt", text.encode(encoding)))
    assert f"is not UTF-8 (byte {position})" in message
    assert "iconv -f " in message and "-t UTF-8" in message
    command = message.partition("as with ")[2].partition(",")[0].split()
    assert subprocess.run([*command, tmp_path / "a.txt"], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PROSE.encode() + b"\xe1\xbb", f"is damaged: not UTF-8 at byte {len(PROSE.encode())}"),
        (PROSE.encode() + "L'été".encode("cp1252"), "is damaged: not UTF-8 at byte"),
        ("L'après-midi, les élèves étaient fatigués.".encode("mac_roman"), "is not certain"),
        (b"caf\xe9", "is not certain"),
        (bytes(range(0x80, 0x100)), "is not certain"),
    ],
)
def test_no_command_is_advised_that_would_not_work(tmp_path: Path, data: bytes, why: str) -> None:
    message = refusal(put(tmp_path, "a.txt", data))
    assert why in message and message.endswith(": save it again as UTF-8")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (" \n\t\u3000\u200b\n".encode(), "is empty"),
        (b"---\ntitle: A\n---\n\n", "is empty"),
        (b"abc\x00def", "is a binary file"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is a .jpg file by its content: recognize its text"),
        (b"one\ntwo \x07 bell\n", "U+0007 on line 2"),
        (b"\xff\xfea", "is damaged: not UTF-16 at byte"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    assert expected in refusal(put(tmp_path, "a.txt", content))


def test_a_file_is_at_most_20_mb(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", b"")
    os.truncate(path, 20_000_001)  # sparse: nothing is written
    assert "is too large (20.0 MB, at most 20 MB)" in refusal(path)


# Title


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.txt", f"Trời nắng đẹp\n\n{PROSE}", "Trời nắng đẹp"),
        ("a.txt", f"# Trời  nắng\n{PROSE}", "Trời nắng"),
        ("a.md", f"Lời dẫn.\n\n# Trời nắng #\n\n{PROSE}", "Trời nắng"),
        ("a.md", f"## Trời nắng\n\n{PROSE}", "Trời nắng"),
        ("a.txt", f"{PROSE} Câu hai.", PROSE),
        ("a.txt", f"Chia sẻ\nTrời nắng đẹp\n{PROSE}", "Trời nắng đẹp"),
        # 18 words of 4 letters with 17 spaces are 89 code points, with "…" 90
        ("a.txt", "từng " * 30 + "từng.", "từng " * 17 + "từng…"),
        # one letter more, and the last word goes: 1 + 17 * 5 + 1
        ("a.txt", "a" + "từng " * 30 + "từng.", "a" + "từng " * 16 + "từng…"),
        ("a.txt", "字" * 100 + "。", "字" * 89 + "…"),
        ("tin.txt", "Nguồn: VnExpress", "tin"),  # nothing else to name it by
    ],
)
def test_titles(tmp_path: Path, name: str, text: str, title: str) -> None:
    assert read(tmp_path, text, name).title == title


# Date


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("05/08/2025", "2025-08-05"),
        ("Thứ ba, 5-8-2025, 10:30 (GMT+7)", "2025-08-05"),
        ("Thứ ba, 05/08/25 10:30", "2025-08-05"),
        ("Phiên 1/2/25 và lớp 10/11/12", ""),
        ("Ngày 5 tháng 8 năm 2025", "2025-08-05"),
        ("Cập nhật 2025-08-05T10:00", "2025-08-05"),
        ("31/02/2025", ""),
        ("31/02/2025, sửa 01/03/2025", "2025-03-01"),
        ("Sáng 5-8", ""),
        ("Số 1/5-8-20251", ""),
        (f"Ngày 30/4/1975, {PROSE} {PROSE} {PROSE}", ""),  # told about in a paragraph
    ],
)
def test_dates(tmp_path: Path, line: str, day: str) -> None:
    middle = "\n".join([PROSE] * 7)
    assert read(tmp_path, f"{line}\n{middle}").date == day
    assert read(tmp_path, f"{middle}\n{line}").date == day
    assert read(tmp_path, f"{middle}\n{line}\n{middle}").date == ""


# Source and furniture


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("Nguồn: https://a.vn/x.html", "https://a.vn/x.html"),
        ("Nguồn: tuoitre.vn", "tuoitre.vn"),
        ("(Theo: Tuổi Trẻ)", "Tuổi Trẻ"),
        ("Source: The New York Times.", "The New York Times"),
        ("https://a.vn/x.html", "https://a.vn/x.html"),
        ("Nguồn:", ""),
        ("Bình luận (0)", ""),
        ("0 bình luận", ""),
        ("Comments (3)", ""),
        ("Chia sẻ", ""),
        ("Facebook | Zalo | Copy link", ""),
    ],
)
def test_furniture_at_the_end(tmp_path: Path, line: str, source: str) -> None:
    article = read(tmp_path, f"{PROSE}\n\n{line}\n")
    assert (article.source, furniture(article)) == (source, [line])


@pytest.mark.parametrize(
    "signature",
    [
        ["Báo Sông Xanh, ngày 12/3/2026"],
        ["Báo Sông Xanh, ngày 12/3/2026", "Tác giả: Lê Minh Hạnh"],
        ["By Tom Barrow", "27 February 2026"],
    ],
)
def test_who_wrote_when_is_no_prose(tmp_path: Path, signature: list[str]) -> None:
    below = "\n".join(signature)
    article = read(tmp_path, f"Cháy chợ tạm, 14 ki-ốt bị thiêu rụi\n{below}\n\n{PROSE}\n")
    assert furniture(article) == signature
    kinds = [s.kind for s in sentences(article.text, article.furniture)]
    assert kinds[:2] == ["heading", "prose"]


@pytest.mark.parametrize("below", ["Lê Minh Hạnh\nTrần Thị Nở", "Chợ Vinh mở lại ngày 5/8."])
def test_a_list_of_names_is_prose(tmp_path: Path, below: str) -> None:
    assert furniture(read(tmp_path, f"Ba người được khen\n{below}\n\n{PROSE}\n")) == []


@pytest.mark.parametrize(
    "line",
    [
        "Theo: ông Nghị nói rằng các phường phải sớm hoàn thành việc này.",
        "Nguồn vốn: 5 tỉ đồng.",
        "Chia sẻ với báo chí, ông nói vui.",
        "Xem https://a.vn/x.html để biết thêm.",
    ],
)
def test_prose_is_no_furniture(tmp_path: Path, line: str) -> None:
    article = read(tmp_path, f"{PROSE}\n{line}")
    assert (article.source, article.furniture) == ("", ())


def test_a_source_line_counts_among_the_last_five_lines_only(tmp_path: Path) -> None:
    tail = f"\n{PROSE}" * 4
    assert read(tmp_path, f"Mở đầu.\nNguồn: Báo A{tail}").source == "Báo A"
    assert read(tmp_path, f"Mở đầu.\nNguồn: Báo A{tail}\nHết.").source == ""


def test_an_address_counts_before_a_name(tmp_path: Path) -> None:
    article = read(tmp_path, f"{PROSE}\nNguồn: Báo A\nhttps://a.vn/x")
    assert article.source == "https://a.vn/x"
    assert len(article.furniture) == 2


# Front matter and sidecar files


def test_front_matter_is_read_and_left_out_of_the_text(tmp_path: Path) -> None:
    front = "---\ntitle: 'Tin  mới'\nsource: Báo A\ndate: 2025-08-05\nlanguage: VI\nx: [1]\n---\n"
    article = read(tmp_path, f"{front}{PROSE}\nNguồn: Báo B")
    assert article == Article(
        id=hashlib.sha256(f"{PROSE}\nNguồn: Báo B".encode()).hexdigest()[:16],
        title="Tin mới",
        text=f"{PROSE}\nNguồn: Báo B",
        language="vi",
        source="Báo A",
        date="2025-08-05",
        path=str(tmp_path / "a.txt"),
        furniture=article.furniture,
    )
    assert furniture(article) == ["Nguồn: Báo B"]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".yaml", "title: Tin mới\ndate: 5/8/2025"),
        (".yml", "title: Tin mới\ndate: 2025-08-05 10:00:00"),
        (".json", '{\n\t"title": "Tin mới",\n\t"date": "2025-08-05"\n}'),
    ],
)
def test_a_sidecar_file(tmp_path: Path, suffix: str, content: str) -> None:
    put(tmp_path, f"a.txt{suffix}", content)
    article = read(tmp_path, PROSE)
    assert (article.title, article.date) == ("Tin mới", "2025-08-05")


def test_front_matter_counts_before_a_sidecar_file(tmp_path: Path) -> None:
    put(tmp_path, "a.txt.yaml", "title: Bên cạnh\nsource: Báo A")
    article = read(tmp_path, f"---\ntitle: Ở trên\n---\n{PROSE}")
    assert (article.title, article.source) == ("Ở trên", "Báo A")


def notes(*paths: Path) -> list[str]:
    return list(read_articles(paths).notes)


@pytest.mark.parametrize(
    ("front", "title", "note"),
    [
        (
            "title: A: b\nsource: [b",
            "A: b",
            "is not valid YAML from line 2 on and was read line by",
        ),
        ("title: A\ndate: 2025-13-45", "A", "is not valid YAML and was read line by line"),
        ("title: A\nlanguage: Vietnamese", "A", "its language 'Vietnamese' is not read"),
        ("title: A\ndate: sáng nay", "A", "its date 'sáng nay' is not read"),
        ("title: A\nx: " + "[" * 5000, "A", "is not valid YAML"),
        ("title: A\nx: !!int ''", "A", "is not valid YAML"),
    ],
)
def test_faulty_front_matter_never_loses_the_article(
    tmp_path: Path, front: str, title: str, note: str
) -> None:
    article = read(tmp_path, f"---\n{front}\n---\n{PROSE}")
    assert (article.title, article.text) == (title, PROSE)
    assert any(note in line for line in notes(tmp_path / "a.txt"))


def test_endless_front_matter_is_not_read(tmp_path: Path) -> None:
    article = read(tmp_path, f"---\nx: {'y' * 64_000}\n---\n{PROSE}")
    assert article.text == PROSE
    assert "more than 64000 characters" in notes(tmp_path / "a.txt")[0]


@pytest.mark.parametrize(
    ("front", "title", "language"),
    [
        ("title: 2025", "2025", "vi"),
        ("language: no", "Hôm nay trời nắng và mọi người ra đường từ rất sớm.", "vi"),
        ('title: "a\\eb"', "ab", "vi"),
        ("Tiêu đề: Tin\nTác giả: [An, Bình]", "Tin", "vi"),
        ("headline: Tin\nlang: en-GB", "Tin", "en"),
    ],
)
def test_facts_have_many_names_and_forms(
    tmp_path: Path, front: str, title: str, language: str
) -> None:
    article = read(tmp_path, f"---\n{front}\n---\n{PROSE}")
    assert (article.title, article.language) == (title, language)
    assert article.author == ("An, Bình" if "An" in front else "")


def test_front_matter_in_toml(tmp_path: Path) -> None:
    article = read(tmp_path, f'+++\ntitle = "Tin"\ndate = 2025-08-05\n+++\n{PROSE}')
    assert (article.title, article.date, article.text) == ("Tin", "2025-08-05", PROSE)


def test_front_matter_that_nothing_closes_ends_with_its_keys(tmp_path: Path) -> None:
    article = read(tmp_path, f"---\ntitle: A\n\n{PROSE}")
    assert (article.title, article.text.strip()) == ("A", PROSE)
    assert "is not closed by a line ---" in notes(tmp_path / "a.txt")[0]


@pytest.mark.parametrize("text", [f"---\n{PROSE}\n---\n{PROSE}", f"---\n\n{PROSE}"])
def test_a_rule_at_the_top_is_no_front_matter(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).text == text
    assert notes(tmp_path / "a.txt") == []


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("9 tháng 9, 2025", "2025-09-09"),
        ("Thứ ba, 9.9.2025", "2025-09-09"),
        ("Thứ Ba, ngày 09/09/2025 08:15 (GMT+7)", "2025-09-09"),
        ("Ngày 9 tháng 9 năm 2025", "2025-09-09"),
        ("Tue, 09 Sep 2025 08:15:00 +0700", "2025-09-09"),
        ("September 9, 2025", "2025-09-09"),
        ("9 Sept. 2025", "2025-09-09"),
        ("2025/09/09", "2025-09-09"),
        ("2025-09-09T08:15:00+07:00", "2025-09-09"),
        ("20250909", "2025-09-09"),
        ("1757377800", "2025-09-09"),
        ("2025年9月9日", "2025-09-09"),
        ("9. September 2025", "2025-09-09"),
        ("9 septembre 2025", "2025-09-09"),
        ("hôm qua", ""),
    ],
)
def test_days_as_newspapers_write_them(tmp_path: Path, written: str, day: str) -> None:
    article = read(tmp_path, f"---\ntitle: A\ndate: '{written}'\n---\n{PROSE}")
    assert article.date == day


def test_a_malformed_sidecar_file_is_named_with_its_line(tmp_path: Path) -> None:
    article = put(tmp_path, "a.txt", PROSE)
    put(tmp_path, "a.txt.json", '{"title":\n}')
    assert "a.txt.json is not valid JSON" in notes(article)[0]
    put(tmp_path, "a.txt.yaml", "title: [")
    assert "a.txt.yaml is not valid YAML from line" in notes(article)[0]


def test_aliases_that_multiply_are_harmless(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    front = "\n".join([*levels, "title: *a59"])
    assert read(tmp_path, f"---\n{front}\n---\n{PROSE}").text == PROSE


# Paths


def test_folders_are_read_in_sorted_order_without_hidden_and_other_files(tmp_path: Path) -> None:
    for name in ["b.txt", "a/z.md", "a/b/c.TXT", ".hidden.txt", ".git/x.txt", "n.jpg", "s.json"]:
        put(tmp_path, name, f"{PROSE} {name}")
    put(tmp_path, "b.txt.yaml", "title: B")
    corpus = read_articles([tmp_path])
    assert [Path(a.path).relative_to(tmp_path).as_posix() for a in corpus.articles] == [
        "a/b/c.TXT",
        "a/z.md",
        "b.txt",
    ]
    assert corpus.articles[2].title == "B"
    assert corpus.faults == ()
    (note,) = corpus.notes  # a .json file that nobody named may be anything
    assert note.startswith(f"{tmp_path / 's.json'} is not valid JSON")


def test_a_folder_with_other_json_files_alone_holds_no_articles(tmp_path: Path) -> None:
    put(tmp_path, "package.json", '{"name": "x"}')
    corpus = read_articles([tmp_path])
    assert [str(fault).partition(" holds ")[0] for fault in corpus.faults] == [str(tmp_path)]
    assert "package.json has no object with a text" in corpus.notes[0]


def test_records_in_a_folder_or_archive_are_read_and_what_stands_beside_is_not(
    tmp_path: Path,
) -> None:
    record = json.dumps({"title": "Xe buýt", "text": PROSE})
    files = {"bus.json": record, "b.txt": f"{PROSE} Hai.", "b.json": '{"title": "B"}'}
    for name, content in files.items():
        put(tmp_path / "folder", name, content)
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    for place in (tmp_path / "folder", tmp_path / "all.zip"):
        corpus = read_articles([place])
        assert sorted(article.title for article in corpus.articles) == ["B", "Xe buýt"]
        assert (corpus.faults, corpus.notes) == ((), ())


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", b"\x00")
    good = put(tmp_path, "b.txt", PROSE)
    corpus = read_articles([tmp_path, tmp_path / "nowhere.txt"])
    assert [a.path for a in corpus.articles] == [str(good)]
    assert [str(f) for f in corpus.faults] == [
        f"{tmp_path}/a.txt is a binary file: save its text as UTF-8",
        f"{tmp_path}/nowhere.txt does not exist: check the path",
    ]


def test_identical_texts_are_one_article_and_the_first_wins(tmp_path: Path) -> None:
    first = put(tmp_path, "b.txt", PROSE)
    second = put(tmp_path, "a.txt", unicodedata.normalize("NFD", PROSE))
    assert [a.path for a in read_articles([first, second, tmp_path]).articles] == [str(first)]


def test_a_folder_without_articles_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", b"x")
    remedy = "put .txt, .md, .pdf or .docx files into it"
    assert faults(tmp_path) == [f"{tmp_path} holds no articles: {remedy}"]
    assert read_articles([]) == Corpus((), ())


def test_another_suffix_is_a_fault_that_says_what_is_read(tmp_path: Path) -> None:
    (message,) = faults(put(tmp_path, "a.jpg", b"x"))
    assert "a.jpg is not an article: name .csv, .docm, .docx, .eml, .epub, .htm" in message


def test_a_folder_named_like_an_article_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path, "x.txt/a.txt", PROSE)
    expected = f"{tmp_path}/x.txt is a folder, though named like an article: rename it"
    assert faults(tmp_path) == faults(tmp_path / "x.txt") == [expected]
    assert "is a folder" in refusal(tmp_path / "x.txt")


def test_links_that_lead_back_are_faults(tmp_path: Path) -> None:
    good = put(tmp_path, "in/a.txt", PROSE)
    (tmp_path / "in/loop").symlink_to(tmp_path)
    (tmp_path / "in/self.txt").symlink_to("self.txt")
    (tmp_path / "in/twin").symlink_to(good.parent.parent / "in")
    corpus = read_articles([tmp_path])
    assert [a.path for a in corpus.articles] == [str(good)]
    assert [str(f) for f in corpus.faults] == [
        f"{tmp_path}/in/loop is a symbolic link to a folder it lies in: remove the link",
        f"{tmp_path}/in/self.txt is a symbolic link that leads back to itself: remove the link",
        f"{tmp_path}/in/twin is a symbolic link to a folder it lies in: remove the link",
    ]


def test_a_linked_folder_is_read_once(tmp_path: Path) -> None:
    outside = put(tmp_path, "out/a.txt", PROSE).parent
    (tmp_path / "in").mkdir()
    for name in ("one", "two"):
        (tmp_path / "in" / name).symlink_to(outside)
    corpus = read_articles([tmp_path / "in"])
    assert [a.path for a in corpus.articles] == [f"{tmp_path}/in/one/a.txt"]
    assert corpus.faults == ()


def test_permission_denied_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = [put(tmp_path, "a.txt", PROSE), put(tmp_path, "d/x.txt", PROSE).parent]
    good = put(tmp_path, "z.txt", PROSE)

    def refuse(holder: object, method: str) -> None:
        original = getattr(holder, method)

        def guarded(path: Path, *rest: int) -> object:
            if path in denied:
                raise PermissionError(13, "Permission denied", str(path))
            return original(path, *rest)

        monkeypatch.setattr(holder, method, guarded)

    refuse(os, "open")
    refuse(Path, "iterdir")
    corpus = read_articles([tmp_path])
    assert [a.path for a in corpus.articles] == [str(good)]
    assert [str(f) for f in corpus.faults] == [
        f"{path} cannot be read, permission denied: allow it, as with chmod u+r" for path in denied
    ]


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert "is not a regular file" in refusal(tmp_path / "a.txt")


def test_odd_names_stay_on_one_line(tmp_path: Path) -> None:
    (message,) = faults(put(tmp_path, "a\nb.txt", b""))
    assert message == f"{tmp_path}/a\\nb.txt cannot be used, it is empty: " + (
        "write an article or remove it"
    )
    assert faults(Path("a\0b.txt")) == [
        "a\\x00b.txt cannot be read, embedded null byte: check the path"
    ]
    undecodable = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")
    article = read_article(put(tmp_path, Path(undecodable).name, PROSE))
    assert article.path == f"{tmp_path}/\ufffd.txt"  # can be stored and printed


# SQuAD


def squad(*contexts: object) -> dict[str, object]:
    paragraphs = [{"context": context, "qas": [{"question": "?"}]} for context in contexts]
    return {"version": "1.1", "data": [{"title": "Super_Bowl_50", "paragraphs": paragraphs}]}


def test_every_paragraph_of_a_squad_file_is_an_article(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", PROSE)
    path = put(tmp_path, "x.json", json.dumps(squad(decomposed, "Hai.\nNguồn: Báo A", PROSE)))
    corpus = read_articles([path])
    assert [(a.title, a.text) for a in corpus.articles] == [
        ("Super_Bowl_50", PROSE),
        ("Super_Bowl_50", "Hai.\nNguồn: Báo A"),
    ]
    assert corpus.articles[0].id == hashlib.sha256(PROSE.encode()).hexdigest()[:16]
    # A context is prose to its end: an answer may stand in any of its lines.
    assert all((a.furniture, a.source) == ((), "") for a in corpus.articles)
    assert corpus.faults == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[1]", "has no object with a text"),
        ("{}", "has no object with a text"),
        ('{"data": {}}', "has no object with a text"),
        ('{"data": [1]}', "has no object with a text"),
        ('{"data": [{"paragraphs": 1}]}', "data[0].paragraphs is not a list"),
        ('{"data": [{"paragraphs": [{}]}]}', "data[0].paragraphs[0].context is missing"),
        (json.dumps(squad("A.", None)), "data[0].paragraphs[1].context is not text"),
        (json.dumps(squad("A.", " ")), "data[0].paragraphs[1].context is empty"),
        (json.dumps(squad("\ud800")), "data[0].paragraphs[0].context holds the control character"),
        ('{"data": [{"title": 1, "paragraphs": []}]}', "data[0].title is not text"),
        ('{"data": []}', "has no object with a text"),
        ('{"data":\n[', "is not valid JSON on line 2"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_a_malformed_squad_file_is_one_fault(tmp_path: Path, content: str, expected: str) -> None:
    path = put(tmp_path, "x.json", content)
    corpus = read_articles([path])
    (fault,) = corpus.faults
    assert str(fault).startswith(str(path)) and expected in str(fault)
    assert corpus.articles == ()


# Properties


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_any_file_is_an_article_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = put(tmp_path_factory.getbasetemp(), "any.txt", content)
    corpus = read_articles([path])
    assert len(corpus.articles) + len(corpus.faults) == 1
    for article in corpus.articles:
        assert unicodedata.is_normalized("NFC", article.text)
        assert article.title.strip() and "\r" not in article.text
        assert all(0 <= s.start < s.end <= len(article.text) for s in article.furniture)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "# a" + " " * 100_000 + "b",
        "Theo:" + " " * 100_000 + "x",
        "chia sẻ " * 12_000,
    ],
    ids=["run", "heading", "source", "share"],
)
def test_one_line_of_100000_characters(tmp_path: Path, text: str) -> None:
    path = put(tmp_path, "a.md", text)
    read_article(put(tmp_path, "warm.txt", PROSE))  # loads what tells languages apart
    before = time.process_time()
    assert read_article(path).text.split() == text.split()
    assert time.process_time() - before < 1
