"""The index: opens, updates, checks and repairs catalog, dense and lexical together."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assistant import private_files
from assistant.articles.files import Corpus, file_of
from assistant.index._catalog_rows import digest_of
from assistant.index._dense import Dense
from assistant.index._language_centring import Centring
from assistant.index._locks import UPDATING, Busy, locked
from assistant.index.catalog import Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.lexical import Lexical
from assistant.index.lexical import identity_of as lexical_identity
from assistant.index.passages import split
from assistant.settings import Settings
from assistant.text.terms import fold
from assistant.types import Article, CorpusError, IndexFault, Passage, Vectors

CATALOG = "catalog.sqlite"
PATIENCE = 3600.0  # seconds that another update is waited for
UPLOADS = "uploads"  # folder of the files that people sent
# What people wrote or sent; no rebuild takes it away.
KEPT = ("feedback.sqlite", "history.sqlite", UPLOADS)
RULES = "1"  # version of the rules for sentences, passages and terms; another is refused
BATCH = 64  # articles that commit together
SLICE = 32  # texts after which it is told how many are embedded

Progress = Callable[[int, int], None]  # batches of articles done, and in all
Embedding = Callable[[int, int], None]  # characters of the articles embedded, and in all


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did. ``seconds`` is wall time; ``embedded`` counts passages and sentences."""

    articles: int
    passages: int
    new: int
    kept: int
    removed: int
    embedded: int
    seconds: float
    faults: tuple[CorpusError, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.articles} articles, {self.passages} passages "
            f"({self.new} new, {self.kept} kept, {self.removed} removed) in {self.seconds:.1f} s"
        )


def identity_of(encoder: SentenceEncoder, settings: Settings) -> dict[str, str]:
    """What an index must have been made with to be used with these settings."""
    return encoder.fingerprint | {
        "passage tokens": str(settings.passage_tokens),
        "overlap": str(settings.overlap),
        "rules": RULES,
    }


class Index:
    """An open index. Searchers follow the catalog: they catch up when it has moved on."""

    def __init__(self, folder: Path, catalog: Catalog, encoder: SentenceEncoder) -> None:
        self.folder = folder
        self.catalog = catalog
        self.encoder = encoder
        self.centring = Centring.of(encoder)
        self.dense: Dense
        self.lexical: Lexical
        self._updating = False  # by this object
        self._catch_up()

    @classmethod
    def open(cls, settings: Settings) -> Index:
        """The index at ``settings.index``. Raises IndexFault when it is missing, damaged, or was
        made with another model, prefix, pooling or splitter."""
        catalog = Catalog.open(settings.index / CATALOG)
        encoder = SentenceEncoder(settings)
        refuse_other_identity(catalog, encoder, settings)
        return cls(settings.index, catalog, encoder)

    @classmethod
    def create(cls, settings: Settings) -> Index:
        """The index at ``settings.index``, made empty when there is none."""
        if (settings.index / CATALOG).exists():
            return cls.open(settings)
        encoder = SentenceEncoder(settings)
        identity = identity_of(encoder, settings)
        private_files.make_folder(settings.index)
        with locked(settings.index):
            if not (settings.index / CATALOG).exists():  # nor has another process made it
                Catalog.create(settings.index / CATALOG, identity).close()
        return cls.open(settings)

    def close(self) -> None:
        self.catalog.close()

    def refresh(self) -> None:
        """Brings dense and lexical to the catalog's generation; rebuilds what is unusable.

        No question waits for an update: while this index is being updated, or another thread or
        process writes them, they stay as they are.
        """
        if self._updating:
            return
        with suppress(Busy):
            self._catch_up(patience=0)

    def _catch_up(self, patience: float = 120) -> None:
        generation = self.catalog.generation
        current = [getattr(self, name, None) for name in ("dense", "lexical")]
        if all(s is not None and s.stamp.generation == generation for s in current):
            return
        with locked(self.folder, patience=patience):
            # Both at once: what one finds, the other must know.
            dense, lexical = self._current_dense(), self._current_lexical()
            self.dense, self.lexical = dense, lexical

    def _current_dense(self) -> Dense:
        dense = Dense.open(self.folder)
        if isinstance(dense, str) or self._lags(dense, self.catalog.identity):
            return Dense.build(self.folder, self.catalog, self.centring)
        return dense

    def _current_lexical(self) -> Lexical:
        lexical = Lexical.open(self.folder)
        identity = lexical_identity(self.catalog)
        if isinstance(lexical, str) or lexical.stamp.identity != identity:
            return Lexical.build(self.folder, self.catalog)
        if self._lags(lexical, identity):
            return Lexical.catch_up(self.folder, lexical, self.catalog)
        return lexical

    def _lags(self, derived: Dense | Lexical, identity: dict[str, str]) -> bool:
        stamp = derived.stamp
        return (stamp.generation, stamp.identity) != (self.catalog.generation, identity)

    # -- updating ------------------------------------------------------------------------

    def update(
        self,
        corpus: Corpus,
        paths: Sequence[Path],
        settings: Settings,
        progress: Progress = lambda done, total: None,
        waiting: Callable[[], None] = lambda: None,
        embedding: Embedding = lambda done, total: None,
    ) -> Update:
        """Makes the index hold ``corpus``, which was read from ``paths``.

        Embeds only texts that are new; drops articles that came from ``paths`` and are there no
        more; articles from elsewhere, and those of files that could not be read now, stay.
        Commits every 64 articles, so that an interrupted run goes on where it stopped. Waits
        while another process updates the index; ``waiting`` is called when that begins.
        """
        with self._changing(waiting):
            return self._update(corpus, paths, settings, progress, embedding)

    @contextmanager
    def _changing(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        with locked(self.folder, UPDATING, PATIENCE, waiting):
            self._updating = True
            try:
                yield
            finally:
                self._updating = False

    def _update(
        self,
        corpus: Corpus,
        paths: Sequence[Path],
        settings: Settings,
        progress: Progress,
        embedding: Embedding,
    ) -> Update:
        began = time.perf_counter()
        before = self.catalog.article_paths()
        found = [replace(a, path=str(Path(a.path).resolve())) for a in corpus.articles]
        fresh = [article for article in found if article.id not in before]
        fresh += self._renew_facts([article for article in found if article.id in before])
        kept = self.catalog.counts()["passages"]
        embedded = self.add(fresh, settings, progress, embedding)
        new = self.catalog.counts()["passages"] - kept
        removed = self.catalog.remove(_vanished(before, found, paths))
        self.catalog.drop_unused_vectors()
        self._catch_up()
        self._forget()
        counts = self.catalog.counts()
        return Update(
            counts["articles"],
            counts["passages"],
            new,
            kept - removed,
            removed,
            embedded,
            time.perf_counter() - began,
            corpus.faults,
            corpus.notes,
        )

    def remove(self, article_ids: Sequence[str]) -> int:
        """Takes articles out; returns how many passages went. Raises IndexFault for an unknown."""
        with self._changing():
            removed = self.catalog.remove(article_ids)
            self.catalog.drop_unused_vectors()
            self._catch_up()
            self._forget()
        return removed

    def _forget(self) -> None:
        """Leaves no word of what was removed in any file: tantivy keeps them until it merges its
        own. Done last, when all that is new can be found already."""
        with locked(self.folder):
            if self.lexical.stamp.removed:
                self.lexical = Lexical.build(self.folder, self.catalog)
        self.catalog.forget()

    def add(
        self,
        articles: Sequence[Article],
        settings: Settings,
        progress: Progress = lambda done, total: None,
        embedding: Embedding = lambda done, total: None,
    ) -> int:
        """Splits, embeds and stores articles that are not there yet; returns texts embedded."""
        batches = [articles[i : i + BATCH] for i in range(0, len(articles), BATCH)]
        done, read, whole = 0, 0, _size(articles)
        for number, batch in enumerate(batches, 1):
            pairs = [(article, self._split(article, settings)) for article in batch]
            vectors = self._embed_missing(pairs, _within(embedding, read, _size(batch), whole))
            self.catalog.add(pairs, vectors)
            done += len(vectors)
            read += _size(batch)
            progress(number, len(batches))
            embedding(read, whole)
        self._catch_up()
        return done

    def _split(self, article: Article, settings: Settings) -> list[Passage]:
        return split(article, settings.passage_tokens, settings.overlap, self.encoder.fits)

    def _embed_missing(
        self, pairs: Sequence[tuple[Article, Sequence[Passage]]], embedding: Embedding
    ) -> dict[bytes, Vectors]:
        """Vectors of the passages and sentences that have none yet, by digest."""
        texts = {
            digest_of(text): text
            for article, passages in pairs
            for text in _texts(article, passages)
        }
        # By length: the shorter ones of a slice are padded.
        missing = sorted(
            self.catalog.without_vector(texts), key=lambda key: (-len(texts[key]), key)
        )
        total, done = sum(len(texts[key]) for key in missing), 0
        vectors: dict[bytes, Vectors] = {}
        for i in range(0, len(missing), SLICE):
            part = missing[i : i + SLICE]
            embedded = self.encoder.embed_passages([texts[key] for key in part])
            vectors |= zip(part, embedded, strict=True)
            done += sum(len(texts[key]) for key in part)
            embedding(done, total)
        return vectors

    def _renew_facts(self, articles: Sequence[Article]) -> list[Article]:
        """Title, source, date and path may change while the text stays.

        Returns the articles of another language than before, taken out to be added again:
        accents and centring go by it. Their vectors stay.
        """
        moved = []
        for article in articles:
            old = self.catalog.article(article.id)
            if old.language != article.language:
                moved.append(article)
            elif old != replace(article, furniture=old.furniture):
                self.catalog.update_facts(article)
        self.catalog.remove([article.id for article in moved])
        return moved


def refuse_other_identity(catalog: Catalog, encoder: SentenceEncoder, settings: Settings) -> None:
    """Raises IndexFault naming the field in which index and settings differ."""
    stored, wanted = catalog.identity, identity_of(encoder, settings)
    for field in wanted:
        if stored.get(field) != wanted[field]:
            raise IndexFault(
                f"The index {settings.index} was made with {field} {stored.get(field)!r}, the "
                f"settings say {wanted[field]!r}; use the same settings, or rebuild it: "
                f"assistant index --index {settings.index} --rebuild"
            )


def rebuild(settings: Settings, progress: Progress = lambda done, total: None) -> Update:
    """Makes the index again with these settings from the articles its catalog holds.

    The old index stays until the new one is whole. Raises IndexFault.
    """
    folder = settings.index
    began = time.perf_counter()
    old = Catalog.open(folder / CATALOG)
    articles, before = old.articles(), old.counts()["passages"]
    old.close()
    scratch = folder.with_name(folder.name + ".new")
    shutil.rmtree(scratch, ignore_errors=True)
    index = Index.create(settings.model_copy(update={"index": scratch}))
    embedded = index.add(articles, settings, progress)
    counts = index.catalog.counts()
    index.close()
    clear(folder)
    for path in scratch.iterdir():
        path.rename(folder / path.name)
    scratch.rmdir()
    passages, seconds = counts["passages"], time.perf_counter() - began
    return Update(counts["articles"], passages, passages, 0, before, embedded, seconds)


def discard_empty(folder: Path) -> None:
    """Takes away an index that holds no article, and its folder where nothing else is in it."""
    catalog = Catalog.open(folder / CATALOG)
    empty = not catalog.counts()["articles"]
    catalog.close()
    if empty:
        clear(folder)
        with suppress(OSError):  # what people wrote is in it
            folder.rmdir()


def clear(folder: Path) -> None:
    """Deletes all of the index in ``folder`` but what people wrote, which is not touched.

    The catalog goes first: what is left of a deletion that was interrupted is not an index.
    """
    for path in sorted(folder.iterdir(), key=lambda path: not path.name.startswith(CATALOG)):
        if path.name.startswith(KEPT):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _size(articles: Sequence[Article]) -> int:
    return sum(len(article.text) for article in articles)


def _within(embedding: Embedding, before: int, size: int, whole: int) -> Embedding:
    """Tells of a batch's texts (a passage's characters are its sentences' too) as of ``size``
    characters after ``before`` others, of ``whole``."""
    return lambda done, total: embedding(before + size * done // total, whole)


def _texts(article: Article, passages: Sequence[Passage]) -> Iterator[str]:
    """The texts of both grains: each passage, and each of its sentences."""
    for passage in passages:
        yield passage.text
        for sentence in passage.sentences:
            yield article.text[sentence.start : sentence.end]


def _vanished(
    before: Mapping[str, str], found: Sequence[Article], paths: Sequence[Path]
) -> list[str]:
    """Articles that came from ``paths`` and are no longer there.

    One whose file still exists but gave no article now (it could not be read) stays, and so do
    all of a folder that is not there itself (a disk that is not mounted).
    """
    present = {article.id for article in found}
    read = {article.path for article in found}
    roots = [path.resolve() for path in paths if path.exists()]
    return [
        article_id
        for article_id, path in before.items()
        if article_id not in present
        and any(Path(path).is_relative_to(root) for root in roots)
        and (path in read or not file_of(Path(path)).exists())
    ]


def matching(articles: Sequence[Article], words: str) -> list[Article]:
    """The articles that have all of ``words`` in title, source or date; accents do not count."""
    wanted = fold(words).split()
    return [
        article
        for article in articles
        if not wanted
        or all(word in fold(f"{article.title} {article.source} {article.date}") for word in wanted)
    ]
