"""Kills an operation at each of its steps, or fills the disk, and looks at what is left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.index.index import Index
from tests.reliability.forks import forked
from tests.reliability.interruptions import KILLED, Interruption, Kind
from tests.reliability.worlds import OPERATIONS, Operation, Seen, World


@dataclass(frozen=True)
class Expected:
    """What is seen of an operation that nobody interrupts, and how many steps it has."""

    base: Path
    old: Seen
    new: Seen
    steps: int


def expected(name: str, home: Path) -> Expected:
    """Prepares the operation under ``home`` and runs it once."""
    operation = OPERATIONS[name]
    base = home / "world"
    world = World(base)
    world.home.mkdir()
    _done(forked(lambda: operation.prepare(world)))
    kept = home / "base"
    shutil.copytree(base, kept)
    old = _done(forked(world.seen)) if name != "migrate" else "unknown"
    _back(kept, base)

    def run() -> int:
        counter = Interruption("none", 0, str(base))
        counter.install()
        operation.run(world)
        return counter.steps

    steps = _done(forked(run))
    new = _done(forked(world.seen))
    assert world.left() == []
    assert tuple(world.sent()) == operation.sent
    return Expected(kept, new if old == "unknown" else old, new, steps)


def tried(name: str, kind: Kind, at: int, home: Path, wanted: Expected) -> str:
    """What is wrong after an interruption at step ``at``; "" where nothing is."""
    operation, world = OPERATIONS[name], World(home / "world")
    _back(wanted.base, world.home)

    def run() -> None:
        Interruption(kind, at, str(world.home)).install()
        operation.run(world)

    code, told = forked(run)
    if code not in ((KILLED, 0) if kind == "kill" else (0, 2)):
        return f"ended with {code}: {told}"
    if code == 2 and ("\n" in told or not any(s in told for s in ("room", "again", "run:"))):
        return f"says {told!r}"
    return after(operation, world, wanted)


def after(operation: Operation, world: World, wanted: Expected) -> str:
    """What is wrong with what an interrupted run has left, and with what the next makes of it."""
    code, seen = forked(world.seen)
    if code:
        return f"cannot be opened: {seen}"
    if seen not in (wanted.old, wanted.new):
        return f"neither old nor new: {_difference(seen, wanted)}"
    code, told = forked(lambda: (operation.again or operation.run)(world))
    if code:
        return f"the next run fails: {told}"
    code, seen = forked(world.seen)
    if code or seen != wanted.new:
        return f"the next run does not finish: {seen if code else _difference(seen, wanted)}"
    if tuple(world.sent()) != operation.sent:
        return f"uploads: {world.sent()}"
    left = world.left()
    if left:
        return f"left behind: {left}"
    return ""


def _difference(seen: Seen, wanted: Expected) -> str:
    if isinstance(seen, str):
        return seen
    told = []
    for name, other in (("old", wanted.old), ("new", wanted.new)):
        if isinstance(other, str):
            told.append(f"{name} is {other}")
            continue
        more = sorted(seen["articles"] - other["articles"])
        less = sorted(other["articles"] - seen["articles"])
        hits = [q for q in seen["hits"] if seen["hits"][q] != other["hits"][q]]
        told.append(f"beside {name}: more {more}, less {less}, other hits {hits}")
    return "; ".join(told)


def _back(base: Path, home: Path) -> None:
    """The world as it was prepared, at the same place: articles know their paths."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base, home)


def _done(result: tuple[int, object]) -> object:
    code, told = result
    assert code == 0, told
    return told


def every(steps: int, most: int) -> Iterator[int]:
    """Up to ``most`` steps, evenly spread over all of them."""
    wanted = min(most, steps)
    yield from sorted({1 + round(i * (steps - 1) / max(wanted - 1, 1)) for i in range(wanted)})


def is_there(world: World) -> bool:
    Index.open(world.settings).close()
    return True
