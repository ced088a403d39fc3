"""Takes the README's screenshot of a real answer: ``python -m tests.screenshots.take``."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from assistant import chat
from assistant.answering import Assistant
from tests.browsing import FLAGS, ask

QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"


def main() -> None:
    assistant = Assistant.open()
    address = chat.launch(chat.build(assistant), "127.0.0.1", chat.free_port("127.0.0.1", 7900))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS.split()
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="vi-VN")
        page.goto(address)
        page.wait_for_selector(".example")
        ask(page, QUESTION)
        page.wait_for_selector("#reader mark", timeout=60_000)
        page.wait_for_timeout(800)
        page.screenshot(path=Path(__file__).with_name("answer.png"))
        browser.close()


if __name__ == "__main__":
    main()
