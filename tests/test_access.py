"""Who gets in: users by the sign-in page, programs by keys, people of a trusted proxy."""

from __future__ import annotations

import http.client
import logging
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, expect

from assistant import cli
from assistant.server import application, credentials
from assistant.server.credentials import COOKIE, Access, Keys, Users
from assistant.settings import Settings
from assistant.types import SettingsError
from tests.served import Scripted, served
from tests.test_chat import browser, browser_test

__all__ = ["browser"]  # a fixture

PASSWORDS = {"linh": "một mật khẩu dài", "nam": "another long one"}
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    """The least work that Argon2 takes: these passwords protect nothing."""
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(credentials, "_HASHER", hasher)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    for name, password in PASSWORDS.items():
        Users(folder / "users").add(name, password)
    return folder


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    return Keys(folder / "keys").add("reports")


@pytest.fixture(scope="module")
def closed(folder: Path, key: str) -> Iterator[httpx.Client]:
    """A server that lets in users and keys."""
    settings = Settings(users=folder / "users", keys=folder / "keys", requests_a_minute=0)
    with served(Scripted(), settings) as found:
        yield found


def visitor(client: httpx.Client, **more: Any) -> httpx.Client:
    """Somebody else's browser."""
    return httpx.Client(base_url=client.base_url, **more)


def sign_in(client: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password} | more)


def asks(client: httpx.Client, **headers: str) -> int:
    found = client.post("/api/v1/search", json={"question": "?"}, headers=headers)
    return found.status_code


# Open or closed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_nobody_signs_in(host: str) -> None:
    credentials.check_open(Settings(host=host))
    assert not Access.of(Settings(host=host)).required


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org", ""])
def test_other_machines_are_let_in_only_when_that_was_said(host: str, folder: Path) -> None:
    with pytest.raises(SettingsError, match="--open-to-all") as caught:
        application.app(Scripted(), Settings(host=host))
    assert "--users FILE" in str(caught.value)
    assert "\n" not in str(caught.value)
    credentials.check_open(Settings(host=host, open_to_all=True))
    credentials.check_open(Settings(host=host, users=folder / "users"))


def test_the_command_refuses_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--host", "0.0.0.0"]) == 2
    told = capsys.readouterr().err
    assert "--open-to-all" in told
    assert len(told.splitlines()) == 1


def test_files_that_are_missing_or_faulty_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="assistant user add NAME --users"):
        Access.of(Settings(users=tmp_path / "none"))
    with pytest.raises(SettingsError, match="assistant key add NAME --keys"):
        Access.of(Settings(keys=tmp_path / "none"))
    (tmp_path / "odd").write_text("linh:hash\nno colon here\n")
    with pytest.raises(SettingsError, match="odd, line 2"):
        Access.of(Settings(users=tmp_path / "odd"))
    with pytest.raises(SettingsError, match="proxy_address"):
        Access.of(Settings(proxy_header="X-User"))


# Files


def test_neither_password_nor_key_is_in_its_file(folder: Path, key: str) -> None:
    users, keys = (folder / "users").read_text(), (folder / "keys").read_text()
    assert [line.split(":")[0] for line in users.splitlines()] == ["linh", "nam"]
    assert re.fullmatch(r"reports:[0-9a-f]{64}\n", keys)
    assert not any(password in users for password in PASSWORDS.values())
    assert "$argon2id$" in users
    assert key not in keys
    for name in ("users", "keys"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_a_new_password_leaves_the_other_lines(tmp_path: Path) -> None:
    users = Users(tmp_path / "users")
    users.add("linh", "the first one")
    users.add("nam", "another one")
    notes = f"# the night desk\n\n{users.path.read_text()}# linh: back in May\n"
    users.path.write_text(notes)
    users.add("linh", "the second one")
    assert users.check("linh", "the second one") and users.check("nam", "another one")
    left = users.path.read_text().splitlines()
    assert [line for line in left if line.startswith("#")] == [
        "# the night desk",
        "# linh: back in May",
    ]
    assert len(left) == len(notes.splitlines())


@pytest.mark.parametrize("name", ["", "a:b", "a b", "a\nb", "../a", "x" * 65])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="not a valid name"):
        Users(tmp_path / "users").add(name, "long enough")
    assert not (tmp_path / "users").exists()


def test_short_passwords_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="8 characters"):
        Users(tmp_path / "users").add("linh", "1234567")


def test_the_commands_add_a_user_and_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    users, keys = str(tmp_path / "users"), str(tmp_path / "keys")
    monkeypatch.setattr(sys, "stdin", io.StringIO("a long password\n"))
    assert cli.main(["user", "add", "linh", "--users", users]) == 0
    assert Users(Path(users)).check("linh", "a long password")
    assert not Users(Path(users)).check("linh", "a long passwore")
    assert not Users(Path(users)).check("nobody", "a long password")
    capsys.readouterr()
    assert cli.main(["key", "add", "reports", "--keys", keys]) == 0
    printed = capsys.readouterr().out.strip()
    assert Keys(Path(keys)).owner(printed) == "reports"
    assert Keys(Path(keys)).owner(printed + "x") is None
    assert cli.main(["user", "add", "linh"]) == 2
    assert "--users FILE" in capsys.readouterr().err


# Signing in


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/gradio_api/info", "/gradio_api/queue/data", "/theme.css", "/api/v1/articles",
     "/v1/models", "/mcp", "/logout", "/assets/x.js", "//", "/login/", "/healthz/x"],
)  # fmt: skip
def test_nothing_is_seen_before_signing_in(closed: httpx.Client, path: str) -> None:
    with visitor(closed) as stranger:
        for method in ("GET", "POST"):
            assert stranger.request(method, path).status_code == 401
        there = stranger.get(path, headers=HTML)
        assert there.status_code == 303
        assert there.headers["location"].startswith("/login?next=")


def test_signs_of_life_and_the_sign_in_are_open(closed: httpx.Client) -> None:
    with visitor(closed) as stranger:
        for path in ("/healthz", "/readyz", "/login", "/login.css", "/login.js"):
            assert stranger.get(path).status_code == 200


def test_the_page_and_the_api_share_one_sign_in(closed: httpx.Client) -> None:
    with visitor(closed) as linh:
        assert asks(linh) == 401
        found = sign_in(linh, "linh", PASSWORDS["linh"], next="/docs")
        assert (found.status_code, found.headers["location"]) == (303, "/docs")
        assert asks(linh) == 200
        assert "<gradio-app" in linh.get("/").text
        assert "linh" in linh.get("/logout").text
        assert linh.post("/logout").status_code == 303
        assert asks(linh) == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(closed: httpx.Client) -> None:
    with visitor(closed) as linh:
        cookie = sign_in(linh, "linh", PASSWORDS["linh"]).headers["set-cookie"]
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "samesite=lax", "path=/", f"max-age={168 * 3600}"} <= parts
        assert "secure" not in parts  # over http a browser would not send it back


def test_two_users_do_not_mix(closed: httpx.Client) -> None:
    with visitor(closed) as linh, visitor(closed) as nam:
        sign_in(linh, "linh", PASSWORDS["linh"])
        sign_in(nam, "nam", PASSWORDS["nam"])
        assert linh.cookies[COOKIE] != nam.cookies[COOKIE]
        assert "linh" in linh.get("/logout").text
        assert "nam" in nam.get("/logout").text
        linh.post("/logout")
        assert (asks(linh), asks(nam)) == (401, 200)


@pytest.mark.parametrize(
    ("language", "words"), [("vi-VN", "không đúng"), ("en-GB", "Name or password is wrong")]
)
def test_a_wrong_password_is_told_in_the_language_of_the_browser(
    closed: httpx.Client, language: str, words: str
) -> None:
    with visitor(closed, headers={"accept-language": language}) as stranger:
        for name, password in (("linh", "wrong password"), ("nobody", PASSWORDS["linh"])):
            found = sign_in(stranger, name, password)
            assert found.status_code == 401
            assert words in found.text
            assert COOKIE not in found.headers.get("set-cookie", "")
            assert password not in found.text
    with visitor(closed) as linh:  # and the tries of this machine are counted from the start
        assert sign_in(linh, "linh", PASSWORDS["linh"]).status_code == 303


def test_the_sign_in_page_needs_no_script(closed: httpx.Client) -> None:
    with visitor(closed) as stranger:
        found = stranger.get("/login?next=/x%22%3E%3Cscript%3E", headers=HTML)
        assert "<script>" not in found.text
        assert found.text.count("<script") == 1  # our own file, which only carries a place on
        assert "default-src 'none'" in found.headers["content-security-policy"]
        assert '<form method="post" action="login">' in found.text


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
def test_signing_in_leads_nowhere_else(closed: httpx.Client, elsewhere: str) -> None:
    with visitor(closed) as linh:
        found = sign_in(linh, "linh", PASSWORDS["linh"], next=elsewhere)
        assert found.headers["location"] == "/"


def test_another_site_can_neither_sign_in_nor_out(closed: httpx.Client) -> None:
    with visitor(closed) as linh:
        sign_in(linh, "linh", PASSWORDS["linh"])
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            assert linh.post("/logout", headers=headers).status_code == 403
            data = {"name": "nam", "password": PASSWORDS["nam"]}
            assert linh.post("/login", data=data, headers=headers).status_code == 403
        assert asks(linh) == 200


def test_without_users_there_is_no_sign_in(folder: Path, key: str) -> None:
    with served(Scripted(), Settings(keys=folder / "keys")) as found:
        assert found.get("/login").status_code == 404
        assert sign_in(found, "linh", PASSWORDS["linh"]).status_code == 404
        assert found.get("/", headers=HTML).status_code == 401
        assert asks(found, authorization=f"Bearer {key}") == 200


# Keys


def test_a_key_opens_the_interfaces_and_nothing_else(closed: httpx.Client, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    with visitor(closed, headers=headers) as program:
        assert asks(program) == 200
        assert program.get("/api/v1/articles").status_code == 200
        assert program.get("/v1/models").status_code == 200
        assert program.post("/mcp", json={}).status_code == 400  # let in, and asked for nothing
        for path in ("/", "/config", "/gradio_api/info", "/logout", "/mcpx", "/mcp.js", "/api"):
            assert program.get(path).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer ", "Basic {key}", "{key}", "Bearer {key}x"]
)
def test_what_is_no_key_opens_nothing(closed: httpx.Client, key: str, header: str) -> None:
    with visitor(closed) as program:
        found = program.get(
            "/v1/models", headers={"authorization": header.format(key=key).strip() or "x"}
        )
        assert found.status_code == 401
        assert found.headers["www-authenticate"] == "Bearer"
        assert found.json()["error"]["code"] == "invalid_api_key"


def test_a_new_key_counts_at_once_and_an_old_one_no_more(
    closed: httpx.Client, folder: Path, key: str
) -> None:
    kept = (folder / "keys").read_text()
    with visitor(closed) as program:
        first = Keys(folder / "keys").add("second")
        assert asks(program, authorization=f"Bearer {first}") == 200
        again = Keys(folder / "keys").add("second")
        assert asks(program, authorization=f"Bearer {first}") == 401
        assert asks(program, authorization=f"Bearer {again}") == 200
    (folder / "keys").write_text(kept)


def test_a_key_is_never_logged(
    closed: httpx.Client, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"authorization": f"Bearer {key}"}
    told = ""
    with visitor(closed, headers=headers) as program:
        for path, body in (
            ("/api/v1/answer", {"question": "hỏng"}),  # is logged with its traceback
            ("/api/v1/answer", {"question": 7, "key": key}),
            (f"/api/v1/{key}", {}),
            ("/v1/chat/completions", {"model": "m"}),
            ("/mcp", {}),
        ):
            told += program.post(path, json=body).text
        told += program.get("/v1/models", headers={"authorization": f"Basic {key}"}).text
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    logged = "\n".join(logging.Formatter().format(record) for record in ours)
    assert "a request failed" in logged
    assert key not in logged
    assert key not in told


PLANTED = """
import logging, sys, threading, httpx
from assistant import server
from assistant.settings import Settings
from tests.served import Scripted, served
from tests.test_chat import browser, browser_test

__all__ = ["browser"]  # a fixture
from pathlib import Path
users, keys, key = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
logging.basicConfig(level=logging.DEBUG)
for noisy in ("httpx", "httpcore"):
    logging.getLogger(noisy).setLevel(logging.ERROR)
with served(Scripted(), Settings(users=users, keys=keys)) as client:
    for path in ("/api/v1/answer", "/", "/mcp", "/v1/models?key=" + key):
        headers = {"authorization": "Bearer " + key}
        print(client.post(path, json={"question": "hỏng"}, headers=headers).status_code)
"""


@pytest.mark.slow
def test_a_key_is_on_no_output_of_the_server(folder: Path, key: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLANTED, str(folder / "users"), str(folder / "keys"), key],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["500", "401", "400", "405"], done.stderr
    assert "RuntimeError" in done.stderr  # and not its words, which may quote anything
    assert "secret detail" not in done.stderr
    assert key not in done.stdout + done.stderr


# A proxy that has asked


def test_a_trusted_proxy_names_the_user() -> None:
    settings = Settings(proxy_header="X-Remote-User", proxy_address="127.0.0.1")
    with served(Scripted(), settings) as found, visitor(found) as proxy:
        assert asks(proxy) == 401
        assert proxy.get("/").status_code == 401
        assert asks(proxy, **{"x-remote-user": "linh"}) == 200
        twice = [("x-remote-user", "linh"), ("x-remote-user", "nam")]
        assert proxy.get("/api/v1/articles", headers=twice).status_code == 401
        own = {"x-remote-user": "linh", "origin": "https://hoi.example"}
        assert asks(proxy, **own) == 403
        # Under the name that the outside knows it by, a page of ours is no stranger.
        assert asks(proxy, **own, **{"x-forwarded-host": "hoi.example"}) == 421
    with (
        served(Scripted(), settings.model_copy(update={"hosts": "hoi.example"})) as found,
        visitor(found) as proxy,
    ):
        assert asks(proxy, **own, **{"x-forwarded-host": "hoi.example"}) == 200


def test_nobody_else_is_believed() -> None:
    settings = Settings(proxy_header="X-Remote-User", proxy_address="192.0.2.1")
    with served(Scripted(), settings) as found, visitor(found) as stranger:
        assert asks(stranger, **{"x-remote-user": "linh", "x-forwarded-for": "192.0.2.1"}) == 401


def test_the_cookie_is_secure_behind_a_proxy_with_https(folder: Path) -> None:
    settings = Settings(users=folder / "users", proxy_address="127.0.0.1")
    with served(Scripted(), settings) as found, visitor(found) as linh:
        data = {"name": "linh", "password": PASSWORDS["linh"]}
        headers = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7"}
        cookie = linh.post("/login", data=data, headers=headers).headers["set-cookie"]
        assert "secure" in cookie.lower()


@pytest.mark.browser
@browser_test
@pytest.mark.slow
def test_two_people_in_browsers(closed: httpx.Client, browser: Browser) -> None:
    """The sign-in works without scripts; what one asks, the other neither sees nor continues."""
    tabs = []
    for name, password in PASSWORDS.items():
        plain = browser.new_context(java_script_enabled=False)
        form = plain.new_page()
        form.goto(str(closed.base_url))
        form.locator("#name").fill(name)
        form.locator("#password").fill(password)
        form.locator("button").click()
        form.wait_for_url(f"{closed.base_url}/")
        kept = browser.new_context(storage_state=plain.storage_state(), locale="vi-VN")
        tabs.append(kept.new_page())
        tabs[-1].goto(str(closed.base_url))
        plain.close()
    for tab, name in zip(tabs, PASSWORDS, strict=True):
        tab.locator("#question textarea").fill(f"{name}?")
        tab.keyboard.press("Enter")
        expect(tab.locator(".sources")).to_be_visible()
    for tab, name in zip(tabs, PASSWORDS, strict=True):
        expect(tab.locator(".question")).to_have_text([f"{name}?"])
        expect(tab.locator(".body").first).to_have_text(f"() {name}? [1]")
    tabs[0].locator("#open-side").click()
    tabs[0].get_by_role("link", name="Đăng xuất").click()
    tabs[0].get_by_role("button", name="Đăng xuất", exact=True).click()
    expect(tabs[0].locator("#password")).to_be_visible()
    tabs[1].reload()
    expect(tabs[1].locator("#question")).to_be_visible()
    for tab in tabs:
        tab.context.close()


def test_a_proxys_clients_are_counted_apart() -> None:
    settings = Settings(proxy_address="127.0.0.1", requests_a_minute=1)
    with served(Scripted(), settings) as found, visitor(found) as proxy:
        one, other = (
            {"x-forwarded-for": "spoofed, 198.51.100.1"},
            {"x-forwarded-for": "198.51.100.2"},
        )
        assert [asks(proxy, **one), asks(proxy, **one), asks(proxy, **other)] == [200, 429, 200]
    with served(Scripted(), Settings(requests_a_minute=1)) as found, visitor(found) as stranger:
        assert [asks(stranger, **one), asks(stranger, **other)] == [200, 429]


def test_an_address_with_odd_bytes_is_not_let_in(closed: httpx.Client) -> None:
    """Paths are compared as the application reads them: nothing slips by in another spelling."""
    host, port = closed.base_url.host, closed.base_url.port
    for path in (
        "/healthz/../config",
        "/%2e%2e/config",
        "/login%2f..%2fconfig",
        "/LOGIN",
        "/config/",
    ):
        connection = http.client.HTTPConnection(host, port)
        connection.request("GET", path)
        reply = connection.getresponse()
        assert reply.status == 401, path
        connection.close()
