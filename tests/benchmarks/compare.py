"""Measures this project beside the default stacks of LangChain, LlamaIndex, Haystack and txtai.

``XQUAD=… make compare`` (about 20 minutes, and the packages' downloads the first time). Writes
compare.md, compare.json and compare.svg.

Same articles (XQuAD's paragraphs), same weights, same questions; each stack in an environment of
its own under COMPARE_CACHE (default: article-assistant-compare in the user's cache folder), each
measurement in a process of its own. What is measured is kept there by the versions and files that
made it, so a run that was stopped goes on. ``AGAIN=timing`` or ``AGAIN=quality`` measures again;
``AGAIN=noisy`` only what was timed while other programs took more than a tenth of the machine.
``QUESTIONS=N`` asks fewer and writes no file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import compare_report, xquad

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STACKS = HERE / "stacks"
CACHE = Path(
    os.environ.get("COMPARE_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "article-assistant-compare"
)
TORCH = "torch==2.13.0"
COMMON = ("transformers==5.23.0", "faiss-cpu==1.15.1", "numpy==2.4.6")
SENTENCES = "sentence-transformers==6.2.0"
SETS = {  # name → language asked, language told, accents
    "vi → vi": ("vi", "vi", True),
    "vi* → vi": ("vi", "vi", False),
    "en → vi": ("en", "vi", True),
    "en → en": ("en", "en", True),
}
DEPTH = 30  # passages asked for, so that at least 10 articles are ranked
ROUNDS = 3  # of timing, the stacks taking turns
TIMED = 100  # questions a round, others in each
WARM = 10
_TIMED_PARTS = ("timing-*.json", "index-vi.json")
AGAINS = {"timing": _TIMED_PARTS, "noisy": _TIMED_PARTS, "quality": ("quality-*.json",)}
QUIET_ENOUGH = 0.1  # share of the machine that other programs may take while something is timed
EDGES = ("cli", "chat", "page", "langchain", "doctor")  # have no part in what is measured
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A row of the table. ``environment``: a folder of CACHE, "" for the project's own.

    ``model``: "" for the exported folder, else what the stack file takes in its place.
    """

    name: str
    file: str
    environment: str = ""
    requirements: tuple[str, ...] = ()
    hybrid: bool = False
    model: str = ""

    @property
    def python(self) -> str:
        venv = CACHE / "venvs" / self.environment
        return str(venv / "bin" / "python") if self.environment else sys.executable

    @property
    def results(self) -> Path:
        """Where its results are kept: a folder for what can change them."""
        return _results(self)


@cache  # files that change while it runs do not part an index from what is asked of it
def _results(stack: Stack) -> Path:
    files = [STACKS / stack.file, STACKS / "worker.py"]
    if not stack.environment:
        files += sorted(f for f in (ROOT / "assistant").glob("*.py") if f.stem not in EDGES)
    made = hashlib.sha256(repr((stack.requirements, stack.hybrid, stack.model)).encode())
    for file in files:
        made.update(file.read_bytes())
    slug = "".join(c if c.isalnum() else "-" for c in stack.name.lower())
    return CACHE / "results" / f"{slug}-{made.hexdigest()[:12]}"


_LANGCHAIN = (
    "langchain-huggingface==1.2.3",
    "langchain-community==0.4.2",
    "langchain-classic==1.0.8",
    "langchain-text-splitters==1.1.3",
    "rank-bm25==0.2.2",
    SENTENCES,
    *COMMON,
)
_LLAMAINDEX = (
    "llama-index-core==0.14.25",
    "llama-index-embeddings-huggingface==0.8.0",
    SENTENCES,
    *COMMON,
)
_HAYSTACK = ("haystack-ai==3.4.0", "sentence-transformers-haystack==2.0.0", SENTENCES, *COMMON)
_TXTAI = ("txtai==9.14.0", *COMMON)

ALL = (
    Stack("this project", "ours.py", model="auto"),
    Stack("this project, fp32", "ours.py", model="fp32"),
    Stack("LangChain", "langchain_stack.py", "langchain", _LANGCHAIN),
    Stack("LangChain hybrid", "langchain_stack.py", "langchain", _LANGCHAIN, True),
    Stack("LlamaIndex", "llamaindex_stack.py", "llamaindex", _LLAMAINDEX),
    Stack("Haystack", "haystack_stack.py", "haystack", _HAYSTACK),
    Stack("Haystack hybrid", "haystack_stack.py", "haystack", _HAYSTACK, True),
    Stack("txtai", "txtai_stack.py", "txtai", _TXTAI),
    Stack("txtai hybrid", "txtai_stack.py", "txtai", _TXTAI, True),
)


# -- environments and the model --------------------------------------------------------------


def make_environment(stack: Stack) -> None:
    """The stack's virtual environment; torch first, so that nothing else chooses its build."""
    folder = CACHE / "venvs" / stack.environment
    wanted = "\n".join((TORCH, *stack.requirements))
    stamp = folder / "requirements.txt"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    print(f"installing {stack.environment} (minutes the first time)…", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [stack.python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    for packages in ((TORCH,), (TORCH, *stack.requirements)):
        done = subprocess.run([*pip, *packages], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"pip failed for {stack.environment}: {done.stderr[-2000:]}")
    stamp.write_text(wanted, "utf-8")


def make_model() -> dict[str, Any]:
    """Exports the bundled model, unless it is there, and checks it; what the check found."""
    command = [sys.executable, "-m", "tests.benchmarks.exported", str(CACHE / "model")]
    environment = os.environ | QUIET
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("The model could not be exported, so nothing is measured")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# -- measurements ------------------------------------------------------------------------------


def measure(stack: Stack, part: str, job: dict[str, Any], threads: int | None = None) -> Any:
    """The result of a job, from the cache when it was done before.

    ``others``: share of the machine that other programs used meanwhile.
    """
    kept = stack.results / f"{part}.json"
    if kept.exists():
        return json.loads(kept.read_text("utf-8"))
    kept.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | QUIET
    environment["PYTHONPATH"] = "" if stack.environment else str(ROOT)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryDirectory() as scratch:
        job_file, result_file = Path(scratch) / "job.json", Path(scratch) / "result.json"
        job |= {"model": stack.model or str(CACHE / "model"), "hybrid": stack.hybrid}
        job |= {"depth": DEPTH, "started": time.time()}
        job_file.write_text(json.dumps(job), "utf-8")
        script, file = STACKS / "worker.py", STACKS / stack.file
        command = [stack.python, str(script), str(file), str(job_file), str(result_file)]
        before = _busy()
        done = subprocess.run(command, env=environment, cwd=scratch, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{stack.name}, {part} failed: {done.stderr[-3000:]}")
        result = json.loads(result_file.read_text("utf-8"))
    result["others"] = _others(before, _busy())
    kept.write_text(json.dumps(result), "utf-8")
    print(f"{time.strftime('%H:%M:%S')} {stack.name}: {part}", flush=True)
    return result


def _busy() -> tuple[float, float, float]:
    """Seconds: of the clock, of all processors busy since the start, of our ended children."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        user, nice, system, _, _, irq, soft, steal = map(
            int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        )
    except (OSError, ValueError):
        return time.time(), float("nan"), 0.0
    ticks = user + nice + system + irq + soft + steal
    return time.time(), ticks / os.sysconf("SC_CLK_TCK"), ours.ru_utime + ours.ru_stime


def _others(before: Sequence[float], after: Sequence[float]) -> float:
    clock, busy, ours = (b - a for a, b in zip(before, after, strict=True))
    return max(0.0, busy - ours) / (clock * (os.cpu_count() or 1))


def index(stack: Stack, language: str, threads: int | None = None) -> Any:
    folder = stack.results / language
    if not (stack.results / f"index-{language}.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
    articles = [(a.id, a.text) for a in xquad.articles_of(language)]
    job = {"what": "index", "folder": str(folder), "articles": articles}
    return measure(stack, f"index-{language}", job, threads)


def timing(stack: Stack, turn: int) -> Any:
    """A cold start and TIMED questions of XQuAD-vi, others in each round."""
    questions = [case.question for case in xquad.cases("vi", "vi")]
    spread = [questions[i * len(questions) // (ROUNDS * TIMED)] for i in range(ROUNDS * TIMED)]
    warm = [q for q in questions if q not in set(spread)][:WARM]
    job = {"what": "search", "folder": str(stack.results / "vi"), "warm": warm}
    return measure(stack, f"timing-{turn}", job | {"questions": spread[turn::ROUNDS]})


def quality(stack: Stack, limit: int) -> dict[str, Any]:
    """The rankings of every question set."""
    index(stack, "en", threads=1)
    found = {}
    for name, how in SETS.items():
        questions = [case.question for case in chosen(how, limit)]
        job = {"what": "search", "folder": str(stack.results / how[1]), "questions": questions}
        part = f"quality-{list(SETS).index(name)}-{limit}"
        found[name] = measure(stack, part, job | {"warm": questions[:1]}, threads=1)["rankings"]
    return found


def chosen(how: tuple[str, str, bool], limit: int) -> list[xquad.Case]:
    """``limit`` questions of a set, spread evenly."""
    cases = xquad.cases(*how)
    count = min(limit, len(cases))
    return [cases[i * len(cases) // count] for i in range(count)]


def forget(stacks: Sequence[Stack], what: str) -> None:
    """Drops results that are to be measured again, as ``AGAINS`` says."""
    for stack in stacks:
        for pattern in AGAINS[what]:
            for file in stack.results.glob(pattern):
                noise = json.loads(file.read_text("utf-8"))["others"]
                if what != "noisy" or noise > QUIET_ENOUGH:
                    file.unlink()


def run(stacks: Sequence[Stack], limit: int) -> dict[str, Any]:
    """Everything that is measured: what is timed first, alone; then the rankings."""
    for stack in stacks:
        if stack.environment:
            make_environment(stack)
    model = make_model()
    indexed = {stack.name: index(stack, "vi") for stack in stacks}
    turns = [{stack.name: timing(stack, turn) for stack in stacks} for turn in range(ROUNDS)]
    # Rankings are not timed: one stack a processor, with one thread each.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        rankings = dict(
            zip(
                [stack.name for stack in stacks],
                pool.map(lambda stack: quality(stack, limit), stacks),
                strict=True,
            )
        )
    rows = [
        compare_report.row(
            stack.name,
            indexed[stack.name],
            [turn[stack.name] for turn in turns],
            {
                name: ([case.gold.id for case in chosen(how, limit)], rankings[stack.name][name])
                for name, how in SETS.items()
            },
        )
        for stack in stacks
    ]
    return {
        "rows": rows,
        "model": model,
        "versions": versions(stacks),
        "machine": compare_report.machine_line(),
        "questions": limit,
        "depth": DEPTH,
        "articles": len(xquad.articles_of("vi")),
        "timed": ROUNDS * TIMED,
    }


def versions(stacks: Sequence[Stack]) -> dict[str, list[str]]:
    """Environment → what is installed there and matters; the pins are what is installed."""
    own = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "tantivy")
    found = {"this project": [f"{name}=={version(name)}" for name in own]}
    for stack in stacks:
        if stack.environment:
            found[stack.environment] = [TORCH, *stack.requirements]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=int(os.environ.get("QUESTIONS") or 1190))
    parser.add_argument("--only", default="", help="stacks whose name contains this; no files")
    parser.add_argument(
        "--again", default=os.environ.get("AGAIN"), help=f"measure again: {', '.join(AGAINS)}"
    )
    options = parser.parse_args()
    stacks = [stack for stack in ALL if options.only.lower() in stack.name.lower()]
    if not stacks or options.questions < 1:
        raise SystemExit("Nothing to measure: see --only and --questions")
    if options.again and options.again not in AGAINS:
        raise SystemExit(f"--again {options.again!r} is none of {', '.join(AGAINS)}")
    if options.again:
        forget(stacks, options.again)
    found = run(stacks, options.questions)
    text = compare_report.markdown(found)
    print(text)
    if len(stacks) == len(ALL) and options.questions >= 1190:
        (HERE / "compare.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")
        (HERE / "compare.md").write_text(text, "utf-8")
        (HERE / "compare.svg").write_text(compare_report.plot(found), "utf-8")
        print(f"wrote {HERE / 'compare.md'} and compare.svg", file=sys.stderr)
    else:
        print("(a part only: no file was written)", file=sys.stderr)


if __name__ == "__main__":
    main()
