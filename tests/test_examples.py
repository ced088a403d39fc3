"""Questions to begin with and to go on with: their wording, and that they are found in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import gradio as gr
import pytest
from playwright.sync_api import expect

from assistant.answering._example_questions import candidates
from assistant.answering._sure_questions import EXAMPLES, MOST_READ, SureQuestions
from assistant.answering.assistant import SURE_EXAMPLE, Assistant
from assistant.index.catalog import Catalog
from assistant.index.index import Index
from assistant.page._running_answer import Run
from assistant.page._session import Session
from assistant.page._start_screen import StartScreen
from assistant.page._suggestions import suggestions
from assistant.page.labels import LABELS
from assistant.records.exchange import Exchange
from assistant.server.application import _Warming
from assistant.settings import Settings
from assistant.types import Answer, Article, Citation, ModelError, Span
from tests import browsing
from tests.fixtures import add_articles, make_article


def asked(text: str, language: str = "vi", of: str = "vi") -> list[str]:
    return [one.question for one in candidates(make_article(text, language=of), language)]


# Wording


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Hôm qua, bà Lê Thị Bình đề nghị mở chợ đêm.", "Bà Lê Thị Bình đề nghị gì?"),
        ("Hôm qua, ông Lê Văn Ba đề nghị mở chợ đêm.", "Ông Lê Văn Ba đề nghị gì?"),
        ("Anh Lò Văn Ngoan, 31 tuổi, trồng nho.", "Anh Lò Văn Ngoan bao nhiêu tuổi?"),
        (
            "Bà Lê Thị Bình, giám đốc Bệnh viện Chợ Rẫy, nói vậy.",
            "Ai là giám đốc Bệnh viện Chợ Rẫy?",
        ),
        (
            "Phường có ba khâu đột phá trọng tâm là: đường, điện.",
            "Ba khâu đột phá trọng tâm là gì?",
        ),
    ],
)
def test_people_are_called_as_the_article_calls_them(text: str, question: str) -> None:
    assert question in asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ông Lê Văn Ba, Chủ tịch xã này, cắt băng.",  # of which commune?
        "Ông Lê Văn Ba, Phó giám đốc Sở, cắt băng.",
        "Về năm học mới, trường có thêm lớp.",  # "năm" is a year there
        "Về ba vụ án nói trên, tòa chưa tuyên.",
    ],
)
def test_what_only_its_article_explains_is_not_asked(text: str) -> None:
    assert [q for q in asked(text) if not q.startswith("Ông Lê Văn Ba ")] == []


def test_a_name_is_asked_for_whole_and_on_one_line() -> None:
    assert asked("Theo ông Lê Văn\nBa đề nghị mở chợ.") == []
    assert asked("Theo ông Nguyễn Văn A đề nghị mở chợ.") == []


def test_what_somebody_only_said_is_not_asked_as_a_demand() -> None:
    assert asked("Theo đó, ông Lê Văn Ba cho biết chợ mở lại.") == ["Ông Lê Văn Ba nói gì?"]


def test_english_questions() -> None:
    text = "At noon Jane Doe, director of the Plymouth Trust, said the pier is safe."
    assert asked(text, "en", of="en") == [
        "Who is the director of the Plymouth Trust?",
        "What did Jane Doe say?",
        "What position does Jane Doe hold?",
    ]
    vietnamese = "Hôm qua, bà Lê Thị Bình đề nghị mở chợ đêm."
    assert asked(vietnamese, "en") == ["What did Lê Thị Bình ask for?"]
    assert asked(text, "en", of="fr") == []


# Which of them are shown

PEOPLE = ("Lê Văn Ba", "Lò Thị Mai", "Trần Văn An", "Vũ Thị Sen", "Hồ Văn Tư", "Đỗ Thị Lan")


def lines(*names: str) -> list[str]:
    """An article for each: who asks for what."""
    return [f"Hôm qua, ông {name} yêu cầu mở chợ số {i}." for i, name in enumerate(names)]


class Reading:
    """Is certain of every question about a person whom an article names; the answer is the
    article's last words. ``asked``: what it was asked."""

    def __init__(self, catalog: Catalog, unsure: Sequence[str] = ()) -> None:
        self.catalog = catalog
        self.unsure = unsure
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, question: str) -> Answer | None:
        self.gate.wait(20)
        self.asked.append(question)
        name = " ".join(question.split()[1:4])
        for article in self.catalog.articles():
            if name in article.text and name not in self.unsure:
                return answer_of(article, question)
        return None


def answer_of(article: Article, question: str) -> Answer:
    start = article.text.index("mở")
    end = len(article.text)
    quote = Citation(
        1, article.id, article.title, start, end, article.text[start:end], True, (Span(start, end),)
    )
    return Answer(question, f"“{quote.quote}” [1]", "vi", 0.9, (quote,), short=quote.quote)


def questions(catalog: Catalog, reading: Reading) -> SureQuestions:
    return SureQuestions(catalog, reading, lambda: None)


def until(done: Callable[[], object]) -> None:
    for _ in range(500):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about within ten seconds")


def test_one_question_of_each_of_the_newest_articles(catalog: Catalog) -> None:
    for day, article in enumerate(add_articles(catalog, *lines(*PEOPLE)), 1):
        catalog.update_facts(replace(article, date=f"2025-08-0{day}"))
    found = questions(catalog, Reading(catalog)).to_begin("vi", wait=True)
    assert found == [f"Ông {name} yêu cầu gì?" for name in reversed(PEOPLE[2:])]


def test_only_what_is_certain_and_not_without_end(catalog: Catalog) -> None:
    add_articles(catalog, *lines(*(f"Lê Văn {a}{b}" for a in "BCDGHKLM" for b in "aiuoêơư")))
    reading = Reading(catalog, unsure=[f"Lê Văn {a}{b}" for a in "BCDGHKLM" for b in "aiuoêơư"])
    assert questions(catalog, reading).to_begin("vi", wait=True) == []
    assert len(reading.asked) == MOST_READ


def test_few_articles_give_several_each(catalog: Catalog) -> None:
    add_articles(catalog, "\n".join(lines(*PEOPLE)))

    def read(question: str) -> Answer | None:
        (article,) = catalog.articles()
        at = article.text.index(" ".join(question.split()[1:4]))
        start, end = article.text.index("mở", at), article.text.index(".", at)
        quote = Citation(1, article.id, "", start, end, article.text[start:end], True,
                         (Span(start, end),))  # fmt: skip
        return Answer(question, "", "vi", 0.9, (quote,))

    found = SureQuestions(catalog, read, lambda: None).to_begin("vi", wait=True)
    assert len(found) == len(set(found)) == EXAMPLES


def test_one_kind_after_the_other(catalog: Catalog) -> None:
    names = {"Chợ Rẫy": "Lê Văn An", "Bạch Mai": "Trần Thị Mai", "Thống Nhất": "Ngô Văn Bé"}
    holders = (f"Bà {who}, giám đốc Bệnh viện {where}, có mặt." for where, who in names.items())
    add_articles(catalog, " ".join([*holders, "Hôm qua, ông Vũ Sen yêu cầu mở trường."]))

    def read(question: str) -> Answer | None:
        (article,) = catalog.articles()
        words = next((who for where, who in names.items() if where in question), "mở trường")
        span = Span(article.text.index(words), article.text.index(words) + len(words))
        quote = Citation(1, article.id, "", span.start, span.end, words, True, (span,))
        return Answer(question, "", "vi", 0.9, (quote,))

    found = SureQuestions(catalog, read, lambda: None).to_begin("vi", wait=True)
    assert found[:2] == ["Ai là giám đốc Bệnh viện Chợ Rẫy?", "Ông Vũ Sen yêu cầu gì?"]


def test_a_question_does_not_hold_its_answer_or_that_of_another(catalog: Catalog) -> None:
    text = "Bà Lê Thị Bình, giám đốc Bệnh viện Chợ Rẫy, khám bệnh."
    add_articles(catalog, text)

    def read(question: str) -> Answer | None:
        (article,) = catalog.articles()
        words = "Lê Thị Bình" if question.startswith("Ai") else "giám đốc Bệnh viện Chợ Rẫy"
        start = text.index(words)
        quote = Citation(1, article.id, "", 0, len(text), text, True,
                         (Span(start, start + len(words)),))  # fmt: skip
        return Answer(question, "", "vi", 0.9, (quote,))

    found = SureQuestions(catalog, read, lambda: None).to_begin("vi", wait=True)
    assert found == ["Ai là giám đốc Bệnh viện Chợ Rẫy?"]  # the position would tell the answer


# In the background


def test_nobody_waits_and_they_come(catalog: Catalog) -> None:
    add_articles(catalog, *lines(*PEOPLE))
    reading = Reading(catalog)
    reading.gate.clear()
    examples = questions(catalog, reading)
    began = time.monotonic()
    assert examples.to_begin("vi") == []
    assert time.monotonic() - began < 5
    reading.gate.set()
    until(lambda: len(examples.to_begin("vi")) == EXAMPLES)
    until(lambda: examples._thread is None)
    read = len(reading.asked)
    assert len(examples.to_begin("vi")) == EXAMPLES
    assert len(reading.asked) == read  # they are known


def test_after_a_change_the_old_ones_that_apply_are_shown(catalog: Catalog) -> None:
    first, *_ = add_articles(catalog, *lines(*PEOPLE[:2]))
    reading = Reading(catalog)
    examples = questions(catalog, reading)
    assert len(examples.to_begin("vi", wait=True)) == 2
    reading.gate.clear()
    catalog.remove([first.id])
    add_articles(catalog, "Hôm qua, bà Vũ Thị Sen yêu cầu mở trường.")
    assert examples.to_begin("vi") == ["Ông Lò Thị Mai yêu cầu gì?"]
    reading.gate.set()
    until(lambda: "Bà Vũ Thị Sen yêu cầu gì?" in examples.to_begin("vi"))
    assert len(examples.to_begin("vi")) == 2


def test_what_cannot_be_read_is_not_tried_again_and_again(catalog: Catalog) -> None:
    add_articles(catalog, *lines(*PEOPLE))
    tried: list[int] = []

    def warm() -> None:
        tried.append(1)
        raise ModelError("no model")

    examples = SureQuestions(catalog, Reading(catalog), warm)
    for _ in range(5):
        assert examples.to_begin("vi") == []
        until(lambda: examples._thread is None)
    assert tried == [1]


def test_closing_ends_the_search(catalog: Catalog) -> None:
    add_articles(catalog, *lines(*PEOPLE))
    reading = Reading(catalog)
    reading.gate.clear()
    examples = questions(catalog, reading)
    examples.to_begin("vi")
    threading.Timer(0.2, reading.gate.set).start()
    examples.close()
    assert len(reading.asked) <= 1
    assert examples._thread is None


class Warm:
    """An assistant whose examples cannot be looked for."""

    def warm(self) -> None:
        pass

    def examples(self, language: str) -> list[str]:
        raise RuntimeError("broken")


def test_the_server_is_ready_whether_or_not_there_are_examples() -> None:
    warming = _Warming(Warm())  # type: ignore[arg-type]
    warming.run()
    assert warming.fault == ""


# To go on with


def test_questions_to_go_on_with_are_of_the_cited_article(catalog: Catalog) -> None:
    articles = add_articles(catalog, "Hôm qua, ông Lê Văn Ba yêu cầu mở chợ.", *lines(PEOPLE[1]))
    reading = Reading(catalog)
    examples = questions(catalog, reading)
    told = Answer("?", "", "vi", 0.9, (Citation(1, articles[0].id, "", 0, 3, "Hôm", True),))
    assert examples.to_go_on(told, "vi") == ["Ông Lê Văn Ba yêu cầu gì?"]
    assert examples.to_go_on(told, "vi", ["ông lê văn ba yêu cầu gì?"]) == []
    same = answer_of(articles[0], "Chợ thì sao?")  # it has told the answer
    assert examples.to_go_on(same, "vi") == []
    assert examples.to_go_on(told, "vi", (), lambda: True) == []  # nobody waits


def run_of(answer: Answer | None) -> Run:
    return Run(Exchange("?", answer=answer))


GROUNDED = Answer("?", "Có.", "vi", 0.9, (Citation(1, "a", "", 0, 1, "C", True),))
REFUSED = Answer("?", "Không.", "vi", 0.1, ())


def test_a_run_is_given_questions_in_the_language_of_its_answer() -> None:
    run = run_of(GROUNDED)
    further = lambda answer, language, asked, left: [language, *asked]  # noqa: E731
    assert run.suggest(further, "en", ["A?"], lambda: False)
    assert run.exchange.instead == ("vi", "A?")
    assert not run_of(REFUSED).suggest(further, "en", [], lambda: False)
    assert not run_of(None).suggest(further, "en", [], lambda: False)
    assert not run_of(GROUNDED).suggest(further, "en", [], lambda: True)


def test_a_fault_leaves_the_answer_as_it_is() -> None:
    def broken(*_: object) -> list[str]:
        raise RuntimeError("broken")

    run = run_of(GROUNDED)
    assert not run.suggest(broken, "vi", [], lambda: False)
    assert run.exchange == Exchange("?", answer=GROUNDED)


def test_only_the_last_answer_shows_them_and_a_refusal_its_own() -> None:
    runs = [run_of(GROUNDED), run_of(REFUSED), run_of(GROUNDED)]
    for number, run in enumerate(runs):
        run.exchange = replace(run.exchange, instead=("A <b>?",), slot=str(number))
    exchanges = [slot.exchange for slot in Session(runs).slots()]
    assert [exchange.instead for exchange in exchanges] == [(), ("A <b>?",), ("A <b>?",)]
    shown = [suggestions(exchange, LABELS["vi"]) for exchange in exchanges]
    assert shown[:2] == ["", ""]
    assert shown[2].count('class="instead"') == 1
    assert "<b>" not in shown[2]


# The start screen


class Changing:
    """An assistant whose articles and examples change."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.held = [make_article("Chợ mở lại.")]

    def articles(self) -> list[Article]:
        return self.held


@pytest.fixture
def start() -> tuple[Changing, StartScreen]:
    assistant = Changing()
    with gr.Blocks():
        screen = StartScreen(assistant, lambda _: assistant.found, gr.Chatbot())  # type: ignore[arg-type]
    return assistant, screen


def test_examples_come_to_a_page_that_is_open(start: tuple[Changing, StartScreen]) -> None:
    assistant, screen = start
    updates = screen.offer("vi", None)
    shown = updates[screen.shown]
    assert updates[screen.timer].active
    assert screen.look_again("vi", shown) == {screen.timer: gr.skip()}
    assistant.found = ["Chợ nào mở lại?"]
    updates = screen.look_again("vi", shown)
    assert updates[screen.chatbot]["examples"] == [{"text": "Chợ nào mở lại?"}]
    assert not updates[screen.timer].active
    late = replace(shown, until=0.0)
    assistant.found = []
    assert not screen.look_again("vi", late)[screen.timer].active  # and no more
    assert not screen.look_again("en", shown)[screen.timer].active  # an offer is on its way


def test_the_start_screen_follows_the_articles(start: tuple[Changing, StartScreen]) -> None:
    assistant, screen = start
    assistant.found = ["Chợ nào mở lại?"]
    updates = screen.offer("vi", None)
    shown = updates[screen.shown]
    assert not updates[screen.timer].active  # they are all there
    assert screen.offer("vi", shown) == {screen.timer: gr.skip()}
    assistant.held = [*assistant.held, make_article("Cầu mới.")]
    updates = screen.offer("vi", shown)
    assert "2" in updates[screen.chatbot]["placeholder"]
    assert updates[screen.timer].active  # the new article's questions will come
    assert not screen.offer("en", shown)[screen.timer].active


# In a browser

browser, opened, address = browsing.browser, browsing.opened, browsing.address


class Growing(browsing.Scripted):
    """Has found no example yet, and then has; has one article, and then two."""

    grown = False

    def articles(self) -> list[Article]:
        return super().articles() if self.grown else super().articles()[:1]

    def examples(self, language: str) -> list[str]:
        return super().examples(language) if self.grown else []


@pytest.fixture(scope="module")
def assistant() -> Growing:
    return Growing()


@pytest.mark.browser
@browsing.browser_test
def test_an_open_page_is_given_what_is_found_later(
    opened: browsing.Opened, assistant: Growing
) -> None:
    tab = opened(wait=False)
    expect(tab.locator("#reader .view")).to_be_visible(timeout=20_000)
    expect(tab.locator("#messages .loaded")).to_contain_text(browsing.SEED.title[:40])
    expect(tab.locator(".example")).to_have_count(0)
    assistant.grown = True
    expect(tab.locator(".example")).to_have_count(2, timeout=10_000)
    tab.locator("#reader input.find").fill("a")
    expect(tab.locator("#messages .loaded")).to_contain_text("2")
    tab.locator(".example").first.click()
    expect(tab.locator(".sources .source")).to_have_count(2)


# With the models

HOSPITAL = (
    "Sáng 3-8, bà Lê Thị Bình, giám đốc Bệnh viện Sông Hậu, cho biết khoa cấp cứu mở cửa lại từ "
    "ngày 10-8.\nBà Lê Thị Bình đề nghị thành phố cấp thêm ba xe cứu thương cho bệnh viện."
)
PIER = (
    "The pier will reopen on 3 May, Jane Doe, director of the Penmouth Trust, said on Monday.\n"
    "At the meeting Jane Doe called for a new lifeboat station in the harbour."
)


@pytest.fixture(scope="module")
def reading_assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    settings = Settings(index=tmp_path_factory.mktemp("examples") / "index")
    index = Index.create(settings)
    index.add([make_article(HOSPITAL), make_article(PIER, language="en")], settings)
    assistant = Assistant(index, settings)
    yield assistant
    assistant.close()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_examples_are_answered_for_certain(reading_assistant: Assistant, language: str) -> None:
    examples = reading_assistant.examples(language, wait=True)
    assert examples
    for question in examples:
        answer = reading_assistant.answer(question)
        assert answer.grounding == "grounded"
        assert answer.confidence >= SURE_EXAMPLE
    assert reading_assistant.examples(language) == examples  # known from now on
    assert reading_assistant.with_settings(top_k=3).examples(language) == examples


def test_further_questions_are_answered_and_new(reading_assistant: Assistant) -> None:
    (article,) = [one for one in reading_assistant.articles() if one.language == "vi"]
    quote = Citation(1, article.id, "", 0, 8, article.text[:8], True)
    told = Answer("What is new?", "“Sáng 3-8” [1]", "en", 0.9, (quote,))
    found = reading_assistant.further_questions(told, "en")
    assert found
    for question in found:
        assert reading_assistant.answer(question).confidence >= SURE_EXAMPLE
    assert not {*found} & {*reading_assistant.further_questions(told, "en", found)}
