"""Which articles a question is asked of: days, newspaper, author, from every way in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.index._catalog_rows import digest_of
from assistant.index.catalog import Catalog
from assistant.index.index import Index
from assistant.retrieval.filtering import Known, among, checked, told
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.settings import Settings
from assistant.types import NO_FILTER, Article, Filter, FilterError
from tests.fixtures import FakeEncoder, lines_of, make_article

DAY, PAPERS = "2025-08-05", ("Tuổi Trẻ", "Báo Thanh Niên", "https://www.vnexpress.net/a-1.html")
FACTS = [
    ("", "", ""),
    ("2025-08-04", PAPERS[0], "Lê Hòa"),
    ("2025-08-05", PAPERS[1], "Lê Hòa, Trần Bình"),
    ("2025-08-06", PAPERS[2], "Ann Lee"),
    ("2025-09-01", "Tuổi Trẻ Cười", ""),
]


def store(catalog: Catalog) -> list[Article]:
    """An article for each of FACTS, of two passages that all tell of the bridge."""
    found = [
        replace(
            make_article(f"Cầu số {n} đã thông xe.\nCầu số {n} dài 90 m."),
            date=date, source=source, author=author,
        )
        for n, (date, source, author) in enumerate(FACTS)
    ]  # fmt: skip
    lines = [passage.text for article in found for passage in lines_of(article)]
    vectors = FakeEncoder(Settings()).embed_passages(lines)
    catalog.add(
        [(article, lines_of(article)) for article in found],
        dict(zip(map(digest_of, lines), vectors, strict=True)),
    )
    return found


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    store(catalog)
    return catalog


@pytest.fixture
def index(tmp_path: Path, fake_encoder: None) -> Iterator[Index]:
    made = Index.create(Settings(index=tmp_path / "index"))
    store(made.catalog)
    made.refresh()
    yield made
    made.close()


def numbers(catalog: Catalog, filter: Filter) -> set[int]:
    """Which of FACTS are let through."""
    there = among(filter, (), Known.of(catalog))
    order = {a.id: int(a.text.split()[2]) for a in catalog.articles()}
    passages = catalog.passage_articles()
    kept = there.passages(number for number, _ in passages)
    return {order[article_id] for number, article_id in passages if number in kept}


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (Filter(), {0, 1, 2, 3, 4}),
        (Filter(since="2025-08-05"), {2, 3, 4}),
        (Filter(since="5/8/2025"), {2, 3, 4}),
        (Filter(since="ngày 5 tháng 8 năm 2025"), {2, 3, 4}),
        (Filter(until="05-08-2025"), {1, 2}),
        (Filter("5/8/2025", "August 6, 2025"), {2, 3}),
        (Filter("5/8/2025", "5/8/2025"), {2}),
        (Filter(since="1/1/2026"), set()),
        (Filter(source="tuoi tre"), {1}),  # not "Tuổi Trẻ Cười", since one is just that
        (Filter(source="Thanh Niên"), {2}),
        (Filter(source="vnexpress.net"), {3}),
        (Filter(source="VnExpress"), {3}),
        (Filter(source="https://vnexpress.net/khac.html"), {3}),
        (Filter(source="cười"), {4}),
        (Filter(author="lê hoà"), {1, 2}),
        (Filter(author="Trần Bình"), {2}),
        (Filter(since="5/8/2025", author="Lê Hòa"), {2}),
        (Filter(source="  ", author=" "), {0, 1, 2, 3, 4}),
    ],
)
def test_what_a_filter_lets_through(filled: Catalog, filter: Filter, expected: set[int]) -> None:
    assert numbers(filled, filter) == expected


def test_an_article_without_a_date_is_outside_of_every_filter_by_day(filled: Catalog) -> None:
    assert 0 not in numbers(filled, Filter(since="1/1/1900")) | numbers(filled, Filter("", DAY))


@pytest.mark.parametrize(
    ("filter", "language", "line"),
    [
        (
            Filter(since="hôm qua"),
            "vi",
            "“hôm qua” không phải một ngày; hãy viết như 5/8/2025 hoặc 2025-08-05",
        ),
        (Filter(until="31/2/2025"), "en", "“31/2/2025” is no day; write it like 5/8/2025"),
        (Filter("6/8/2025", "5/8/2025"), "vi", "Từ ngày 2025-08-06 lại sau đến ngày 2025-08-05"),
        (Filter(source="Tuổi Tre Cuời Xuân"), "vi", "gần nhất: Tuổi Trẻ Cười, Tuổi Trẻ"),
        (Filter(source="vnexpres"), "en", "No article is from “vnexpres”; nearest: vnexpress.net"),
        (Filter(author="Ann Leigh"), "en", "No article is by “Ann Leigh”; nearest: Ann Lee"),
        (Filter(source="?!"), "en", "No article is from “?!”"),
        (Filter(source="x" * 5000), "en", "No article is from"),
    ],
)
def test_what_is_wrong_with_a_filter_is_said_in_one_line(
    filled: Catalog, filter: Filter, language: str, line: str
) -> None:
    known = Known.of(filled)
    with pytest.raises(FilterError) as caught:
        checked(filter, known)
    said = told(caught.value, language)
    assert line in said
    assert "\n" not in said and len(said) < 400
    assert str(caught.value) == told(caught.value, "en")


def test_articles_that_name_no_newspaper_cannot_be_chosen_by_it(catalog: Catalog) -> None:
    catalog.add([(make_article("Cầu."), [])], {})
    for kind in ("source", "author"):
        with pytest.raises(FilterError, match=f"leave the {kind} out$"):
            checked(Filter(**{kind: "x"}), Known.of(catalog))


def test_a_checked_filter_has_iso_days_and_names_as_the_articles_do(filled: Catalog) -> None:
    known = Known.of(filled)
    found = checked(Filter("5/8/2025", "", "tuoi tre", "ann lee"), known)
    assert found == Filter("2025-08-05", "", "Tuổi Trẻ", "Ann Lee")
    assert checked(found, known) == found
    assert checked(Filter(), known) == NO_FILTER


days = st.sampled_from(["", "2025-08-04", "2025-08-05", "2025-08-06", "2025-09-01", "2026-01-01"])
names = st.sampled_from(["", "Tuổi Trẻ", "thanh niên", "vnexpress"])


@given(since=days, until=days, source=names, left=st.sets(st.integers(0, 4)))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_searchers_find_what_is_let_through_and_nothing_else(
    index: Index, since: str, until: str, source: str, left: set[int]
) -> None:
    if since and until and since > until:
        since, until = until, since
    filter, articles = Filter(since, until, source), index.catalog.articles()
    order = {a.id: int(a.text.split()[2]) for a in articles}
    exclude = [a.id for a in articles if order[a.id] in left]
    there = among(filter, exclude, Known.of(index.catalog))
    query = make_query(index, "cầu dài bao nhiêu, thông xe chưa")
    found = rank(index, query, there.exclude, there.only)
    expected = numbers(index.catalog, filter) - left
    assert {order[c.stored.passage.article_id] for c in found} == expected
    assert len(found) == 2 * len(expected)
    scores = {c.stored.id: c.bm25 for c in rank(index, query)}
    for one in found:  # what is chosen among changes no score
        assert one.bm25 == pytest.approx(scores[one.stored.id], rel=1e-5)


def test_many_passages_are_chosen_among_quickly(catalog: Catalog) -> None:
    first = dt.date(2020, 1, 1)
    pairs = []
    for n in range(500):
        article = replace(make_article(f"Tin {n}."), date=str(first + dt.timedelta(n)))
        pairs.append((article, lines_of(article)))
    catalog.add(pairs, {})
    known = Known.of(catalog)
    late = among(Filter(since=str(first + dt.timedelta(490))), (), known)
    early = among(Filter(until=str(first + dt.timedelta(489))), (), known)
    assert late.only is not None and len(late.only) == 10 and not late.exclude
    assert early.only is None and early.exclude == late.only  # the smaller set is what is passed on
