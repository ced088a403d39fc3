"""What the README tells people to type works, and its list of files is true."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the seeds, indexed as `make run` does it."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    run("assistant index", folder)
    return folder


def run(script: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_python_example(checkout: Path) -> None:
    source = blocks("python")[0]
    assert len(source.strip().splitlines()) <= 5
    (checkout / "example.py").write_text(source, "utf-8")
    assert run("python example.py", checkout).startswith("grounded ")


# In place of a model of a provider: it says what it was told.
_PARROT = """
import langchain.chat_models
from langchain_core.language_models import ParrotFakeChatModel
langchain.chat_models.init_chat_model = lambda name: ParrotFakeChatModel()
"""


@pytest.mark.slow
def test_the_example_of_a_chain(checkout: Path) -> None:
    source = blocks("python")[1]
    (checkout / "chain.py").write_text(_PARROT + source, "utf-8")
    told = run("python chain.py", checkout)
    assert told.startswith("Answer from these articles:\n")
    assert "Nguyễn Thanh Tâm" in told
    assert told.endswith("\n\nAi là bí thư đảng ủy phường Lái Thiêu?\n")


@pytest.mark.slow
def test_the_evaluation_example(checkout: Path) -> None:
    script = next(block for block in blocks("sh") if "assistant eval" in block)
    run(script, checkout)
    report = json.loads((checkout / "report.json").read_text("utf-8"))
    assert report["n"] == 2
    assert report["retrieval"]["recall@1"] == 1.0


@pytest.mark.slow
def test_the_commands(checkout: Path) -> None:
    script = next(block for block in blocks("sh") if "assistant doctor" in block)
    out = run(script, checkout)
    assert "Nguyễn Thanh Tâm" in out
    assert "FAULT" not in out


def test_make_lists_the_targets_the_readme_names() -> None:
    listed = run("make help", ROOT)
    for target in set(re.findall(r"\bmake ([a-z]+)", README)) - {"help"}:
        assert f"make {target} " in listed


def test_the_list_of_rooms_is_true() -> None:
    tree = README.split("## What is where")[1]
    named = set(re.findall(r"^  (\w+(?:/|\.py))", tree, re.MULTILINE)) | {"arguments.py"}
    package = ROOT / "assistant"
    there = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    there |= {path.name for path in package.glob("*.py")} - {"__init__.py"}
    assert named == there


@pytest.mark.parametrize("room", sorted((ROOT / "assistant").glob("*/__init__.py")), ids=str)
def test_a_room_lists_what_others_may_use(room: Path) -> None:
    contents = room.read_text("utf-8")
    public = [p.stem for p in room.parent.glob("*.py") if not p.stem.startswith("_")]
    assert [name for name in public if not re.search(rf"\b{name}\b", contents)] == []


def test_the_screenshot_is_there() -> None:
    for path in re.findall(r"!\[[^]]*]\(([^)]+)\)", README):
        assert (ROOT / path).stat().st_size > 10_000
