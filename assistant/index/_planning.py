"""What an update has to do, and the work before it: splitting and embedding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.articles.files import file_of
from assistant.index._catalog_rows import digest_of
from assistant.index._replacing import replacements
from assistant.index.catalog import Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.passages import split
from assistant.settings import Settings
from assistant.types import Article, Passage

BATCH = 64  # articles after which progress is told
SLICE = 32  # texts that are embedded, and kept, at once

Progress = Callable[[int, int], None]  # batches of articles done, and in all
Embedding = Callable[[int, int], None]  # characters of the articles embedded, and in all
Pairs = list[tuple[Article, Sequence[Passage]]]


@dataclass(frozen=True, slots=True)
class Change:
    """``fresh``: articles to add, those of ``moved`` among them, which are taken out before: their
    language is another now, and accents and centring go by it, or their title, whose words are
    searched. ``renewed``: source, date and path may change while the text stays. ``gone``: ids of
    what is dropped; ``replaced``: those of them that were edited, with the id of what took their
    place."""

    fresh: tuple[Article, ...] = ()
    moved: tuple[str, ...] = ()
    renewed: tuple[Article, ...] = ()
    gone: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_none(self) -> bool:
        return not (self.fresh or self.moved or self.renewed or self.gone)


def planned(
    catalog: Catalog,
    articles: Sequence[Article],
    paths: Sequence[Path] | None,
    renamed: Mapping[str, str] | None = None,
) -> Change:
    """What makes the catalog hold ``articles``, which were read from ``paths``; None: and nothing
    else. ``renamed``: see ``_replacing``."""
    before = catalog.article_paths()
    found = [replace(a, path=str(Path(a.path).resolve())) for a in articles]
    known = [(article, catalog.article(article.id)) for article in found if article.id in before]
    moved = [new for new, old in known if (old.language, old.title) != (new.language, new.title)]
    again = {article.id for article in moved}
    renewed = [
        new
        for new, old in known
        if new.id not in again and old != replace(new, furniture=old.furniture, marked=old.marked)
    ]
    fresh = [article for article in found if article.id not in before]
    present = {article.id for article in found}
    gone = (
        _vanished(before, found, paths)
        if paths is not None
        else [article_id for article_id in before if article_id not in present]
    )
    replaced = replacements([catalog.article(one) for one in gone], found, before, renamed)
    return Change(
        tuple(fresh + moved), tuple(one.id for one in moved), tuple(renewed), tuple(gone), replaced
    )


def prepared(
    catalog: Catalog,
    encoder: SentenceEncoder,
    articles: Sequence[Article],
    settings: Settings,
    progress: Progress,
    embedding: Embedding,
) -> tuple[Pairs, int]:
    """The articles with their passages, and how many texts had to be embedded.

    Their vectors are in the catalog after it, where no article has them yet.
    """
    batches = [articles[i : i + BATCH] for i in range(0, len(articles), BATCH)]
    done, read, whole = 0, 0, _size(articles)
    pairs: Pairs = []
    for number, batch in enumerate(batches, 1):
        some: Pairs = [
            (a, split(a, settings.passage_tokens, settings.overlap, encoder.fits)) for a in batch
        ]
        done += _embed_missing(
            catalog, encoder, some, _within(embedding, read, _size(batch), whole)
        )
        pairs += some
        read += _size(batch)
        progress(number, len(batches))
        embedding(read, whole)
    return pairs, done


def _embed_missing(
    catalog: Catalog, encoder: SentenceEncoder, pairs: Pairs, embedding: Embedding
) -> int:
    """Embeds the passages and sentences that have no vector yet; returns how many.

    Each slice is kept as soon as it is embedded: no run that is cut short costs more than one.
    """
    texts = {
        digest_of(text): text for article, passages in pairs for text in _texts(article, passages)
    }
    # By length: the shorter ones of a slice are padded.
    missing = sorted(catalog.without_vector(texts), key=lambda key: (-len(texts[key]), key))
    total, done = sum(len(texts[key]) for key in missing), 0
    for i in range(0, len(missing), SLICE):
        part = missing[i : i + SLICE]
        vectors = encoder.embed_passages([texts[key] for key in part])
        with catalog.renewal() as changes:
            changes.keep_vectors(dict(zip(part, vectors, strict=True)))
        done += sum(len(texts[key]) for key in part)
        embedding(done, total)
    return len(missing)


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
        and (path in read or _is_gone(file_of(Path(path))))
    ]


def _is_gone(path: Path) -> bool:
    """Whether that is certain: a folder may be closed to this account."""
    try:
        return not path.exists()
    except OSError:
        return False
