"""Questions: searched, answered, scored, and what the reader learns from them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from assistant import private_files
from assistant.answering import schemas
from assistant.commands._terminal import (
    check_places,
    opened,
    print_json,
    printable,
    progress_of,
    question_of,
)
from assistant.commands.proofs import check_card, save_card
from assistant.types import Answer, Filter, SettingsError


def search(options: argparse.Namespace) -> int:
    assistant = opened(options)
    question = question_of(options)
    hits = assistant.retrieve(question, filter=_filter(options))
    if options.json:
        print_json(schemas.search_json(question, hits))
        return 0
    for hit in hits:
        text = " ".join(printable(hit.text).split())
        print(f"{hit.rank}. {printable(hit.title)}  ({hit.score:.2f})\n   {text}\n")
    if not hits:
        print("Nothing found.")
    return 0


def ask(options: argparse.Namespace) -> int:
    from assistant.answering.places import told

    check_card(options)
    assistant = opened(options)
    question = question_of(options)
    chosen = _filter(options)
    if options.json:
        answer = assistant.answer(question, filter=chosen)
    else:
        answer = _streamed(assistant, question, chosen)
    save_card(options, assistant, answer)
    if options.json:
        print_json(schemas.answer_json(answer))
        return 0
    print()
    for claim in answer.claims:
        if claim.verdict == "unsupported":
            words = " ".join(answer.text[claim.start : claim.end].split())
            missing = f" ({claim.lack}: {claim.detail})" if claim.detail else ""
            print(f"Not supported by the articles: {words}{missing}")
    if any(claim.verdict == "unchecked" for claim in answer.claims):
        print("Not checked: some sentences could neither be found in the articles nor ruled out.")
    dates = {c.article_id: assistant.article(c.article_id) for c in answer.citations}
    for citation in answer.citations:
        article = dates[citation.article_id]
        facts = ", ".join(filter(None, [article.title, article.date, article.source]))
        print(f"[{citation.number}] {printable(facts)}")
        for place in citation.also:
            print(f"    also in: {printable(told(place))}")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    from assistant.evaluation import baseline, evaluate, questionset, report, reportpage

    if options.fail_on_regression and not options.baseline:
        raise SettingsError("--fail-on-regression needs --baseline FILE to compare with")
    if options.nli and options.retrieval_only:
        raise SettingsError("--nli judges citations and --retrieval-only makes none; drop one")
    check_places(options.json, options.html)
    questions = questionset.load(Path(options.questions))
    if options.gold:
        questions = questionset.with_gold(questions, questionset.load(Path(options.gold)))
    assistant = opened(options)
    if options.check:
        faults = questionset.check(questions, assistant.articles())
        print("\n".join([*faults, f"{len(questions)} questions, {len(faults)} faults"]))
        return 1 if faults else 0
    earlier = baseline.load_report(Path(options.baseline)) if options.baseline else None
    for limit in options.fail_under:
        baseline.parse_limit(limit)  # a wrong one is told before the work, not after
    how = evaluate.Options(
        strip_accents=options.strip_accents,
        holdout=options.holdout,
        retrieval_only=options.retrieval_only,
        limit=options.limit,
        **_judge(options.nli),
        name=Path(options.questions).name,
    )
    progress, done = progress_of("questions")
    result = evaluate.run(assistant, questions, how, progress).to_json()
    done()
    comparison = baseline.compare(result, earlier) if earlier else None
    if options.json:
        told = json.dumps(result, ensure_ascii=False, indent=1)
        private_files.write(Path(options.json), told.encode())
    if options.html:
        private_files.write(Path(options.html), reportpage.page(result, comparison).encode())
    print(report.table(result, comparison))
    failures = baseline.shortfalls(result, options.fail_under)
    if options.fail_on_regression and comparison:
        failures += baseline.regressions(comparison)
    for failure in failures:
        print(f"assistant: {failure}", file=sys.stderr)
    return 1 if failures else 0


def train(options: argparse.Namespace) -> int:
    from assistant.evaluation import questionset
    from assistant.evaluation.adapting import adapt

    questions = questionset.load(Path(options.questions))
    assistant = opened(options)
    progress, done = progress_of("steps")
    adapted = adapt(assistant.index, assistant.reader, questions, Path(options.out), progress)
    done()
    print(adapted)
    return 0 if adapted.kept else 1


def _filter(options: argparse.Namespace) -> Filter:
    return Filter(options.since, options.until, options.source, options.author)


def _streamed(assistant: Any, question: str, filter: Filter) -> Answer:
    """The answer, printed as it comes."""
    from assistant.types import Finished, TextDelta

    for event in assistant.stream(question, filter=filter):
        if isinstance(event, TextDelta):
            print(printable(event.text), end="", flush=True)
        elif isinstance(event, Finished):
            answer = event.answer
    return answer


def _judge(model: str | None) -> dict[str, Any]:
    """What an NLI model changes in the evaluation's options."""
    if not model:
        return {}
    from assistant.evaluation import nli

    return {"supports": nli.load(model), "judge": f"NLI: {model}"}
