"""Claims by strangers: ``python -m tests.benchmarks.own_claims dev`` checks those of the own set.

Each claim is checked against the passages of its article by the rules and, where ``--weights``
names a reader, by its claim head (how likely the passage that supports it most does) and by both.
A supported claim should pass, the others should be flagged. ``--translations``: XQuAD's sentences
beside the same paragraph in the other language (XQUAD names the folder), which should all pass
the head.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from assistant.evaluation._metrics import auroc
from assistant.index.encoder import SentenceEncoder
from assistant.reading.claims import judge
from assistant.reading.examples import passages_of
from assistant.reading.own_set import OwnArticle, OwnClaim
from assistant.reading.pairs import Beside
from assistant.reading.reader import Reader
from assistant.settings import Settings
from assistant.text.sentences import sentences
from assistant.types import Shown
from tests.benchmarks import xquad
from tests.benchmarks.claims import remembering
from tests.benchmarks.reading import articles_of

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, what it is (0 supported, 1 contradicted, 2 not stated) and what was said of it.

    ``supported``: probability in [0, 1], the highest of any passage, 1 without a reader.
    ``rules``: the rules' verdict.
    """

    label: int
    across: bool
    supported: float
    rules: str


def shown(article: OwnArticle) -> list[Shown]:
    return [
        Shown(number, passage, article.title, language=article.language)
        for number, passage in enumerate(passages_of(article), 1)
    ]


def check(
    reader: Reader | None,
    by_rules: Callable[[str, Sequence[Shown]], str],
    article: OwnArticle,
    claim: OwnClaim,
) -> Checked:
    passages = shown(article)
    beside = [Beside(claim.asked, s.passage.text, s.title) for s in passages]
    verdicts = reader.judge(beside) if reader else []
    return Checked(
        claim.verdict,
        claim.language != article.language,
        max((v.supported for v in verdicts), default=1),
        by_rules(claim.asked, passages),
    )


def report(name: str, found: Sequence[Checked], head: bool) -> None:
    true, false, unstated = ([c for c in found if c.label == label] for label in range(3))
    print(f"{name}: {len(true)} true, {len(false)} contradicted, {len(unstated)} not stated")
    tests: dict[str, Callable[[Checked], bool]] = {"rules": lambda c: c.rules == "unsupported"}
    if head:
        sure = [[c.supported for c in part] for part in (true, false, unstated)]
        print(
            f"  head: AUROC true against contradicted {auroc(sure[0], sure[1]):.3f}, against not "
            f"stated {auroc(sure[0], sure[2]):.3f}"
        )
        for least in LEVELS:
            below = partial(_below, least)
            tests[f"head < {least}"] = below
            tests[f"rules or head < {least}"] = partial(_either, below)
    for test, flags in tests.items():
        shares = [np.mean([flags(c) for c in part]) for part in (true, false, unstated)]
        print(
            f"  {test}: flagged {shares[0]:.2f} of the true, {shares[1]:.2f} of the "
            f"contradicted, {shares[2]:.2f} of the not stated"
        )


def _below(least: float, one: Checked) -> bool:
    return one.supported < least


def _either(test: Callable[[Checked], bool], one: Checked) -> bool:
    return one.rules == "unsupported" or test(one)


def translations(asked: str, told: str) -> Iterator[tuple[str, str]]:
    """Every third sentence of paragraphs that are cut alike in both languages, and the other's
    paragraph."""
    pairs = zip(xquad.articles_of(asked), xquad.articles_of(told), strict=True)
    for said, article in pairs:
        own, others = sentences(said.text), sentences(article.text)
        if len(own) == len(others):
            for sentence in own[::3]:
                yield said.text[sentence.start : sentence.end], article.text


def report_translations(reader: Reader) -> None:
    for asked, told in (("en", "vi"), ("vi", "en")):
        pairs = [Beside(claim, text) for claim, text in translations(asked, told)]
        supported = np.array([v.supported for v in reader.judge(pairs)])
        shares = {least: round(float((supported < least).mean()), 3) for least in LEVELS}
        print(f"{asked} sentences, {told} paragraphs: {len(pairs)}; flagged below {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks the claims of the own reading set.")
    parser.add_argument("part", choices=["train", "dev", "test"])
    parser.add_argument("--weights", type=Path, help="a packed file or a run's checkpoint.pt")
    parser.add_argument("--translations", action="store_true")
    options = parser.parse_args()
    similar, _ = remembering(SentenceEncoder(Settings()))
    reader = Reader.load(options.weights, bf16=True) if options.weights else None

    def by_rules(claim: str, passages: Sequence[Shown]) -> str:
        return judge(claim, [s.number for s in passages], passages, similar).verdict

    groups: dict[str, list[Checked]] = defaultdict(list)
    for article in articles_of(options.part):
        for claim in article.claims:
            checked = check(reader, by_rules, article, claim)
            groups["all"].append(checked)
            groups["across languages" if checked.across else "within a language"].append(checked)
    for name, found in groups.items():
        report(name, found, reader is not None)
    if options.translations and reader:
        report_translations(reader)


if __name__ == "__main__":
    main()
