"""Puts load on a server over the seed article and prints what people would feel.

    python -m tests.benchmarks.load [--questions 100] [--crowd 50] [--soak 2000] [--added 100]

The server is a process of its own, started as `assistant serve` does it; this one only asks.
Both share the machine, so the figures are a little worse than a client elsewhere would see.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from tests.benchmarks.reading import articles_of

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "questions" / "seed.jsonl"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=100, help="one after the other")
    parser.add_argument("--crowd", type=int, default=50, help="at once")
    parser.add_argument("--soak", type=int, default=2000, help="for the memory, 8 at a time")
    parser.add_argument("--added", type=int, default=100, help="articles, while questions come")
    options = parser.parse_args()
    lines = QUESTIONS.read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    threads = os.environ.get("OMP_NUM_THREADS", "as many as there are")
    print(f"{os.cpu_count()} processors ({platform.machine()}), OMP_NUM_THREADS: {threads}")
    with _server() as (address, process):
        asyncio.run(_measure(address, process, questions, options))


async def _measure(
    address: str, process: int, questions: Sequence[str], options: argparse.Namespace
) -> None:
    unlimited = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=300, limits=unlimited) as client:
        await _ready(client)
        supply = itertools.cycle(questions)
        for question in itertools.islice(supply, 5):
            await _answer(client, question)
        times = [await _stream(client, next(supply)) for _ in range(options.questions)]
        print(f"{options.questions} questions, one after the other:")
        print(f"  first words  {_spread([first for first, _ in times])}")
        print(f"  whole answer {_spread([whole for _, whole in times])}")
        asked = list(itertools.islice(supply, options.crowd))
        began = time.perf_counter()
        found = await asyncio.gather(*(_answer(client, question) for question in asked))
        taken = time.perf_counter() - began
        errors = sum(status != 200 for status, _ in found)
        print(f"{options.crowd} at once: {_spread([t for _, t in found])}, {errors} errors,")
        print(f"  all answered after {taken:.2f} s ({options.crowd / taken:.1f} a second)")
        if options.added:
            told = await _adding(client, supply, options.added)
            print(f"while {options.added} articles are added: {told}")
        before = _memory(process)
        began = time.perf_counter()
        errors = await _soak(client, itertools.islice(supply, options.soak))
        taken = time.perf_counter() - began
        after = _memory(process)
        print(f"{options.soak} questions, 8 at a time: {taken:.0f} s, {errors} errors, memory")
        print(f"  {before:.0f} MiB before, {after:.0f} MiB after ({after - before:+.0f} MiB)")


async def _adding(client: httpx.AsyncClient, questions: Iterator[str], count: int) -> str:
    """Seconds of the questions, one after the other, while an upload is indexed."""
    articles = itertools.islice(articles_of("train"), count)
    lines = [json.dumps({"title": a.title, "text": a.text}) for a in articles]
    began = time.perf_counter()
    sent = client.post("/api/v1/articles?name=many.jsonl", content="\n".join(lines).encode())
    upload = asyncio.create_task(sent)
    times = []
    while not upload.done():
        times.append((await _answer(client, next(questions)))[1])
    (await upload).raise_for_status()
    return f"{_spread(times)}; added after {time.perf_counter() - began:.0f} s"


async def _soak(client: httpx.AsyncClient, questions: Iterator[str]) -> int:
    """The number of errors."""
    errors = 0

    async def worker() -> None:
        nonlocal errors
        for question in questions:
            status, _ = await _answer(client, question)
            errors += status != 200

    await asyncio.gather(*(worker() for _ in range(8)))
    return errors


async def _answer(client: httpx.AsyncClient, question: str) -> tuple[int, float]:
    """Status and seconds."""
    began = time.perf_counter()
    found = await client.post("/api/v1/answer", json={"question": question})
    return found.status_code, time.perf_counter() - began


async def _stream(client: httpx.AsyncClient, question: str) -> tuple[float, float]:
    """Seconds to the first words, and to the end."""
    body = {"question": question, "stream": True}
    began = time.perf_counter()
    first = 0.0
    async with client.stream("POST", "/api/v1/answer", json=body) as reply:
        async for line in reply.aiter_lines():
            if line == "event: delta" and not first:
                first = time.perf_counter() - began
    return first, time.perf_counter() - began


async def _ready(client: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.ConnectError:
            pass
        await asyncio.sleep(0.2)
    raise SystemExit("the server was not ready within two minutes")


@contextmanager
def _server() -> Iterator[tuple[str, int]]:
    """Address and process of a server over the seeds."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "assistant.cli"]
        index = ["--index", f"{folder}/index"]
        subprocess.run([*command, "index", "seeds", *index], cwd=ROOT, check=True)
        served = subprocess.Popen(
            [*command, "serve", "--port", str(port), *index],
            cwd=ROOT,
            env=os.environ | {"ASSISTANT_REQUESTS_A_MINUTE": "0"},
        )
        try:
            yield f"http://127.0.0.1:{port}", served.pid
        finally:
            served.terminate()
            served.wait()


def _memory(process: int) -> float:
    """Resident MiB of a process (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def _spread(seconds: Sequence[float]) -> str:
    p50, p95 = np.percentile(seconds, [50, 95])
    return f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"


if __name__ == "__main__":
    main()
