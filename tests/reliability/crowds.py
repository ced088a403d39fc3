"""Several processes at one index: writers beside one another, readers beside them."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.index.rebuilding import rebuild
from assistant.retrieval.hybrid_search import make_query, rank
from tests.reliability.worlds import World, stub


def write(world: World, writer: int, rounds: int) -> None:
    """Each round replaces the writer's five articles: all are of one round, always."""
    folder = world.home / f"writer{writer}"
    folder.mkdir()
    for number in range(rounds):
        for i in range(5):
            text = f"Người {writer} viết bài {i} trong vòng {number} về phường."
            (folder / f"{i}.txt").write_text(text, "utf-8")
        with closing(Index.create(world.settings)) as index:
            index.update(read_articles([folder]), [folder], world.settings)


def told(done: Path, work: Callable[[], object]) -> None:
    """Runs the work; ``done`` is there after it, whatever became of it."""
    try:
        stub()
        work()
    finally:
        done.touch()


def watch(world: World, done: Sequence[Path]) -> list[str]:
    """What a reader sees, until all are ``done``, that is no whole round of a writer."""
    wrong: list[str] = []
    with closing(Index.open(world.settings)) as index:
        while not all(path.exists() for path in done):
            view = index.refresh()
            found = rank(view, make_query(view, "phường"))
            rounds: dict[str, list[str]] = {}
            for candidate in found:
                words = candidate.stored.passage.text.split()
                if words[0] == "Người":
                    rounds.setdefault(words[1], []).append(words[7])
            for writer, numbers in rounds.items():
                if len(numbers) != 5 or len(set(numbers)) != 1:
                    wrong.append(f"writer {writer}: rounds {sorted(numbers)}")
    return wrong


def rebuilding(world: World, rounds: int) -> None:
    for _ in range(rounds):
        rebuild(world.settings)


def killed_at_random(work: object, chance: random.Random, longest: float) -> bool:
    """Runs the work in a process and kills it at a random moment; whether it was still running."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        with suppress(BaseException):
            stub()
            work()  # type: ignore[operator]
        os._exit(0)
    time.sleep(chance.random() * longest)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def limited_files(largest: int) -> None:
    """From now on no file of this process grows beyond ``largest`` bytes: as on a full disk, but
    for what is written by libraries as well."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


def size_of(folder: Path) -> int:
    """Bytes of the largest file."""
    return max((p.stat().st_size for p in folder.rglob("*") if p.is_file()), default=0)
