"""Which passages count as one text printed twice: counts over pairs, at every threshold.

    python -m tests.benchmarks.reprints

Pairs written before a threshold was looked at (``tests/reprints/pairs.txt``), and all pairs of
passages of the look-alike articles of ``tests/questions/reading/train``, none of which
is a reprint.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.answering._reprints import Text, contradict
from assistant.text.language import language_of
from assistant.text.sentences import sentences
from assistant.types import Passage

TESTS = Path(__file__).parents[1]
PAIRS = TESTS / "reprints" / "pairs.txt"
_TEXT = re.compile(r"^TEXT:\n(.*?)\n+---$", re.M | re.S)
FAMILIES = TESTS / "questions" / "reading" / "train"
_OTHERS = {
    "hai": "ba", "ba": "hai", "sáu": "tám", "bảy": "chín", "tăng": "giảm", "giảm": "tăng",
    "không": "đã", "chưa": "đã", "two": "three", "three": "four", "five": "six", "not": "also",
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two passages, and whether one is the other printed again."""

    kind: str
    same: bool
    one: Text
    other: Text


def text_of(text: str, number: int = 0) -> Text:
    passage = Passage(str(number), 0, len(text), text, tuple(sentences(text)))
    return Text([passage], language_of(text))


def pairs() -> list[Pair]:
    found = []
    for block in PAIRS.read_text("utf-8").split("=== ")[1:]:
        head, _, body = block.partition("\n")
        same, kind = head.split(" | ")
        one, other = body.strip().split("\n---\n")
        found.append(Pair(kind, same == "same", text_of(one), text_of(other, 1)))
    return found


def look_alikes() -> Iterator[Pair]:
    """Every two articles of a file of look-alikes; a file is named after its family."""
    families: dict[str, list[Text]] = {}
    for path in sorted(FAMILIES.glob("*.txt")):
        told = _TEXT.findall(path.read_text("utf-8"))
        families.setdefault(path.stem.split("-")[0], []).extend(text_of(t.strip()) for t in told)
    for name, texts in families.items():
        for one, other in itertools.combinations(texts, 2):
            yield Pair(name, False, one, other)


def edited() -> Iterator[Pair]:
    """The look-alike articles, each printed again as papers do (a reprint), and with one figure or
    one name of it changed (none)."""
    choice = random.Random(7)
    texts = [t for path in sorted(FAMILIES.glob("*.txt")) for t in _TEXT.findall(path.read_text())]
    for number, text in enumerate(texts):
        cuts = [text[s.start : s.end] for s in sentences(text) if s.kind == "prose"]
        if len(cuts) < 5:
            continue
        other = choice.choice(texts)
        added = choice.choice([other[s.start : s.end] for s in sentences(other)])
        at = choice.randrange(1, len(cuts))
        printed = {
            "cut lead": cuts[1:],
            "cut end": cuts[:-1],
            "cut inside": [*cuts[:at], *cuts[at + 1 :]],
            "added": [*cuts[:at], added, *cuts[at:]],
            "dateline": ["(TTXVN) -", *cuts],
            "city": ["HÀ NỘI, 5/8 (TTXVN) –", *cuts],
        }
        whole = text_of(" ".join(cuts))
        for kind, told in printed.items():
            yield Pair(kind, True, whole, text_of(" ".join(told), 1))
        joined = " ".join(cuts)
        figures = list(re.finditer(r"\d+", joined))
        names = list(re.finditer(r"(?<=[^\W\d] )[A-ZĐ][a-zà-ỹ]{2,}", joined))
        words = list(re.finditer(rf"(?<=\w )(?:{'|'.join(_OTHERS)})\b", joined))
        for kind, found in (("figure", figures), ("name", names), ("word", words)):
            for place in choice.sample(found, min(5, len(found))):
                new = str(int(place[0]) + 1) if kind == "figure" else _OTHERS.get(place[0], "Zung")
                changed = joined[: place.start()] + new + joined[place.end() :]
                yield Pair(kind, False, whole, text_of(changed, number))


def main() -> None:
    own, alike = pairs(), list(look_alikes())
    print(f"{len(own)} pairs of our own, {len(alike)} pairs of look-alikes")
    for pair in own:
        share = max(pair.one.share_in(pair.other), pair.other.share_in(pair.one))
        least = min(pair.one.share_in(pair.other), pair.other.share_in(pair.one))
        told = "differ" if contradict(pair.one, pair.other) else ""
        print(f"  {'same ' if pair.same else 'other'} {share:.2f} {least:.2f} {told:6} {pair.kind}")
    right, of = Counter[str](), Counter[str]()
    for pair in edited():
        of[pair.kind] += 1
        right[pair.kind] += (
            pair.other.is_covered_by(pair.one) or pair.one.is_covered_by(pair.other)
        ) == pair.same
    print("articles of others, edited: right " + ", ".join(f"{k} {right[k]}/{of[k]}" for k in of))
    for share in (0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        counts = [_counts(some, share) for some in (own, alike)]
        print(f"share {share}: " + "; ".join(counts))


def _counts(some: list[Pair], share: float) -> str:
    def shared(pair: Pair) -> bool:
        return max(pair.one.share_in(pair.other), pair.other.share_in(pair.one)) >= share

    found = [pair for pair in some if shared(pair)]
    kept = [pair for pair in found if not contradict(pair.one, pair.other)]
    same = sum(pair.same for pair in some)
    return (
        f"{sum(p.same for p in found)}/{same} reprints and {sum(not p.same for p in found)} others "
        f"by the share, {sum(p.same for p in kept)} and {sum(not p.same for p in kept)} "
        "where no sentence differs"
    )


if __name__ == "__main__":
    main()
