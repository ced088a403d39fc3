"""The two derived indexes: scores worked out by hand, and nothing read that was not checked."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest

from assistant.index import _stamps as stamps
from assistant.index._dense import Dense
from assistant.index._language_centring import Centring
from assistant.index._stamps import Stamp
from assistant.index.catalog import Catalog
from assistant.index.lexical import Lexical, LexicalQuery
from assistant.settings import Settings
from assistant.text.term_rarity import tellingness
from assistant.text.terms import fold
from assistant.types import Vectors
from tests.fixtures import FakeEncoder, add_articles, replace_content

UNCENTRED = Centring({}, {})
LINES = (
    "bí thư phường Lái Thiêu",
    "bí thư phường Tân Phước",
    "phường Tân Phước có cảng biển",
    "hai phường họp",
    "họp",
)


def question(text: str) -> Vectors:
    return FakeEncoder(Settings()).embed_questions([text])[0]


@pytest.fixture
def dense(catalog: Catalog, tmp_path: Path) -> Dense:
    """Of LINES, numbered from 1."""
    add_articles(catalog, "\n".join(LINES), title="")
    return Dense.build(tmp_path, catalog, UNCENTRED)


@pytest.fixture
def lexical(catalog: Catalog, tmp_path: Path) -> Lexical:
    """Of LINES, numbered from 1."""
    add_articles(catalog, "\n".join(LINES), title="")
    return Lexical.build(tmp_path, catalog)


# Dense


def test_dense_scores_are_cosines(dense: Dense) -> None:
    # Of the two terms, line 5 has one of one, line 4 both of three, lines 1 to 3 one of 5, 5, 6.
    expected = {
        4: 2 / math.sqrt(2 * 3),
        5: 1 / math.sqrt(2 * 1),
        1: 1 / math.sqrt(2 * 5),
        2: 1 / math.sqrt(2 * 5),
        3: 1 / math.sqrt(2 * 6),
    }
    found = dense.search(question("phường họp"), 10)
    assert found == pytest.approx(expected, abs=2e-3)  # kept in half precision
    assert list(found)[:2] == [4, 5]
    assert list(found)[-1] == 3
    assert dense.similarities(question("phường họp"), [3, 5]) == pytest.approx(
        {3: expected[3], 5: expected[5]}, abs=2e-3
    )


def test_dense_agrees_with_brute_force(catalog: Catalog, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = [chr(ord("a") + i) for i in range(20)]
    lines = {" ".join(random.choice(words, 6)) for _ in range(200)}
    add_articles(catalog, "\n".join(lines))
    dense = Dense.build(tmp_path, catalog, UNCENTRED)
    numbers, _, vectors = catalog.passage_vectors()
    left_out = set(numbers[::3])
    for text in ("a b c", "d", "a b c d e f g h"):
        scores = dict(zip(numbers, vectors @ question(text), strict=True))
        allowed = {n: s for n, s in scores.items() if n not in left_out}
        for exclude, expected in (((), scores), (left_out, allowed)):
            found = dense.search(question(text), 10, exclude)
            best = sorted(expected.values(), reverse=True)[:10]
            assert list(found.values()) == pytest.approx(best, abs=1e-5)
            assert found == pytest.approx({n: expected[n] for n in found}, abs=1e-5)


def test_dense_centres_passages_by_their_language(catalog: Catalog, tmp_path: Path) -> None:
    add_articles(catalog, "bí thư phường", language="vi")
    add_articles(catalog, "bí thư họp", language="en")
    # In Vietnamese "phường" is taken out: what stays points to "bí" and "thư".
    vietnamese = question("phường") / math.sqrt(3)
    other = np.zeros_like(vietnamese)
    dense = Dense.build(tmp_path, catalog, Centring({}, {"vi": vietnamese, "": other}))
    found = dense.search(question("bí thư"), 2)
    assert found == pytest.approx({1: 1.0, 2: 2 / math.sqrt(2 * 3)}, abs=2e-3)


def test_an_empty_dense_index_finds_nothing(catalog: Catalog, tmp_path: Path) -> None:
    dense = Dense.build(tmp_path, catalog, UNCENTRED)
    assert dense.search(question("phường"), 5) == {}
    assert dense.similarities(question("phường"), []) == {}
    assert isinstance(Dense.open(tmp_path, dense.stamp), Dense)


@pytest.mark.parametrize("arm", ["dense", "lexical"])
def test_excluded_passages_are_not_found_and_do_not_take_places(
    arm: str, dense: Dense, catalog: Catalog, tmp_path: Path
) -> None:
    lexical = Lexical.build(tmp_path, catalog)

    def found(top_k: int, *exclude: int) -> set[int]:
        if arm == "dense":
            return set(dense.search(question("bí thư phường"), top_k, exclude))
        return set(lexical.search(LexicalQuery.of("bí thư phường"), top_k, exclude))

    assert found(2) == {1, 2}
    assert found(2, 1) == {2, 4}
    assert found(2, 1, 2, 4) <= {3, 5}
    assert found(9, 1, 2, 3, 4, 5, 99) == set()


# BM25, with k1 = 1.2 and b = 0.75, over 5 passages with 5, 5, 6, 3 and 1 terms: on average 4.


def bm25(n: int, length: int, times: int = 1, average: float = 4, total: int = 5) -> float:
    """Of a term that ``n`` of ``total`` passages have, in one of ``length`` terms."""
    idf = math.log(1 + (total - n + 0.5) / (n + 0.5))
    return idf * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / average))


def test_lexical_scores_are_bm25(lexical: Lexical) -> None:
    assert lexical.search(LexicalQuery.of("họp"), 9) == pytest.approx(
        {5: bm25(2, 1), 4: bm25(2, 3)}
    )
    found = lexical.search(LexicalQuery.of("cảng, cảng?"), 9)  # asked twice: twice the weight
    assert found == pytest.approx({3: 2 * bm25(1, 6)})


def test_pairs_of_terms_count_three_tenths(lexical: Lexical) -> None:
    # Pairs: 4, 4, 5, 2 and 0 to a passage, 3 on average. "thư bí" is a pair of none.
    pair = 0.3 * bm25(2, 4, average=3)
    terms = 2 * bm25(2, 5)
    expected = pytest.approx({1: terms + pair, 2: terms + pair})
    assert lexical.search(LexicalQuery.of("bí thư"), 9) == expected
    assert lexical.search(LexicalQuery.of("thư bí"), 9) == pytest.approx({1: terms, 2: terms})


def test_accents_tell_terms_apart_unless_the_question_has_none(lexical: Lexical) -> None:
    assert lexical.search(LexicalQuery.of("hợp"), 9) == {}
    assert lexical.search(LexicalQuery.of("hop"), 9) == {}
    folded = lexical.search(LexicalQuery.of("hợp", typed="hop"), 9)
    assert folded == pytest.approx({5: bm25(2, 1), 4: bm25(2, 3)})


def test_i_and_y_of_a_syllable_find_each_other(catalog: Catalog, tmp_path: Path) -> None:
    add_articles(catalog, "hội Mỹ thuật\nmột bác sỹ\nhàng quí hiếm\nmái tai", title="")
    lexical = Lexical.build(tmp_path, catalog)
    for asked, number in (("mĩ thuật", 1), ("sĩ", 2), ("quý", 3), ("may tay", None)):
        for query in (LexicalQuery.of(asked), LexicalQuery.of(asked, typed=fold(asked))):
            assert list(lexical.search(query, 9)) == ([number] if number else [])


def test_the_words_of_a_title_find_every_passage_of_its_article(
    catalog: Catalog, tmp_path: Path
) -> None:
    add_articles(catalog, "vốn là 36 tỉ đồng\ncông trình xong năm nay", title="Kè suối Nậm Pia")
    add_articles(catalog, "vốn là 14 tỉ đồng", title="Chợ Trà Lĩnh")
    lexical = Lexical.build(tmp_path, catalog)
    assert lexical.search(LexicalQuery.of("kè Nậm Pia"), 9).keys() == {1, 2}
    assert list(lexical.search(LexicalQuery.of("vốn kè Nậm Pia"), 9)) == [1, 2, 3]


def test_in_another_language_names_are_found_without_their_accents(lexical: Lexical) -> None:
    asked = LexicalQuery.of("Who is Bi Thu?")  # "bi_thu" is a pair of two passages
    # What ordinary texts hold tells less than a name.
    telling = min(tellingness(term, folded=True) for term in ("bi", "thu"))
    pair = telling * bm25(2, 4, average=3)
    assert 0 < telling < 1
    assert lexical.search_names(asked, 9) == pytest.approx({1: pair, 2: pair})
    assert lexical.search(asked, 9) == {}
    # A term that both languages write alike counts a tenth.
    tenth = 0.1 * tellingness("họp")
    assert lexical.search_names(LexicalQuery.of("họp"), 9) == pytest.approx(
        {5: tenth * bm25(2, 1), 4: tenth * bm25(2, 3)}
    )


@pytest.mark.parametrize("text", ["", "😀 …", "zzz", 'AND OR NOT ( * " : ^ ~'])
def test_a_question_without_known_terms_finds_nothing(lexical: Lexical, text: str) -> None:
    assert lexical.search(LexicalQuery.of(text), 9) == {}
    assert lexical.weigh(LexicalQuery.of(text)).known == 0


def test_of_a_very_long_question_the_most_frequent_terms_are_searched(lexical: Lexical) -> None:
    strange = [f"x{i}" for i in range(300)]
    assert lexical.search(LexicalQuery.of(" ".join([*strange, "họp", "họp"])), 9).keys() == {4, 5}
    assert lexical.search(LexicalQuery.of(" ".join([*strange, "họp"])), 9) == {}


def test_weights_are_rarity_here_times_rarity_in_general(lexical: Lexical) -> None:
    found = lexical.weigh(LexicalQuery(("cảng", "phường", "zzz"))).terms
    nothing = math.log(1 + 5.5 / 0.5)
    assert found == pytest.approx(
        {
            "cảng": math.log(1 + 4.5 / 1.5) / nothing * tellingness("cảng"),
            "phường": math.log(1 + 1.5 / 4.5) / nothing * tellingness("phường"),
            "zzz": 1.0,
        }
    )


def test_passages_left_out_do_not_count(lexical: Lexical) -> None:
    # Without line 3, no passage has "cảng", and one has "Tân".
    found = lexical.weigh(LexicalQuery(("cảng", "tân")), without=[LINES[2]]).terms
    nothing = math.log(1 + 4.5 / 0.5)
    assert found["cảng"] == pytest.approx(tellingness("cảng"))
    assert found["tân"] == pytest.approx(math.log(1 + 3.5 / 1.5) / nothing * tellingness("tân"))


@pytest.mark.parametrize(
    ("text", "typed", "low", "high"),
    [
        ("bí thư phường Lái Thiêu", "", 1, 1),
        ("bí thư phường Lái Thiêu", "bi thu phuong lai thieu", 1, 1),
        ("who is the secretary", "", 0, 0),
        ("phường Vinamilk", "", 0.001, 0.5),  # the rarer of the two is not known
    ],
)
def test_known_is_the_share_of_the_question_that_the_index_has(
    lexical: Lexical, text: str, typed: str, low: float, high: float
) -> None:
    assert low <= lexical.weigh(LexicalQuery.of(text, typed)).known <= high


def test_pairs_left_out_do_not_count(catalog: Catalog, lexical: Lexical, tmp_path: Path) -> None:
    items = ("tân", "phước", "có")
    without = lexical.pair_weights(items, without=[LINES[1]])
    (article,) = catalog.articles()
    catalog.remove([article.id])
    add_articles(catalog, "\n".join(line for line in LINES if line != LINES[1]), title="")
    assert without == pytest.approx(Lexical.build(tmp_path, catalog).pair_weights(items))
    assert without != lexical.pair_weights(items)


def test_known_leaves_out_what_is_left_out(lexical: Lexical) -> None:
    query = LexicalQuery.of("cảng biển")
    assert lexical.weigh(query).known == 1
    assert lexical.weigh(query, without=[LINES[2]]).known == 0


def test_the_words_of_questions_tell_less_than_names() -> None:
    assert 0 < tellingness("the") < 0.1
    assert tellingness("gì") < tellingness("phường") < tellingness("zzz") == 1
    assert tellingness("là") < 0.5
    assert tellingness("la", folded=True) < tellingness("là")  # là, lá, lạ and la together


# Catching up


def state(lexical: Lexical) -> list[dict[object, float]]:
    """Everything a search can tell of the index, to five digits."""
    queries = [LexicalQuery.of(text) for text in (*LINES, "mới", "bí thư mới")]
    queries += [LexicalQuery.of("", typed=fold(text)) for text in LINES]
    found = []
    for query in queries:
        scores = lexical.search(query, 99) | {"known": lexical.weigh(query).known}
        scores |= lexical.weigh(query).terms | lexical.pair_weights(query.terms)
        found.append({key: round(score, 5) for key, score in scores.items()})
    return found


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_catching_up_is_building_anew(catalog: Catalog, tmp_path: Path, removed: int) -> None:
    articles = add_articles(catalog, *LINES)
    old = Lexical.build(tmp_path, catalog)
    catalog.remove([article.id for article in articles[:removed]])
    add_articles(catalog, "bí thư mới họp", "câu mới")
    before = state(old)
    caught_up = Lexical.catch_up(tmp_path, old.stamp, catalog)
    assert caught_up.stamp.generation == catalog.generation
    assert caught_up.stamp.count == len(LINES) + 2 - removed
    found = state(caught_up)
    opened = Lexical.open(tmp_path, caught_up.stamp)
    assert isinstance(opened, Lexical)
    assert state(opened) == found
    assert state(Lexical.build(tmp_path, catalog)) == found
    assert state(old) == before  # who answers from it is not disturbed
    as_it_was = Lexical.open(tmp_path, old.stamp)
    assert isinstance(as_it_was, Lexical)
    assert state(as_it_was) == before


def test_what_was_removed_counts_no_more(catalog: Catalog, tmp_path: Path) -> None:
    (gone,) = add_articles(catalog, "cảng Cái Mép")
    add_articles(catalog, "\n".join(f"câu số x{i}" for i in range(60)))
    old = Lexical.build(tmp_path, catalog)
    catalog.remove([gone.id])
    caught_up = Lexical.catch_up(tmp_path, old.stamp, catalog)
    assert caught_up.stamp.count == 60
    query = LexicalQuery.of("cảng Cái Mép")
    assert caught_up.search(query, 9) == {}
    assert caught_up.weigh(query).known == 0
    assert {p.name for p in tmp_path.glob("lexical-*")} == {old.stamp.name, caught_up.stamp.name}


def test_what_replaces_an_open_index_leaves_it_be(catalog: Catalog, tmp_path: Path) -> None:
    add_articles(catalog, "phường Lái Thiêu")
    old = Lexical.build(tmp_path, catalog)
    new = Lexical.build(tmp_path, catalog)
    stamps.clear(tmp_path, stamps.Stamps(new.stamp, new.stamp))
    assert [path.name for path in tmp_path.glob("lexical-*")] == [new.stamp.name]
    assert old.search(LexicalQuery.of("Lái Thiêu"), 9).keys() == {1}  # its files are open
    assert isinstance(Lexical.open(tmp_path, new.stamp), Lexical)


def test_a_damaged_index_is_not_caught_up(catalog: Catalog, tmp_path: Path) -> None:
    add_articles(catalog, *LINES)
    old = Lexical.build(tmp_path, catalog)
    flip_a_byte(next((tmp_path / old.stamp.name).glob("*.term")))
    add_articles(catalog, "câu mới")
    new = Lexical.catch_up(tmp_path, old.stamp, catalog)
    assert isinstance(Lexical.open(tmp_path, new.stamp), Lexical)
    assert not set(new.stamp.files) & set(old.stamp.files) - {"meta.json", ".managed.json"}
    assert state(new) == state(Lexical.build(tmp_path, catalog))


def test_a_file_that_is_damaged_later_keeps_its_checksum(catalog: Catalog, tmp_path: Path) -> None:
    add_articles(catalog, *LINES)
    old = Lexical.build(tmp_path, catalog)
    add_articles(catalog, "câu mới")
    new = Lexical.catch_up(tmp_path, old.stamp, catalog)
    same = set(new.stamp.files) & set(old.stamp.files) - {"meta.json", ".managed.json"}
    assert same
    assert all(new.stamp.files[name] == old.stamp.files[name] for name in same)


# Stamps and checksums

Opened = Callable[[Path, Stamp], Dense | Lexical | str]


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace_content(path, bytes(content))


def cut(path: Path) -> None:
    replace_content(path, path.read_bytes()[:-1])


@pytest.fixture(params=["dense", "lexical"])
def built(
    request: pytest.FixtureRequest, catalog: Catalog, tmp_path: Path
) -> tuple[Opened, Path, Stamp]:
    """How a derived index is opened, the largest of its files, and its stamp."""
    add_articles(catalog, "\n".join(LINES))
    if request.param == "dense":
        stamp = Dense.build(tmp_path, catalog, UNCENTRED).stamp
        return Dense.open, tmp_path / stamp.name, stamp
    stamp = Lexical.build(tmp_path, catalog).stamp
    files = (tmp_path / stamp.name).iterdir()
    return Lexical.open, max(files, key=lambda p: p.stat().st_size), stamp


def test_a_sound_index_opens(built: tuple[Opened, Path, Stamp], tmp_path: Path) -> None:
    opened, _, stamp = built
    index = opened(tmp_path, stamp)
    assert not isinstance(index, str)
    assert index.stamp.count == len(LINES)


@pytest.mark.parametrize("harm", [flip_a_byte, cut, os.unlink])
def test_harm_to_a_file_is_found_before_it_is_read(
    built: tuple[Opened, Path, Stamp],
    tmp_path: Path,
    harm: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, file, stamp = built
    monkeypatch.setattr(faiss, "deserialize_index", _must_not_run)
    monkeypatch.setattr("assistant.index.lexical.tantivy.Index", _Unopened)
    harm(file)
    why = opened(tmp_path, stamp)
    assert isinstance(why, str)
    assert file.name in why
    assert ("missing" if harm is os.unlink else "damaged") in why


def _must_not_run(*args: object) -> None:
    raise AssertionError("an index file was read before its checksum matched")


class _Unopened:
    open = staticmethod(_must_not_run)


def test_a_build_cut_short_leaves_what_was(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_articles(catalog, *LINES)
    lexical = Lexical.build(tmp_path, catalog)
    before = state(lexical)
    add_articles(catalog, "câu mới")
    monkeypatch.setattr("assistant.index.lexical._document", _broken)
    with pytest.raises(RuntimeError):
        Lexical.catch_up(tmp_path, lexical.stamp, catalog)
    opened = Lexical.open(tmp_path, lexical.stamp)
    assert isinstance(opened, Lexical)
    assert state(opened) == before


def _broken(*args: object) -> None:
    raise RuntimeError("interrupted")


def test_the_catalog_keeps_the_stamps_of_its_state(catalog: Catalog) -> None:
    assert stamps.read(catalog) is None
    one = Stamp("dense-3-0", 3, {"model": "bundled"}, 7, {"a": "0" * 64})
    other = Stamp("lexical-3-0", 3, {"model": "bundled"}, 7, {"b": "0" * 64})
    with catalog.renewal() as changes:
        changes.derive(stamps.written(stamps.Stamps(one, other)))
    assert stamps.read(catalog) == stamps.Stamps(one, other)
