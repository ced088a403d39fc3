"""Lexical search: BM25 by tantivy over terms and pairs of terms. Derived, never the truth."""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from assistant.index import _stamps as stamps
from assistant.index._stamps import Stamp
from assistant.index.catalog import Reading
from assistant.index.files import discarded
from assistant.text.term_rarity import tellingness
from assistant.text.terms import bigrams, fold, terms

TERMS = "5"  # version of what makes a text's terms; an index of another is built again
PAIR_WEIGHT = 0.3  # of a pair's BM25 beside a single term's
TERM_AMONG_NAMES = 0.1  # of a term's BM25 beside a pair's, where a language has only names of it
LONGEST_QUERY = 256  # distinct terms searched of each field; more add nothing but time

# The four fields: accented terms and pairs, and the same without accents.
FIELDS = ("terms", "pairs", "folded", "folded_pairs")


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """Terms to search: the accented ones, and for a question without accents the folded ones."""

    terms: tuple[str, ...]
    folded: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, typed: str = "") -> LexicalQuery:
        """``text`` with accents (given or restored); ``typed`` only when it had none."""
        return cls(tuple(terms(text)), tuple(terms(fold(typed))))

    def weighted(self) -> dict[tuple[str, str], float]:
        """(field, term) → weight: of each field the LONGEST_QUERY most frequent."""
        return _weights(
            terms=(self.terms, 1.0),
            pairs=(bigrams(self.terms), PAIR_WEIGHT),
            folded=(self.folded, 1.0),
            folded_pairs=(bigrams(self.folded), PAIR_WEIGHT),
        )

    def names(self) -> dict[tuple[str, str], float]:
        """(field, term) → weight, for texts in another language than the question: what they share
        with it are names, often typed without their accents, and numbers.

        What ordinary texts hold is no name, and counts as little as it tells.
        """
        plain = [fold(term) for term in self.folded or self.terms]
        weights = _weights(folded_pairs=(bigrams(plain), 1.0), terms=(self.terms, TERM_AMONG_NAMES))
        telling = {f"{a}_{b}": min(_telling(a), _telling(b)) for a, b in pairwise(plain)}
        telling |= {term: tellingness(term) for term in self.terms}
        return {(field, term): weight * telling[term] for (field, term), weight in weights.items()}


def _telling(term: str) -> float:
    return tellingness(term, folded=True)


def _weights(**fields: tuple[Sequence[str], float]) -> dict[tuple[str, str], float]:
    return {
        (field, term): weight * n
        for field, (items, weight) in fields.items()
        for term, n in Counter(items).most_common(LONGEST_QUERY)
    }


@dataclass(frozen=True, slots=True)
class TermWeights:
    """``terms``: term → how much it tells, in [0, 1]; ``known``: the share of that weight which
    is of terms the index has.

    ``known`` is near 1 for a question in a language of the index, near 0 for one in another:
    then the few terms that match are chance, and lexical scores are noise.
    """

    terms: Mapping[str, float]
    known: float


def identity_of(catalog: Reading) -> dict[str, str]:
    """What a lexical index of the catalog must have been made with."""
    return catalog.identity | {"terms": TERMS}


class Lexical:
    """A BM25 index (k1 = 1.2, b = 0.75: tantivy's constants). Score: higher is better."""

    def __init__(self, index: tantivy.Index, stamp: Stamp) -> None:
        self._index = index
        self._schema = index.schema
        self.stamp = stamp
        _register(index)
        index.reload()
        self._searcher = index.searcher()

    @classmethod
    def build(cls, folder: Path, catalog: Reading) -> Lexical:
        """Builds from the catalog's passages and titles, from nothing. Raises OSError."""
        path = folder / stamps.fresh_name("lexical", catalog.generation)
        path.mkdir()
        with _writing():
            index = tantivy.Index(_schema(), str(path))
            return cls._extended(path, index, catalog, catalog.passage_numbers())

    @classmethod
    def catch_up(cls, folder: Path, old: Stamp, catalog: Reading) -> Lexical:
        """A copy of the index of ``old`` with what the catalog has more than that; built anew
        where it has less: tantivy keeps the words of what is removed until it merges its files.

        The files of a copy are the old ones under another name: none is ever written again. What
        is missing or too much is told by the passages' numbers, whatever happened in between.
        Raises OSError.
        """
        path = folder / stamps.fresh_name("lexical", catalog.generation)
        if old.identity != identity_of(catalog) or not _copied(folder / old.name, old, path):
            return cls.build(folder, catalog)
        with _writing():
            index = tantivy.Index.open(str(path))
            there = _numbers(index)
        wanted = catalog.passage_numbers()
        if there.difference(wanted):
            discarded(path)
            return cls.build(folder, catalog)
        fresh = [number for number in wanted if number not in there]
        with _writing():
            return cls._extended(path, index, catalog, fresh, old.files)

    @classmethod
    def _extended(
        cls,
        path: Path,
        index: tantivy.Index,
        catalog: Reading,
        fresh: Sequence[int],
        known: Mapping[str, str] | None = None,
    ) -> Lexical:
        _register(index)
        writer = index.writer(heap_size=64_000_000, num_threads=1)
        for number, text in catalog.passage_texts(fresh):
            writer.add_document(_document(number, text))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        files = [p for p in sorted(path.iterdir()) if p.suffix != ".lock"]
        # One that was there keeps the checksum it had: a damage since then is none that is sealed.
        same = {p.name: known[p.name] for p in files if known and p.name in known and _segment(p)}
        sums = stamps.checksums([p for p in files if p.name not in same]) | same
        count = index.searcher().num_docs
        generation, identity = catalog.generation, identity_of(catalog)
        return cls(index, Stamp(path.name, generation, identity, count, sums))

    @classmethod
    def open(cls, folder: Path, stamp: Stamp) -> Lexical | str:
        """The index, or why it cannot be used. Read only after its checksums matched."""
        path = folder / stamp.name
        fault = stamps.damaged(stamp, path)
        if fault:
            return fault
        try:
            return cls(tantivy.Index.open(str(path)), stamp)
        except ValueError as error:
            return f"the lexical index cannot be opened ({error})"

    def search(
        self,
        query: LexicalQuery,
        top_k: int,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> dict[int, float]:
        """Passage number → BM25 score (> 0) of the best ``top_k``, best first.

        ``exclude``: numbers that are left out. ``only``: the others are left out as well.
        """
        return self._found(query.weighted(), top_k, exclude, only)

    def search_names(
        self,
        query: LexicalQuery,
        top_k: int,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> dict[int, float]:
        """As ``search``, by the names and numbers of a question in another language."""
        return self._found(query.names(), top_k, exclude, only)

    def _found(
        self,
        weights: Mapping[tuple[str, str], float],
        top_k: int,
        exclude: Collection[int],
        only: Collection[int] | None,
    ) -> dict[int, float]:
        clauses = [
            (Occur.Should, Query.boost_query(Query.term_query(self._schema, f, t, "freq"), weight))
            for (f, t), weight in weights.items()
        ]
        if not clauses:
            return {}
        if exclude:
            left_out = Query.term_set_query(self._schema, "number", list(exclude))
            clauses.append((Occur.MustNot, left_out))
        if only is not None:
            clauses = [
                (Occur.Must, Query.boolean_query(clauses)),
                (Occur.Must, _silent(Query.term_set_query(self._schema, "number", list(only)))),
            ]
        hits = self._searcher.search(Query.boolean_query(clauses), top_k, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        return {int(n or 0): float(s) for n, (s, _) in zip(numbers, hits, strict=True)}

    def weigh(self, query: LexicalQuery, without: Collection[str] = ()) -> TermWeights:
        """How much each of the question's terms tells, and how much of them the index knows.

        A term's weight is its rarity here times its rarity in general. Rarity here is
        ln(1 + (N − n + ½) / (n + ½)) (Robertson and Zaragoza, 2009), divided by that of a term
        in no passage. ``without``: texts of passages that count as not indexed.
        """
        total = self._searcher.num_docs - len(without)
        folded = bool(query.folded)
        counts = self._counts(query.folded or query.terms, folded, without)
        weights = {
            term: _rarity(n, total) / _rarity(0, total) * tellingness(term, folded)
            for term, n in counts.items()
        }
        whole = sum(weights.values())
        there = sum(weight for term, weight in weights.items() if counts[term])
        return TermWeights(weights, there / whole if whole else 0.0)

    def pair_weights(
        self, items: Sequence[str], folded: bool = False, without: Collection[str] = ()
    ) -> dict[str, float]:
        """Pair of neighbouring terms → how much it tells, in [0, 1]; as in :meth:`weigh`."""
        total = self._searcher.num_docs - len(without)
        field = "folded_pairs" if folded else "pairs"
        gone = [_pairs_of(text, folded) for text in without]
        weights = {}
        for a, b in dict.fromkeys(pairwise(items)):
            pair = f"{a}_{b}"
            n = max(0, self._searcher.doc_freq(field, pair) - sum(pair in pairs for pairs in gone))
            telling = min(tellingness(a, folded), tellingness(b, folded))
            weights[pair] = _rarity(n, total) / _rarity(0, total) * telling
        return weights

    def _counts(
        self, items: Sequence[str], folded: bool, without: Collection[str]
    ) -> dict[str, int]:
        """Term → number of passages that have it."""
        field = "folded" if folded else "terms"
        counts = {term: self._searcher.doc_freq(field, term) for term in dict.fromkeys(items)}
        for text in without:
            for term in _terms_of(text, folded) & counts.keys():
                counts[term] = max(0, counts[term] - 1)
        return counts


@contextmanager
def _writing() -> Iterator[None]:
    """Raises OSError where tantivy says ValueError: of a full disk, too."""
    try:
        yield
    except ValueError as error:
        raise OSError(str(error)) from error


@lru_cache(maxsize=8192)
def _terms_of(text: str, folded: bool) -> frozenset[str]:
    return frozenset(terms(fold(text) if folded else text))


@lru_cache(maxsize=8192)
def _pairs_of(text: str, folded: bool) -> frozenset[str]:
    return frozenset(bigrams(terms(fold(text) if folded else text)))


def _copied(path: Path, stamp: Stamp, target: Path) -> bool:
    """The stamped files under another folder's name as well; False where one is damaged."""
    if stamps.damaged(stamp, path):
        return False
    target.mkdir()
    for name in stamp.files:
        if _segment(Path(name)):
            try:
                os.link(path / name, target / name)
                continue
            except OSError:  # a file system without links
                pass
        shutil.copyfile(path / name, target / name)
    return True


def _segment(path: Path) -> bool:
    """Whether tantivy never writes the file again; the others tell which there are."""
    return path.suffix != ".json"


def _numbers(index: tantivy.Index) -> set[int]:
    """The number of every passage in the index."""
    index.reload()
    searcher = index.searcher()
    if not searcher.num_docs:
        return set()
    hits = searcher.search(Query.all_query(), searcher.num_docs, count=False).hits
    return {int(n or 0) for n in searcher.fast_field_values("number", [a for _, a in hits])}


def _silent(query: Query) -> Query:
    """Asks for it and adds nothing to the score."""
    return Query.const_score_query(query, 0.0)


def _rarity(n: int, total: int) -> float:
    return math.log(1 + max(total - n + 0.5, 0.0) / (n + 0.5))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", stored=True, indexed=True, fast=True)
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="terms", index_option="freq")
    return builder.build()


def _register(index: tantivy.Index) -> None:
    """Terms are made in ``assistant.text``; tantivy only splits them at spaces."""
    splitter = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", splitter)


def _document(number: int, text: str) -> tantivy.Document:
    items = terms(text)
    folded = terms(fold(text))
    document = tantivy.Document()
    document.add_unsigned("number", number)
    for field, values in zip(FIELDS, (items, bigrams(items), folded, bigrams(folded)), strict=True):
        document.add_text(field, " ".join(values))
    return document
