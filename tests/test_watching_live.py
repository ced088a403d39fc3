"""`assistant index --watch` beside a server, as processes: what changes is answered from."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow

WITHIN = 15.0  # seconds; alone on a machine it is under three


class Live:
    """A folder that is watched, and a server over its index."""

    def __init__(self, folder: Path) -> None:
        self.news, self.index = folder / "news", folder / "index"
        self.news.mkdir()
        self.write("first.txt", "Cầu Ba Son nối hai bờ sông Sài Gòn.")
        command = [sys.executable, "-m", "assistant.cli"]
        self.watcher = subprocess.Popen(
            [*command, "index", str(self.news), "--watch", "--index", str(self.index)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self.watcher.stdout is not None
        for line in self.watcher.stdout:
            if line.startswith("watching"):
                break
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = subprocess.Popen(
            [*command, "serve", "--no-page", "--port", str(self.port), "--index", str(self.index)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"ASSISTANT_REQUESTS_A_MINUTE": "0"},
        )  # fmt: skip
        self.until(lambda: self.titles("cầu") != [], 120)

    def write(self, name: str, text: str) -> None:
        (self.news / name).write_text(text, "utf-8")

    def titles(self, question: str) -> list[str]:
        """The texts found for a question; none while nobody answers."""
        address = f"http://127.0.0.1:{self.port}/api/v1/search"
        try:
            found = httpx.post(address, json={"question": question, "top_k": 50}, timeout=30)
        except httpx.TransportError:
            return []
        return [hit["text"] for hit in found.json()["hits"]]

    def tells(self, words: str, more: str, whether: bool = True) -> bool:
        """Whether a text that is found has both, or whether none has."""
        return any(words in t and more in t for t in self.titles(words)) is whether

    def until(self, seen: Callable[[], bool], seconds: float = WITHIN) -> float:
        began = time.monotonic()
        while not seen():
            assert time.monotonic() - began < seconds, "it was not seen"
            time.sleep(0.02)
        return time.monotonic() - began

    def end(self) -> None:
        for process in (self.watcher, self.server):
            process.kill()
            process.wait()
        assert self.watcher.stdout is not None
        self.watcher.stdout.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    live = Live(tmp_path_factory.mktemp("live"))
    yield live
    live.end()


def test_a_running_server_answers_from_what_is_added_edited_and_deleted(live: Live) -> None:
    took: dict[str, list[float]] = {"added": [], "edited": [], "deleted": []}
    for n in range(10):
        path = live.news / f"m{n}.txt"
        live.write(path.name, f"Chợ số {n} phường An Lạc mở cửa lúc 5 giờ sáng.")
        took["added"].append(live.until(partial(live.tells, f"Chợ số {n} phường", "5 giờ")))
        new = live.news / "new.part"
        new.write_text(f"Chợ số {n} phường An Lạc nay mở cửa lúc 6 giờ sáng.", "utf-8")
        os.replace(new, path)  # as editors save
        took["edited"].append(live.until(partial(live.tells, f"Chợ số {n} phường", "6 giờ")))
        path.unlink()
        took["deleted"].append(live.until(partial(live.tells, f"Chợ số {n} phường", "", False)))
    for what, seconds in took.items():
        sys.stdout.write(f"{what}: p50 {sorted(seconds)[5]:.2f} s, most {max(seconds):.2f} s\n")


def test_a_file_that_is_written_slowly_is_not_read_half(live: Live) -> None:
    with (live.news / "slow.txt").open("w", encoding="utf-8") as file:
        for words in ("Bảo tàng gốm ", "mở cửa ", "từ thứ ba."):
            file.write(words)
            file.flush()
            time.sleep(1.5)
            assert not any("Bảo tàng" in text for text in live.titles("bảo tàng gốm"))
    whole = "Bảo tàng gốm mở cửa từ thứ ba."
    live.until(lambda: whole in live.titles("bảo tàng gốm"))


def test_the_folder_goes_and_comes_back(live: Live) -> None:
    shutil.rmtree(live.news)
    time.sleep(2)
    assert any("Ba Son" in text for text in live.titles("cầu Ba Son"))
    live.news.mkdir()
    live.write("again.txt", "Cầu Thủ Thiêm có sáu làn xe.")
    live.until(lambda: any("Thủ Thiêm" in text for text in live.titles("cầu Thủ Thiêm")))
    live.until(lambda: not any("Ba Son" in text for text in live.titles("cầu Ba Son")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(tmp_path: Path, number: int) -> None:
    (tmp_path / "news").mkdir()
    command = [sys.executable, "-m", "assistant.cli", "index", str(tmp_path / "news"), "--watch"]
    command += ["--index", str(tmp_path / "index")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline().startswith("watching")
        watcher.send_signal(number)
        assert watcher.wait(30) == 0
