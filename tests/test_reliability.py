"""A handful of what `make test-reliability` does by thousands, in processes that may die."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_kills_full_disks_damages_and_edits_leave_one_state() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.sample"],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
