"""Gradio's scripts and styles: all that the page needs is named in its document, and sent whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from assistant.page.theme import FRONTEND
from assistant.server._page_assets import PageAssets
from tests.browsing import (  # noqa: F401  # fixtures
    Opened,
    address,
    assistant,
    browser,
    browser_test,
    opened,
)

FETCHED = """() => performance.getEntriesByType("resource")
  .map((it) => new URL(it.name).pathname).filter((it) => it.includes("/assets/"))"""
NAMED = """() => [...document.querySelectorAll("link[rel=modulepreload], link[rel=preload]")]
  .map((it) => new URL(it.href).pathname)"""
RUN = """() => [...document.querySelectorAll("link[rel=stylesheet], script[src]")]
  .map((it) => new URL(it.href || it.src).pathname)"""


@pytest.fixture(scope="module")
def assets() -> PageAssets:
    return PageAssets(FRONTEND)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:  # noqa: F811
    with httpx.Client(base_url=address) as found:
        yield found


@pytest.mark.browser
@browser_test
def test_the_document_names_all_that_the_page_fetches(opened: Opened) -> None:  # noqa: F811
    tab = opened()
    expect(tab.locator("#question textarea")).to_be_enabled()
    fetched, named = set(tab.evaluate(FETCHED)), tab.evaluate(NAMED)
    assert len(fetched) > 40
    assert fetched <= {*named, *tab.evaluate(RUN)}  # no round of requests waits for another
    assert len(named) == len(set(named))


def test_what_the_page_does_not_have_is_not_named(assets: PageAssets) -> None:
    page = set(assets.needed(["html", "textbox"]))
    assert len(page) < len(assets.needed(["html", "textbox", "chatbot"]))
    assert page == set(assets.needed(["html", "textbox", "no such component"]))
    assert all(assets.has(name) for name in page)


@pytest.mark.parametrize("name", ["", ".", "..", "../index.html", "/etc/passwd", "none.js", "a/b"])
def test_only_a_file_of_the_folder_is_one(assets: PageAssets, name: str) -> None:
    assert not assets.has(name)


def test_a_file_is_the_same_however_it_is_asked_for(client: httpx.Client) -> None:
    path = re.findall(r'"\./(assets/core-[^"]+\.js)"', client.get("/").text)[0]
    own = (FRONTEND / path).read_bytes()
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert packed.content == plain.content == own
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    assert "content-encoding" not in plain.headers
    for answer in packed, plain:
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    part = client.get(path, headers={"range": "bytes=0-9", "accept-encoding": "identity"})
    assert part.status_code == 206
    assert part.content == own[:10]
    assert client.head(path).status_code == 200
    assert client.get("assets/..%2findex.html").is_client_error
