"""Example sets → arrays, tokenized once and kept in a file.

Everything is numpy without objects, so that the file is read back in a second and without
unpickling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.reading.examples import ExampleSet
from assistant.reading.tokens import Tokens

Ints = NDArray[np.int32]
_BETWEEN = "\0"  # answers of a list


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of unlike lengths: row i is ``values[offsets[i]:offsets[i + 1]]``."""

    values: NDArray[np.generic]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Iterable[Sequence[int] | bytes], dtype: type[np.generic]) -> Ragged:
        arrays = [
            np.frombuffer(row, dtype) if isinstance(row, bytes) else np.array(row, dtype)
            for row in rows
        ]
        offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int64)
        return cls(np.concatenate(arrays) if arrays else np.zeros(0, dtype), offsets)

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Ragged:
        return cls.of((text.encode() for text in texts), np.uint8)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> NDArray[np.generic]:
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def text(self, i: int) -> str:
        return self[i].tobytes().decode()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages p, examples e and groups g of all sets, numbered through; a set's examples are
    ``[sets[s], sets[s + 1])``.

    ``names`` of the sets, ``answerable`` share of their questions. ``asked[e]`` UTF-8,
    ``passage[e]``, ``verdict[e]``, ``spans[e]`` first and last + 1 token of each answer in turn,
    ``answers[e]`` their words. ``tokens[p]`` ids, ``titles[p]`` ids of its article's title,
    ``texts[p]`` UTF-8, ``group[p]``. ``members[g]`` passages.
    """

    names: Ragged
    sets: NDArray[np.int64]
    answerable: NDArray[np.float64]
    asked: Ragged
    passage: Ints
    verdict: Ints
    spans: Ragged
    answers: Ragged
    tokens: Ragged
    titles: Ragged
    texts: Ragged
    group: Ints
    members: Ragged

    def name(self, s: int) -> str:
        return self.names.text(s)

    def answers_of(self, example: int) -> list[str]:
        text = self.answers.text(example)
        return text.split(_BETWEEN) if text else []

    def save(self, path: Path) -> None:
        arrays: dict[str, NDArray[np.generic]] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Ragged):
                arrays |= {f"{one.name}.values": value.values, f"{one.name}.offsets": value.offsets}
            else:
                arrays[one.name] = value
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Corpus:
        with np.load(path, allow_pickle=False) as arrays:
            found: dict[str, Any] = {
                one.name: arrays[one.name]
                if one.name in arrays
                else Ragged(arrays[f"{one.name}.values"], arrays[f"{one.name}.offsets"])
                for one in fields(cls)
            }
        return cls(**found)


def build(sets: Sequence[ExampleSet], tokenize: Callable[[str], Tokens]) -> Corpus:
    """All examples of the sets that are not empty, in their order."""
    sets = [one for one in sets if one.examples]
    passage, verdict, group = [], [], []
    asked, spans, answers, tokens, members = [], [], [], [], []
    passages_before = groups_before = 0
    for one in sets:
        tokenized = [tokenize(text) for text in one.passages]
        for example in one.examples:
            text = one.passages[example.passage]
            covered = [tokenized[example.passage].covering(a, b) for a, b in example.spans]
            asked.append(example.asked)
            passage.append(passages_before + example.passage)
            verdict.append(example.verdict)
            spans.append([i for span in covered if span for i in span])
            answers.append(_BETWEEN.join(text[a:b] for a, b in example.spans))
        tokens += [t.ids for t in tokenized]
        group += [groups_before + g for g in one.groups]
        members += _members(one.groups, passages_before)
        passages_before += len(one.passages)
        groups_before = len(members)
    return Corpus(
        names=Ragged.of_texts(one.name for one in sets),
        sets=np.cumsum([0, *(len(one.examples) for one in sets)], dtype=np.int64),
        answerable=np.array([one.answerable for one in sets]),
        asked=Ragged.of_texts(asked),
        passage=np.array(passage, np.int32),
        verdict=np.array(verdict, np.int32),
        spans=Ragged.of(spans, np.int32),
        answers=Ragged.of_texts(answers),
        tokens=Ragged.of(tokens, np.int32),
        titles=Ragged.of((tokenize(title).ids for one in sets for title in one.titles), np.int32),
        texts=Ragged.of_texts(text for one in sets for text in one.passages),
        group=np.array(group, np.int32),
        members=Ragged.of(members, np.int32),
    )


def _members(groups: Sequence[int], before: int) -> list[list[int]]:
    """Group → its passages; a number that no passage has is an empty group."""
    found: list[list[int]] = [[] for _ in range(max(groups, default=-1) + 1)]
    for passage, group in enumerate(groups):
        found[group].append(before + passage)
    return found
