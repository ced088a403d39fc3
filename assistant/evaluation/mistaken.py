"""What retrieval mistakes for answers: own set → a set of questions beside passages that it ranks
high and that do not answer. ``python -m assistant.evaluation.mistaken --help``

The reader is shown these beside the passages of the same family that the own set gives it. The
file is one more public set for ``assistant.reading.train``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.index.index import Index
from assistant.reading.own_set import OwnArticle, OwnQuestion, read_own
from assistant.reading.train_questions import article_of
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.settings import Settings
from assistant.text.terms import fold

READ = 8  # the first passages, of which one that does not answer is taken


def mistaken(
    index: Index, own: Sequence[OwnArticle], many: int, chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Rows of a public set: at most ``many`` answered questions, drawn at random, each beside one
    of the first passages that holds none of its answers' words."""
    known = {article_of(one).id for one in own}
    asked = [(one, question) for one in own for question in one.questions if question.spans]
    for one, question in chance.sample(asked, min(many, len(asked))):
        ranked = rank(index, make_query(index, question.asked))[:READ]
        found = [c.stored for c in ranked if c.stored.passage.article_id in known]
        others = [stored for stored in found if not _holds(stored.passage.text, one, question)]
        if others:
            taken = chance.choice(others)
            yield {
                "set": "mistaken",
                "lang": taken.language,
                "title": taken.title,
                "context": taken.passage.text,
                "qas": [{"question": question.asked, "answerable": False, "answers": []}],
            }


def _holds(passage: str, one: OwnArticle, question: OwnQuestion) -> bool:
    text = fold(passage)
    return any(fold(one.text[start:end]) in text for start, end in question.spans)


def main() -> None:
    parser = argparse.ArgumentParser(description="Finds what retrieval mistakes for answers.")
    add = parser.add_argument
    add("--own", type=Path, nargs="+", required=True, help="files of the project's own set")
    add("--questions", type=int, default=4000)
    add("--index", type=Path, help="an index that has their articles; built where not given")
    add("--seed", type=int, default=1)
    add("--out", type=Path, required=True, help="mistaken.jsonl.gz")
    options = parser.parse_args()
    own = [article for path in options.own for article in read_own(path)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.index or Path(scratch) / "index"
        settings = Settings(index=folder)
        index = Index.open(settings) if options.index else Index.create(settings)
        if not options.index:
            index.add(list({one.id: one for one in map(article_of, own)}.values()), settings)
        found = mistaken(index, own, options.questions, random.Random(options.seed))
        with gzip.open(options.out, "wt", encoding="utf-8") as rows:
            rows.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
        index.close()


if __name__ == "__main__":
    main()
