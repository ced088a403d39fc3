"""One question put to an assistant, and everything that is scored about it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Protocol

from assistant.answering.schemas import citation_json
from assistant.evaluation import _metrics as metrics
from assistant.evaluation import _support as support
from assistant.evaluation._questions import Question
from assistant.evaluation.questionset import Gold
from assistant.settings import Settings
from assistant.text.language import has_accents, language_of
from assistant.types import Answer, Article, Encoder, Hit, Turn

Verdict = Literal[
    "false answer",  # answered, though the articles do not hold the answer
    "wrong",  # answered with something else
    "false refusal",  # refused, though the articles hold the answer
    "missed",  # retrieval alone: nothing relevant among the first 10
    "not scored",  # nothing to compare with
    "right",
    "right refusal",
    "found",  # retrieval alone
]
Scores = Mapping[str, float | None]

DEPTH = 10  # distinct items that are ranked
_HITS = 50  # asked for at first: as a rule these are of 10 articles or more
_MORE_HITS = 1000


class _HasEncoder(Protocol):
    @property
    def encoder(self) -> Encoder: ...


class System(Protocol):
    """What is evaluated: an ``Assistant``, or whatever answers as it does."""

    @property
    def settings(self) -> Settings: ...

    @property
    def index(self) -> _HasEncoder: ...

    def retrieve(
        self, question: str, top_k: int | None = None, exclude: Collection[str] = ()
    ) -> list[Hit]: ...

    def answer(
        self, question: str, history: Sequence[Turn] = (), exclude: Collection[str] = ()
    ) -> Answer: ...

    def articles(self) -> list[Article]: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """A question as it is asked, and what is left out of the search.

    ``gold`` is what is relevant among the articles that are not left out. ``held_out``: the
    second asking of a question, without its gold article.
    """

    question: Question
    asked: str
    gold: Gold
    unanswerable: bool
    exclude: frozenset[str] = frozenset()
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What came of a trial. ``scores``: metric → value for this question, None = not applicable.

    ``surely`` says whether the answer is right that would be given without a threshold: for a
    refusal, the quote it shows as the closest. ``milliseconds``: "retrieval", "answer".
    """

    trial: Trial
    hits: tuple[Hit, ...]
    answer: Answer | None
    scores: Scores
    verdict: Verdict
    surely: bool
    milliseconds: Mapping[str, float]

    @property
    def rank(self) -> int | None:
        """The rank of the first relevant item."""
        return metrics.first_rank(self.trial.gold.ranking(self.hits), self.trial.gold.grades)

    def to_json(self) -> dict[str, Any]:
        """The record as the report's file keeps it."""
        question, answer = self.trial.question, self.answer
        return {
            "id": question.id,
            "question": question.question,
            "asked": self.trial.asked,
            "language": question.language,
            "unanswerable": self.trial.unanswerable,
            "held_out": self.trial.held_out,
            "verdict": self.verdict,
            "answer": answer.text if answer else None,
            "grounding": answer.grounding if answer else None,
            "confidence": round(answer.confidence, 6) if answer else None,
            "citations": [citation_json(c) for c in answer.citations] if answer else [],
            "gold": {
                "answers": list(question.answers),
                "evidence": question.evidence,
                "articles": sorted(self.trial.gold.articles),
            },
            "rank": self.rank,
            "scores": {k: _rounded(v) for k, v in self.scores.items()},
            "latency_ms": {k: round(v, 3) for k, v in self.milliseconds.items()},
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def put(
    system: System,
    trial: Trial,
    articles: Mapping[str, Article],
    retrieval_only: bool = False,
    supports: support.Supports | None = None,
) -> Record:
    """Asks the question and scores what comes back."""
    began = time.perf_counter()
    hits = system.retrieve(trial.asked, top_k=_HITS, exclude=trial.exclude)
    milliseconds = {"retrieval": (time.perf_counter() - began) * 1000}
    if len(hits) == _HITS and len(trial.gold.ranking(hits)) < DEPTH:
        hits = system.retrieve(trial.asked, top_k=_MORE_HITS, exclude=trial.exclude)
    scores = score_retrieval(hits, trial)
    answer = None
    if not retrieval_only:
        began = time.perf_counter()
        answer = system.answer(trial.asked, exclude=trial.exclude)
        milliseconds["answer"] = (time.perf_counter() - began) * 1000
        scores |= score_answer(answer, trial) | score_refusal(answer, trial)
        scores |= score_citations(answer, trial, articles, supports) | score_writing(answer)
    return Record(
        trial,
        tuple(hits),
        answer,
        scores,
        _verdict(answer, scores, trial),
        answer is not None and _surely(answer, trial),
        milliseconds,
    )


def score_retrieval(hits: Sequence[Hit], trial: Trial) -> dict[str, float | None]:
    """Recall@1/5/10, MRR@10 and nDCG@10 of a ranking."""
    ranking, grades = trial.gold.ranking(hits), trial.gold.grades
    return {
        **{f"recall@{k}": metrics.recall_at(k, ranking, grades) for k in (1, 5, 10)},
        "mrr@10": metrics.reciprocal_rank(10, ranking, grades),
        "ndcg@10": metrics.ndcg_at(10, ranking, grades),
    }


def score_answer(answer: Answer, trial: Trial) -> dict[str, float | None]:
    """EM, F1, contains, whether the evidence is quoted; and whether the language is right.

    The first four are of answerable questions: a refusal there scores 0. EM and F1 are of the short
    answer; "contains" of all that is quoted.
    """
    said, question = support.stated(answer), trial.question
    short = support.shortly_stated(answer)
    answers = () if trial.unanswerable else question.answers
    language = _language_of_answers(question)
    return {
        "exact_match": metrics.exact_match(short, answers, language),
        "f1": metrics.f1(short, answers, language),
        "contains": metrics.contains(said, answers, language),
        "evidence": _quotes_evidence(answer, trial),
        "language": _in_language_asked(answer, question.language),
    }


def _quotes_evidence(answer: Answer, trial: Trial) -> float | None:
    """Whether a citation overlaps the evidence: quotes and evidence are whole sentences."""
    if trial.unanswerable or not trial.gold.spans:
        return None
    overlap = any(trial.gold.overlaps(c.article_id, c.start, c.end) for c in answer.citations)
    return float(overlap)


def _in_language_asked(answer: Answer, language: str) -> float | None:
    """Whether the answer's own words are in the question's language; quotes keep theirs."""
    words = support.framing(answer)
    if not words or language == "und":
        return None
    own = language_of(words)
    if own == "vi" and not has_accents(words):
        # Only people type Vietnamese so. A short sentence of another language can look like it,
        # such as "The articles do not say.": its language is not to be told.
        return None
    return float(own == language)


@lru_cache(maxsize=4096)
def _read_language(text: str) -> str:
    return language_of(text)


def _language_of_answers(question: Question) -> str:
    """Gold answers are slices of the evidence, which need not be in the question's language."""
    return _read_language(question.evidence) if question.evidence else question.language


def score_refusal(answer: Answer, trial: Trial) -> dict[str, float | None]:
    """1 for a false answer, 1 for a false refusal: lower is better."""
    refused = answer.grounding == "refused"
    return {
        "false_answer_rate": float(not refused) if trial.unanswerable else None,
        "false_refusal_rate": None if trial.unanswerable else float(refused),
    }


def score_citations(
    answer: Answer,
    trial: Trial,
    articles: Mapping[str, Article],
    supports: support.Supports | None = None,
) -> dict[str, float | None]:
    """Validity, precision and recall; none of a question that is asked a second time."""
    if trial.held_out:
        return dict.fromkeys(("validity", "precision", "recall"))
    return asdict(support.score_citations(answer, articles, supports))


def score_writing(answer: Answer) -> dict[str, float | None]:
    """Of an answer that a language model wrote: share of its checked sentences that are supported,
    1 if the model failed and quotes followed instead, and the tokens it read and wrote."""
    usage = answer.usage
    checked = [claim for claim in answer.claims if claim.verdict != "unchecked"]
    supported = [claim.verdict != "unsupported" for claim in checked]
    return {
        "claims_supported": sum(supported) / len(supported) if supported else None,
        "fallback_rate": float(answer.fault is not None) if answer.llm else None,
        "tokens_read": float(usage.read) if usage else None,
        "tokens_written": float(usage.written) if usage else None,
    }


def _verdict(answer: Answer | None, scores: Scores, trial: Trial) -> Verdict:
    right = _right(scores)
    if answer is None or (right is None and not trial.unanswerable):
        return _retrieval_verdict(scores)
    refused = answer.grounding == "refused"
    if trial.unanswerable:
        return "right refusal" if refused else "false answer"
    if refused:
        return "false refusal"
    return "right" if right else "wrong"


def _retrieval_verdict(scores: Scores) -> Verdict:
    found = scores["mrr@10"]
    if found is None:
        return "not scored"
    return "found" if found else "missed"


def _right(scores: Scores) -> float | None:
    """A gold answer decides; where none is given, the evidence does."""
    contained = scores.get("contains")
    return scores.get("evidence") if contained is None else contained


def _surely(answer: Answer, trial: Trial) -> bool:
    if trial.unanswerable:
        return False
    if answer.closest is not None and not answer.citations:
        quote = f"“{' '.join(answer.closest.quote.split())}” [{answer.closest.number}]"
        answer = replace(answer, text=quote, citations=(answer.closest,))
    return bool(_right(score_answer(answer, trial)))
