"""Takes screenshots of real answers: ``make screenshots``.

The one in a language model's words has a scripted model, which gets a number wrong.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from playwright.sync_api import Browser, Page, sync_playwright

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.settings import Settings
from tests.browsing import FLAGS, ROOT, ask, ready, serving

QUESTION = "Các phường kiến nghị điều gì?"
OVERVIEW = "Bài báo này nói về gì?"
WRITTEN = (
    "Các địa phương mong UBND TP.HCM sớm phân cấp đầu tư công, trước mắt với các dự án nhóm C [1]. "
    "Họ cũng kiến nghị thành phố bố trí vốn cho 45 dự án trọng điểm tại địa bàn [1]."
)
FOLDER = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder) / "index", model_choice=False)
        index = Index.create(settings)
        index.update(read_articles([ROOT / "seeds"]), [ROOT / "seeds"], settings)
        quoting = Assistant(index, settings)
        named = settings.model_copy(update={"llm": "scripted:model"})
        model = GenericFakeChatModel(messages=iter([AIMessage(WRITTEN)]))
        with sync_playwright() as playwright:
            path = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
            with serving(quoting, settings) as address:
                _take(_cited(_asked(browser, address, QUESTION)), "answer")
                _take(_cited(_asked(browser, address, QUESTION, 390, 780)), "phone")
                _take(_asked(browser, address, OVERVIEW), "overview")
                _take(_listed(_opened(browser, address, 320, 640)), "articles")
            with serving(Assistant(index, named, model), named) as address:
                _take(_flagged(_asked(browser, address, QUESTION, dark=True)), "claims")


def _cited(page: Page) -> Page:
    page.locator(".cite").first.hover()
    page.wait_for_selector("#preview:visible")
    return page


def _flagged(page: Page) -> Page:
    page.locator(".flag").hover()
    page.wait_for_selector("#preview:visible")
    return page


def _listed(page: Page) -> Page:
    page.locator("#open-articles").click()
    page.wait_for_selector("#reader .library:visible")
    return page


def _opened(browser: Browser, address: str, width: int, height: int, dark: bool = False) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        locale="vi-VN",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page.goto(address)
    return ready(page)


def _asked(
    browser: Browser,
    address: str,
    question: str,
    width: int = 1200,
    height: int = 760,
    dark: bool = False,
) -> Page:
    page = _opened(browser, address, width, height, dark)
    ask(page, question)
    page.wait_for_selector("#reader mark", state="attached", timeout=60_000)
    page.wait_for_timeout(800)  # it scrolls
    return page


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(500)  # for what moves to come to rest
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()


if __name__ == "__main__":
    main()
