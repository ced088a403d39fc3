"""Behind a proxy that serves everything under a path, whether or not it takes that path away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from assistant.page.labels import LABELS
from assistant.server.credentials import Users
from assistant.settings import Settings
from assistant.types import SettingsError
from tests import browsing
from tests.browsing import FIRST_QUOTE, Opened, ask, browser_test, expect_highlight
from tests.served import Scripted, served

browser, opened = browsing.browser, browsing.opened

UNDER = Settings(root_path="/bao/chi/")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with browsing.serving(browsing.Scripted(), UNDER) as found:
        yield found


def root_of(page: httpx.Response) -> str:
    """The address that Gradio's page calls."""
    found = page.text.partition('"root":"')[2].partition('"')[0]
    return urlsplit(found).path


def test_the_page_calls_the_path_it_is_known_by() -> None:
    with served(Scripted(), UNDER) as inside:
        assert root_of(inside.get("/bao/chi/")) == "/bao/chi"
        assert root_of(inside.get("/")) == "/bao/chi"  # the proxy has taken the path away
        assert inside.get("/bao/chi/api/v1/articles").json()["articles"]
        assert inside.get("/bao/chi").headers["location"] == "/bao/chi/"
        assert inside.get("/bao/chi/api/v1/nothing").status_code == 404


def test_a_proxy_on_this_machine_may_tell_the_path() -> None:
    with served(Scripted(), Settings(root_path="")) as inside:
        told = {"x-forwarded-prefix": "/tin-tức"}
        assert root_of(inside.get("/", headers={"x-forwarded-prefix": "/tin"})) == "/tin"
        assert root_of(inside.get("/", headers={"x-forwarded-prefix": '/"><script>'})) == ""
        assert root_of(inside.get("/")) == ""
        assert inside.get("/", headers={k: v.encode() for k, v in told.items()}).status_code == 200


def test_signing_in_stays_under_the_path(tmp_path: Path) -> None:
    Users(tmp_path / "users").add("linh", "một mật khẩu dài")
    with served(Scripted(), UNDER.model_copy(update={"users": tmp_path / "users"})) as inside:
        sent = inside.get("/bao/chi/docs2", headers={"accept": "text/html"})
        assert sent.headers["location"] == "/bao/chi/login?next=/bao/chi/docs2"
        form = {"name": "linh", "password": "một mật khẩu dài", "next": "/elsewhere"}
        assert inside.post("/bao/chi/login", data=form).headers["location"] == "/bao/chi/"
        assert inside.get("/bao/chi/login.css").status_code == 200
        assert inside.post("/bao/chi/logout").headers["location"] == "/bao/chi/login"


@pytest.mark.parametrize("path", ["news", "/a b", "/tin?x", "//host/x", "/../etc/"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(SettingsError, match="root_path"):
        Settings.load({}, root_path=path)


@pytest.mark.browser
@browser_test
def test_the_page_works_under_a_path(opened: Opened) -> None:
    tab = opened("/bao/chi/")
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    expect_highlight(tab, FIRST_QUOTE)
    tab.reload()
    expect(tab.locator("#heading h1")).to_have_text(LABELS["vi"].title)
    expect_highlight(tab, FIRST_QUOTE)
