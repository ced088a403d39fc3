"""Behind nginx, set up as the README says: page, streaming, links, adding articles, signing in."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from assistant.server.credentials import Users
from assistant.settings import Settings
from tests import browsing
from tests.browsing import FIRST_QUOTE, ROOT, Opened, Scripted, ask, browser_test, expect_highlight

PROXY = shutil.which("nginx")
README = (ROOT / "README.md").read_text("utf-8")
LOCATION = re.search(r"```nginx\n(.*?)```", README, re.DOTALL)
PASSWORD = "một mật khẩu dài"

browser, opened, assistant = browsing.browser, browsing.opened, browsing.assistant
pytestmark = pytest.mark.skipif(PROXY is None, reason="no nginx: apt-get install nginx-light")


@contextmanager
def proxied(address: str, folder: Path) -> Iterator[str]:
    """nginx before the server at ``address``; yields the address of what it serves."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert LOCATION is not None
    location = LOCATION[1].replace("http://127.0.0.1:7860", address)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    scratch = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    told = folder / "nginx.conf"
    told.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{scratch}"
        f"server {{ listen 127.0.0.1:{port};\n{location}}}\n}}\n"
    )
    command = [str(PROXY), "-c", str(told), "-p", str(folder), "-e", f"{folder}/log"]
    with subprocess.Popen(command) as process:
        try:
            until_it_listens(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def until_it_listens(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("nginx does not listen")


@pytest.fixture(scope="module")
def address(assistant: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        inner = stack.enter_context(browsing.serving(assistant, Settings(root_path="/news")))
        yield stack.enter_context(proxied(inner, tmp_path_factory.mktemp("nginx")))


@pytest.mark.browser
@browser_test
def test_the_page_streams_behind_nginx(opened: Opened, assistant: Scripted) -> None:
    tab = opened("/news/")
    assistant.gate.clear()
    ask(tab, "Trả lời chậm thôi?")
    expect(tab.locator(".reply")).to_have_text("Xin chờ một chút")  # while it is being answered
    assistant.gate.set()
    expect(tab.locator(".sources .source")).to_have_count(2)
    expect_highlight(tab, FIRST_QUOTE)
    link = tab.url
    assert "/news/#article=" in link
    tab.reload()
    expect_highlight(tab, FIRST_QUOTE)


def test_programs_reach_the_server_behind_nginx(address: str) -> None:
    with httpx.Client(base_url=f"{address}/news") as client:
        assert client.get("/readyz").status_code == 200
        assert client.get("/api/v1/articles").json()["articles"]
        body = {"question": "Ai nói vậy?", "stream": True}
        with client.stream("POST", "/api/v1/answer", json=body) as reply:
            events = [line for line in reply.iter_lines() if line.startswith("event: ")]
        assert events[-1] == "event: finished"


def test_signing_in_behind_nginx(assistant: Scripted, tmp_path: Path) -> None:
    Users(tmp_path / "users").add("linh", PASSWORD)
    settings = Settings(root_path="/news", users=tmp_path / "users")
    with (
        browsing.serving(assistant, settings) as inner,
        proxied(inner, tmp_path) as outer,
        httpx.Client(base_url=outer, follow_redirects=True) as client,
    ):
        form = client.get("/news/", headers={"accept": "text/html"})
        assert form.url.path == "/news/login"
        fields = {"name": "linh", "password": PASSWORD, "next": "/news/"}
        page = client.post("/news/login", data=fields)
        assert (page.status_code, page.url.path) == (200, "/news/")
        assert "gradio" in page.text
