"""Damages a file of an index as disks and copies do, and looks at who notices."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

from assistant.index import doctor
from assistant.types import AssistantError
from tests.reliability.worlds import Seen, World


def files_of(world: World) -> list[Path]:
    """Those of the index alone: what people sent is theirs."""
    folder = world.settings.index
    found = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".lock"]
    return [p for p in found if p.name != "lock" and "uploads" not in p.parts]


def damage(path: Path, chance: random.Random) -> str:
    """One damage of one kind; what it was."""
    content = bytearray(path.read_bytes())
    size = len(content)
    kind = chance.choice(
        ["bit", "byte", "run", "zeros", "cut", "grown", "page", "swap", "gone", "empty"]
    )
    at = chance.randrange(size) if size else 0
    some = min(chance.choice([2, 16, 512, 4096]), size - at)
    if kind == "bit" and size:
        content[at] ^= 1 << chance.randrange(8)
    elif kind == "byte" and size:
        content[at] = chance.randrange(256)
    elif kind == "run":
        content[at : at + some] = chance.randbytes(some)
    elif kind == "zeros":
        content[at : at + some] = bytes(some)
    elif kind == "cut":
        del content[at:]
    elif kind == "grown":
        content += chance.randbytes(chance.randrange(1, 5000))
    elif kind == "page":  # another page's content, as when a disk writes to the wrong place
        pages = max(size // 4096, 1)
        one, other = chance.randrange(pages) * 4096, chance.randrange(pages) * 4096
        content[one : one + 4096] = content[other : other + 4096]
    elif kind == "swap":
        del content[at : at + some]
    elif kind == "empty":
        content.clear()
    if kind == "gone":
        path.unlink()
    else:  # a new file: an index that is mapped elsewhere keeps its own
        scratch = path.with_name(path.name + ".x")
        scratch.write_bytes(content)
        os.replace(scratch, path)
    return f"{kind} at {at} of {path.name}"


def judged(world: World, sound: Seen) -> str:
    """What is wrong with how a damaged index is met and mended; "" where nothing is."""
    assert not isinstance(sound, str)
    seen = world.seen(deep=False)
    refused = isinstance(seen, str)
    if refused and not _helps(str(seen)):
        return f"refused without a command: {seen}"
    if not refused and seen != sound:
        return f"unnoticed: {seen}"
    findings = doctor.examine(world.settings)
    faults = [f for f in findings if not f.sound and "no LLM" not in f.text]
    if refused and not faults:
        return f"the doctor does not see: {seen}"
    try:
        told = doctor.repair(world.settings)
    except AssistantError as fault:
        return "" if _helps(f"refused: {fault}") else f"repair: {fault}"
    lost = [finding for finding in told if "lost" in finding.text]
    seen = world.seen()
    if isinstance(seen, str):
        return f"refused after the repair: {seen}"
    if lost:
        more = {*seen["articles"], *seen["editions"]} - {*sound["articles"], *sound["editions"]}
        return f"another text after the repair: {more}" if more else ""
    if seen != sound:
        other = [seen[what] ^ sound[what] for what in ("articles", "editions")]
        return f"another state after the repair: {other}"
    return ""


def _helps(line: str) -> bool:
    return line == "absent" or ("\n" not in line and "assistant " in line)


def batch(base: Path, home: Path, sound: Seen, seeds: range) -> list[tuple[int, str]]:
    """Damages with these seeds, each to the world as it was; what was wrong."""
    wrong = []
    for seed in seeds:
        chance = random.Random(seed)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(base, home)
        world = World(home)
        files = files_of(world)
        # As often the catalog, which is one file, as any of the others.
        path = files[0] if chance.random() < 0.5 else chance.choice(files)
        what = damage(path, chance)
        try:
            fault = judged(world, sound)
        except BaseException as error:
            fault = f"{type(error).__name__}: {error}"
        if fault:
            wrong.append((seed, f"{what}: {fault}"))
    return wrong
