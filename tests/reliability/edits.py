"""Random edits of articles, held against a plain model: a dict of files, and what they say."""

from __future__ import annotations

import random
import re
from contextlib import closing

from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.index.lexical import LexicalQuery
from assistant.index.rebuilding import rebuild
from assistant.server._uploads import Uploads
from tests.reliability.worlds import World

WORDS = "chợ cầu sông núi biển nắng mưa gió trường lớp".split()


def text_of(chance: random.Random) -> str:
    lines = [
        f"Bài {chance.randrange(40)} nói về {' và '.join(chance.sample(WORDS, 3))}."
        for _ in range(chance.randrange(1, 4))
    ]
    return "\n\n".join(lines)


def edited(world: World, model: dict[str, str], chance: random.Random) -> str:
    """One edit of the files and of the model; what it was."""
    name = chance.choice(sorted(model)) if model else ""
    kind = chance.choice(["add", "add", "edit", "edit", "delete", "rename", "title"])
    if kind == "add" or not model:
        name = f"{chance.randrange(10_000)}.txt"
        model[name] = text_of(chance)
        world.write({name: model[name]})
    elif kind == "edit":
        model[name] = text_of(chance)
        world.write({name: model[name]})
    elif kind == "delete":
        del model[name]
        world.write({name: None, f"{name}.yaml": None})
    elif kind == "rename":
        other = f"{chance.randrange(10_000)}.txt"
        model[other] = model.pop(name)
        world.write({name: None, f"{name}.yaml": None, other: model[other]})
    else:
        world.write({f"{name}.yaml": f"title: Tin {chance.randrange(99)}"})
    return f"{kind} {name}"


def run(world: World, seed: int, edits: int) -> list[str]:
    """``edits`` edits, several to an update; what was wrong after any of them."""
    chance = random.Random(seed)
    model: dict[str, str] = {}
    sent: dict[str, str] = {}
    wrong: list[str] = []
    done = 0
    world.write({"0.txt": "Bài đầu."})
    model["0.txt"] = "Bài đầu."
    world.update()
    while done < edits:
        some = chance.randrange(1, 12)
        told = [edited(world, model, chance) for _ in range(some)]
        done += some
        world.write({"anchor.txt": "Bài neo nói về neo."})
        with closing(Index.create(world.settings)) as index:
            index.update(read_articles([world.news]), [world.news], world.settings)
            _send(index, world, sent, chance)
            fault = _held(index, {*model.values(), *sent.values(), "Bài neo nói về neo."})
        if chance.random() < 0.05:
            told.append("rebuild")
            rebuild(world.settings)
        if fault:
            wrong.append(f"seed {seed}, after {done} ({told[-3:]}): {fault}")
    return wrong


def _send(index: Index, world: World, sent: dict[str, str], chance: random.Random) -> None:
    uploads = Uploads(index, world.settings)
    if chance.random() < 0.2:
        text = f"Tin gửi {chance.randrange(10_000)} về {chance.choice(WORDS)}."
        for article in uploads.add("tin.txt", text.encode()).articles:
            sent[article.id] = article.text
    if sent and chance.random() < 0.2:
        gone = chance.choice(sorted(sent))
        uploads.remove(gone)
        del sent[gone]


def _held(index: Index, texts: set[str]) -> str:
    """What the index holds or finds otherwise than the model; "" where all is the same."""
    found = {article.text for article in index.catalog.articles()}
    if found != texts:
        return f"more {sorted(found - texts)[:3]}, less {sorted(texts - found)[:3]}"
    view = index.view
    passages = {
        number: set(re.findall(r"\w+", f"{stored.title} {stored.passage.text}".lower()))
        for number, stored in view.catalog.passages(view.catalog.passage_numbers()).items()
    }
    if view.dense.stamp.count != len(passages):
        return "the dense index has others"
    for word in (*WORDS[:4], "tin"):  # the last stands in titles that are changed
        hits = view.lexical.search(LexicalQuery.of(word), 10_000)
        wanted = {n for n, words in passages.items() if word in words}
        if set(hits) != wanted:
            return f"{word!r} finds {sorted(hits)}, not {sorted(wanted)}"
    nearest = view.dense.search(index.encoder.embed_questions(["chợ"])[0], 10_000)
    return "" if set(nearest) == set(passages) else "the dense index finds others"
