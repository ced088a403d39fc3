"""Sessions and their cookies, and how often a password may be tried."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from assistant.server import _password_tries as password_tries
from assistant.server import _sessions as session_store
from assistant.server._password_tries import (
    OF_A_DEVICE,
    OF_A_NAME,
    OF_AN_ADDRESS,
    WINDOW,
    Refused,
    Tries,
    Try,
    network_of,
)
from assistant.server._sessions import MOST_OF_A_USER, Sessions
from assistant.server._sign_in_file import SignInError, SignInFile
from assistant.server.credentials import COOKIE, DEVICE, Access, Users
from assistant.settings import Settings
from tests import test_access
from tests.served import Scripted, served
from tests.test_access import PASSWORDS, asks, sign_in

quick_hashes = test_access.quick_hashes
SECRET: Final = b"s" * 32


def visitor(client: httpx.Client, **more: Any) -> httpx.Client:
    """Somebody else's browser; quick to make."""
    return httpx.Client(base_url=client.base_url, verify=False, **more)


def opens(client: httpx.Client, cookie: str, headers: Mapping[str, str] = {}) -> int:
    """The status for whoever sends this Cookie header."""
    with visitor(client, headers={**headers, "cookie": cookie}) as browser:
        return asks(browser)


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (session_store, password_tries):
        monkeypatch.setattr(module.time, "time", found)
    return found


@pytest.fixture
def users(tmp_path: Path) -> Users:
    found = Users(tmp_path / "users")
    for name, password in PASSWORDS.items():
        found.add(name, password)
    return found


def sessions_of(users: Users, hours: float = 1) -> Sessions:
    """As one of several servers has them."""
    return Sessions(users.read, SignInFile.beside(users.path), hours)


def tries_of(users: Users) -> Tries:
    return Tries(SignInFile.beside(users.path), SECRET)


def rows(users: Users, table: str) -> int:
    with sqlite3.connect(f"{users.path}.sessions") as db:
        found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return found


# Sessions


def test_a_session_ends_with_its_time_its_password_and_its_user(users: Users, clock: Clock) -> None:
    sessions = sessions_of(users)
    cookie = sessions.begin("linh")
    assert sessions.user(cookie) == "linh"
    clock.now += 3599
    assert sessions.user(cookie) == "linh"
    clock.now += 2
    assert sessions.user(cookie) is None
    fresh, other = sessions.begin("linh"), sessions.begin("nam")
    users.add("linh", "second password")
    assert (sessions.user(fresh), sessions.user(other)) == (None, "nam")
    last = sessions.begin("linh")
    kept = users.path.read_text()
    users.path.write_text("".join(line for line in kept.splitlines(True) if "linh" not in line))
    assert (sessions.user(last), sessions.user(other)) == (None, "nam")
    sessions.begin("nam")  # sweeps
    users.path.write_text(kept)  # the user is back, with the same password
    assert sessions.user(last) is None


def test_a_copied_cookie_ends_with_the_session(users: Users) -> None:
    """At every server over the same users, and after a restart of any."""
    here, there = sessions_of(users), sessions_of(users)
    first, second, other = here.begin("linh"), there.begin("linh"), here.begin("nam")
    everywhere = (here, there, sessions_of(users))
    assert [one.user(first) for one in everywhere] == ["linh"] * 3
    there.end([first])
    assert [one.user(first) for one in everywhere] == [None] * 3
    assert sessions_of(users).user(first) is None
    assert [one.user(second) for one in everywhere] == ["linh"] * 3  # a parallel one lives on
    here.begin("linh")
    here.end_all("linh")
    assert [one.user(second) for one in everywhere] == [None] * 3
    assert [one.user(other) for one in everywhere] == ["nam"] * 3


ANOTHER_PROCESS = """
import sys
from pathlib import Path
from assistant.server._sessions import Sessions
from assistant.server._sign_in_file import SignInFile
from assistant.server.credentials import Users
users = Users(Path(sys.argv[1]))
sessions = Sessions(users.read, SignInFile.beside(users.path), 1)
print(sessions.user(sys.argv[2]), sessions.begin("nam"))
sessions.end([sys.argv[2]])
"""


def test_processes_share_the_sessions(users: Users) -> None:
    sessions = sessions_of(users)
    mine = sessions.begin("linh")
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, str(users.path), mine],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    name, theirs = done.stdout.split()
    assert (name, sessions.user(theirs), sessions.user(mine)) == ("linh", "nam", None)


def test_the_file_is_private_holds_no_cookie_and_does_not_grow(users: Users, clock: Clock) -> None:
    sessions, tries = sessions_of(users), tries_of(users)
    tokens = [sessions.begin("linh") for _ in range(MOST_OF_A_USER + 20)]
    assert rows(users, "sessions") == MOST_OF_A_USER
    assert sessions.user(tokens[-1]) == "linh"
    for n in range(200):
        tries.begin(f"name-{n}", f"192.0.2.{n}", "")
    assert rows(users, "tries") == 400
    clock.now += max(WINDOW, 3600) + 1
    sessions.begin("nam")
    tries.begin("nam", "192.0.2.7", "")
    assert (rows(users, "sessions"), rows(users, "tries")) == (1, 2)
    written = b""
    for path in users.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        written += path.read_bytes() if path != users.path else b""
    assert not [token for token in tokens if token.encode() in written]
    assert b"192.0.2." not in written
    assert b"name-" not in written


@pytest.mark.parametrize(
    "odd",
    ["", ".", "..", "a.b.c", "é" * 43, "A" * 43, "A" * 42, "A" * 44, "A" * 1_000_000, "\0" * 43,
     "' OR 1=1 --", "A" * 42 + "=", "null", "[]"],
)  # fmt: skip
def test_what_is_no_cookie_opens_nothing(users: Users, odd: str) -> None:
    sessions = sessions_of(users)
    sessions.begin("linh")
    assert sessions.user(odd) is None
    sessions.end([odd])


def test_a_changed_cookie_is_worth_nothing(users: Users) -> None:
    sessions = sessions_of(users)
    mine = sessions.begin("linh")
    for n, letter in enumerate(mine):
        assert sessions.user(mine[:n] + ("A" if letter != "A" else "B") + mine[n + 1 :]) is None, n
        assert sessions.user(mine[:n]) is None
    for other in (mine + "A", mine.swapcase(), f" {mine}", f'"{mine}"'):
        assert sessions.user(other) is None
    assert sessions.user(mine) == "linh"


def test_the_cookies_of_before_and_of_other_servers_open_nothing(
    users: Users, tmp_path: Path
) -> None:
    signed = URLSafeTimedSerializer(SECRET).dumps(["linh", "0" * 16])
    (tmp_path / "elsewhere").mkdir()
    other = Users(tmp_path / "elsewhere" / "users")
    other.add("linh", PASSWORDS["linh"])
    sessions = sessions_of(users)
    assert [sessions.user(str(signed)), sessions.user(sessions_of(other).begin("linh"))] == [
        None
    ] * 2


def test_parallel_sign_ins_all_live(users: Users) -> None:
    servers = [sessions_of(users) for _ in range(4)]
    found: list[str] = []

    def begin(sessions: Sessions) -> None:
        found.extend(sessions.begin("linh") for _ in range(5))

    threads = [threading.Thread(target=begin, args=(one,)) for one in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 20
    assert {server.user(token) for server in servers for token in found} == {"linh"}


def test_a_file_that_cannot_be_used_lets_nobody_in(users: Users, tmp_path: Path) -> None:
    (tmp_path / "users.sessions").write_bytes(b"no database" * 1000)
    with pytest.raises(SignInError, match=r"users\.sessions is damaged.*move it away") as caught:
        Access.of(Settings(users=users.path))
    assert "\n" not in str(caught.value)


# Through the server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    for name, password in PASSWORDS.items():
        Users(folder / "users").add(name, password)
    return folder


@pytest.fixture(scope="module")
def closed(folder: Path) -> Iterator[httpx.Client]:
    chosen = Settings(
        users=folder / "users", requests_a_minute=0, proxy_address="127.0.0.1", page=False
    )
    with served(Scripted(), chosen) as found:
        yield found


HTTPS: Final = {"x-forwarded-proto": "https"}
UNDER: Final = {"x-forwarded-prefix": "/bao/chi"}


@pytest.mark.parametrize(
    ("headers", "prefix", "path", "secure"),
    [
        ({}, "", "/", False),
        (HTTPS, "__Host-", "/", True),
        (UNDER, "", "/bao/chi", False),
        (HTTPS | UNDER, "__Secure-", "/bao/chi", True),
    ],
)
def test_the_cookies_are_bound_to_this_server(
    closed: httpx.Client, headers: dict[str, str], prefix: str, path: str, secure: bool
) -> None:
    with visitor(closed, headers=headers) as linh:
        found = sign_in(linh, "linh", PASSWORDS["linh"])
        cookies = found.headers.get_list("set-cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == [
            prefix + COOKIE,
            prefix + DEVICE,
        ]
        for cookie in cookies:
            parts = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert {"httponly", "samesite=lax", f"path={path}"} <= parts
            assert ("secure" in parts) is secure
            assert not any(part.startswith("domain") for part in parts)
    sent = cookies[0].partition(";")[0]
    assert opens(closed, sent, headers) == 200
    with visitor(closed, headers=headers | {"cookie": sent}) as out:
        gone = out.post("/logout").headers["set-cookie"].lower()
    assert gone.startswith(f"{prefix}{COOKIE}=".lower())
    assert {"max-age=0", f"path={path}"} <= {part.strip() for part in gone.split(";")}
    assert opens(closed, sent, headers) == 401


@pytest.fixture(scope="module")
def pair(closed: httpx.Client) -> Sequence[str]:
    """The cookies of linh and of nam."""
    found = []
    for name, password in PASSWORDS.items():
        with visitor(closed) as browser:
            sign_in(browser, name, password)
            found.append(browser.cookies[COOKIE])
    return found


@pytest.mark.parametrize(
    ("cookie", "headers", "code"),
    [
        ("{c}={linh}", {}, 200),
        ("other=1; {c}={linh}; more=2", {}, 200),
        ("{c}={linh};{c}={linh}", {}, 200),  # set for two paths
        ("{c}=gone; {c}={linh}", {}, 200),
        ("{c}={linh}; {c}=gone", {}, 200),
        ("{c}={linh}; {c}={nam}", {}, 401),  # whose browser is it?
        ("{c}=1; {c}=2; {c}=3; {c}=4; {c}={linh}", {}, 401),
        ("{c}={linh}x", {}, 401),
        ("{c}={linh:.42}", {}, 401),
        ('{c}="{linh}"', {}, 401),
        ("{c}", {}, 401),
        ("{c}=", {}, 401),
        ("={linh}", {}, 401),
        (";;;=;", {}, 401),
        ("{c}=" + "A" * 30_000, {}, 431),
        ("x{c}={linh}", {}, 401),
        ("assistant_device={linh}", {}, 401),
        ("__Host-{c}={linh}", {}, 401),  # over http anyone may have set it
        ("__Host-{c}={linh}", HTTPS, 200),
        ("{c}={linh}", HTTPS, 401),  # by a neighbour of the site, or over http
        ("__Secure-{c}={linh}", HTTPS, 401),
        ("__Secure-{c}={linh}", HTTPS | UNDER, 200),
        ("__Host-{c}={linh}", HTTPS | UNDER, 401),
    ],
)
def test_which_cookies_open(
    closed: httpx.Client, pair: Sequence[str], cookie: str, headers: dict[str, str], code: int
) -> None:
    linh, nam = pair
    sent = cookie.format(c=COOKIE, linh=linh, nam=nam)
    assert opens(closed, sent, headers) == code


def test_a_number_that_was_there_before_is_not_used(closed: httpx.Client) -> None:
    """Session fixation: neither one that somebody made up, nor that of another session."""
    with visitor(closed) as stranger:
        sign_in(stranger, "nam", PASSWORDS["nam"])
        planted = stranger.cookies[COOKIE]
        for value in (planted, "A" * 43):
            with visitor(closed, cookies={COOKIE: value}) as linh:
                found = sign_in(linh, "linh", PASSWORDS["linh"]).headers["set-cookie"]
                assert value not in found
                assert opens(closed, f"{COOKIE}={value}") == 401


def test_a_cookie_copied_before_signing_out_opens_no_more(closed: httpx.Client) -> None:
    with visitor(closed) as linh, visitor(closed) as phone:
        for browser in (linh, phone):
            sign_in(browser, "linh", PASSWORDS["linh"])
        copied = f"{COOKIE}={linh.cookies[COOKIE]}"
        assert opens(closed, copied) == 200
        assert linh.post("/logout").headers["location"] == "/login"
        assert (asks(linh), opens(closed, copied), asks(phone)) == (401, 401, 200)


@pytest.mark.parametrize(("language", "words"), [("vi", "mọi thiết bị"), ("en", "all devices")])
def test_one_may_sign_out_everywhere(closed: httpx.Client, language: str, words: str) -> None:
    with visitor(closed) as linh, visitor(closed) as phone, visitor(closed) as nam:
        for browser, name in ((linh, "linh"), (phone, "linh"), (nam, "nam")):
            sign_in(browser, name, PASSWORDS[name])
        assert words in linh.get("/logout", headers={"accept-language": language}).text
        assert linh.post("/logout", data={"everywhere": "yes"}).status_code == 303
        assert (asks(linh), asks(phone), asks(nam)) == (401, 401, 200)


def test_users_that_cannot_be_read_are_told_of_without_a_path(
    users: Users, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = Settings(users=users.path, page=False)
    with served(Scripted(), chosen) as found, visitor(found) as linh:
        sign_in(linh, "linh", PASSWORDS["linh"])
        users.path.rename(tmp_path / "away")
        replies = [linh.get("/api/v1/articles"), sign_in(linh, "linh", PASSWORDS["linh"])]
        (tmp_path / "away").rename(users.path)
        assert asks(linh) == 200
    for reply in replies:
        assert reply.status_code == 503
        assert str(tmp_path) not in reply.text
        assert reply.json()["detail"] == "Nobody can be let in now; the server's log says why"
    assert f"There is no file {users.path}" in caplog.text
    assert "Traceback" not in caplog.text


# How often a password may be tried


def wrong(tries: Tries, name: str, address: str, device: str = "") -> bool:
    """Whether a wrong password may be tried."""
    return isinstance(tries.begin(name, address, device), Try)


def right(tries: Tries, name: str, address: str, device: str = "") -> str | None:
    """The device cookie of who signs in; None where that is refused."""
    begun = tries.begin(name, address, device)
    if isinstance(begun, Refused):
        return None
    tries.right(begun)
    return tries.device(name, device)


def test_a_crowd_can_neither_guess_nor_lock_out(users: Users, clock: Clock) -> None:
    tries = tries_of(users)
    device = right(tries, "linh", "203.0.113.9")
    assert device
    crowd = [f"198.51.100.{n}" for n in range(60)]
    for minute in range(11):
        taken = sum(wrong(tries, "linh", address) for address in crowd for _ in range(3))
        assert taken == (OF_A_NAME if minute % 5 == 0 else 0)
        again = right(tries, "linh", crowd[0], device)  # even from an address of theirs
        assert again
        device = again
        clock.now += WINDOW / 5
    assert wrong(tries, "nam", "203.0.113.9")  # and nobody else is slowed down


def test_an_address_has_its_tries_for_all_names(users: Users, clock: Clock) -> None:
    tries = tries_of(users)
    assert sum(wrong(tries, f"name-{n}", "198.51.100.7") for n in range(40)) == OF_AN_ADDRESS
    assert not wrong(tries, "linh", "198.51.100.7")
    # Signing in with one's own name gives none of them back.
    mine = right(tries, "nam", "198.51.100.8")
    for n in range(OF_AN_ADDRESS):
        assert wrong(tries, f"name-{n}", "198.51.100.8")
        mine = right(tries, "nam", "198.51.100.8", mine or "")
        assert mine
    assert not wrong(tries, "linh", "198.51.100.8")
    clock.now += WINDOW + 1
    assert wrong(tries, "linh", "198.51.100.8")


def test_right_passwords_use_nothing_up(users: Users, clock: Clock) -> None:
    tries = tries_of(users)
    for n in range(2 * OF_A_NAME):  # an office behind one address
        assert right(tries, f"name-{n % 3}", "198.51.100.7")


def test_a_stolen_device_has_an_allowance_too(users: Users, clock: Clock) -> None:
    tries = tries_of(users)
    device = right(tries, "linh", "203.0.113.9") or ""
    taken = sum(wrong(tries, "linh", f"198.51.100.{n}", device) for n in range(60))
    assert taken == OF_A_DEVICE
    refused = tries.begin("linh", "203.0.113.9", device)
    assert isinstance(refused, Refused)
    assert 0 < refused.seconds <= WINDOW
    clock.now += refused.seconds
    assert wrong(tries, "linh", "203.0.113.9", device)


def test_a_browser_is_known_for_several_names(users: Users) -> None:
    tries, device = tries_of(users), ""
    names = [f"name-{n}" for n in range(7)]
    for name in names:
        device = right(tries, name, "203.0.113.9", device) or ""
    assert [tries.is_known(name, device) for name in names] == [False] * 2 + [True] * 5
    assert len(device) < password_tries.LONGEST_COOKIE
    assert not any(name in device for name in names)


@pytest.mark.parametrize(
    "device",
    ["", "x", "a.b", "[]", "null." + "A" * 27, "A" * 100_000, "é", "\0", "other secret",
     "other salt", "odd content", "deep"],
)  # fmt: skip
def test_what_is_no_device_cookie_is_a_stranger(users: Users, device: str) -> None:
    tries = tries_of(users)
    mine = right(tries, "linh", "203.0.113.9") or ""
    signed = tries._signed
    device = {
        "other secret": Tries(SignInFile.beside(users.path), b"t" * 32).device("linh", ""),
        "other salt": str(URLSafeTimedSerializer(SECRET).dumps([["linh", "1"]])),
        "odd content": str(signed.dumps({"linh": 1})),
        "deep": str(signed.dumps([[["linh"], 1, 2]])),
    }.get(device, device)
    assert not tries.is_known("linh", device)
    assert tries.is_known("linh", mine)
    assert not tries.is_known("nam", mine)
    assert wrong(tries, "linh", "198.51.100.1", device)


def test_tries_at_the_same_moment_are_all_counted(users: Users) -> None:
    servers = [tries_of(users) for _ in range(4)]
    taken: list[bool] = []

    def guess(tries: Tries, net: int) -> None:
        taken.extend(wrong(tries, "linh", f"198.51.{net}.{n}") for n in range(20))

    threads = [threading.Thread(target=guess, args=(t, n)) for n, t in enumerate(servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), sum(taken)) == (80, OF_A_NAME)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:DB8:1:3::1", "2001:db8:1:3::/64"), ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"), ("unknown", "unknown"), ("", ""), ("x" * 500, "x" * 64),
    ],
)  # fmt: skip
def test_what_counts_as_one_client(address: str, network: str) -> None:
    assert network_of(address) == network


@settings(max_examples=50)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_the_counting(name: str, address: str, device: str) -> None:
    tries = Tries.__new__(Tries)
    tries.__init__(None, SECRET)  # type: ignore[misc, arg-type]
    assert not tries.is_known(name, device)
    assert len(network_of(address)) <= 64
    assert tries.is_known(name, tries.device(name, device))


def test_guessing_through_the_server(tmp_path: Path) -> None:
    users = Users(tmp_path / "users")
    users.add("linh", PASSWORDS["linh"])
    chosen = Settings(users=users.path, proxy_address="127.0.0.1", page=False)
    with served(Scripted(), chosen) as found, visitor(found) as linh:
        assert sign_in(linh, "linh", PASSWORDS["linh"]).status_code == 303
        one = {"x-forwarded-for": "198.51.100.1"}
        with visitor(found, headers=one) as guesser:
            codes = [sign_in(guesser, "linh", f"guess number {n}").status_code for n in range(11)]
            assert codes == [401] * 10 + [429]
            refused = sign_in(guesser, "linh", PASSWORDS["linh"])
            assert refused.status_code == 429
            assert 0 < int(refused.headers["retry-after"]) <= WINDOW
        codes = []
        with visitor(found) as guesser:
            for n in range(60):
                guesser.headers["x-forwarded-for"] = f"2001:db8:0:{n:x}::1"
                codes.append(sign_in(guesser, "linh", f"guess number {n}").status_code)
        assert codes == [401] * (OF_A_NAME - 10) + [429] * (60 - OF_A_NAME + 10)
        linh.headers.update(one)
        assert sign_in(linh, "linh", PASSWORDS["linh"]).status_code == 303
        assert sign_in(linh, "linh", "mistyped, this").status_code == 401
        assert sign_in(linh, "linh", PASSWORDS["linh"]).status_code == 303


def test_names_that_nobody_has_look_like_others(tmp_path: Path) -> None:
    """The same replies in the same order, and the same work behind each."""
    seen = []
    for name in ("linh", "nobody"):
        users = Users(tmp_path / name / "users")
        users.path.parent.mkdir()
        users.add("linh", PASSWORDS["linh"])
        tries = tries_of(users)
        seen.append([wrong(tries, name, f"198.51.100.{n}") for n in range(40)])
    assert seen[0] == seen[1]
    users.path.write_text(users.path.read_text() + "broken:no-hash\n")
    checked: list[Any] = []
    hasher = test_access.credentials._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            test_access.credentials, "_HASHER",
            type("Counting", (), {
                "verify": lambda self, hashed, given: checked.append(hashed)
                or hasher.verify(hashed, given),
                "hash": hasher.hash,
            })(),
        )  # fmt: skip
        work = {}
        for name in ("linh", "nobody", "broken", ""):
            checked.clear()
            assert not users.check(name, "a wrong password \ud800")
            work[name] = sum(str(hashed).startswith("$argon2id$") for hashed in checked)
    assert set(work.values()) == {1}


def test_strangers_do_not_stand_in_a_known_browsers_way(tmp_path: Path) -> None:
    """While a crowd's passwords are being looked at, who is known has a line of his own."""
    users = Users(tmp_path / "users")
    for name, password in PASSWORDS.items():
        users.add(name, password)
    held, entered = threading.Event(), threading.Event()
    check = Users.check

    def slow(self: Users, name: str, password: str) -> bool:
        if name.startswith("stranger"):
            entered.set()
            held.wait(20)
        return check(self, name, password)

    chosen = Settings(users=users.path, proxy_address="127.0.0.1", page=False)
    with pytest.MonkeyPatch.context() as patch, served(Scripted(), chosen) as found:
        patch.setattr(Users, "check", slow)
        with visitor(found, timeout=20) as linh:
            assert sign_in(linh, "linh", PASSWORDS["linh"]).status_code == 303

            def guess(n: int) -> None:
                with visitor(found, headers={"x-forwarded-for": f"198.51.100.{n}"}) as one:
                    sign_in(one, f"stranger-{n}", "guess number one")

            crowd = [threading.Thread(target=guess, args=(n,)) for n in range(8)]
            for thread in crowd:
                thread.start()
            assert entered.wait(10)
            try:
                assert sign_in(linh, "linh", PASSWORDS["linh"]).status_code == 303
            finally:
                held.set()
                for thread in crowd:
                    thread.join(20)
