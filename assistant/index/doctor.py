"""The doctor: holds catalog, dense index, lexical index and files against each other.

It also says which language models could be used here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assistant.articles.files import file_of, read_articles
from assistant.index._dense import Dense
from assistant.index.catalog import Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.index import CATALOG, Index, identity_of
from assistant.index.lexical import Lexical
from assistant.index.lexical import identity_of as lexical_identity
from assistant.llm.available import examine_language_models
from assistant.settings import Settings
from assistant.types import AssistantError, Finding


def examine(settings: Settings) -> list[Finding]:
    """Everything that was looked at, in the order of the data. Changes nothing."""
    folder = settings.index
    update = f"assistant index --index {folder}"
    try:
        catalog = Catalog.open(folder / CATALOG)
    except AssistantError as error:
        return [Finding(False, str(error))]
    try:
        complaint = catalog.integrity()
        if complaint != "ok":
            remedy = f"index your articles again: assistant index PATHS --rebuild --index {folder}"
            return [Finding(False, f"The catalog is damaged: {complaint}", remedy)]
        return [
            *_identity(catalog, settings),
            *_catalog(catalog, update),
            *_derived(catalog, folder),
            *_files(catalog, update),
            *examine_language_models(settings),
        ]
    finally:
        catalog.close()


def repair(settings: Settings) -> list[Finding]:
    """Rebuilds the derived indexes that are not sound, then looks again.

    Raises AssistantError when the index cannot be opened at all.
    """
    catalog = Catalog.open(settings.index / CATALOG)
    Index(settings.index, catalog, SentenceEncoder(settings)).close()
    return examine(settings)


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
    missing = catalog.missing_vectors()
    if missing:
        yield Finding(
            False, f"{missing} passages or sentences have no vector", update + " --rebuild"
        )
    else:
        yield Finding(
            True, f"Catalog: {counts['articles']} articles, {counts['passages']} passages"
        )


def _derived(catalog: Catalog, folder: Path) -> Iterator[Finding]:
    """Each derived index against the catalog."""
    passages = catalog.counts()["passages"]
    remedy = f"assistant doctor --index {folder} --repair"
    derived: tuple[tuple[str, Dense | Lexical | str, dict[str, str]], ...] = (
        ("Dense", Dense.open(folder), catalog.identity),
        ("Lexical", Lexical.open(folder), lexical_identity(catalog)),
    )
    for name, found, identity in derived:
        if isinstance(found, str):
            yield Finding(False, f"{name} index: {found}", remedy)
        elif found.stamp.identity != identity:
            text = f"{name} index: belongs to a catalog made with another model or splitter"
            yield Finding(False, text, remedy)
        elif found.stamp.generation != catalog.generation:
            text = f"{name} index: lags behind the catalog"
            yield Finding(False, text, remedy)
        elif found.stamp.count != passages:
            text = f"{name} index: has {found.stamp.count} passages, the catalog {passages}"
            yield Finding(False, text, remedy)
        else:
            yield Finding(True, f"{name} index: {passages} passages, checksums match")


def _files(catalog: Catalog, update: str) -> Iterator[Finding]:
    """The articles against the files they were read from."""
    paths = catalog.article_paths()
    files = sorted({file_of(Path(path)) for path in paths.values()})
    gone = [file for file in files if not file.exists()]
    present = [file for file in files if file.exists()]
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
