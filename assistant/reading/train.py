"""Training the reader: data → weights, resumable. ``python -m assistant.reading.train --help``

The learning rate warms up, stays, and falls to nothing over the last steps once ``--finish N`` is
given, so that a run can go on for as long as there is time (a warmup-stable-decay schedule; Hu et
al., 2024). A stopped run goes on where it was: ``SIGTERM`` writes a checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from assistant.reading.examples import (
    Example,
    Source,
    claim_source,
    drawn,
    own_sources,
    public_source,
)
from assistant.reading.model import CLAIM, LONGEST, Pair, Reader, trainable

CHUNK = 4096  # examples that are sorted by length together
# Share of the examples of each set; what is not named has REST.
WEIGHTS = {
    "squad11": 22.0, "unansq": 12.0, "squad20_part": 0.5, "idk_mrc": 8.0, "jaquad": 5.0,
    "jsquad": 2.0, "pquad": 5.0, "piaf": 5.0, "iapp": 4.0, "cmrc2018": 3.0, "drcd": 2.0,
    "tydiqa": 9.0, "norquad": 2.5, "facqa": 2.0, "nanibot": 5.0, "covidqa": 0.5,
}  # fmt: skip
REST = 0.7
MNLI, OTHER_NLI = 9.0, 2.0
OWN = 40.0


@dataclass(frozen=True, slots=True)
class Target:
    """What a pair should give: token spans of the window, in order; or a verdict."""

    spans: tuple[tuple[int, int], ...]
    verdict: int


def sources(data: Path, own: Sequence[Path], held_out: bool = False) -> list[Source]:
    """Every set under ``data`` (``public/*.jsonl.gz``, ``public/nli``) and the own files."""
    found = [
        public_source(path, WEIGHTS.get(path.name.split(".")[0], REST), held_out)
        for path in sorted((data / "public").glob("*.jsonl.gz"))
    ]
    folder = data / "public" / "nli"
    found.append(claim_source(sorted(folder.glob("mnli15k_mt.*.jsonl.gz")), MNLI, held_out))
    found += [
        claim_source([path], OTHER_NLI, held_out)
        for path in sorted(folder.glob("*.jsonl.gz"))
        if not path.name.startswith("mnli") and "indonli.val" not in path.name
    ]
    return found + (own_sources(own, OWN) if own else [])


def prepared(model: Reader, example: Example, rng: random.Random) -> tuple[Pair, Target] | None:
    """The pair and its target; a window of a long passage, around an answer where there is one."""
    text = CLAIM + example.text if example.verdict >= 0 else example.text
    question = model.tokenize(text[:400])
    passage = model.tokenize(example.passage[:20_000])
    spans = []
    for start, end in example.spans:
        inside = [i for i in range(len(passage)) if passage.ends[i] > start and passage.starts[i] < end]
        if not inside:
            return None
        spans.append((inside[0], inside[-1] + 1))
    room = LONGEST - len(question) - 4
    if room < 32 or not len(passage):
        return None
    first = 0
    if len(passage) > room:
        latest = len(passage) - room
        if spans:
            low, high = max(0, spans[0][1] - room), min(spans[0][0], latest)
            first = rng.randint(min(low, high), high)
        else:
            first = rng.randint(0, latest)
    last = min(len(passage), first + room)
    inside = [(a - first, b - first) for a, b in spans if a >= first and b <= last]
    if spans and not inside:
        return None
    return model.pair(question, passage, (first, last)), Target(tuple(inside), example.verdict)


def loss_of(model: Reader, batch: Sequence[tuple[Pair, Target]]) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and its parts for the log."""
    reading = model([pair for pair, _ in batch])
    n, longest, _ = reading.spans.shape
    allowed = torch.zeros(n, longest, dtype=torch.bool)
    starts, ends = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)
    part = torch.zeros(n, longest)
    asked = torch.tensor([target.verdict < 0 for _, target in batch])
    answerable = torch.tensor([float(bool(target.spans)) for _, target in batch])
    verdicts = torch.tensor([max(target.verdict, 0) for _, target in batch])
    for row, (pair, target) in enumerate(batch):
        allowed[row, 0] = True  # the first token stands for "no answer"
        allowed[row, pair.first : pair.last] = True
        for k, (a, b) in enumerate(target.spans):
            part[row, pair.first + a : pair.first + b] = 1.0
            if k == 0:
                starts[row], ends[row] = pair.first + a, pair.first + b - 1
    parts: dict[str, Tensor] = {}
    if asked.any():
        logits = reading.spans.masked_fill(~allowed[..., None], -1e4)[asked]
        parts["span"] = (
            functional.cross_entropy(logits[..., 0], starts[asked])
            + functional.cross_entropy(logits[..., 1], ends[asked])
        ) / 2
        parts["answerable"] = functional.binary_cross_entropy_with_logits(
            reading.answerable[asked], answerable[asked]
        )
        inside = allowed[asked]
        inside[:, 0] = False
        parts["part"] = functional.binary_cross_entropy_with_logits(
            reading.spans[..., 2][asked][inside], part[asked][inside]
        )
    if (~asked).any():
        parts["verdict"] = functional.cross_entropy(reading.verdicts[~asked], verdicts[~asked])
    weights = {"span": 1.0, "answerable": 0.5, "part": 2.0, "verdict": 1.0}
    share = {"verdict": float((~asked).float().mean())}
    total = sum(
        (weights[k] * share.get(k, 1 - share["verdict"]) * v for k, v in parts.items()),
        torch.zeros(()),
    )
    return total, {k: float(v.detach()) for k, v in parts.items()}


class Run:
    """One training run in a folder: weights, optimizer, position."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = Path(options.run)
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        self.model = Reader()
        self.parameters = trainable(self.model)
        heads = [p for n, p in self.parameters.items() if "head" in n]
        body = [p for n, p in self.parameters.items() if "head" not in n]
        self.optimizer = torch.optim.AdamW(
            [{"params": body, "scale": 1.0}, {"params": heads, "scale": 3.0}],
            lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01,
        )  # fmt: skip
        self.chunk = self.position = self.step = self.seen = 0
        self.finish_from = 0
        self.stopped = False
        self._resume()

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        self.chunk, self.position, self.step, self.seen = state["where"]
        torch.set_rng_state(state["rng"])

    def save(self) -> None:
        """Writes the checkpoint beside the old one and takes its place."""
        state = {
            "model": {n: p.detach() for n, p in self.parameters.items()},
            "optimizer": self.optimizer.state_dict(),
            "where": (self.chunk, self.position, self.step, self.seen),
            "rng": torch.get_rng_state(),
        }
        scratch = self.folder / "checkpoint.new"
        torch.save(state, scratch)
        os.replace(scratch, self.folder / "checkpoint.pt")

    def rate(self) -> float:
        """Share of the full learning rate at this step."""
        warm = min(1.0, (self.step + 1) / self.options.warmup)
        if not self.options.finish:
            return warm
        return max(0.0, 1 - (self.step - self.finish_from) / self.options.finish)

    def batches(self, found: Sequence[Source]) -> Iterator[list[tuple[Pair, Target]]]:
        """Batches of about ``--tokens`` tokens, of like lengths; goes on from the position."""
        while True:
            rng = random.Random(f"{self.options.seed}:{self.chunk}")
            made = [prepared(self.model, e, rng) for e in drawn(found, CHUNK, rng)]
            whole = sorted((x for x in made if x), key=lambda x: len(x[0].ids))
            grouped: list[list[tuple[Pair, Target]]] = [[]]
            for item in whole:
                if (len(grouped[-1]) + 1) * len(item[0].ids) > self.options.tokens:
                    grouped.append([])
                grouped[-1].append(item)
            rng.shuffle(grouped)
            while self.position < len(grouped):
                batch = grouped[self.position]
                self.position += 1
                if batch:
                    yield batch
            self.chunk, self.position = self.chunk + 1, 0

    def train(self, found: Sequence[Source]) -> None:
        """Trains until it is stopped, the minutes are over, or the rate has fallen to nothing."""
        options = self.options
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopped", True))
        self.finish_from = self.step
        began = saved = time.monotonic()
        sums: dict[str, list[float]] = {}
        self.model.train()
        with (self.folder / "log.jsonl").open("a") as log:
            for batch in self.batches(found):
                for group in self.optimizer.param_groups:
                    group["lr"] = options.rate * group["scale"] * self.rate()
                with torch.autocast("cpu", torch.bfloat16, enabled=not options.fp32):
                    loss, parts = loss_of(self.model, batch)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), 1.0)
                self.optimizer.step()
                self.step, self.seen = self.step + 1, self.seen + len(batch)
                for name, value in parts.items():
                    sums.setdefault(name, []).append(value)
                now = time.monotonic()
                if self.step % 50 == 0:
                    line = {k: round(sum(v) / len(v), 4) for k, v in sums.items()}
                    line |= {"step": self.step, "seen": self.seen, "minutes": round((now - began) / 60, 1)}
                    print(json.dumps(line), file=log, flush=True)
                    sums = {}
                over = options.minutes and now - began > options.minutes * 60
                done = options.finish and self.step - self.finish_from >= options.finish
                if self.stopped or over or done or now - saved > 600:
                    self.save()
                    saved = now
                if self.stopped or over or done:
                    return


def digests(paths: Sequence[Path]) -> dict[str, str]:
    """File name → SHA-256 of what it was trained on."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in paths}


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the reader.")
    parser.add_argument("--data", type=Path, required=True, help="folder with public/")
    parser.add_argument("--own", type=Path, nargs="*", default=[], help="own sets, JSON lines")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--rate", type=float, default=1.5e-4, help="learning rate")
    parser.add_argument("--tokens", type=int, default=6000, help="tokens of a batch")
    parser.add_argument("--warmup", type=int, default=300, help="steps")
    parser.add_argument("--finish", type=int, default=0, help="steps in which the rate falls to 0")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many; 0: never")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fp32", action="store_true", help="no bf16")
    options = parser.parse_args()
    run = Run(options)
    files = [*sorted((options.data / "public").rglob("*.gz")), *options.own]
    card = {"options": {k: str(v) for k, v in vars(options).items()}, "data": digests(files)}
    (run.folder / "card.json").write_text(json.dumps(card, indent=1))
    run.train(sources(options.data, options.own))


if __name__ == "__main__":
    main()
