"""Training how questions are embedded: own set → ``questions.rdr``, in minutes.

``python -m assistant.reading.train_questions --help``. The upper layers of the bundled model learn
to put a question nearer to the passages that answer it than to all others of the index. The
passages' vectors stay what they are, and so does an index.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from assistant.index.bundled_encoder import BundledTransformer
from assistant.index.bundled_file import weights_path
from assistant.index.index import Index
from assistant.index.packed_weights import KINDS, write
from assistant.reading.own_set import OwnArticle, read_own
from assistant.reading.readings import Span
from assistant.settings import Settings
from assistant.text.language import language_among
from assistant.text.letters import as_searched
from assistant.types import Article

SCALE = 20.0  # of similarities, before the softmax over passages
BATCH = 128  # questions
WARMUP = 20  # steps
AMONG = (1, 8, 32)  # ranks at which is told how many answering passages are found

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Passages:
    """What questions are to find: centred vectors (p, d) of passages and (s, d) of sentences, and
    each sentence's passage (s,)."""

    vectors: Tensor
    sentences: Tensor
    owner: Tensor

    def scores(self, questions: Tensor) -> Tensor:
        """Centred questions (n, d) → (n, p): passage plus best sentence."""
        whole = questions @ self.vectors.T
        best = torch.full_like(whole, -2.0).scatter_reduce(
            1, self.owner.expand(len(questions), -1), questions @ self.sentences.T, "amax"
        )
        return whole + torch.where(best < -1.5, whole, best)  # one without sentences


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its tokens, the centre of its language (d,), the passages that answer it."""

    ids: tuple[int, ...]
    centre: Tensor
    gold: tuple[int, ...]
    held_out: bool
    across: bool


def gathered(
    own: Sequence[OwnArticle], held_out: Sequence[OwnArticle], bundled: BundledTransformer
) -> tuple[Passages, list[Asked]]:
    """The passages of all articles, and their answered questions."""
    articles = [_article(one) for one in (*own, *held_out)]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder) / "index")
        index = Index.create(settings)
        index.add(list({one.id: one for one in articles}.values()), settings)
        numbers, languages, vectors = index.catalog.passage_vectors()
        stored = index.catalog.passages(numbers)
        owners, sentences = index.catalog.sentence_vectors(sorted(numbers))
        place = {number: row for row, number in enumerate(numbers)}
        of_article: dict[str, list[tuple[Span, int]]] = defaultdict(list)
        for number in numbers:
            passage = stored[number].passage
            of_article[passage.article_id].append(((passage.start, passage.end), place[number]))
        passages = Passages(
            torch.from_numpy(index.centring.passages(vectors, languages)),
            torch.from_numpy(
                index.centring.passages(sentences, [stored[n].language for n in owners])
            ),
            torch.tensor([place[n] for n in owners]),
        )
        known = index.catalog.languages()
        asked = []
        for number, one in enumerate((*own, *held_out)):
            for question in one.questions:
                found = of_article[articles[number].id]
                gold = tuple(row for at, row in found if _holds(at, question.spans))
                if not gold:
                    continue
                language = language_among(question.asked, known)
                asked.append(
                    Asked(
                        _ids(bundled, question.asked),
                        torch.from_numpy(index.centring.question_centre(language)),
                        gold,
                        number >= len(own),
                        question.language != one.language,
                    )
                )
        index.close()
    return passages, asked


def _article(one: OwnArticle) -> Article:
    number = hashlib.sha256(f"{one.id}\n{one.text}".encode()).hexdigest()[:16]
    return Article(number, one.title, one.text, one.language)


def _holds(passage: Span, answers: Sequence[Span]) -> bool:
    return any(passage[0] <= start and end <= passage[1] for start, end in answers)


def _ids(bundled: BundledTransformer, question: str) -> tuple[int, ...]:
    found = bundled.preprocess([f"query: {as_searched(question)}"])["input_ids"]
    return tuple(found[0].tolist())


class Questions:
    """The model that embeds questions, of which the layers from ``first`` on learn."""

    def __init__(self, bundled: BundledTransformer, first: int) -> None:
        self.model, self.pad = bundled.model, bundled.unigram.pad
        self.model.requires_grad_(False)
        for layer in self.model.encoder.layer[first:]:
            layer.requires_grad_(True)
        self.learning = {
            name: tensor for name, tensor in self.model.named_parameters() if tensor.requires_grad
        }
        self._before = {name: tensor.detach().clone() for name, tensor in self.learning.items()}

    def keep(self, share: float) -> None:
        """Goes back to the weights of before, but for ``share`` of the way, which keeps more of
        what other texts need (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
        with torch.no_grad():
            for name, tensor in self.learning.items():
                tensor.lerp_(self._before[name], 1 - share)

    def embed(self, asked: Sequence[Asked]) -> Tensor:
        """Centred unit vectors (n, d)."""
        longest = max(len(one.ids) for one in asked)
        ids = torch.full((len(asked), longest), self.pad)
        mask = torch.zeros_like(ids)
        for row, one in enumerate(asked):
            ids[row, : len(one.ids)] = torch.tensor(one.ids)
            mask[row, : len(one.ids)] = 1
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        told = mask.unsqueeze(-1).float()
        vectors = (hidden.float() * told).sum(1) / told.sum(1)
        centres = torch.stack([one.centre for one in asked])
        return nn.functional.normalize(nn.functional.normalize(vectors, dim=-1) - centres, dim=-1)


def train(
    questions: Questions, passages: Passages, asked: Sequence[Asked], options: argparse.Namespace
) -> None:
    """Goes through the questions ``epochs`` times; the rate falls to nothing."""
    learnt = [one for one in asked if not one.held_out]
    chance = random.Random(options.seed)
    optimizer = torch.optim.AdamW(questions.learning.values(), lr=options.rate, weight_decay=0.01)
    steps = options.epochs * (len(learnt) // BATCH)
    step = 0
    for epoch in range(options.epochs):
        for together in _batches(learnt, chance):
            share = min(1, (step + 1) / WARMUP) * max(0.02, 1 - step / max(1, steps))
            optimizer.param_groups[0]["lr"] = options.rate * share
            loss = _loss(passages.scores(questions.embed(together)), together)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
        print(f"epoch {epoch + 1}: {told(questions, passages, asked)}", flush=True)  # noqa: T201


def _batches(asked: Sequence[Asked], chance: random.Random) -> Iterator[list[Asked]]:
    """Batches of questions of about the same length, in random order."""
    shuffled = chance.sample(asked, len(asked))
    batches = []
    for first in range(0, len(shuffled), BATCH * 16):
        some = sorted(shuffled[first : first + BATCH * 16], key=lambda one: len(one.ids))
        batches += [some[at : at + BATCH] for at in range(0, len(some), BATCH)]
    yield from chance.sample(batches, len(batches))


def _loss(scores: Tensor, asked: Sequence[Asked]) -> Tensor:
    """Of the answering passages' share among all: −log Σ exp(gold) / Σ exp(all)."""
    scores = scores * SCALE
    return (
        scores.logsumexp(1) - scores.masked_fill(~_gold(scores, asked), -1e4).logsumexp(1)
    ).mean()


def _gold(scores: Tensor, asked: Sequence[Asked]) -> Tensor:
    gold = torch.zeros_like(scores, dtype=torch.bool)
    for row, one in enumerate(asked):
        gold[row, list(one.gold)] = True
    return gold


def told(questions: Questions, passages: Passages, asked: Sequence[Asked]) -> str:
    """How many of the held-out questions find an answering passage, of all and of those in another
    language than the article."""
    held_out = sorted((one for one in asked if one.held_out), key=lambda one: len(one.ids))
    ranks: list[Numbers] = [np.zeros(0, np.int64)]
    with torch.inference_mode():
        for first in range(0, len(held_out), BATCH):
            some = held_out[first : first + BATCH]
            scores = passages.scores(questions.embed(some))
            best = scores.masked_fill(~_gold(scores, some), -9.0).amax(1, keepdim=True)
            ranks.append((scores > best).sum(1).numpy())
    rank, across = np.concatenate(ranks), np.array([one.across for one in held_out], bool)
    groups = {"all": np.ones_like(across), "across": across}
    return ", ".join(
        f"{name} " + " ".join(f"{(rank[some] < n).mean():.3f}@{n}" for n in AMONG)
        for name, some in groups.items()
        if some.any()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains how questions are embedded.")
    add = parser.add_argument
    add("--own", type=Path, nargs="+", required=True, help="files of the project's own set")
    add("--held-out", type=Path, nargs="*", default=[], help="files that are only measured")
    add("--first", type=int, default=6, help="the lowest layer that learns")
    add("--rate", type=float, default=1e-4)
    add("--epochs", type=int, default=1)
    add("--share", type=float, default=0.5, help="of what was learnt; the rest stays as it was")
    add("--seed", type=int, default=1)
    add("--kind", choices=KINDS, default="q8_0")
    add("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    bundled = BundledTransformer(weights_path(), torch.float32)
    own, held_out = (
        [article for path in paths for article in read_own(path)]
        for paths in (options.own, options.held_out)
    )
    passages, asked = gathered(own, held_out, bundled)
    questions = Questions(bundled, options.first)
    print(f"before: {told(questions, passages, asked)}", flush=True)  # noqa: T201
    train(questions, passages, asked, options)
    questions.keep(options.share)
    print(f"kept: {told(questions, passages, asked)}", flush=True)  # noqa: T201
    data = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in options.own}
    names = ("seed", "epochs", "rate", "share")
    about = {name: getattr(options, name) for name in names} | {"data": data}
    learnt = {name: tensor.detach().numpy() for name, tensor in questions.learning.items()}
    write(options.out, learnt, options.kind, about)


if __name__ == "__main__":
    main()
