"""How soon the page can be used: ``python -m tests.benchmarks.page [--articles 300] [--loads 20]``.

The server stands over the given number of articles of the own reading set and is warm, as it is
from a moment after its start on. Each load is a fresh browser context, so nothing is cached.
Prints milliseconds, p50 and p95, from the beginning of the navigation, or of the question:

* first paint: anything is painted; usable: a question can be typed and sent, and the first articles
  are listed and can be opened, in the outline or in the page; page: all of it is there;
* first words: the first words of the answer are shown; whole: so are its sources.

``--line KIB MS`` slows the network down to so many KiB/s and a latency of so many milliseconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.settings import Settings
from tests.benchmarks.reading import articles_of, written
from tests.browsing import FLAGS, serving

USABLE = """() => {
  const box = document.querySelector("#early, #question textarea");
  return box && !box.readOnly && document.querySelector("#skeleton li a, #reader .view li a");
}"""
PAGE = """() => {
  const box = document.querySelector("#question textarea");
  return box && !box.disabled && box.offsetParent && document.querySelector("#reader .view");
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
TRANSFERRED = """() => performance.getEntries()
  .reduce((sum, it) => sum + (it.transferSize || 0), 0)"""


def measured(browser: Browser, address: str, question: str, line: Sequence[int]) -> dict[str, Any]:
    """One load of the page and one question, in milliseconds; bytes over the wire."""
    context = browser.new_context(locale="vi-VN", viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    if line:
        speed = {"downloadThroughput": line[0] * 1024, "uploadThroughput": line[0] * 1024}
        conditions = {"offline": False, "latency": line[1], **speed}
        context.new_cdp_session(tab).send("Network.emulateNetworkConditions", conditions)
    began = time.perf_counter()
    tab.goto(address, wait_until="commit")
    tab.wait_for_function(USABLE, timeout=60_000, polling="raf")
    found = {"usable": 1000 * (time.perf_counter() - began)}
    tab.wait_for_function(PAGE, timeout=60_000, polling="raf")
    found["page"] = 1000 * (time.perf_counter() - began)
    found["first paint"] = tab.evaluate(PAINT)
    tab.locator("#question textarea").fill(question)
    found |= _answered(tab)
    found["KiB"] = tab.evaluate(TRANSFERRED) / 1024
    context.close()
    return found


def _answered(tab: Page) -> dict[str, float]:
    began = time.perf_counter()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#messages .reply :is(.body, .refusal)", timeout=60_000)
    words = time.perf_counter()
    tab.wait_for_selector("#messages .reply .foot", timeout=60_000)
    return {"first words": 1000 * (words - began), "whole": 1000 * (time.perf_counter() - began)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures how soon the page can be used.")
    parser.add_argument("--articles", type=int, default=300)
    parser.add_argument("--loads", type=int, default=20)
    parser.add_argument("--line", type=int, nargs=2, default=(), metavar=("KIB", "MS"))
    options = parser.parse_args()
    articles = articles_of("train")[: options.articles]
    asked = [q.asked for a in articles for q in a.questions if q.spans and q.language == "vi"]
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = Settings(index=Path(folder) / "index", model_choice=False)
        index = Index.create(settings)
        files = [written(article, Path(folder)) for article in articles]
        index.add(list(read_articles(files).articles), settings)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS.split()
        )
        assistant = Assistant(index, settings)
        assistant.warm()
        with serving(assistant, settings) as address:
            for question in asked[:: max(1, len(asked) // options.loads)][: options.loads]:
                for name, value in measured(browser, address, question, options.line).items():
                    times[name].append(value)
    told = {
        name: {
            "p50": round(float(np.median(all_)), 1),
            "p95": round(float(np.quantile(all_, 0.95)), 1),
        }
        for name, all_ in times.items()
    }
    json.dump(
        {"articles": len(articles), "loads": len(times["usable"]), **told}, sys.stdout, indent=1
    )
    print()


if __name__ == "__main__":
    main()
