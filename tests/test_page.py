"""The page's markup, as pure functions; and the port the server takes."""

from __future__ import annotations

import errno
import html
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest

from assistant.answering._question_text import unreadable
from assistant.answering.prompt_texts import say
from assistant.index import index
from assistant.page import _answer_html as answer_html
from assistant.page import _reader_html as reader_html
from assistant.page import chat, labels
from assistant.page._conversation_html import messages
from assistant.page._session import Slot
from assistant.page.labels import LABELS
from assistant.page.skeleton import skeleton
from assistant.records.exchange import About, Exchange
from assistant.server import serve
from assistant.settings import Settings
from assistant.types import (
    Answer,
    Article,
    AssistantError,
    Citation,
    Claim,
    FaultKind,
    Finished,
    Hit,
    QuestionKind,
    Span,
    UnsupportedReason,
)
from tests.browsing import EVIL, FIRST_QUOTE, HOSTILE, ROOT, SECOND_QUOTE, SEED, Scripted, cite

# Markup


class _Reading(HTMLParser):
    """The text of markup, the text inside its marks, and its tags, as a browser reads them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.quote, self._depth = "", "", 0
        self.tags: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._depth += tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.quote += data if self._depth else ""


@pytest.mark.parametrize(
    "quote",
    [
        "Sáng 5-8",  # the first words
        FIRST_QUOTE,
        "Địa phương mong sớm phân cấp đầu tư công\nBáo cáo tại buổi làm việc",  # two lines
        "an ninh trật tự tại địa bàn…\n\nVề tổ chức",  # with an empty line between
        "rõ trách nhiệm từng người; tăng cường sự đoàn kết nội bộ.\nNguồn: https",  # furniture
        "Bình luận (0)",  # the last words
        SEED.text,
    ],
)
def test_highlight_is_the_quote_and_the_text_is_whole(quote: str) -> None:
    citation = cite(1, quote)
    reading = _Reading(reader_html.marked(SEED, Span(citation.start, citation.end)))
    assert reading.quote == quote
    assert reading.text == SEED.text


@pytest.mark.parametrize("quote", ["😀", "🏙️ Trước", "👩‍👩‍👧 hết", '<img src=x onerror="window'])
def test_highlight_counts_code_points_and_escapes(quote: str) -> None:
    citation = cite(1, quote, EVIL)
    markup = reader_html.marked(EVIL, Span(citation.start, citation.end))
    reading = _Reading(markup)
    assert reading.quote == quote
    assert reading.text == EVIL.text
    assert set(reading.tags) == {"p", "mark"}
    assert markup.count('id="quote"') == 1


@pytest.mark.parametrize("text", ["Cầu mới", "# Cầu mới", "\nCầu mới "])
def test_a_headline_that_the_text_begins_with_is_shown_once(text: str) -> None:
    article = replace(SEED, title="Cầu mới", text=f"{text}\nCầu dài 5 km.\nCầu mới", marked=True)
    shown = reader_html.marked(article, None)
    assert shown.count('class="headline"') == 1 and shown.endswith("<p>Cầu mới</p>")
    assert _Reading(shown).text == article.text
    at = article.text.index("Cầu mới")
    assert "headline" not in reader_html.marked(article, Span(at, at + 3))  # a quote is shown


def test_a_span_outside_the_text_opens_the_article_without_a_highlight() -> None:
    for span in (Span(0, len(SEED.text) + 1), Span(5, 5), Span(9, 3), None):
        assert "<mark" not in reader_html.reading(SEED, span, LABELS["vi"])


@pytest.mark.parametrize("text", [HOSTILE, "a_b *c* #d", "1. x", "- y", "    code", "Ngã tư ™ 😀"])
def test_inert_text_leaves_nothing_to_markdown_or_html(text: str) -> None:
    assert html.unescape(labels.inert(text)) == text
    left = re.sub(r"&#[0-9]+;", "", labels.inert(text))
    assert not re.search(r"[!-/:-@\[-`{-~]", left)


def test_markers_of_citations_become_links_and_other_brackets_stay_text() -> None:
    exchange = Exchange("[1]?", "Một [1][2] ba [7].", citations=(cite(1, "Sáng 5-8"),))
    question, answer = (m["content"] for m in messages([Slot(exchange, 0, (0,))], LABELS["vi"]))
    assert "<a" not in question
    assert answer.count("<a ") == 1
    assert 'href="#article=seed&amp;start=0&amp;end=8"' in answer
    assert (
        _Reading(answer.partition('<div class="previews"')[0]).text
        == "Một\N{NO-BREAK SPACE}[1][2] ba [7]."
    )
    preview = answer.partition('<div class="previews" hidden>')[2]
    assert "“Sáng 5-8”" in _Reading(preview).text
    assert SEED.title in _Reading(preview).text


def test_sources_tell_number_title_date_and_the_start_of_the_quote() -> None:
    citation = cite(3, FIRST_QUOTE)
    answer = Answer("?", "Đúng vậy [3].", "vi", 0.9, (citation,))
    done = Exchange("?", answer.text, None, (citation,), (), {"seed": About("2025-08-05")}, answer)
    said = _Reading(answer_html.reply(done, LABELS["en"])).text
    assert "Sources" in said
    assert f"3{SEED.title} “{FIRST_QUOTE[:60]}" in said
    place = f"characters {citation.start}–{citation.end}"
    assert f"5 Aug 2025 · {place} · verified" in said
    assert "05/08/2025" in answer_html.reply(done, LABELS["vi"])


def test_quotes_of_one_article_share_a_card_under_its_title() -> None:
    other = cite(3, EVIL.text[3:], EVIL)
    told = (cite(1, FIRST_QUOTE), other, cite(2, SECOND_QUOTE))
    answer = Answer("?", "a [1] [2] [3]", "vi", 0.9, told)
    done = Exchange("?", answer.text, None, told, (), {}, answer)
    markup = answer_html.reply(done, LABELS["vi"])
    cards = markup.partition('class="sources"')[2].partition('class="previews"')[0]
    assert cards.count("<li>") == 2
    assert cards.count(html.escape(SEED.title)) == 1
    of_seed, _, of_other = cards.partition("</li>")
    numbers = re.compile(r'class="number">(\d)<')
    assert (numbers.findall(of_seed), numbers.findall(of_other)) == (["1", "2"], ["3"])


def test_an_unverified_citation_says_so() -> None:
    doubtful = Citation(1, "seed", "T", 0, 4, "Sáng", verified=False)
    answer = Answer("?", "Ừ [1].", "vi", 0.5, (doubtful,))
    done = Exchange("?", answer.text, None, (doubtful,), (), {}, answer)
    assert LABELS["en"].unverified in answer_html.reply(done, LABELS["en"])


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://www.example.vn/a?b=1&c=<2>", "https://www.example.vn/a?b=1&c=<2>"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("http://[", None),
        ("Báo <b>Đà Nẵng</b>", None),
    ],
)
def test_only_web_addresses_are_links(source: str, link: str | None) -> None:
    article = Article("x", "T", "Text", "vi", source)
    links = re.findall(
        r'<a href="([^#"][^"]*)"([^>]*)>', reader_html.reading(article, None, LABELS["vi"])
    )
    assert [html.unescape(href) for href, _ in links] == ([link] if link else [])
    assert all('target="_blank" rel="noopener noreferrer"' in rest for _, rest in links)


@pytest.mark.parametrize("article_id", ["seed", EVIL.id, "Đà Nẵng/1?x=y"])
@pytest.mark.parametrize("span", [Span(0, 8), None])
def test_an_address_leads_back_to_its_place(article_id: str, span: Span | None) -> None:
    assert labels.parse_address(labels.address_of(article_id, span)) == (article_id, span)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("", None),
        ("#articles", None),
        ("#article=", None),
        ("#start=1&end=2", None),
        ("#article=x&start=1", ("x", None)),
        ("#article=x&start=-1&end=9", ("x", None)),
        ("#article=x&start=²&end=9", ("x", None)),
        ("#article=x&start=1e3&end=" + "9" * 5000, ("x", None)),
    ],
)
def test_odd_addresses(address: str, place: tuple[str, Span | None] | None) -> None:
    assert labels.parse_address(address) == place


@pytest.mark.parametrize(
    ("header", "language"),
    [("vi-VN,vi;q=0.9", "vi"), ("VI", "vi"), ("en-US,vi;q=0.5", "en"), ("fr", "en"), ("", "en")],
)
def test_the_page_speaks_the_language_of_the_browser(header: str, language: str) -> None:
    assert labels.preferred_language(header) == language


def test_what_has_no_language_is_answered_in_the_readers() -> None:
    *_, finished = unreadable("???")
    assert isinstance(finished, Finished)
    done = Exchange("???", finished.answer.text, answer=finished.answer)
    said = {code: _Reading(answer_html.reply(done, LABELS[code])).text for code in ("vi", "en")}
    assert "Hãy gõ một câu hỏi bằng chữ." in said["vi"]
    assert "Please type a question in words." in said["en"]
    assert "Hãy gõ" not in said["en"]


@pytest.mark.parametrize(
    ("question", "told"), [("asdf qwerty", False), ("who is the mayor of this city", True)]
)
def test_nonsense_is_refused_in_the_readers_language(question: str, told: bool) -> None:
    english, found = say("refusal", "en"), Hit(1, 1.0, "a", "A", 0, 1, "x", 0.0, 0.0)
    done = Exchange(question, english, answer=Answer(question, english, "en", 0.1, (), (found,)))
    said = _Reading(answer_html.reply(done, LABELS["vi"])).text
    assert (english in said) is told
    assert (say("refusal", "vi") in said) is not told


def test_sureness_is_of_what_the_reader_found_and_opinions_of_what_was_answered() -> None:
    answer = Answer("xin chào", "Xin chào! [1]", "vi", 1.0, (cite(1, SECOND_QUOTE),))
    kinds: tuple[QuestionKind, ...] = ("greeting", "listing", "content")
    shown = {
        kind: answer_html.reply(
            Exchange("xin chào", answer=replace(answer, kind=kind)), LABELS["vi"]
        )
        for kind in kinds
    }
    sure, judged = LABELS["vi"].certainty["says so"], 'name="good"'
    assert [sure in shown[kind] for kind in kinds] == [False, False, True]
    assert [judged in shown[kind] for kind in kinds] == [False, True, True]


def test_long_lists_of_articles_are_cut_and_say_so() -> None:
    many = [Article(str(n), f"Bài {n}", "x", "vi") for n in range(reader_html.LISTED_ARTICLES + 5)]
    listed = reader_html.library(many, LABELS["en"])
    assert listed.count("<li>") == reader_html.LISTED_ARTICLES
    assert "Show more (5 left)" in listed
    assert reader_html.library(many, LABELS["en"], most=400).count("<li>") == len(many)
    assert LABELS["vi"].no_articles in reader_html.library([], LABELS["vi"])
    start = reader_html.welcome([], LABELS["vi"])
    assert f'href="{reader_html.ALL_ARTICLES}">Chưa có bài báo nào&#59; hãy thêm' in start


def test_the_settings_limit_questions_and_answers() -> None:
    settings = Settings(max_question=60, answers_at_once=3)
    blocks = chat.build(Scripted(), settings)
    boxes = [part["props"] for part in blocks.config["components"] if part["type"] == "textbox"]
    assert [box["max_length"] for box in boxes if box.get("elem_id") == "question"] == [60]
    answer = next(f for f in blocks.fns.values() if f.concurrency_id == "answer")
    assert answer.concurrency_limit == 3
    assert 'maxlength="60"' in skeleton("vi", [], settings)


def test_both_languages_have_every_word_and_the_scripts_know_each() -> None:
    vi, en = LABELS["vi"], LABELS["en"]
    for mine, other in ((vi.script, en.script), (vi.lacks, en.lacks), (vi.faults, en.faults)):
        assert mine.keys() == other.keys()
    assert set(vi.lacks) == set(get_args(UnsupportedReason)) - {""}
    assert set(vi.faults) == set(get_args(FaultKind))
    scripts = "".join(path.read_text("utf-8") for path in labels.STATIC.glob("*.js"))
    asked = set(re.findall(r"(?:label|words\(\))\.(\w+)", scripts))
    assert asked <= set(vi.script)


def test_an_unsupported_sentence_is_marked_where_it_stands_and_explained() -> None:
    text = "Một [1]. Có 7 voi.\n\nHai."
    claims = (
        Claim(0, 3, "supported", (1,)),
        Claim(9, 18, "unsupported", (), "number", "<7>"),
        Claim(20, 24, "elsewhere"),
    )
    answer = Answer("?", text, "vi", 0.9, (cite(1, "Sáng 5-8"),), claims=claims, llm="a:b")
    done = Exchange("?", text, None, answer.citations, claims, {}, answer)
    said = answer_html.reply(done, LABELS["en"])
    (marked,) = re.findall(r'<span class="unsupported">(.*?)</span>', said)
    assert html.unescape(marked) == "Có 7 voi."
    previews = _Reading(said.partition('<div class="previews" hidden>')[2]).text
    assert f"{LABELS['en'].lacks['number']} (“<7>”)." in previews
    assert LABELS["en"].partial in _Reading(said).text


def test_a_sentence_is_marked_while_the_answer_still_comes() -> None:
    coming = Exchange("?", "Có 7 voi. Và", claims=(Claim(0, 9, "unsupported", (), "number", "7"),))
    assert '<span class="unsupported">' in answer_html.reply(coming, LABELS["vi"])


def test_a_models_fault_is_told_with_its_name() -> None:
    answer = Answer("?", "“Sáng” [1]", "vi", 0.9, (cite(1, "Sáng 5-8"),), llm="m:n", fault="rate")
    said = _Reading(answer_html.reply(Exchange("?", answer.text, answer=answer), LABELS["en"])).text
    assert "m:n gave no answer (too many requests); the articles are quoted instead." in said


@pytest.mark.parametrize(
    ("dense", "lexical", "why"),
    [
        (1.2, 0.3, "close in meaning, and the same words"),
        (1.2, -0.3, "close in meaning"),
        (-0.1, 2.0, "the same words"),
        (-0.1, 0.0, "the nearest of the rest"),
    ],
)
def test_a_passage_says_why_it_was_read(dense: float, lexical: float, why: str) -> None:
    hit = Hit(1, 2.5, "seed", "T", 0, 8, "Sáng 5-8", dense, lexical)
    answer = Answer("?", "Ừ.", "en", 0.9, (cite(1, "Sáng 5-8"),), (hit,))
    said = _Reading(answer_html.reply(Exchange("?", "Ừ.", answer=answer), LABELS["en"])).text
    assert f"T {why} · score 2.50Sáng 5-8" in said


def test_articles_are_found_without_accents_by_title_source_and_date() -> None:
    found = lambda words: [a.id for a in index.matching([SEED, EVIL], words)]  # noqa: E731
    assert found("tan dung nguon luc") == ["seed"]
    assert found("TTBC-HCM 2025-08") == ["seed"]
    assert found("  ") == ["seed", EVIL.id]
    assert found("không bài nào") == []
    assert LABELS["en"].nothing_found in reader_html.library([SEED], LABELS["en"], "xyz")


def test_what_may_not_be_changed_is_not_offered() -> None:
    assert 'type="file"' not in reader_html.library([SEED], LABELS["vi"])
    assert 'class="remove"' not in reader_html.library([SEED], LABELS["vi"])
    changing = reader_html.library([SEED], LABELS["vi"], changes=True)
    assert 'type="file"' in changing and 'class="remove"' in changing


# The port


def _taken(stack: ExitStack, port: int = 0) -> int:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
    return int(listener.getsockname()[1])


def _two_ports() -> tuple[int, int]:
    """A port that is free, the next one too."""
    while True:
        with ExitStack() as stack:
            port = _taken(stack)
            try:
                return port, _taken(stack, port + 1)
            except OSError:
                continue


def test_a_taken_port_leads_to_the_next() -> None:
    port, following = _two_ports()
    assert serve.free_port("127.0.0.1", port) == port
    with ExitStack() as stack:
        _taken(stack, port)
        assert serve.free_port("127.0.0.1", port) == following


def test_no_port_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "PORTS_TRIED", 1)
    with ExitStack() as stack:
        port = _taken(stack)
        with pytest.raises(AssistantError, match=f"Ports {port} to {port} are all taken"):
            serve.free_port("127.0.0.1", port)
    with pytest.raises(AssistantError, match="no port 70000"):
        serve.free_port("127.0.0.1", 70000)


def test_a_port_that_is_not_ours_to_open_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(host: str, port: int) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serve, "_bind", refuse)
    with pytest.raises(AssistantError, match=r"on 127\.0\.0\.1, port 80: Permission denied\."):
        serve.free_port("127.0.0.1", 80)


# A test run in the background hands down that SIGINT is ignored: here it is as in a terminal.
SERVE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.browsing import Scripted
from assistant.server import serve
from assistant.settings import Settings
from assistant.settings import Settings
settings = Settings(port=int(sys.argv[1]))
serve.serve(Scripted(), settings, ready=lambda line: print(line, flush=True))
"""


def test_serve_says_which_port_and_ends_quietly_on_ctrl_c() -> None:
    port, following = _two_ports()
    with ExitStack() as stack:
        _taken(stack, port)
        served = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", SERVE, str(port)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        assert served.stdout
        assert served.stdout.readline() == f"Port {port} is taken; using {following}.\n"
        assert served.stdout.readline() == f"Open http://127.0.0.1:{following}\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{following}", timeout=10) as reply:
            assert reply.status == 200
        beat = f"http://127.0.0.1:{following}/gradio_api/heartbeat/x"  # as an open page holds one
        stack.enter_context(urllib.request.urlopen(beat, timeout=10))
        served.send_signal(signal.SIGINT)
        assert served.wait(20) == 0
        assert served.stdout.read() == ""
