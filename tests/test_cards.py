"""Cards: the same facts in three forms, each safe to open and able to be loaded again."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from dataclasses import asdict, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.records.card_rendering import render, save
from assistant.records.cards import MAX_BYTES, Card, CardError, file_name, load_card, make
from assistant.types import Answer, Article, Citation, Claim, IndexFault, Span
from tests.fixtures import make_article

HOSTILE = (
    '</script><script>alert(1)</script><img src=x onerror="alert(1)"> --> <!-- ]]> '
    "![x](https://evil.example/x.png) [link](javascript:alert(1)) **bold** `code` $x$ "
    "<https://evil.example> &lt;b&gt; ```"
)
MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ARTICLE = replace(
    make_article("Ông Tâm là bí thư phường Lái Thiêu.\nPhường họp hôm qua.", "/home/an/news/1.txt"),
    source="https://news.example/tam?a=1&b=2",
    date="2025-08-05",
)
QUOTE = "Ông Tâm là bí thư phường Lái Thiêu."
FORMS = (".json", ".md", ".html")


def library(*articles: Article) -> object:
    known = {article.id: article for article in articles}

    def article(article_id: str) -> Article:
        if article_id not in known:
            raise IndexFault(f"No article {article_id}")
        return known[article_id]

    return article


def cite(quote: str, article: Article = ARTICLE, number: int = 1) -> Citation:
    start = article.text.index(quote)
    return Citation(number, article.id, article.title, start, start + len(quote), quote, True)


def answered(question: str = "Ai là bí thư?", quote: str = QUOTE) -> Answer:
    text = f"Theo bài viết:\n“{quote}” [1]"
    return Answer(question, text, "vi", 0.996, (cite(quote),))


def card(*answers: Answer, articles: tuple[Article, ...] = (ARTICLE,)) -> Card:
    return make(answers or (answered(),), library(*articles), made=MADE)


class _Reading(HTMLParser):
    """What a browser makes of markup: its text outside scripts and styles, tags and attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.tags, self.attributes = "", [], []
        self._hidden = False
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


def shown(made: Card, suffix: str) -> str:
    """The text that a reader sees."""
    source = render(made, suffix)
    if suffix == ".md":
        source = MarkdownIt("commonmark").render(source)
    return _Reading(source).text


# Facts


def test_the_document_has_the_contracts_fields_and_the_proof() -> None:
    (exchange,) = card().to_json()["exchanges"]
    (citation,) = exchange["citations"]
    contract = asdict(cite(QUOTE))
    assert contract.pop("also") == ()  # other places are told where there are any
    assert [*list(citation)[:7], list(citation)[-1]] == list(contract)
    assert {key: citation[key] for key in contract} == contract
    # echo -n "Ông Tâm … hôm qua." | sha256sum starts with the article's id
    assert citation["sha256"].startswith(ARTICLE.id)
    assert len(citation["sha256"]) == 64
    assert (citation["source"], citation["date"]) == (ARTICLE.source, "2025-08-05")


def test_a_card_says_when_it_was_made_in_utc() -> None:
    assert card().made == "2026-03-04T05:06:07+00:00"
    assert "04/03/2026 05:06" in shown(card(), ".html")


@pytest.mark.parametrize("suffix", FORMS)
def test_no_form_tells_where_the_articles_are_kept(suffix: str) -> None:
    assert "/home/an" not in render(card(), suffix)


@pytest.mark.parametrize("suffix", FORMS)
def test_every_form_gives_the_same_card_back(tmp_path: Path, suffix: str) -> None:
    made = card(answered(), answered(f"Câu hỏi {HOSTILE}"))
    save(made, tmp_path / f"card{suffix}")
    assert load_card(tmp_path / f"card{suffix}") == made


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_a_reader_sees_every_fact(suffix: str) -> None:
    seen = " ".join(shown(card(), suffix).split())
    sha = card().exchanges[0].citations[0].sha256
    for fact in (
        "Ai là bí thư?", QUOTE, ARTICLE.title, ARTICLE.source, "05/08/2025", ARTICLE.id, sha,
        "ký tự 0–35", "Bài báo nói rõ điều này",
    ):  # fmt: skip
        assert fact in seen


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_the_words_that_answer_are_bold(tmp_path: Path, suffix: str) -> None:
    answer = replace(answered(), citations=(replace(cite(QUOTE), answer=(Span(0, 7),)),))
    text = render(card(answer), suffix)
    assert "<strong>Ông Tâm</strong> là bí thư" in text
    (tmp_path / f"card{suffix}").write_text(text, "utf-8")
    assert load_card(tmp_path / f"card{suffix}") == card(answer)


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_what_the_articles_do_not_say_is_marked(suffix: str) -> None:
    text = "Ông Tâm là bí thư [1]. Ông có 15% phiếu."
    claims = (
        Claim(0, 17, "supported", (1,)),
        Claim(23, 40, "unsupported", (), "number", "15%"),
    )
    answer = Answer("Ai?", text, "vi", 0.9, (cite(QUOTE),), claims=claims, llm="ollama:<qwen>")
    made = card(answer)
    seen = " ".join(shown(made, suffix).split())
    assert made.exchanges[0].grounding == "partial"
    assert "Ông có 15% phiếu. (⚠ các bài báo không nói vậy: con số “15%”)" in seen
    assert seen.count("⚠") == 1
    assert "Chỉ có trích dẫn cho một phần" in seen
    assert "ollama:<qwen>" in seen
    assert answer.certainty == "says so"  # the reader's, of the articles
    assert "Bài báo nói rõ điều này" not in seen and made.exchanges[0].certainty is None


def test_a_failed_language_model_and_an_unverified_quote_are_told() -> None:
    doubtful = replace(cite(QUOTE), verified=False)
    answer = replace(answered(), citations=(doubtful,), fault="timeout", language="en")
    seen = shown(card(answer), ".html")
    assert "the language model failed (timeout)" in seen
    assert "⚠ not verified" in seen


def test_a_refusal_keeps_its_closest_quote() -> None:
    answer = Answer("Giá vàng?", "Các bài viết không cho biết.", "vi", 0.1, (), (), cite(QUOTE))
    made = card(answer)
    assert made.exchanges[0].grounding == "refused"
    assert [proof.quote for proof in made.exchanges[0].proofs] == [QUOTE]
    assert "Gần nhất, nhưng không phải câu trả lời" in shown(made, ".md")


def test_an_article_that_is_gone_leaves_its_facts_empty(tmp_path: Path) -> None:
    made = card(articles=())
    (proof,) = made.exchanges[0].citations
    assert (proof.quote, proof.sha256, proof.source) == (QUOTE, "", "")
    assert "không còn trong chỉ mục" in shown(made, ".html")


def test_the_language_is_that_of_most_answers() -> None:
    english = replace(answered("Who?"), language="en")
    assert card(answered(), english, english).language == "en"
    assert card(answered(), english).language == "vi"
    page = render(card(english), ".html")
    assert '<html lang="en">' in page
    assert 'lang="vi">Ông Tâm' in page  # the quote is in its article's language


def test_a_decomposed_question_is_composed() -> None:
    question = unicodedata.normalize("NFD", "Bí thư phường Lái Thiêu là ai?")
    made = card(answered(question))
    assert made.exchanges[0].question == "Bí thư phường Lái Thiêu là ai?"
    assert made.title == "Bí thư phường Lái Thiêu là ai?"


def test_half_a_surrogate_pair_stops_no_export(tmp_path: Path) -> None:
    made = card(answered("Ai\ud800 là\x00 bí thư?"))
    for suffix in FORMS:
        save(made, tmp_path / f"card{suffix}")
        assert load_card(tmp_path / f"card{suffix}") == made


def test_an_empty_conversation_is_refused() -> None:
    with pytest.raises(CardError, match="nothing to export"):
        make([], library())


# Safety


def hostile_card() -> Card:
    article = replace(
        make_article(f"Trước {HOSTILE}\nsau."), title=f"T {HOSTILE}", source="javascript:alert(1)"
    )
    text = f"Lời {HOSTILE} [1]"
    claims = (Claim(0, len(text), "unsupported", (), "name", HOSTILE),)
    answer = Answer(
        f"Q {HOSTILE}", text, "vi", 0.5, (cite(HOSTILE, article),), (), None, f"S {HOSTILE}",
        claims, f"L {HOSTILE}",
    )  # fmt: skip
    return card(answer, articles=(article,))


def test_the_page_runs_and_loads_nothing() -> None:
    page = render(hostile_card(), ".html")
    reading = _Reading(page)
    assert reading.tags.count("script") == 1
    assert not {"img", "link", "iframe", "object", "form", "base"} & set(reading.tags)
    assert not [a for a in reading.attributes if a[1].startswith("on") or a[1] == "src"]
    addresses = [value for _, name, value in reading.attributes if name == "href"]
    assert addresses == ["#e1c1"]
    assert "url(" not in page.partition("</style>")[0]
    assert "default-src 'none'" in page
    assert HOSTILE in reading.text


def test_only_web_addresses_are_links() -> None:
    for source, links in {
        "https://news.example/a": 1,
        "http://[": 0,
        "javascript:alert(1)": 0,
        "data:text/html,x": 0,
        'https://a.example/"><script>': 0,
        "Báo Tuổi Trẻ": 0,
    }.items():
        page = render(card(articles=(replace(ARTICLE, source=source),)), ".html")
        found = [v for t, n, v in _Reading(page).attributes if n == "href" and v[0] != "#"]
        assert found == [source] * links


def markdown_tags(made: Card) -> tuple[set[str], list[str], str]:
    """Tags, addresses and text of a Markdown card as CommonMark reads it."""
    reading = _Reading(MarkdownIt("commonmark").render(render(made, ".md")))
    addresses = [value for _, name, value in reading.attributes if name in ("href", "src")]
    return set(reading.tags), addresses, reading.text


OURS = {"h1", "h2", "h3", "p", "em", "strong", "blockquote", "br", "hr", "code", "a"}


def test_markdown_says_hostile_texts_as_they_are() -> None:
    tags, addresses, text = markdown_tags(hostile_card())
    assert tags <= OURS - {"a"}
    assert addresses == []
    assert text.count(HOSTILE) >= 4


@given(
    st.text(st.sampled_from("ab 1.)-+=#*_`~<>&[]()!|\\\n\t:/x\"'"), min_size=1, max_size=40).filter(
        str.strip
    )
)
def test_markdown_cannot_be_broken_out_of(text: str) -> None:
    article = replace(make_article(f"x{text}y"), source="")
    quote = f"x{text}y"
    made = card(Answer(text, text, "vi", 0.5, (cite(quote, article),)), articles=(article,))
    tags, addresses, said = markdown_tags(made)
    assert tags <= OURS - {"a"}
    assert addresses == []
    assert "".join(quote.split()) in "".join(said.split())


@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_any_text_survives_every_form(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = card(answered(text), answered(f"{text}</script>-->"))
    path = tmp_path_factory.getbasetemp() / "any"
    for suffix in FORMS:
        save(made, path.with_suffix(suffix))
        assert load_card(path.with_suffix(suffix)) == made


def test_a_title_is_the_heading_and_a_safe_name() -> None:
    made = make([answered()], library(ARTICLE), "Hai\nphường <b>", MADE)
    assert made.title == "Hai phường <b>"
    assert "<h1>Hai phường &lt;b&gt;</h1>" in render(made, ".html")
    assert render(made, ".md").startswith("# Hai phường &lt;b&gt;\n")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "assistant.md"),
        ("Hai phường", "Hai phường.md"),
        ("Ai là bí thư?", "Ai là bí thư.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ("C:\\tin\\a|b*", "C tin a b.md"),
        (".. .", "assistant.md"),
        ("CON", "assistant.md"),
        ("lpt1.tin", "assistant.md"),
        ("tin\u202egpj", "tin gpj.md"),
        ("a\x00b\nc", "a b c.md"),
        ("ệ" * 300, "ệ" * 60 + ".md"),  # three bytes each
        (unicodedata.normalize("NFD", "phường"), "phường.md"),
        ("x\ud800", "x.md"),
    ],
)
def test_a_files_name_is_one_that_every_system_takes(title: str, name: str) -> None:
    assert file_name(title, ".md") == name


# Files that are none


def document(**changes: object) -> dict[str, object]:
    """A card of before they were sealed, with fields of it changed."""
    old = replace(card(), rendering=2, sha256="")
    return json.loads(render(old, ".json")) | changes


def first(value: dict, **changes: object) -> dict:
    """The document with a field of its first exchange changed."""
    value["exchanges"][0] |= changes
    return value


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b"{", "is not a card"),
        ("a.json", b"", "is not a card"),
        ("a.json", b"[]", "is not a card"),
        ("a.json", b"\xff\xfe{}", "not UTF-8 at byte 0"),
        ("a.json", b"[" * 100_000, "is not a card"),
        ("a.json", b'{"version": ' + b"9" * 10_000 + b"}", "is not a card"),
        ("a.json", json.dumps(document(version="1")).encode(), "version"),
        ("a.json", json.dumps(document(version=2)).encode(), "version 2, this program reads 1"),
        ("a.json", json.dumps(document(format="x")).encode(), "its format is 'x'"),
        ("a.json", json.dumps(document(exchanges=[])).encode(), "no exchange"),
        ("a.json", json.dumps(document(exchanges={})).encode(), "exchanges"),
        ("a.json", json.dumps(document(extra=1)).encode(), "extra"),
        ("a.json", json.dumps(first(document(), grounding="partial")).encode(), "partial"),
        ("a.json", json.dumps(first(document(), question=5)).encode(), "exchanges[0].question"),
        ("a.json", json.dumps(first(document(), citations=[{}])).encode(), "citations[0]"),
        ("a.html", b"<html><p>No data here</p></html>", "has none"),
        ("a.md", b"# Just notes", "has none"),
        ("a.html", (render(card(), ".html") * 2).encode(), "has 2 of them"),
        ("a.pdf", b"", "name a .json, .md or .html file"),
        ("missing.json", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_card_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CardError, match=re.escape(words)) as error:
        load_card(path)
    assert name in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(CardError, match=f"more than {MAX_BYTES // 1_000_000} MB"):
        load_card(path)


def test_a_claim_outside_its_answer_is_refused(tmp_path: Path) -> None:
    claim = {"start": 0, "end": 10**6, "verdict": "supported", "numbers": [1], "lack": "",
             "detail": ""}  # fmt: skip
    path = tmp_path / "a.json"
    path.write_text(json.dumps(first(document(), claims=[claim])), "utf-8")
    with pytest.raises(CardError, match="claim outside its answer"):
        load_card(path)


def test_other_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbf" + render(card(), ".md").replace("\n", "\r\n").encode())
    assert load_card(path) == card()


def test_the_addresses_of_sources_are_escaped_in_the_page() -> None:
    page = render(card(), ".html")
    assert f'href="{html.escape(ARTICLE.source)}"' in page
    assert urlsplit(ARTICLE.source).query == "a=1&b=2"
