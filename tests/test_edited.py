"""What is said of a quote whose article was edited since: by the reader, over HTTP and MCP, and by
``assistant verify``."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from assistant.answering.assistant import Assistant
from assistant.answering.edited import Became, Passed, passed
from assistant.answering.schemas import full_answer_json
from assistant.articles.files import read_articles
from assistant.cli import main
from assistant.index.index import Index
from assistant.page import _reader_html as reader_html
from assistant.page.labels import LABELS, Language
from assistant.records.card_rendering import save
from assistant.records.card_verification import table, verify_file
from assistant.records.cards import make
from assistant.records.exchange import answer_from_json
from assistant.settings import Settings
from assistant.types import Answer, Article, Citation, Edition, Span
from tests.fixtures import make_article
from tests.served import served
from tests.test_mcp import call, over_http

KEPT = "Ông Nguyễn Thanh Tâm là bí thư đảng ủy phường Lái Thiêu."
CHANGED = "Phường Lái Thiêu sẽ họp đại hội vào ngày 15 tháng 8."
INTO = "Phường Lái Thiêu sẽ họp đại hội vào ngày 20 tháng 9."
GONE = "Chợ mở cửa lúc năm giờ sáng <b>mỗi</b> ngày."
BEFORE = f"{KEPT}\n\n{CHANGED} {GONE}\n\nNhà ở xã hội được xây thêm."
AFTER = f"Bài đã được cập nhật.\n\n{KEPT}\n\n{INTO}\n\nNhà ở xã hội được xây thêm."
QUOTES: dict[Became, str] = {"unchanged": KEPT, "changed": CHANGED, "gone": GONE}
NOW: dict[Became, str] = {"unchanged": KEPT, "changed": INTO, "gone": ""}


def edition(before: str = BEFORE, after: str = AFTER) -> tuple[Edition, Article]:
    old, new = make_article(before), make_article(after)
    return Edition(
        old.id, old.title, before, "vi", replaced_by=new.id, replaced_on="2025-08-05",
        current=new.id,
    ), new  # fmt: skip


def place(quote: str, text: str = BEFORE) -> Span:
    return Span(text.index(quote), text.index(quote) + len(quote))


@pytest.mark.parametrize("became", get_args(Became))
def test_what_became_of_a_quote(became: Became) -> None:
    old, new = edition()
    found = passed(old, place(QUOTES[became]), new)
    now = place(NOW[became], AFTER) if NOW[became] else None
    assert found == Passed(became, QUOTES[became], now, NOW[became])


@pytest.mark.parametrize(
    ("before", "after", "quote", "became", "now"),
    [
        ("Một hai ba.", "Một  hai\nba.", "Một hai ba.", "unchanged", "Một  hai\nba."),
        ("Có 15 xe.", "Có 150 xe.", "15", "changed", "Có 150 xe."),
        # One sentence was cut in two, and two became one.
        (
            "Giá lúa tăng mạnh, nông dân phấn khởi.",
            "Giá lúa tăng mạnh. Nông dân phấn khởi.",
            "Giá lúa tăng mạnh, nông dân phấn khởi.",
            "changed",
            "Giá lúa tăng mạnh. Nông dân phấn khởi.",
        ),
        (
            "Giá lúa tăng mạnh. Nông dân phấn khởi.",
            "Giá lúa tăng mạnh, nông dân phấn khởi.",
            "Giá lúa tăng mạnh. Nông dân phấn khởi.",
            "changed",
            "Giá lúa tăng mạnh, nông dân phấn khởi.",
        ),
        # What is like it stood there before: it is not what the quote became.
        (
            "Quận Một có 5 trường mới. Quận Hai có 5 trường mới.",
            "Quận Hai có 5 trường mới.",
            "Quận Một có 5 trường mới.",
            "gone",
            "",
        ),
        ("Một hai ba.", "Trời mưa to.", "Một hai ba.", "gone", ""),
        (
            "昨日の会議で決定した。",
            "昨日の会合で決定した。",
            "昨日の会議で決定した。",
            "changed",
            "昨日の会合で決定した。",
        ),
    ],
)  # fmt: skip
def test_the_nearest_words_of_today(
    before: str, after: str, quote: str, became: Became, now: str
) -> None:
    old, new = edition(before, after)
    found = passed(old, place(quote, before), new)
    assert found and (found.became, found.text) == (became, now)
    assert not found.now or after[found.now.start : found.now.end] == now


@pytest.mark.parametrize("span", [Span(5, 5), Span(9, 2), Span(0, 10**6), Span(-3, 4)])
def test_a_span_of_nothing_became_nothing(span: Span) -> None:
    old, new = edition()
    assert passed(old, span, new) is None


# The reader


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("became", get_args(Became))
def test_the_reader_tells_both_texts_and_leads_to_today(became: Became, language: Language) -> None:
    old, new = edition()
    span = place(QUOTES[became])
    shown = reader_html.reading(old, span, LABELS[language], (), new)
    (note,) = re.findall(r'<aside class="edited".*?</aside>', shown)
    assert LABELS[language].edited[became] in note
    texts = [html.unescape(one) for one in re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", note)]
    both = {"unchanged": [], "changed": [CHANGED, INTO], "gone": [GONE]}
    assert texts == both[became]
    at = place(NOW[became], AFTER) if NOW[became] else None
    way = f"#article={new.id}" + (f"&start={at.start}&end={at.end}" if at else "")
    assert f'href="{html.escape(way)}"' in note
    assert "2025" in note
    assert "<b>" not in note
    assert '<mark id="quote"' in shown  # the old text, at the quoted words


def test_without_a_quote_the_reader_says_only_that_it_was_edited() -> None:
    old, new = edition()
    shown = reader_html.reading(old, None, LABELS["en"], (), new)
    assert "The article was edited on" in shown
    assert not any(LABELS["en"].edited[became] in shown for became in get_args(Became))
    assert 'class="edited"' not in reader_html.reading(new, None, LABELS["en"])


# An index in which the article was edited


@pytest.fixture
def edited(tmp_path: Path, fake_encoder: None) -> Iterator[Assistant]:
    settings = Settings(index=tmp_path / "index")
    news = tmp_path / "news"
    news.mkdir()
    with closing(Index.create(settings)) as index:
        for text in (BEFORE, AFTER):
            (news / "lai.txt").write_text(text, "utf-8")
            index.update(read_articles([news]), [news], settings)
        yield Assistant(index, settings)


def answer(*quotes: str) -> Answer:
    old = make_article(BEFORE)
    cited = [
        Citation(n, old.id, old.title, place(q).start, place(q).end, q, True)
        for n, q in enumerate(quotes, 1)
    ]
    return Answer("Ai?", "…", "vi", 0.9, tuple(cited))


def test_a_kept_answer_still_has_its_proof(edited: Assistant) -> None:
    kept = json.loads(json.dumps(full_answer_json(answer(KEPT, CHANGED, GONE))))
    assert all(c.verified for c in answer_from_json(kept, edited.article).citations)


def test_http_and_mcp_say_what_became_of_a_part(edited: Assistant) -> None:
    old, new = make_article(BEFORE), make_article(AFTER)
    today = datetime.now(UTC).date().isoformat()
    with served(edited, Settings(page=False)) as client:
        told = client.get(f"/api/v1/articles/{old.id}").json()
        assert told["text"] == BEFORE
        facts = {"replaced_by": new.id, "replaced_on": today, "current": new.id}
        assert told["edition"] == facts
        at = place(CHANGED)
        told = client.get(
            f"/api/v1/articles/{old.id}", params={"start": at.start, "end": at.end}
        ).json()
        now = place(INTO, AFTER)
        passage = {
            "became": "changed",
            "quote": CHANGED,
            "now": {"start": now.start, "end": now.end, "text": INTO},
        }
        assert told["edition"] == facts | {"passage": passage}
        assert "edition" not in client.get(f"/api/v1/articles/{new.id}").json()


async def test_mcp_says_what_became_of_a_part(edited: Assistant) -> None:
    old, at = make_article(BEFORE), place(GONE)
    with served(edited, Settings(page=False)) as client:
        async with over_http(client) as mcp:
            opened = await call(
                mcp, "open_article", article_id=old.id, start=at.start, length=at.end - at.start
            )
            assert opened["text"] == GONE
            assert opened["edition"]["passage"] == {"became": "gone", "quote": GONE, "now": None}
            whole = await call(mcp, "open_article", article_id=old.id)
            assert "passage" not in whole["edition"]


# Cards


@pytest.fixture
def card(edited: Assistant, tmp_path: Path) -> Path:
    old = make_article(BEFORE)
    save(make([answer(KEPT, CHANGED, GONE)], lambda _: old), tmp_path / "a.html")
    return tmp_path / "a.html"


def test_a_card_is_held_against_what_it_cites(edited: Assistant, card: Path) -> None:
    found = verify_file(card, edited.articles(), edited.article)
    assert found.sound
    assert [f.standing for f in found.findings] == ["edited"] * 3
    assert [f.became for f in found.findings] == list(QUOTES)
    assert [f.now.text if f.now else "" for f in found.findings] == list(NOW.values())
    day = datetime.now(UTC).date().isoformat()
    told = table(found)
    for became in ("is unchanged", "changed", "is gone"):
        line = f"→ verified; the article was edited on {day}: this passage {became}\n"
        assert told.count(line) == 1
    assert told.endswith("3 quotes: 3 edited")


def test_verify_exits_0_after_an_edit_and_1_after_a_removal(
    edited: Assistant, card: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = str(edited.index.folder)
    assert main(["verify", str(card), "--index", index, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sound"]
    assert [one["passage"] for one in told["citations"]] == list(QUOTES)
    edited.index.remove([make_article(AFTER).id])
    assert main(["verify", str(card), "--index", index]) == 1
    assert "removed, or of another index" in capsys.readouterr().out


def test_words_that_the_article_never_said_are_found_out(edited: Assistant, tmp_path: Path) -> None:
    old = make_article(BEFORE)
    false = CHANGED.replace("15", "16")
    citation = Citation(1, old.id, old.title, place(CHANGED).start, place(CHANGED).end, false, True)
    save(make([Answer("Ai?", "…", "vi", 0.9, (citation,))], lambda _: old), tmp_path / "b.json")
    found = verify_file(tmp_path / "b.json", edited.articles(), edited.article)
    assert [f.standing for f in found.findings] == ["changed"]
    assert not found.sound


def test_a_card_made_after_the_edit_carries_the_facts_of_what_it_cites(edited: Assistant) -> None:
    made = make([answer(CHANGED)], edited.article)
    (proof,) = made.exchanges[0].proofs
    assert proof.sha256 and proof.path_sha256 and proof.language == "vi"
