"""One state at a time: whatever ends a run, fills the disk or damages a file, by thousands.

The numbers of a plain run; ``RELIABILITY=0.1`` in the environment runs a tenth of them.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reliability import crowds, damages, edits, kills, worlds
from tests.reliability.forks import forked
from tests.reliability.worlds import OPERATIONS, World

SHARE = float(os.environ.get("RELIABILITY", "1"))
KILLS = 130  # at most, of each operation
FULL = 60
AT_RANDOM = 20
DAMAGES = 10_000
EDITS = 5_000

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process that is forked has one


def some(number: int) -> int:
    return max(2, int(number * SHARE))


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    worlds.warm(tmp_path_factory.mktemp("warm") / "world")


@pytest.fixture
def home(tmp_path: Path, warm: None) -> Path:
    return tmp_path


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(("kind", "most"), [("kill", KILLS), ("full", FULL)])
def test_an_interruption_leaves_the_old_state_or_the_new(
    name: str, kind: kills.Kind, most: int, home: Path
) -> None:
    wanted = kills.expected(name, home)
    steps = list(kills.every(wanted.steps, some(most)))
    wrong = {at: fault for at in steps if (fault := kills.tried(name, kind, at, home, wanted))}
    print(f"{name}: {kind} at {len(steps)} of {wanted.steps} steps, {len(wrong)} wrong")  # noqa: T201
    assert wrong == {}


@pytest.mark.parametrize("name", OPERATIONS)
def test_sigkill_at_any_moment_leaves_the_old_state_or_the_new(name: str, home: Path) -> None:
    wanted, world, chance = kills.expected(name, home), World(home / "world"), random.Random(name)
    operation, wrong = OPERATIONS[name], []
    kills._back(wanted.base, world.home)
    began = time.monotonic()
    forked(lambda: operation.run(world))
    longest = time.monotonic() - began
    for _ in range(some(AT_RANDOM)):
        kills._back(wanted.base, world.home)
        crowds.killed_at_random(lambda: operation.run(world), chance, longest)
        wrong += [fault] if (fault := kills.after(operation, world, wanted)) else []
    assert wrong == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_files_that_cannot_grow_leave_the_old_state_or_the_new(name: str, home: Path) -> None:
    wanted, world, chance = kills.expected(name, home), World(home / "world"), random.Random(name)
    operation, wrong = OPERATIONS[name], []
    for _ in range(some(AT_RANDOM)):
        kills._back(wanted.base, world.home)
        largest = chance.randrange(max(2 * crowds.size_of(world.home), 200_000))

        def limited(largest: int = largest) -> None:
            crowds.limited_files(largest)
            operation.run(world)

        code, told = forked(limited)
        if code not in (0, 2):
            wrong.append(f"of {largest} bytes: {told}")
        wrong += [fault] if (fault := kills.after(operation, world, wanted)) else []
    assert wrong == []


def test_every_damage_is_noticed_before_it_is_told(home: Path) -> None:
    world = World(home / "world")
    world.home.mkdir()
    assert forked(lambda: worlds._with_uploads(world)) == (0, None)
    shutil.copytree(world.home, home / "base")
    _, sound = forked(world.seen)
    wrong: list[tuple[int, str]] = []
    for seeds in (range(i, i + 50) for i in range(0, some(DAMAGES), 50)):
        code, found = forked(lambda s=seeds: damages.batch(home / "base", world.home, sound, s))
        wrong += found if not code else [(seeds[0], f"ended with {code}: {found}")]
    assert wrong == []


def test_edits_are_what_a_plain_model_says(home: Path) -> None:
    wrong: list[str] = []
    for seed in range(20):
        world = World(home / f"world{seed}")
        code, found = forked(lambda w=world, s=seed: edits.run(w, s, some(EDITS) // 20))
        wrong += found if not code else [str(found)]
    assert wrong == []


@pytest.mark.parametrize("writers", [2, 4])
@pytest.mark.parametrize("rebuilt", [False, True])
def test_writers_take_turns_and_readers_see_whole_rounds(
    writers: int, rebuilt: bool, home: Path
) -> None:
    world, rounds = World(home / "world"), some(12)
    forked(lambda: worlds._made(world))
    work: list[Callable[[], object]] = [
        lambda n=n: crowds.write(world, n, rounds) for n in range(writers)
    ]
    if rebuilt:
        work.append(lambda: crowds.rebuilding(world, rounds // 2 * 2))
    done = [home / f"done{number}" for number in range(len(work))]
    context = multiprocessing.get_context("fork")
    running = [
        context.Process(target=crowds.told, args=pair) for pair in zip(done, work, strict=True)
    ]
    for one in running:
        one.start()
    code, wrong = forked(lambda: crowds.watch(world, done))
    for one in running:
        one.join()
    assert (code, wrong) == (0, [])
    assert [one.exitcode for one in running] == [0] * len(running)
    _, seen = forked(world.seen)
    last = [text for _, text, _ in seen["articles"] if text.startswith("Người")]
    assert len(last) == 5 * writers
    assert all(f"vòng {rounds - 1}" in text for text in last)
    assert world.left() == []
