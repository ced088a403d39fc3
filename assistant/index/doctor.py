"""The doctor: holds catalog, dense index, lexical index and files against each other.

It also says which language models could be used here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from assistant.articles.files import file_of, read_articles
from assistant.index import _stamps as stamps
from assistant.index._dense import Dense
from assistant.index._identity import identity_of
from assistant.index._salvage import salvage
from assistant.index.catalog import Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.files import discarded, writable
from assistant.index.index import CATALOG, Index
from assistant.index.lexical import Lexical
from assistant.index.rebuilding import leftovers
from assistant.index.view import unusable
from assistant.llm.available import examine_language_models
from assistant.settings import Settings
from assistant.types import AssistantError, Finding, IndexFault


def examine(settings: Settings) -> list[Finding]:
    """Everything that was looked at, in the order of the data. Changes nothing."""
    folder = settings.index
    update = f"assistant index --index {folder}"
    try:
        catalog = Catalog.open(folder / CATALOG)
    except AssistantError as error:
        return [Finding(False, str(error))]
    with closing(catalog):
        complaint = catalog.integrity()
        if complaint != "ok":
            return [Finding(False, f"The catalog is damaged: {complaint}", _repair(folder))]
        return [
            *_identity(catalog, settings),
            *_catalog(catalog, update),
            *_derived(catalog, folder),
            *_left(catalog, folder),
            *_files(catalog, update),
            *examine_language_models(settings),
        ]


def repair(settings: Settings) -> list[Finding]:
    """Makes again what can be made again, then looks again; what was lost for good comes first.

    The derived indexes come from the catalog; of a damaged catalog everything comes from its
    articles, and an article that is damaged from its file. Raises AssistantError when the catalog
    cannot be read at all.
    """
    folder = settings.index
    lost: list[Finding] = []
    if not _is_sound(folder):
        lost = salvage(settings)
    catalog = Catalog.open(folder / CATALOG)
    index = Index(folder, catalog, SentenceEncoder(settings))
    with closing(index), index.changing(), writable(folder):
        for path in leftovers(folder):
            discarded(path)
    return [*lost, *examine(settings)]


def _is_sound(folder: Path) -> bool:
    if not (folder / CATALOG).is_file():
        return True  # there is nothing to mend, which opening it says
    try:
        with closing(Catalog.open(folder / CATALOG)) as catalog:
            return catalog.integrity() == "ok"
    except IndexFault:
        return False


def _repair(folder: Path) -> str:
    return f"assistant doctor --index {folder} --repair"


def _identity(catalog: Catalog, settings: Settings) -> Iterator[Finding]:
    stored = catalog.identity
    try:
        wanted = identity_of(SentenceEncoder(settings), settings)
    except AssistantError as error:
        yield Finding(False, str(error))
        return
    different = [field for field in wanted if stored.get(field) != wanted[field]]
    for field in different:
        text = f"Made with {field} {stored.get(field)!r}; the settings say {wanted[field]!r}"
        yield Finding(False, text, f"assistant index --index {settings.index} --rebuild")
    if not different:
        yield Finding(True, f"Model {stored['model']!r} and splitter are those of the settings")


def _catalog(catalog: Catalog, update: str) -> Iterator[Finding]:
    counts = catalog.counts()
    if not counts["articles"]:
        yield Finding(False, "The index holds no article", update + " PATHS")
        return
    text = f"Catalog: {counts['articles']} articles, {counts['passages']} passages"
    editions = catalog.edition_count()
    yield Finding(True, f"{text}, {editions} earlier texts" if editions else text)


def _derived(catalog: Catalog, folder: Path) -> Iterator[Finding]:
    """The derived indexes against the catalog."""
    found = stamps.read(catalog)
    fault = unusable(found, catalog)
    if fault or found is None:
        yield Finding(False, fault[0].upper() + fault[1:], _repair(folder))
        return
    for name, opened in (
        ("Dense", Dense.open(folder, found.dense)),
        ("Lexical", Lexical.open(folder, found.lexical)),
    ):
        if isinstance(opened, str):
            yield Finding(False, f"{name} index: {opened}", _repair(folder))
        else:
            text = f"{name} index: {opened.stamp.count} passages, checksums match"
            yield Finding(True, text)


def _left(catalog: Catalog, folder: Path) -> Iterator[Finding]:
    """What a run that was cut short has left: in no answer, but in the way of the disk."""
    left = [*leftovers(folder), *stamps.leftovers(folder, stamps.read(catalog))]
    left += [folder / path for path in catalog.errands()]
    if left:
        text = (
            f"A run that was cut short has left {len(left)} files or folders, the first: {left[0]}"
        )
        yield Finding(False, text, _repair(folder))


def _files(catalog: Catalog, update: str) -> Iterator[Finding]:
    """The articles against the files they were read from."""
    paths = catalog.article_paths()
    files = sorted({file_of(Path(path)) for path in paths.values()})
    present = [file for file in files if os.path.exists(file)]  # one in a closed folder is not
    gone = [file for file in files if file not in present]
    readable = {article.id for article in read_articles(present).articles}
    changed = sorted(
        {p for i, p in paths.items() if i not in readable and file_of(Path(p)) in set(present)}
    )
    for what, some in (("gone", gone), ("changed", changed)):
        if some:
            first = Path(some[0])
            text = f"{len(some)} indexed files are {what} since indexing, the first: {first}"
            yield Finding(False, text, f"{update} {first.parent}")
    if not gone and not changed:
        yield Finding(True, f"{len(files)} files are as they were indexed")
