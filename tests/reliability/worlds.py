"""Operations on an index, and a plain model of what may be seen before and after each."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.articles.files import read_articles
from assistant.index import backup, doctor, index
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index
from assistant.index.rebuilding import rebuild
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import IndexFault
from tests.reliability.stub import StubEncoder

QUESTIONS = ("bí thư phường", "cảng biển", "nắng ở Vinh", "họp hôm nay", "bi thu")
NEWS = {f"{i:02}.txt": f"Phường số {i} có bí thư {i}.\n\nPhường họp hôm qua." for i in range(9)}
EDITED = {
    "00.txt": "Phường số 0 có bí thư mới.\n\nPhường họp hôm nay.",
    "01.txt": None,
    "02.txt": None,
    "03.txt.yaml": "title: Cảng biển\ndate: 2025-08-05",
    "new.txt": "Phường Tân Phước có cảng biển.",
}
SENT = "Bài thứ hai nói về nắng ở Vinh."
GONE = "Bài này được gỡ: nắng ở Huế."


def stub() -> None:
    """For the rest of the process every index has the encoder that costs nothing."""
    for module in (index, doctor, backup):
        module.SentenceEncoder = StubEncoder  # type: ignore[attr-defined]


Seen = Mapping[str, Any] | str


@dataclass(frozen=True)
class World:
    """A folder with articles and an index."""

    home: Path

    @property
    def settings(self) -> Settings:
        return Settings(index=self.home / "index", passage_tokens=24, overlap=0)

    @property
    def news(self) -> Path:
        return self.home / "news"

    def write(self, files: Mapping[str, str | None]) -> None:
        self.news.mkdir(exist_ok=True, parents=True)
        for name, text in files.items():
            if text is None:
                (self.news / name).unlink(missing_ok=True)
            else:
                (self.news / name).write_text(text, "utf-8")

    def update(self) -> None:
        with closing(Index.create(self.settings)) as found:
            found.update(read_articles([self.news]), [self.news], self.settings)

    def upload(self, name: str, text: str) -> None:
        with closing(Index.open(self.settings)) as found:
            Uploads(found, self.settings).add(name, text.encode())

    def remove(self, text: str) -> None:
        with closing(Index.open(self.settings)) as found:
            for article in found.catalog.articles():
                if article.text == text:
                    Uploads(found, self.settings).remove(article.id)

    def seen(self, deep: bool = True) -> Seen:
        """What a fresh process finds: articles with their facts, editions, and hits; ``deep``: it
        looks at every row, as the doctor does."""
        try:
            found = Index.open(self.settings)
        except IndexFault as fault:
            return "absent" if str(fault).startswith("No index") else f"refused: {fault}"
        try:
            return self._told(found, deep)
        except IndexFault as fault:
            return f"refused: {fault}"

    def _told(self, found: Index, deep: bool) -> Seen:
        with closing(found):
            view = found.view
            hits = {
                question: [
                    (c.stored.title, c.stored.passage.text, round(c.score, 3))
                    for c in rank(view, make_query(view, question))
                ]
                for question in QUESTIONS
            }
            articles = {(a.title, a.text, a.date) for a in found.catalog.articles()}
            editions = {(e.text, e.path, e.current) for e in found.catalog.editions()}
            passages = found.catalog.counts()["passages"]
            assert not deep or found.catalog.integrity() == "ok", found.catalog.integrity()
            assert passages == found.dense.stamp.count == found.lexical.stamp.count
            # Another order of passages is another order among equal scores.
            ordered = {q: sorted(some, key=lambda h: (-h[2], h)) for q, some in hits.items()}
            return {"articles": articles, "editions": editions, "hits": ordered}

    def left(self) -> list[str]:
        """Files of the index's folder that are no part of a whole index."""
        known = {CATALOG, "lock", "updating.lock", "uploads", "feedback.sqlite", "history.sqlite"}
        folder = self.settings.index
        names = [path.name for path in folder.iterdir()] if folder.exists() else []
        derived = [name for name in names if name.startswith(("dense-", "lexical-"))]
        odd = [n for n in names if n not in known and n not in derived and "sqlite-" not in n]
        sent = folder / "uploads"
        hidden = [p.name for p in sent.iterdir() if p.name[0] == "."] if sent.exists() else []
        return odd + hidden + (derived if len(derived) > 2 else [])

    def sent(self) -> list[str]:
        folder = self.settings.index / "uploads"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@dataclass(frozen=True)
class Operation:
    """``prepare`` makes a world in which ``run`` is interrupted; ``again`` is what comes next."""

    prepare: Callable[[World], None]
    run: Callable[[World], None]
    again: Callable[[World], None] | None = None
    sent: tuple[str, ...] = ()  # what is in the folder of uploads at the end


def _made(world: World) -> None:
    world.write(NEWS | {"00.txt": "Phường số 0 có bí thư cũ."})
    world.update()
    world.write(NEWS)
    world.update()  # of which an edition is kept


def _made_and_edited(world: World) -> None:
    _made(world)
    world.upload("hai.txt", SENT)
    world.write(EDITED)


def _with_uploads(world: World) -> None:
    _made(world)
    world.upload("hai.txt", SENT)
    world.upload("gone.txt", GONE)


def _large(world: World) -> None:
    world.write({f"x{i:03}.txt": f"Bài số {i} nói về chợ {i % 7} và cầu." for i in range(80)})
    _made(world)
    world.write({"01.txt": None, "new.txt": "Phường Tân Phước có cảng biển."})


def _rebuild(world: World) -> None:
    rebuild(world.settings)


def _rebuild_of_paths(world: World) -> None:
    paths = [world.news, world.settings.index / "uploads"]
    rebuild(world.settings, articles=read_articles(paths).articles)


def _damaged(world: World) -> None:
    _with_uploads(world)
    for path in world.settings.index.glob("dense-*"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    shutil.rmtree(next(world.settings.index.glob("lexical-*")))


def _catalog_damaged(world: World) -> None:
    _with_uploads(world)
    db = sqlite3.connect(world.settings.index / CATALOG)
    db.execute("UPDATE pairs SET n = n + 1 WHERE folded > 'p'")
    db.execute("DELETE FROM sentences WHERE passage_id = 3")
    db.execute("UPDATE articles SET title = 'khác' WHERE path LIKE '%04.txt'")
    db.commit()
    db.close()


def _repair(world: World) -> None:
    doctor.repair(world.settings)


def _backed_up(world: World) -> None:
    _with_uploads(world)
    backup.backup(world.settings, world.home / "backup.tar")
    world.remove(GONE)
    world.upload("drei.txt", "Bài thứ ba nói về gió ở Vinh.")
    world.write(EDITED)
    world.update()


def _backed_up_and_lost(world: World) -> None:
    _backed_up(world)
    shutil.rmtree(world.settings.index)


def _restore(world: World) -> None:
    backup.restore(world.settings, world.home / "backup.tar", instead=True)


def _of_layout(number: int) -> Callable[[World], None]:
    archive = Path(__file__).parents[1] / "indexes" / f"layout-{number}.tar.gz"
    return lambda world: shutil.unpack_archive(archive, world.home)


def _opened(world: World) -> None:
    Catalog.open(world.settings.index / CATALOG).close()
    Index.create(world.settings).close()


OPERATIONS: dict[str, Operation] = {
    "create": Operation(lambda world: world.write(NEWS), World.update),
    "update": Operation(_made_and_edited, World.update, sent=("hai.txt",)),
    "update of many": Operation(_large, World.update),
    "rebuild": Operation(_with_uploads, _rebuild, sent=("gone.txt", "hai.txt")),
    "rebuild of paths": Operation(_made_and_edited, _rebuild_of_paths, sent=("hai.txt",)),
    "upload": Operation(_made, lambda w: w.upload("hai.txt", SENT), sent=("hai.txt",)),
    "remove": Operation(_with_uploads, lambda w: w.remove(GONE), sent=("hai.txt",)),
    "repair": Operation(_damaged, _repair, sent=("gone.txt", "hai.txt")),
    "salvage": Operation(_catalog_damaged, _repair, sent=("gone.txt", "hai.txt")),
    "restore": Operation(_backed_up, _restore, sent=("gone.txt", "hai.txt")),
    "restore to nothing": Operation(_backed_up_and_lost, _restore, sent=("gone.txt", "hai.txt")),
    "migrate": Operation(_of_layout(2), _opened, sent=("nang.txt",)),
    "migrate layout 3": Operation(_of_layout(3), _opened, sent=("nang.txt",)),
}


def warm(folder: Path) -> None:
    """Loads what every process would load for itself, but starts no thread: who is forked then
    has it."""
    from assistant.index._planning import split
    from assistant.text.accents import prior
    from assistant.text.language import language_among
    from assistant.text.term_rarity import tellingness

    world = World(folder)
    world.write(NEWS | EDITED)
    for article in read_articles([world.news]).articles:
        split(article, 24, 0, lambda text: True)
    language_among(QUESTIONS[0], {"vi": 0.5, "en": 0.5})
    prior().added_to(lambda folded: None)  # type: ignore[arg-type, return-value]
    tellingness("họp"), tellingness("hop", folded=True)
    shutil.rmtree(folder)
