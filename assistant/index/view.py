"""A view: one state of an index, for as long as somebody answers from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.index import _stamps as stamps
from assistant.index._dense import Dense
from assistant.index._language_centring import Centring
from assistant.index._stamps import Stamps
from assistant.index.catalog import Reading
from assistant.index.encoder import SentenceEncoder
from assistant.index.lexical import Lexical
from assistant.index.lexical import identity_of as lexical_identity


@dataclass(frozen=True, slots=True)
class View:
    """Catalog, dense and lexical index of the same state. Safe to share between threads.

    It stays as it is whatever becomes of the index meanwhile; its files are let go when nobody
    refers to it any more. ``state``: that of the catalog.
    """

    catalog: Reading
    dense: Dense
    lexical: Lexical
    encoder: SentenceEncoder
    centring: Centring
    state: str


def opened(
    folder: Path, catalog: Reading, encoder: SentenceEncoder, centring: Centring
) -> View | str:
    """The view of a catalog's state, or why its derived indexes cannot be used."""
    meta = catalog.meta()
    found = stamps.read(catalog)
    fault = unusable(found, catalog)
    if fault or found is None:
        return fault
    dense = Dense.open(folder, found.dense)
    if isinstance(dense, str):
        return dense
    lexical = Lexical.open(folder, found.lexical)
    if isinstance(lexical, str):
        return lexical
    return View(catalog, dense, lexical, encoder, centring, meta["state"])


def unusable(found: Stamps | None, catalog: Reading) -> str:
    """Why indexes with these stamps are none of the catalog's state; "" when they are."""
    if found is None:
        return "the derived indexes are missing"
    passages = len(catalog.passage_numbers())
    for name, stamp, identity in (
        ("dense", found.dense, catalog.identity),
        ("lexical", found.lexical, lexical_identity(catalog)),
    ):
        if stamp.identity != identity:
            return f"the {name} index belongs to a catalog made with another model or splitter"
        if stamp.generation != catalog.generation:
            return f"the {name} index lags behind the catalog"
        if stamp.count != passages:
            return f"the {name} index has {stamp.count} passages, the catalog {passages}"
    return ""


def derived(folder: Path, catalog: Reading, centring: Centring) -> Stamps:
    """Makes the derived indexes of the catalog's state, as far as they are not there.

    Raises OSError where they cannot be written.
    """
    old = stamps.read(catalog)
    generation = catalog.generation
    dense: Dense | str = "none"
    lexical: Lexical | str = "none"
    if old and old.dense.generation == generation and old.dense.identity == catalog.identity:
        dense = Dense.open(folder, old.dense)
    if old and old.lexical.generation == generation:
        if old.lexical.identity == lexical_identity(catalog):
            lexical = Lexical.open(folder, old.lexical)
    elif old:
        lexical = Lexical.catch_up(folder, old.lexical, catalog)
    passages = len(catalog.passage_numbers())
    if isinstance(dense, str) or dense.stamp.count != passages:
        dense = Dense.build(folder, catalog, centring)
    if isinstance(lexical, str) or lexical.stamp.count != passages:
        lexical = Lexical.build(folder, catalog)
    return Stamps(dense.stamp, lexical.stamp)
