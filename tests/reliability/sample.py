"""A handful of what is here, in a process of its own: ``python -m tests.reliability.sample``.

Prints what is wrong, a line each, and nothing where all is well.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before FAISS is loaded: what is forked has one

from tests.reliability import damages, edits, kills, worlds
from tests.reliability.forks import forked
from tests.reliability.worlds import World

KILLS = (("create", "kill"), ("update", "full"), ("remove", "kill"))


def faults(home: Path) -> list[str]:
    found: list[object] = []
    worlds.warm(home / "warm")
    for name, kind in KILLS:
        beside = home / name
        beside.mkdir()
        wanted = kills.expected(name, beside)
        for at in kills.every(wanted.steps, 3):
            found.append(kills.tried(name, kind, at, beside, wanted))  # type: ignore[arg-type]
    world = World(home / "damaged" / "world")
    world.home.mkdir(parents=True)
    forked(lambda: worlds._with_uploads(world))
    shutil.copytree(world.home, home / "base")
    _, sound = forked(world.seen)
    found += forked(lambda: damages.batch(home / "base", world.home, sound, range(6)))
    found += forked(lambda: edits.run(World(home / "edited"), 0, 15))
    return [str(fault) for fault in found if fault]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for fault in faults(Path(folder)):
            sys.stdout.write(f"{fault}\n")
