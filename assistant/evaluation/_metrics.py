"""Metrics of rankings, answers and refusals. Pure functions; higher is better unless said.

A figure that does not apply is None, never 0.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import ndcg_score, roc_auc_score, roc_curve

Numbers = NDArray[np.float64]

# -- rankings: items, best first, each once; grades: item → relevance > 0 -----------------


def recall_at(k: int, ranking: Sequence[str], grades: Mapping[str, int]) -> float | None:
    """Recall@k = |relevant ∩ first k| / |relevant|; None where nothing is relevant.

    With one relevant item this is the share of questions that find it among the first k.
    Source: Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", §8.4.
    """
    if not grades:
        return None
    return sum(item in grades for item in ranking[:k]) / len(grades)


def reciprocal_rank(k: int, ranking: Sequence[str], grades: Mapping[str, int]) -> float | None:
    """1 / rank of the first relevant item, 0 when it is not among the first k.

    Its mean is MRR@k. Source: Voorhees 1999, "The TREC-8 Question Answering Track Report".
    """
    if not grades:
        return None
    rank = first_rank(ranking[:k], grades)
    return 1 / rank if rank else 0.0


def first_rank(ranking: Sequence[str], grades: Mapping[str, int]) -> int | None:
    """The rank, from 1, of the first relevant item."""
    return next((rank for rank, item in enumerate(ranking, 1) if item in grades), None)


def ndcg_at(k: int, ranking: Sequence[str], grades: Mapping[str, int]) -> float | None:
    """nDCG@k = DCG / DCG of the ideal ranking, DCG = Σ over ranks r ≤ k of grade_r / log2(r + 1).

    Gains are linear in the grade, as in trec_eval and BEIR. Source: Järvelin and Kekäläinen
    2002, "Cumulated gain-based evaluation of IR techniques". Computed by scikit-learn, which
    ranks all items of a list: what was not found comes behind k places that are taken.
    """
    if not grades:
        return None
    top = list(ranking[:k])
    missed = [item for item in grades if item not in top]
    gains = [grades.get(item, 0) for item in top] + [0] * (k - len(top))
    truth = np.array([gains + [grades[item] for item in missed]], dtype=np.float64)
    scores = -np.arange(truth.shape[1], dtype=np.float64)[np.newaxis]
    if truth.shape[1] == 1:  # one place, one item: nothing to discount, and scikit-learn refuses
        return 1.0
    return float(ndcg_score(truth, scores, k=k))


# -- answers: MLQA's normalization ---------------------------------------------------------

# Words that MLQA's script takes out before it compares, by language.
_ARTICLES: Mapping[str, str] = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": r"ال",
}
# Scripts without spaces, a token a character. MLQA does so for Chinese; Japanese and Thai, which
# it does not have, are treated alike.
_SEGMENTED = ("zh", "ja", "th")
_UNSPACED = re.compile(r"[\u4e00-\u9fff\u3040-\u30ff\u0e00-\u0e7f]")


@lru_cache(maxsize=1)
def _punctuation() -> dict[int, None]:
    """Every Unicode punctuation character, and ASCII's symbols, for ``str.translate``."""
    marks = {c for c in range(sys.maxunicode) if unicodedata.category(chr(c)).startswith("P")}
    return dict.fromkeys(marks | set(map(ord, string.punctuation)))


@lru_cache(maxsize=65536)
def answer_tokens(text: str, language: str) -> tuple[str, ...]:
    """Tokens in which answers are compared: lower case, no punctuation, no articles.

    Source: Lewis et al. 2020, "MLQA: Evaluating Cross-lingual Extractive Question Answering",
    and its published evaluation, which normalizes by the language of the answers. Languages
    without rules of their own lose no articles.
    """
    bare = unicodedata.normalize("NFC", text).lower().translate(_punctuation())
    if language in _ARTICLES:
        bare = re.sub(_ARTICLES[language], " ", bare)
    if language in _SEGMENTED:
        bare = _UNSPACED.sub(lambda match: f" {match.group()} ", bare)
    return tuple(bare.split())


def exact_match(prediction: str, answers: Sequence[str], language: str) -> float | None:
    """EM: 1 if the tokens are those of one of the answers. Source: Rajpurkar et al. 2016."""
    said = answer_tokens(prediction, language)
    return _best(answers, lambda answer: float(said == answer_tokens(answer, language)))


def f1(prediction: str, answers: Sequence[str], language: str) -> float | None:
    """F1 = 2PR / (P + R) over tokens as bags, the best over the answers.

    P: share of the prediction's tokens that are in the answer; R: share of the answer's tokens
    that are in the prediction. Source: Rajpurkar et al. 2016, "SQuAD".
    """
    said = Counter(answer_tokens(prediction, language))

    def score(answer: str) -> float:
        wanted = Counter(answer_tokens(answer, language))
        if not said or not wanted:  # as SQuAD 2 has it: nothing is like nothing alone
            return float(said == wanted)
        shared = (said & wanted).total()
        return 2 * shared / (said.total() + wanted.total())

    return _best(answers, score)


def contains(prediction: str, answers: Sequence[str], language: str) -> float | None:
    """1 if the tokens of one of the answers stand in the prediction, in a row."""

    def score(answer: str) -> float:
        wanted = answer_tokens(answer, language)
        # An answer of articles alone, such as the name "An", is compared with them.
        rules = language if wanted else ""
        return float(_row(answer_tokens(answer, rules)) in _row(answer_tokens(prediction, rules)))

    return _best([answer for answer in answers if answer_tokens(answer, "")], score)


def _row(tokens: Sequence[str]) -> str:
    """The tokens between spaces, so that "5" is not found in "15"."""
    return " ".join(["", *tokens, ""])


def _best(answers: Sequence[str], score: Callable[[str], float]) -> float | None:
    return max(map(score, answers), default=None)


# -- refusals: confidence that the articles hold the answer; label: whether they do --------


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float | None:
    """The chance that an answerable question gets the higher confidence; ties count half.

    Source: Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve".
    """
    if not len(answerable) or not len(unanswerable):
        return None
    return float(roc_auc_score(*_labelled(answerable, unanswerable)))


def tpr_at_fpr(
    answerable: Sequence[float], unanswerable: Sequence[float], fpr: float = 0.05
) -> float | None:
    """The largest share of answerable questions answered at a threshold that lets at most ``fpr``
    of the unanswerable ones be answered: the best point of the ROC curve left of ``fpr``."""
    if not len(answerable) or not len(unanswerable):
        return None
    false, true, _ = roc_curve(*_labelled(answerable, unanswerable), drop_intermediate=False)
    return float(true[false <= fpr].max())


def _labelled(
    answerable: Sequence[float], unanswerable: Sequence[float]
) -> tuple[NDArray[np.int64], Numbers]:
    labels = np.repeat([1, 0], [len(answerable), len(unanswerable)])
    return labels, np.concatenate([answerable, unanswerable]).astype(np.float64)


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[tuple[float, float]]:
    """(coverage, risk) as the threshold falls: answering the most confident questions first.

    coverage = answered / all; risk = wrong / answered. Questions of the same confidence are
    answered together. Source: El-Yaniv and Wiener 2010, "On the Foundations of Noise-free
    Selective Classification".
    """
    coverages, risks = _risks(confidences, right)
    return [(float(c), float(r)) for c, r in zip(coverages, risks, strict=True)]


def _risks(confidences: Sequence[float], right: Sequence[bool]) -> tuple[Numbers, Numbers]:
    values, wrong = np.asarray(confidences, dtype=np.float64), ~np.asarray(right, dtype=bool)
    order = np.argsort(-values, kind="stable")
    counts = np.arange(1, len(values) + 1)
    last = np.append(np.diff(values[order]) != 0, True)[: len(values)]
    return (counts / len(values))[last], (np.cumsum(wrong[order]) / counts)[last]


def aurc(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """The area under the risk-coverage curve: the mean risk over all coverages; lower is better.

    Source: Geifman, Uziel and El-Yaniv 2019, "Bias-Reduced Uncertainty Estimation".
    """
    if not len(confidences):
        return None
    coverages, risks = _risks(confidences, right)
    return float(np.diff(coverages, prepend=0.0) @ risks)
