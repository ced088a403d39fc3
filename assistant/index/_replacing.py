"""Which article took the place of which, when files were edited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

from assistant.text.likeness import bag, likeness
from assistant.types import Article

ALIKE: Final = 0.5  # at least, of texts of one file's several articles, without the same title
MOST_PAIRS: Final = 10_000  # of texts that are compared; a file of more goes by titles alone


def replacements(
    gone: Sequence[Article],
    found: Sequence[Article],
    before: Mapping[str, str],
    renamed: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Id of an article that is gone → id of the one that was found at its path instead.

    ``before``: id → path of all articles until now. ``renamed``: path → where that file is now. A
    file of one article became the new one that it holds, however little that is like it; else one
    became that with its title, or the one that is most like it.
    """
    new: dict[str, list[Article]] = {}
    for article in found:
        if before.get(article.id) != article.path:
            new.setdefault(article.path, []).append(article)
    old: dict[str, list[Article]] = {}
    for article in gone:
        path = (renamed or {}).get(article.path, article.path)
        if path in new:
            old.setdefault(path, []).append(article)
    shared = _shared(before, found, old)
    pairs: dict[str, str] = {}
    for path, articles in old.items():
        only = len(articles) == len(new[path]) == 1 and path not in shared
        only = only and new[path][0].id not in before  # else it was moved here
        pairs |= {articles[0].id: new[path][0].id} if only else _paired(articles, new[path])
    return pairs


def _shared(
    before: Mapping[str, str], found: Sequence[Article], old: Mapping[str, object]
) -> set[str]:
    """Paths at which an article stays what it was: others there need not have become another."""
    return {a.path for a in found if a.path in old and before.get(a.id) == a.path}


def _paired(old: Sequence[Article], new: Sequence[Article]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    titles, others = _by_title(old), _by_title(new)
    pairs |= {titles[title]: others[title] for title in titles.keys() & others.keys()}
    taken = set(pairs.values())
    left = [article for article in old if article.id not in pairs]
    free = [article for article in new if article.id not in taken]
    if len(left) * len(free) > MOST_PAIRS:
        return pairs
    bags = {article.id: bag(article.text) for article in (*left, *free)}
    alike = [(likeness(bags[a.id], bags[b.id]), a.id, b.id) for a, b in product(left, free)]
    for score, one, other in sorted(alike, reverse=True):
        if score >= ALIKE and one not in pairs and other not in taken:
            pairs[one] = other
            taken.add(other)
    return pairs


def _by_title(articles: Sequence[Article]) -> dict[str, str]:
    """Title → id, of titles that only one of the articles has."""
    counts = Counter(article.title for article in articles)
    return {article.title: article.id for article in articles if counts[article.title] == 1}
