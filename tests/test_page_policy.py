"""Which scripts a browser runs on the page: those that the server sent, and no other."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser

from assistant.server._page_delivery import policy_of
from tests import browsing
from tests.browsing import browser_test, ready

browser, assistant, address = browsing.browser, browsing.assistant, browsing.address


def directive(response: httpx.Response, name: str) -> list[str]:
    parts = response.headers["content-security-policy"].split("; ")
    return next(part.split()[1:] for part in parts if part.split()[0] == name)


def test_the_document_names_its_own_scripts(address: str) -> None:
    found = httpx.get(address)
    scripts = directive(found, "script-src")
    assert "'unsafe-inline'" not in scripts
    inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", found.text)
    assert len([one for one in scripts if one.startswith("'sha256-")]) == len(inline) > 3


@pytest.mark.parametrize("path", ["/config", "/healthz", "/api/v1/articles", "/none", "/theme.css"])
def test_nothing_else_may_run_scripts_in_markup_or_text(address: str, path: str) -> None:
    assert directive(httpx.get(address + path), "script-src") == ["'self'"]


@pytest.mark.parametrize(
    ("document", "hashes"),
    [
        (b"<p>x", 0),
        (b"<script src='a.js'></script><script>a()</script>", 1),
        (b"<SCRIPT type=module>a()\n</SCRIPT><script\ndata-x>b('<script>')</script>", 2),
        (b"<script>a", 0),  # no browser runs one that does not end
    ],
)
def test_each_script_of_a_document_is_named(document: bytes, hashes: int) -> None:
    assert policy_of(document).count("'sha256-") == hashes


@pytest.mark.browser
@browser_test
def test_a_script_that_got_into_the_page_does_not_run(browser: Browser, address: str) -> None:
    tab = browser.new_page()
    ready(tab.goto(address) and tab)
    tab.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.foreign = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.foreign = 2'>");
    }""")
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.foreign") is None
    tab.close()
