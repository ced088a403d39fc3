"""Claims by strangers: ``python -m tests.benchmarks.own_claims dev`` checks those of the own set.

Each claim is put beside the passages of its article; what counts is how likely the passage that
supports it most does. A supported claim should pass, the others should be flagged.
``--translations``: XQuAD's sentences beside the same paragraph in the other language (XQUAD names
the folder), which should all pass.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.evaluation._metrics import auroc
from assistant.reading.claim_check import SUPPORTED, UNSUPPORTED, UNSUPPORTED_ACROSS
from assistant.reading.examples import passages_of
from assistant.reading.own_set import OwnArticle, OwnClaim
from assistant.reading.readings import Beside, PassageReader
from assistant.reading.shipped import SHIPPED, CalibratedReader
from assistant.text.sentences import sentences
from tests.benchmarks import xquad
from tests.benchmarks.reading import articles_of

LEVELS = (0.05, 0.1, 0.15, UNSUPPORTED_ACROSS, UNSUPPORTED, 0.4, SUPPORTED, 0.6)


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, what it is (0 supported, 1 contradicted, 2 not stated) and how likely it is
    supported, in [0, 1]: the highest of any passage."""

    label: int
    across: bool
    supported: float


def check(reader: PassageReader, article: OwnArticle, claim: OwnClaim) -> Checked:
    beside = [Beside(claim.asked, p.text, article.title) for p in passages_of(article)]
    supported = max(verdict.supported for verdict in reader.judge(beside))
    return Checked(claim.verdict, claim.language != article.language, supported)


def report(name: str, found: Sequence[Checked]) -> None:
    true, false, unstated = ([c.supported for c in found if c.label == i] for i in range(3))
    print(f"{name}: {len(true)} true, {len(false)} contradicted, {len(unstated)} not stated")
    print(
        f"  AUROC true against contradicted {auroc(true, false):.3f}, against not stated "
        f"{auroc(true, unstated):.3f}"
    )
    for least in LEVELS:
        shares = [np.mean([c < least for c in part]) for part in (true, false, unstated)]
        print(
            f"  below {least}: {shares[0]:.2f} of the true, {shares[1]:.2f} of the contradicted, "
            f"{shares[2]:.2f} of the not stated"
        )


def translations(asked: str, told: str) -> Iterator[tuple[str, str]]:
    """Every third sentence of paragraphs that are cut alike in both languages, and the other's
    paragraph."""
    pairs = zip(xquad.articles_of(asked), xquad.articles_of(told), strict=True)
    for said, article in pairs:
        own, others = sentences(said.text), sentences(article.text)
        if len(own) == len(others):
            for sentence in own[::3]:
                yield said.text[sentence.start : sentence.end], article.text


def report_translations(reader: PassageReader) -> None:
    for asked, told in (("en", "vi"), ("vi", "en")):
        pairs = [Beside(claim, text) for claim, text in translations(asked, told)]
        supported = np.array([v.supported for v in reader.judge(pairs)])
        shares = {least: round(float((supported < least).mean()), 3) for least in LEVELS}
        print(f"{asked} sentences, {told} paragraphs: {len(pairs)}; flagged below {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks the claims of the own reading set.")
    parser.add_argument("part", choices=["train", "dev", "gaps", "test"])
    parser.add_argument("--folder", type=Path, default=SHIPPED, help="of the reader's weights")
    parser.add_argument("--translations", action="store_true")
    options = parser.parse_args()
    reader = CalibratedReader(options.folder)
    groups: dict[str, list[Checked]] = defaultdict(list)
    for article in articles_of(options.part):
        for claim in article.claims:
            checked = check(reader, article, claim)
            groups["all"].append(checked)
            groups["across languages" if checked.across else "within a language"].append(checked)
    for name, found in groups.items():
        report(name, found)
    if options.translations:
        report_translations(reader)


if __name__ == "__main__":
    main()
