"""The list of articles in a browser: beyond its first page, searched by titles and by texts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from assistant.page._reader_html import LISTED_ARTICLES
from assistant.page.labels import LABELS
from assistant.types import NO_FILTER, Article, Filter, Hit
from tests import browsing
from tests.browsing import SEED, Opened, Scripted, browser_test

VI = LABELS["vi"]
MORE = 31

browser, opened, address = browsing.browser, browsing.opened, browsing.address
pytestmark = [pytest.mark.browser, browser_test]


class Many(Scripted):
    """Has more articles than one page lists, and finds the words of one in its text."""

    def articles(self) -> list[Article]:
        others = LISTED_ARTICLES + MORE - 1
        return [SEED, *(Article(f"n{n}", f"Tin số {n}.", "Hết.", "vi") for n in range(others))]

    def retrieve(
        self, question: str, top_k: int | None = None, *, filter: Filter = NO_FILTER
    ) -> list[Hit]:
        return (
            [] if question == "tin" else [Hit(1, 1.0, SEED.id, SEED.title, 0, 40, SEED.text[:40])]
        )


@pytest.fixture(scope="module")
def assistant() -> Many:
    return Many()


def test_more_articles_are_listed_when_asked_for(opened: Opened) -> None:
    tab = opened()
    rows = tab.locator(".library li")
    expect(rows).to_have_count(LISTED_ARTICLES)
    tab.locator("#reader .find").fill("tin")
    expect(tab.locator("#reader .more")).to_have_text(VI.more.format(count=MORE - 1))
    tab.locator("#reader .more").click()
    expect(rows).to_have_count(LISTED_ARTICLES + MORE - 1)
    expect(tab.locator("#reader .find")).to_have_value("tin")
    expect(tab.locator("#reader .more")).to_have_count(0)


def test_articles_are_found_by_the_words_of_their_text(opened: Opened) -> None:
    tab = opened()
    tab.locator("#reader .find").fill("phan cap dau tu cong")
    expect(tab.get_by_role("heading", name=VI.in_the_text)).to_be_visible()
    found = tab.locator(".library li")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(SEED.title)
    found.locator("a").click()
    expect(tab.locator("#reader h2")).to_have_text(SEED.title)
    expect(tab.locator("#reader article .meta time")).to_have_text("05/08/2025")
    expect(tab.locator("#reader article .meta a")).to_have_attribute("href", SEED.source)
