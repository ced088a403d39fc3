"""One measurement of one stack in a process of its own: a job as JSON in, figures as JSON out.

``python worker.py STACK.py JOB.json RESULT.json``. The job: what ("index" or "search"), folder,
model, hybrid, articles or questions, depth, warm (questions asked before the clock runs, the first
of them for the cold start), started (time.time() just before the process was started).
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any


def main() -> None:
    stack_file, job_file, result_file = map(Path, sys.argv[1:])
    job = json.loads(job_file.read_text("utf-8"))
    run = {"index": run_index, "search": run_search}[job["what"]]
    result = run(_load(stack_file), job)
    result["peak_mib"] = _peak_mib()
    result_file.write_text(json.dumps(result), "utf-8")


def run_index(stack: ModuleType, job: dict[str, Any]) -> dict[str, Any]:
    articles = [(id_, text) for id_, text in job["articles"]]
    folder = Path(job["folder"])
    passages, seconds = stack.index(articles, folder, job["model"], job["hybrid"])
    return {
        "passages": passages,
        "seconds": seconds,
        "whole_seconds": time.time() - job["started"],
        "bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
    }


def run_search(stack: ModuleType, job: dict[str, Any]) -> dict[str, Any]:
    opened = stack.open(Path(job["folder"]), job["model"], job["hybrid"])
    questions, depth = job["questions"], job["depth"]
    first, *warm = job["warm"]
    stack.search(opened, first, depth)
    cold = time.time() - job["started"]
    for question in warm:
        stack.search(opened, question, depth)
    rankings, times = [], []
    for question in questions:
        began = time.perf_counter()
        found = stack.search(opened, question, depth)
        times.append((time.perf_counter() - began) * 1000)
        rankings.append(list(dict.fromkeys(found))[:10])
    return {"cold_seconds": cold, "milliseconds": times, "rankings": rankings}


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _peak_mib() -> float:
    """The most memory that was resident, MiB.

    From /proc where there is one: getrusage counts what the parent had when it forked.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2


if __name__ == "__main__":
    main()
