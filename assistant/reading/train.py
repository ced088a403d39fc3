"""Training the reader: data → weights. ``python -m assistant.reading.train --help``

A run lives in a folder: ``checkpoint.pt``, the tokenized ``corpus.npz``, ``log.jsonl`` with the
losses, ``card.json`` with options and digests of the data. Started again with the same folder it
goes on exactly where it was. ``SIGTERM`` and ``SIGINT`` write a checkpoint and end it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from assistant.index.packed_weights import read_card
from assistant.reading.corpus import Corpus, build
from assistant.reading.examples import (
    HELD_OUT_FILE,
    PARALLEL,
    ExampleSet,
    claim_set,
    held_out_contexts,
    own_sets,
    parallel_claims,
    public_set,
)
from assistant.reading.mixture import Mixture, Shown
from assistant.reading.model import ReaderModel, freeze_lowest
from assistant.reading.schedule import Schedule
from assistant.reading.trainer import Trainer

CHUNK = 4096  # examples that are drawn and sorted by length together
LOGGED_EVERY, SAVED_EVERY = 100, 600.0  # steps, seconds
_STOPPING = (signal.SIGTERM, signal.SIGINT)


def training_sets(data: Path, own: Sequence[Path]) -> list[ExampleSet]:
    """Every set under ``data`` (``public/*.jsonl.gz``, ``public/nli``) and the own files, without
    what is held out for measuring."""
    public = sorted((data / "public").glob("*.jsonl.gz"))
    claims = sorted((data / "public" / "nli").glob("*.jsonl.gz"))
    parallel = [path for path in claims if path.name.startswith(PARALLEL)]
    single = [path for path in claims if path not in parallel and HELD_OUT_FILE not in path.name]
    held_out = held_out_contexts(public)
    found = [public_set(path, held_out) for path in public]
    found += [parallel_claims(parallel)] if parallel else []
    return [*found, *map(claim_set, single), *own_sets(own)]


def data_files(data: Path, own: Sequence[Path]) -> dict[str, str]:
    """File → the first 16 digits of its SHA-256."""
    files = [*sorted((data / "public").rglob("*.jsonl.gz")), *own]
    return {f"{p.parent.name}/{p.name}": _digest(p.read_bytes()) for p in files}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


class Run:
    """One training run in its folder."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder: Path = options.run
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        self.model = ReaderModel()
        if options.start:
            self.model.learn_from(options.start)
        self.trainer = Trainer(self.model, options.rate, options.fp32)
        freeze_lowest(self.model, options.frozen)
        self.schedule = Schedule(options.warmup)
        self.chunk = self.position = self.step = self.seen = 0
        self.stopped = False
        self._resume()

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        missing = self.trainer.parameters.keys() ^ state["model"].keys()
        if missing:
            raise SystemExit(f"{path} is of another model: {sorted(missing)[:3]}")
        self.model.load_state_dict(state["model"], strict=False)
        self.trainer.optimizer.load_state_dict(state["optimizer"])
        self.chunk, self.position, self.step, self.seen = state["where"]
        self.schedule.cooldown, self.schedule.cooldown_from = state.get("cooldown", (0, None))

    def save(self) -> None:
        """Writes the checkpoint, which takes the place of the last only once it is whole."""
        state = {
            "model": {name: p.detach() for name, p in self.trainer.parameters.items()},
            "optimizer": self.trainer.optimizer.state_dict(),
            "where": (self.chunk, self.position, self.step, self.seen),
            "cooldown": (self.schedule.cooldown, self.schedule.cooldown_from),
        }
        scratch = self.folder / "checkpoint.new"
        torch.save(state, scratch)
        os.replace(scratch, self.folder / "checkpoint.pt")

    def corpus(self) -> Corpus:
        """The tokenized data, made where the folder does not have that of these files."""
        files = data_files(self.options.data, self.options.own)
        path = self.folder / f"corpus-{_digest(json.dumps(files).encode())}.npz"
        if not path.is_file():
            sets = training_sets(self.options.data, self.options.own)
            build(sets, self.model.tokenize).save(path)
            self._log({"skipped": {one.name: one.skipped for one in sets if one.skipped}})
        self._write_card(files)
        return Corpus.load(path)

    def _write_card(self, files: dict[str, str]) -> None:
        card: dict[str, Any] = {
            "options": {name: str(value) for name, value in vars(self.options).items()},
            "torch": torch.__version__,
            "python": platform.python_version(),
            "data": files,
        }
        if self.options.start:  # whose card says the same of those before
            before = read_card(self.options.start)
            card["started from"] = {"sha256": before["sha256"][:16], **before["about"]}
        (self.folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")

    def _log(self, line: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def _batches(self, mixture: Mixture) -> Iterator[list[Shown]]:
        """Batches from the position on, without end."""
        while True:
            batches = mixture.batches(self.chunk, self.options.tokens)
            while self.position < len(batches):
                self.position += 1
                yield batches[self.position - 1]
            self.chunk, self.position = self.chunk + 1, 0

    def _step(self, shown: Sequence[Shown]) -> dict[str, float]:
        """One step of the optimizer on a batch; its losses by task."""
        losses = self.trainer.step(shown, self.schedule.share(self.step))
        self.step, self.seen = self.step + 1, self.seen + len(shown)
        return losses

    def train(self, mixture: Mixture) -> None:
        """Trains until it is stopped, the minutes are over, or the cooldown is."""
        before = {name: signal.signal(name, self._stop) for name in _STOPPING}
        try:
            self._train(mixture)
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def _train(self, mixture: Mixture) -> None:
        began = saved = time.monotonic()
        sums: dict[str, list[float]] = defaultdict(list)
        for shown in self._batches(mixture):
            for task, value in self._step(shown).items():
                sums[task].append(value)
            now = time.monotonic()
            minutes = (now - began) / 60
            self._begin_cooldown(minutes)
            if self.step % LOGGED_EVERY == 0:
                self._log(
                    {task: round(sum(v) / len(v), 4) for task, v in sums.items()}
                    | {"step": self.step, "seen": self.seen, "minutes": round(minutes, 1)}
                )
                sums.clear()
            ends = self.stopped or self.schedule.is_over(self.step) or self._out_of_time(minutes)
            if ends or now - saved > SAVED_EVERY:
                self.save()
                saved = now
            if ends:
                return

    def _begin_cooldown(self, minutes: float) -> None:
        """Begins the cooldown when it is asked for: now, at a step, or after so many minutes."""
        options = self.options
        due = self.step >= options.cooldown_at and minutes >= options.cooldown_after
        if options.cooldown and due and self.schedule.cooldown_from is None:
            self.schedule.cooldown, self.schedule.cooldown_from = options.cooldown, self.step

    def _out_of_time(self, minutes: float) -> bool:
        return bool(self.options.minutes) and minutes >= self.options.minutes


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Trains the reader; goes on where it was.")
    add = parser.add_argument
    add("--data", type=Path, default=Path("data/reading"), help="folder with public/*.jsonl.gz")
    add("--own", type=Path, nargs="*", default=[], help="files of the project's own set")
    add("--run", type=Path, default=Path("runs/reading"), help="folder of the run")
    add("--start", type=Path, help="a packed file: begin with its weights")
    add("--rate", type=float, default=1.5e-4, help="learning rate of the encoder")
    add("--frozen", type=int, default=0, help="layers, from the lowest, that are not trained")
    add("--tokens", type=int, default=6000, help="tokens of a batch, padding included")
    add("--warmup", type=int, default=300, help="steps")
    add("--cooldown", type=int, default=0, help="end the run with a cooldown of so many steps")
    add("--cooldown-at", type=int, default=0, help="begin the cooldown at this step")
    add("--cooldown-after", type=float, default=0, help="begin it after so many minutes")
    add("--minutes", type=float, default=0, help="stop after so many; 0: go on")
    add("--own-factor", type=float, default=1.0, help="multiplies the share of the own set")
    add("--seed", type=int, default=1)
    add("--fp32", action="store_true", help="do not calculate in bf16")
    return parser


def main() -> None:
    run = Run(arguments().parse_args())
    options = run.options
    model = run.model
    mixture = Mixture(
        run.corpus(), model.tokenize, model.special, options.seed, CHUNK, options.own_factor
    )
    run.train(mixture)


if __name__ == "__main__":
    main()
