"""Answers that were kept: exported, verified, judged by people."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.commands._terminal import check_places, print_json, settings_of
from assistant.settings import Settings
from assistant.types import Answer, Article, SettingsError


def verify(options: argparse.Namespace) -> int:
    from assistant.records import card_verification

    with _catalog(settings_of(options)) as catalog:
        articles = catalog.articles()
        found = card_verification.verify_file(Path(options.file), articles, catalog.article)
    if options.json:
        print_json(found.to_json())
    else:
        print(card_verification.table(found))
    return 0 if found.sound else 1


def feedback(options: argparse.Namespace) -> int:
    from assistant.records import feedback

    settings = settings_of(options)
    store = feedback.Feedback.open(settings.index, create=False)
    if options.action == "list":
        records = store.records()
        if options.json:
            print_json([asdict(record) for record in records])
        else:
            print(feedback.table(records))
        return 0
    if not options.file:
        raise SettingsError("feedback export needs a FILE to write the question set to")
    check_places(options.file, options.todo)
    export = feedback.export(store.records(), _articles(settings))
    todo = Path(options.todo) if options.todo else None
    feedback.write(export, Path(options.file), todo)
    for conflict in export.conflicts:
        print(f"assistant: {conflict}", file=sys.stderr)
    print(f"{options.file}: {export}")
    return 1 if export.conflicts else 0


def check_card(options: argparse.Namespace) -> None:
    """A wrong file name is told before the work, not after."""
    if options.card:
        from assistant.records.cards import suffix_of

        suffix_of(Path(options.card))
        check_places(options.card)


def save_card(options: argparse.Namespace, assistant: Any, answer: Answer) -> None:
    if options.card:
        from assistant.records import card_rendering, cards

        card_rendering.save(cards.make([answer], assistant.article), Path(options.card))


def _articles(settings: Settings) -> list[Article]:
    """The articles of the index, read without its model."""
    with _catalog(settings) as catalog:
        articles: list[Article] = catalog.articles()
        return articles


@contextmanager
def _catalog(settings: Settings) -> Iterator[Any]:
    from assistant.index.catalog import Catalog
    from assistant.index.index import CATALOG

    with closing(Catalog.open(settings.index / CATALOG)) as catalog:
        yield catalog
