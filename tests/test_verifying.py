"""Verifying a card: what became of its quotes after articles were edited, moved or removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.articles.files import read_article
from assistant.cli import main
from assistant.records.card_rendering import render, save
from assistant.records.card_verification import Finding, find_words, table, verify, verify_file
from assistant.records.cards import RENDERING, Card, CardError, digest, make
from assistant.types import Answer, Article, Citation, Claim, Place, Span
from tests.fixtures import make_article

FIRST = "Ông Nguyễn Thanh Tâm là bí thư đảng ủy phường Lái Thiêu."
SECOND = "Phường Lái Thiêu sẽ họp đại hội vào ngày 15 tháng 8."
TEXT = f"{FIRST}\n\n{SECOND}"


def article(
    text: str = TEXT, path: str = "/news/lai-thieu.txt", title: str = "Lái Thiêu"
) -> Article:
    return replace(make_article(text, path), title=title, source="Báo An Giang")


OTHER = article("Giá vàng tăng mạnh trong tuần qua ở nhiều nơi.", "/news/gold.txt", "Giá vàng")


def card(*quotes: str, of: Article | None = None) -> Card:
    """A card that quotes ``quotes`` of an article."""
    cited = of or article()
    citations = [
        Citation(
            n, cited.id, cited.title, cited.text.index(q), cited.text.index(q) + len(q), q, True
        )
        for n, q in enumerate(quotes, 1)
    ]
    answer = Answer("Ai?", "…", "vi", 0.9, tuple(citations))
    return make([answer], lambda _: cited, made=datetime(2026, 1, 2, tzinfo=UTC))


def standings(made: Card, articles: Sequence[Article]) -> list[str]:
    return [finding.standing for finding in verify(made, articles)]


def only(made: Card, articles: Sequence[Article]) -> Finding:
    (finding,) = verify(made, articles)
    return finding


def test_quotes_of_an_unchanged_article_hold() -> None:
    assert standings(card(FIRST, SECOND), [OTHER, article()]) == ["holds", "holds"]


def test_the_other_places_of_a_quote_are_checked_too(tmp_path: Path) -> None:
    reprint = article(f"Theo báo bạn.\n\n{FIRST}", "/news/reprint.txt", "Đăng lại")
    start = reprint.text.index(FIRST)
    place = Place(reprint.id, reprint.title, reprint.source, "", start, start + len(FIRST))
    first = replace(card(FIRST).exchanges[0].citations[0], also=(place,))
    made = card(FIRST)
    made = replace(made, exchanges=(replace(made.exchanges[0], citations=(first,)),)).sealed()
    save(made, tmp_path / "card.md")
    told = verify_file(tmp_path / "card.md", [article(), reprint])
    assert told.sound and told.findings[0].also == ((place, True),)
    assert "also in Đăng lại" in table(told)
    edited = replace(reprint, text=reprint.text.replace("Tâm", "Trung"))
    for articles in ([article(), edited], [article()]):
        told = verify_file(tmp_path / "card.md", articles)
        assert told.findings[0].standing == "holds" and not told.sound
        assert "no longer in Đăng lại, Báo An Giang" in table(told)
        assert told.to_json()["citations"][0]["also"][0]["stands"] is False


def test_an_edited_sentence_changes_and_the_other_moves() -> None:
    edited = article(TEXT.replace("là bí thư", "từng là phó bí thư"))
    first, second = verify(card(FIRST, SECOND), [OTHER, edited])
    assert (first.standing, second.standing) == ("changed", "moved")
    assert first.now and second.now
    assert first.now.text == FIRST.replace("là bí thư", "từng là phó bí thư")
    assert edited.text[second.now.start : second.now.end] == SECOND
    assert second.now.article_id == edited.id
    assert second.now.start == TEXT.index(SECOND) + len("từng phó ")


def test_the_present_version_is_known_by_title_and_source_too() -> None:
    renamed = article(f"Mở đầu.\n\n{TEXT}", "/elsewhere/b.txt")
    assert only(card(FIRST), [OTHER, renamed]).standing == "moved"
    assert only(card(FIRST), [article("Đã gỡ.", "/elsewhere/b.txt")]).standing == "changed"
    foreign = article("Đã gỡ.", "/elsewhere/b.txt", "Tân Phước")
    assert only(card(FIRST), [foreign]).standing == "gone"


def test_words_are_found_anywhere_when_no_version_is_known() -> None:
    copied = article(f"Theo báo bạn: {FIRST}", "/elsewhere/c.txt", "Điểm tin")
    finding = only(card(FIRST), [OTHER, copied])
    assert finding.standing == "moved"
    assert finding.now and finding.now.title == "Điểm tin"


def test_a_few_words_say_nothing_about_where_they_went() -> None:
    old = article("Có.\nMở cửa lúc 8 giờ.")
    assert only(card("Có.", of=old), [article("Có. Không.", "/x.txt", "Khác")]).standing == "gone"


def test_a_retracted_sentence_is_changed_though_another_article_has_it() -> None:
    retracted = article(f"Bài đã được sửa.\n\n{SECOND}")
    copied = article(TEXT + " ", "/elsewhere/c.txt", "Điểm tin")
    assert standings(card(FIRST), [copied, retracted]) == ["changed"]


def test_no_article_is_gone() -> None:
    finding = only(card(FIRST), [OTHER])
    assert (finding.standing, finding.now) == ("gone", None)
    assert standings(card(FIRST), []) == ["gone"]


def test_of_a_file_of_many_articles_the_likest_counts() -> None:
    path = "/news/squad.json"
    old = article(FIRST, path, "Phường")
    others = [article(OTHER.text, path, "Vàng"), article("Trời mưa to ở phường.", path, "Mưa")]
    assert standings(card(FIRST, of=old), others) == ["gone"]
    edited = article(FIRST.replace("Tâm", "Châu"), path, "Phường")
    finding = only(card(FIRST, of=old), [*others, edited])
    assert finding.standing == "changed"
    assert finding.now and finding.now.article_id == edited.id


def test_offsets_that_lie_are_found_out() -> None:
    made = card(FIRST)
    (exchange,) = made.exchanges
    for start, end, standing in (
        (10**18, 10**18 + 5, "moved"),
        (-len(TEXT), -len(TEXT) + len(FIRST), "moved"),  # Python would count from the end
        (5, 2, "moved"),
    ):
        proof = replace(exchange.citations[0], start=start, end=end)
        forged = replace(made, exchanges=(replace(exchange, citations=(proof,)),))
        assert only(forged, [article()]).standing == standing
        assert only(forged, [article()]).now.start == 0


def test_invented_words_are_found_out() -> None:
    made = card(FIRST)
    (exchange,) = made.exchanges
    for quote in (FIRST.replace("Tâm", "Châu"), "", "   ", "Ông Nguyễn Thanh Tâ"):
        proof = replace(exchange.citations[0], quote=quote)
        forged = replace(made, exchanges=(replace(exchange, citations=(proof,)),))
        assert only(forged, [article()]).standing == "changed"


def test_a_wrong_content_hash_is_not_the_same_article() -> None:
    made = card(FIRST)
    (exchange,) = made.exchanges
    proof = replace(exchange.citations[0], sha256="0" * 64)
    forged = replace(made, exchanges=(replace(exchange, citations=(proof,)),))
    assert only(forged, [article()]).standing == "moved"


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("15", "150 người, 15 xe", (11, 13)),
        ("15", "tăng 150%", None),
        ("hai ba", "một hai\n  ba bốn", (4, 12)),
        ("a.b", "axb a.b", (4, 7)),
        ("“x”", "“x”", (0, 3)),
        ("", "x", None),
        ("ba bốn", "một\n\nhai \t ba\nbốn", (11, 17)),
    ],
)
def test_words_are_found_whole_whatever_the_spaces(
    words: str, text: str, found: tuple[int, int] | None
) -> None:
    span = find_words(words, text)
    assert (span and (span.start, span.end)) == found


def test_of_several_places_the_nearest_is_taken() -> None:
    assert find_words("a b", "a b, a b, a b", 6) is not None
    assert find_words("a b", "a b, a b, a b", 6).start == 5


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_a_page_that_was_edited_around_its_data_is_found_out(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"card{suffix}"
    save(card(FIRST), path)
    assert verify_file(path, [article()]).sound
    text = path.read_text("utf-8")
    assert FIRST in text
    path.write_text(text.replace("Tâm", "Châu", 1), "utf-8")
    found = verify_file(path, [article()])
    assert [f.standing for f in found.findings] == ["holds"]
    assert not found.intact
    assert not found.sound
    assert "was edited" in table(found)


def test_the_table_obeys_no_control_characters(tmp_path: Path) -> None:
    evil = article("Xin \x1b[31mchào các bạn\u202e.", title="T\x1b]0;x\x07")
    path = tmp_path / "card.json"
    save(card("Xin \x1b[31mchào các bạn\u202e.", of=evil), path)
    shown = table(verify_file(path, [evil]))
    assert not re.search("[\x1b\x07\u202e]", shown)


# Edited


def old(made: Card) -> Card:
    """The card as it was made before cards were sealed."""
    return replace(made, rendering=2, sha256="")


@pytest.mark.parametrize("suffix", [".json", ".md", ".html"])
def test_an_older_card_is_verified_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"card{suffix}"
    save(old(card(FIRST)), path)
    found = verify_file(path, [article()])
    assert found.sound
    assert "older version" in table(found)
    text = path.read_text("utf-8").replace("Tâm", "Châu", 1)
    path.write_text(text, "utf-8")
    assert not verify_file(path, [article()]).sound


def test_a_digest_cannot_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    save(replace(card(FIRST), sha256=""), path)
    assert not verify_file(path, [article()]).intact


def test_spaces_and_order_are_no_edit_of_a_document(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    document = json.loads(render(card(FIRST), ".json"))
    path.write_text(json.dumps(dict(reversed(document.items()))), "utf-8")
    assert verify_file(path, [article()]).sound


# Any other word there would make of the file no card at all.
WORDS = {
    "language": {"vi": "en"},
    "grounding": {"partial": "grounded"},
    "certainty": {"says so": "may say so"},
    "verdict": {"supported": "elsewhere", "unsupported": "supported"},
    "lack": {"number": "name"},
    "fault": {"timeout": "key"},
}
UNEDITED = {"format", "version"}  # say that it is a card of ours, else it is none


def edits(value: object, name: str = "") -> Iterator[object]:
    """``value``, each time with one thing in it edited or left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNEDITED:
                yield from ({**value, key: edited} for edited in edits(inner, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from ([*value[:at], edited, *value[at + 1 :]] for edited in edits(inner, name))
            if len(value) > 1 or name != "exchanges":
                yield [*value[:at], *value[at + 1 :]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield type(value)(value + 1)
    elif isinstance(value, str):
        yield WORDS[name].get(value, value) if name in WORDS else f"{value}x"
        if value and name not in WORDS:
            yield value[:-1]


def rich() -> Card:
    """A card that has something of everything: two quotes, claims, a refusal, a fault."""
    (first,) = card(FIRST, SECOND).exchanges
    claims = (Claim(0, 5, "supported", (1,)), Claim(6, 9, "unsupported", (), "number", "15"))
    told = Answer("Ai?", "Ông Tâm nói [1].", "vi", 0.9, claims=claims, citations=())
    cited = [
        Citation(p.number, p.article_id, p.title, p.start, p.end, p.quote, True, p.answer)
        for p in first.citations
    ]
    spanned = replace(cited[0], answer=(Span(0, 9),))
    answers = [
        replace(told, citations=(spanned, cited[1]), query="tìm", llm="ollama:x", fault="timeout"),
        Answer("Giá vàng?", "Không rõ.", "vi", 0.1, (), closest=cited[1]),
    ]
    made = make(answers, lambda _: article(), made=datetime(2026, 1, 2, tzinfo=UTC))
    assert made.exchanges[0].grounding == "partial"
    return made


# On the command line


@pytest.fixture
def news(tmp_path: Path, fake_encoder: None) -> Path:
    """A folder with one article, indexed."""
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "lai-thieu.txt").write_text(TEXT, "utf-8")
    assert main(["index", str(folder), "--index", str(tmp_path / "index")]) == 0
    return folder


def exported(news: Path, suffix: str) -> str:
    path = news / "lai-thieu.txt"
    made = card(FIRST, SECOND, of=replace(read_article(path), path=str(path.resolve())))
    file = news.parent / f"card{suffix}"
    save(made, file)
    return str(file)


@pytest.mark.parametrize("suffix", [".json", ".md", ".html"])
def test_editing_a_sentence_and_indexing_again(
    news: Path, suffix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what was said before is not kept; see test_edited.py for where it is."""
    monkeypatch.setenv("ASSISTANT_EDITIONS", "0")
    file, index = exported(news, suffix), str(news.parent / "index")
    capsys.readouterr()
    assert main(["verify", file, "--index", index]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 quotes: 2 holds"
    edited = FIRST.replace("bí thư", "nguyên bí thư")
    (news / "lai-thieu.txt").write_text(f"{edited}\n\n{SECOND}", "utf-8")
    assert main(["index", str(news), "--index", index]) == 0
    capsys.readouterr()
    assert main(["verify", file, "--index", index]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "2 quotes: 1 moved, 1 changed"
    assert edited in out
    assert main(["verify", file, "--index", index, "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)["citations"]
    assert (first["standing"], first["now"]["text"]) == ("changed", edited)
    assert second["standing"] == "moved"
    assert second["now"]["start"] == len(edited) + 2


def test_whatever_is_edited_in_a_document_is_told(
    news: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, index = news.parent / "rich.json", str(news.parent / "index")
    save(rich(), file)
    assert main(["verify", str(file), "--index", index]) == 0
    document = json.loads(file.read_text("utf-8"))
    count = 0
    for edited in edits(document):
        if edited == document:
            continue
        count += 1
        file.write_text(json.dumps(edited, ensure_ascii=False), "utf-8")
        assert main(["verify", str(file), "--index", index]) == 1, edited
        assert "was edited" in capsys.readouterr().out
    assert count > 60


SEEN = {  # what a reader sees: lines, and what stands between tags but for the data
    ".md": re.compile(r"^(?!<!--|-->|\{).*\S.*$", re.MULTILINE),
    ".html": re.compile(r"(?<=>)(?!\n\{)[^<>]*[^<>\s][^<>]*(?=<)"),
}


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_whatever_is_edited_in_a_page_is_told(
    news: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line and each text between tags, and the data as well."""
    file, index = news.parent / f"rich{suffix}", str(news.parent / "index")
    save(rich(), file)
    assert main(["verify", str(file), "--index", index]) == 0
    text = file.read_text("utf-8")
    shown = [match.span() for match in SEEN[suffix].finditer(text)]
    assert len(shown) > 20
    for start, end in shown:
        for edited in (f"{text[:end]}x{text[end:]}", text[:start] + text[end:]):
            file.write_text(edited, "utf-8")
            assert main(["verify", str(file), "--index", index]) == 1, text[start:end]
    file.write_text(text.replace('"query": "tìm"', '"query": "tim"'), "utf-8")
    assert main(["verify", str(file), "--index", index]) == 1
    assert "was edited" in capsys.readouterr().out


@pytest.mark.parametrize(("kept", "told"), [("0", "2 moved"), ("10", "2 edited")])
def test_only_moved_quotes_are_sound(
    news: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kept: str,
    told: str,
) -> None:
    monkeypatch.setenv("ASSISTANT_EDITIONS", kept)
    file, index = exported(news, ".md"), str(news.parent / "index")
    (news / "lai-thieu.txt").write_text(f"Tin mới nhận.\n\n{TEXT}", "utf-8")
    main(["index", str(news), "--index", index])
    capsys.readouterr()
    assert main(["verify", file, "--index", index]) == 0
    assert f"2 quotes: {told}" in capsys.readouterr().out


def test_a_removed_article_is_gone(news: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, index = exported(news, ".html"), str(news.parent / "index")
    (news / "lai-thieu.txt").unlink()
    (news / "gold.txt").write_text(OTHER.text, "utf-8")
    main(["index", str(news), "--index", index])
    capsys.readouterr()
    assert main(["verify", file, "--index", index]) == 1
    assert "2 quotes: 2 gone" in capsys.readouterr().out


def test_a_bad_file_and_a_missing_index_are_one_line(
    news: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<p>nothing</p>", "utf-8")
    good = exported(news, ".json")
    capsys.readouterr()
    for arguments in (
        ["verify", str(bad), "--index", str(tmp_path / "index")],
        ["verify", "/no/such/card.json", "--index", str(tmp_path / "index")],
        ["verify", good, "--index", "/no/such/index"],
    ):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"name a \.json"):
        verify_file(tmp_path / "card.txt", [])


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_a_page_of_another_version_must_still_show_its_quotes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"card{suffix}"
    save(replace(card(FIRST), rendering=RENDERING + 1).sealed(), path)
    text = path.read_text("utf-8").replace("Trích dẫn", "Nguồn", 1)  # other words of ours
    path.write_text(text, "utf-8")
    assert verify_file(path, [article()]).sound
    path.write_text(text.replace("Tâm", "Châu", 1), "utf-8")
    assert not verify_file(path, [article()]).sound


def test_a_change_of_the_pages_raises_their_version() -> None:
    """Otherwise each page that was exported before would be called edited. When this fails, raise
    RENDERING and put the new digest here."""
    pages = "".join(render(card(FIRST, SECOND), suffix) for suffix in (".md", ".html"))
    assert (RENDERING, digest(pages)[:16]) == (5, "1f068f15c4694ce4")
    earlier = old(card(FIRST, SECOND))
    pages = "".join(render(earlier, suffix) for suffix in (".md", ".html"))
    assert (earlier.rendering, digest(pages)[:16]) == (2, "3bd39bbddbc741ee")
