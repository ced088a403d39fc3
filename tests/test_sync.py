"""An index follows feeds, sitemaps and lists: against a server on the loopback."""

from __future__ import annotations

import gzip
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assistant import cli
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import Article
from assistant.web import sync as syncing
from assistant.web._sync_state import SyncError
from assistant.web.feeds import Entry, FeedError, Listing, listing_in
from assistant.web.fetch import AGENT, Rules
from assistant.web.sync import FOLDER, Synced, sync
from tests import test_web_fetch
from tests.test_web_fetch import Site

site, rules = test_web_fetch.site, test_web_fetch.rules

NEWS = [
    "Ông Phan Văn Chín nuôi tôm ở Cà Mau từ năm 2019, và năm nay thu hoạch được hai vụ tôm.",
    "Bà Lê Thị Hoa mở lớp dạy đan lát ở Phú Tân, mỗi tuần ba buổi tối cho hai mươi học viên.",
    "Cầu Vàm Cống mới được sửa mặt đường trong mười đêm, xe tải nặng phải đi vòng qua phà.",
]
RSS = {"Content_Type": "application/rss+xml"}


@pytest.fixture
def chosen(tmp_path: Path, fake_encoder: None) -> Settings:
    return Settings(index=tmp_path / "index")


@pytest.fixture
def quick(rules: Rules) -> Rules:
    """The loopback counts as public, and nobody waits: by a constructor alone."""
    return replace(rules, pause=0.001)


def page(text: str) -> str:
    body = f"<article><h1>Tin</h1><p>{text}</p></article>"
    return f"<html><head><title>Tin</title></head><body>{body}</body></html>"


def rss(addresses: Sequence[str]) -> str:
    items = "".join(f"<item><title>Tin</title><link>{one}</link></item>" for one in addresses)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'


def publish(site: Site, texts: Sequence[str], **headers: str) -> str:
    """A feed of a page for each text; its address."""
    pages = [site.gives(f"/{n}.html", page(text), **headers) for n, text in enumerate(texts)]
    return site.gives("/feed", rss(pages), **RSS)


def articles(settings: Settings) -> list[Article]:
    catalog = Catalog.open(settings.index / CATALOG)
    found = catalog.articles()
    catalog.close()
    return found


def editions(settings: Settings) -> list[tuple[str, str]]:
    """Texts of before edits, each with that of today."""
    with closing(Catalog.open(settings.index / CATALOG)) as catalog:
        found = [(e.text, catalog.article(e.current).text) for e in catalog.editions()]
    return [(old.removeprefix("# Tin\n\n"), new.removeprefix("# Tin\n\n")) for old, new in found]


def generation(settings: Settings) -> int:
    catalog = Catalog.open(settings.index / CATALOG)
    found = catalog.generation
    catalog.close()
    return found


def texts(settings: Settings) -> set[str]:
    return {article.text.removeprefix("# Tin\n\n") for article in articles(settings)}


def asked(site: Site) -> list[str]:
    found = [head["path"] for head in site.heads]
    site.heads.clear()
    return found


# What is listed

ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/self"/>'
    '<entry><link rel="edit" href="/edit"/><link href="/a"/><updated>2025-01-02</updated></entry>'
    '<entry><link rel="alternate" href="http://other.example/b#c"/></entry></feed>'
)
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns="http://purl.org/rss/1.0/"><channel/><item><link>/a</link></item></rdf:RDF>'
)
SITEMAP = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    "<url><loc> http://bao.example/a </loc><lastmod>2025-01-02</lastmod></url>"
    "<url><loc>http://bao.example/b</loc></url><url/></urlset>"
)
A, B = "http://bao.example/a", "http://bao.example/b"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (rss([A, B, A]), [Entry(A), Entry(B)]),
        (rss(["/a", "b#part"]), [Entry(A), Entry(B)]),
        (rss([A]).replace("link>", "guid>"), [Entry(A)]),
        (rss([A]).replace("</item>", "<guid isPermaLink='false'>x</guid></item>"), [Entry(A)]),
        (rss([f"<![CDATA[{A}]]>"]), [Entry(A)]),
        (rss([A]) + "cut <short", [Entry(A)]),
        (rss([A]).replace("<title>", "<title>&nbsp;&lt; &"), [Entry(A)]),
        (ATOM, [Entry(A, "2025-01-02"), Entry("http://other.example/b")]),
        (RDF, [Entry(A)]),
        (SITEMAP, [Entry(A, "2025-01-02"), Entry(B)]),
        (f"# tin\n{A}  báo\n\n{B}\r\n", [Entry(A), Entry(B)]),
        ("\ufeff" + A, [Entry(A)]),
        ("\ufeff" + rss([A]), [Entry(A)]),
    ],
)
def test_what_a_listing_names(data: str, expected: list[Entry]) -> None:
    assert list(listing_in(data.encode(), "http://bao.example/").entries) == expected
    packed = gzip.compress(data.encode())
    assert list(listing_in(packed, "http://bao.example/").entries) == expected


def test_a_sitemap_index_names_further_ones() -> None:
    text = SITEMAP.replace("urlset", "sitemapindex").replace("url>", "sitemap>")
    found = listing_in(text.encode(), A)
    assert found == Listing((), (Entry(A, "2025-01-02"), Entry(B)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "lists no address"),
        (b"\0" * 50, "is no web address"),
        (b"xin ch\xc3\xa0o", "is no web address"),
        (b"<html><body>Tin</body></html>", "is a web page"),
        (b"<svg/>", "is no feed"),
        (b"<", "is no feed"),
        (b"<rss/>", "lists no address"),
        (b"\x1f\x8bno gzip", "damaged .gz"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><link>&x;'
         b"</link></item></channel></rss>", "lists no address"),
        (b'<!DOCTYPE r [<!ENTITY a "http://x/">' + b"".join(
            b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
        ) + b"]><rss><channel><item><link>&a9;</link></item></channel></rss>", "lists no address"),
    ],
)  # fmt: skip
def test_what_is_no_listing_is_told(data: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words) as caught:
        listing_in(data, "http://bao.example/")
    assert "\n" not in str(caught.value)


# Following


@pytest.mark.parametrize("headers", [{}, {"ETag": '"1"'}], ids=["plain", "etag"])
def test_what_is_new_edited_and_gone_is_followed(
    site: Site, chosen: Settings, quick: Rules, headers: dict[str, str]
) -> None:
    feed = publish(site, NEWS[:2], **headers)
    assert sync(chosen, feed, quick) == Synced(new=2)
    assert texts(chosen) == set(NEWS[:2])
    assert {a.source for a in articles(chosen)} == {site.at("/0.html"), site.at("/1.html")}
    assert all(head["User-Agent"] == AGENT for head in site.heads)
    assert asked(site) == ["/feed", "/0.html", "/1.html"]

    before = generation(chosen)
    assert sync(chosen, feed, quick) == Synced(unchanged=2)
    assert generation(chosen) == before

    edited = NEWS[0].replace("hai vụ", "ba vụ")
    changed = dict.fromkeys(headers, '"2"')
    publish(site, [edited, NEWS[1], NEWS[2]], **headers)
    site.gives("/0.html", page(edited), **changed)
    assert sync(chosen, feed, quick) == Synced(new=1, edited=1, unchanged=1)
    assert texts(chosen) == {edited, *NEWS[1:]}
    assert editions(chosen) == [(NEWS[0], edited)]

    site.gives("/1.html", "", 410)
    site.gives("/2.html", "", 500)
    done = sync(chosen, feed, quick)
    assert (done.removed, done.unchanged, len(done.faults)) == (1, 1, 1)
    assert done.faults[0].startswith(f"{site.at('/2.html')}: The page cannot be opened")
    assert texts(chosen) == {edited, NEWS[2]}  # what failed stays
    publish(site, [edited, NEWS[1], NEWS[2]], **changed)
    assert sync(chosen, feed, quick) == Synced(new=1, unchanged=2)  # it came back
    assert texts(chosen) == {edited, *NEWS[1:]}


def test_a_page_that_is_listed_no_more_is_asked_for_once(
    site: Site, chosen: Settings, quick: Rules
) -> None:
    feed = publish(site, NEWS)
    sync(chosen, feed, quick)
    site.gives("/feed", rss([site.at("/2.html")]), **RSS)
    site.gives("/0.html", "", 404)
    asked(site)
    assert sync(chosen, feed, quick) == Synced(removed=1, unchanged=2)
    assert asked(site) == ["/feed", "/2.html", "/0.html", "/1.html"]
    assert texts(chosen) == set(NEWS[1:])
    assert sync(chosen, feed, quick) == Synced(unchanged=1)
    assert asked(site) == ["/feed", "/2.html"]
    assert texts(chosen) == set(NEWS[1:])


def test_what_the_listing_says_is_unchanged_is_not_asked_for(
    site: Site, chosen: Settings, quick: Rules
) -> None:
    def listed(day: str) -> None:
        address = site.gives("/0.html", page(NEWS[0]))
        entry = f"<url><loc>{address}</loc><lastmod>{day}</lastmod></url>"
        site.gives("/map.xml", f"<urlset>{entry}</urlset>", Content_Type="text/xml")

    listed("2025-01-02")
    index = f"<sitemapindex><sitemap><loc>{site.at('/map.xml')}</loc></sitemap></sitemapindex>"
    whole = site.gives("/index.xml", index, Content_Type="text/xml", ETag='"x"')
    assert sync(chosen, whole, quick) == Synced(new=1)
    asked(site)
    assert sync(chosen, whole, quick) == Synced(unchanged=1)
    assert asked(site) == ["/index.xml", "/map.xml"]
    listed("2025-01-03")
    assert sync(chosen, whole, quick) == Synced(unchanged=1)
    assert asked(site) == ["/index.xml", "/map.xml", "/0.html"]


def test_a_file_of_addresses_is_followed(
    site: Site, chosen: Settings, quick: Rules, tmp_path: Path
) -> None:
    publish(site, NEWS)
    listed = tmp_path / "list.txt"
    lines = ["# mine", site.at("/0.html"), site.at("/missing"), site.at("/", "inside.example"),
             "http://localhost:1/", site.at("/pic")]  # fmt: skip
    site.gives("/pic", "x", Content_Type="image/png")
    listed.write_text("\n".join(lines))
    done = sync(chosen, str(listed), quick)
    assert (done.new, len(done.faults)) == (1, 4)
    told = " ".join(done.faults)
    for words in ("status 404", "inside.example is not read", "ports 80 and 443", "image/png"):
        assert words in told
    listed.write_text("\n".join(lines[:2]))
    assert sync(chosen, str(listed), quick) == Synced(unchanged=1)


def test_an_edited_page_that_is_of_another_kind_now_keeps_what_it_said(
    site: Site, chosen: Settings, quick: Rules
) -> None:
    feed = publish(site, NEWS[:2])
    sync(chosen, feed, quick)
    site.gives("/0.html", NEWS[2], Content_Type="text/plain; charset=utf-8")
    assert sync(chosen, feed, quick).edited == 1
    assert texts(chosen) == {NEWS[1], NEWS[2]}
    assert editions(chosen) == [(NEWS[0], NEWS[2])]
    site.gives("/0.html", "", 410)
    sync(chosen, feed, quick)
    assert editions(chosen) == []


def test_two_addresses_of_one_text_are_one_article(
    site: Site, chosen: Settings, quick: Rules
) -> None:
    feed = publish(site, [NEWS[0], NEWS[0], NEWS[1]])
    sync(chosen, feed, quick)
    assert len(articles(chosen)) == 2
    site.gives("/0.html", "", 404)
    assert sync(chosen, feed, quick).removed == 1
    assert texts(chosen) == set(NEWS[:2])  # the other address still says it
    site.gives("/1.html", page(NEWS[1]))  # now says what the third does
    assert sync(chosen, feed, quick).edited == 1
    assert texts(chosen) == {NEWS[1]}


def test_what_came_from_elsewhere_stays_there(site: Site, chosen: Settings, quick: Rules) -> None:
    index = Index.create(chosen)
    Uploads(index, chosen).add("tin.html", page(NEWS[0]).encode())
    (before,) = index.catalog.article_paths().values()
    feed = publish(site, NEWS[:2])
    sync(chosen, feed, quick)
    site.gives("/0.html", "", 410)
    sync(chosen, feed, quick)
    assert before in index.catalog.article_paths().values()
    assert texts(chosen) == set(NEWS[:2])
    index.close()


def test_an_index_made_anew_has_the_pages_again_but_what_was_removed(
    site: Site, chosen: Settings, quick: Rules
) -> None:
    feed = publish(site, NEWS, ETag='"1"')
    sync(chosen, feed, quick)
    index = Index.open(chosen)
    (unwanted,) = [a.id for a in articles(chosen) if NEWS[1] in a.text]
    assert not Uploads(index, chosen).remove(unwanted)  # nothing is left to be indexed again
    index.close()
    assert sync(chosen, feed, quick) == Synced(unchanged=3)
    assert texts(chosen) == {NEWS[0], NEWS[2]}
    for path in chosen.index.iterdir():
        if path.name.startswith("catalog"):
            path.unlink()
        elif path.is_dir() and path.name != "uploads":
            shutil.rmtree(path)
    assert sync(chosen, feed, quick) == Synced(unchanged=3)
    assert texts(chosen) == {NEWS[0], NEWS[2]}


def test_an_interrupted_run_goes_on(site: Site, chosen: Settings, quick: Rules) -> None:
    feed = publish(site, NEWS)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syncing, "BATCH", 1)
        with pytest.raises(KeyboardInterrupt):
            sync(chosen, feed, quick, stop)
    assert len(articles(chosen)) == 1
    asked(site)
    assert sync(chosen, feed, quick) == Synced(new=2, unchanged=1)
    assert texts(chosen) == set(NEWS)


def test_many_pages_take_several_runs(site: Site, chosen: Settings, quick: Rules) -> None:
    feed = publish(site, NEWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syncing, "MOST_PAGES", 2)
        assert sync(chosen, feed, quick) == Synced(new=2, left=1)
        assert sync(chosen, feed, quick) == Synced(new=1, unchanged=1, left=1)  # new ones first


def test_a_tired_host_is_left_alone(site: Site, chosen: Settings, quick: Rules) -> None:
    feed = publish(site, NEWS)
    for n in range(3):
        site.gives(f"/{n}.html", "", 503)
    asked(site)
    done = sync(chosen, feed, quick)
    assert (done.new, done.left, len(done.faults)) == (0, 2, 1)
    assert asked(site) == ["/feed", "/0.html"]


def test_a_host_is_asked_with_pauses_and_one_at_a_time(
    site: Site, chosen: Settings, rules: Rules
) -> None:
    feed = publish(site, NEWS[:2])
    site.gives(
        "/robots.txt", "User-agent: *\nCrawl-delay: 0.2\nDisallow: /1", Content_Type="text/plain"
    )
    began = time.monotonic()
    done = sync(chosen, feed, replace(rules, pause=0.05))
    assert time.monotonic() - began > 0.2  # between the feed and the page
    assert done.new == 1
    assert "asks programs not to read this page (robots.txt)" in done.faults[0]
    assert asked(site) == ["/feed", "/0.html"]


def test_a_page_without_text_is_told_once(site: Site, chosen: Settings, quick: Rules) -> None:
    feed = publish(site, NEWS[:1])
    site.gives("/0.html", "<html></html>")
    (fault,) = sync(chosen, feed, quick).faults
    assert fault.startswith(f"{site.at('/0.html')} holds no text")
    assert not (chosen.index / CATALOG).exists()  # nor is an empty index left
    assert sync(chosen, feed, quick) == Synced(unchanged=1)


def test_two_runs_do_not_meet(site: Site, chosen: Settings, quick: Rules) -> None:
    feed = publish(site, NEWS[:1])
    told: list[Any] = []

    def meanwhile(done: int, total: int) -> None:
        def another() -> None:
            try:
                sync(chosen, feed, quick)
            except SyncError as error:
                told.append(error)

        thread = threading.Thread(target=another)
        thread.start()
        thread.join(20)

    sync(chosen, feed, quick, meanwhile)
    assert "wait for its end" in str(told[0])


def test_the_command_says_what_happened(
    site: Site, chosen: Settings, quick: Rules, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    feed = publish(site, NEWS[:2])
    line = ["sync", feed, "--index", str(chosen.index)]
    assert cli.main(line) == 2  # no setting lets it ask this machine
    told = f"assistant: {feed}: Only the ports 80 and 443 of a web address are read\n"
    assert capsys.readouterr().err == told
    monkeypatch.setattr(syncing, "sync", partial(sync, rules=quick))
    assert cli.main(line) == 0
    counts = "2 new, 0 edited, 0 removed, 0 unchanged, 0 not read"
    assert capsys.readouterr().out == f"{chosen.index}: {counts}\n"
    site.gives("/1.html", "", 500)
    assert cli.main(line) == 1
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert "1 unchanged, 1 not read" in shown.out
    assert cli.main(["sync", str(chosen.index / "none.txt"), "--index", str(chosen.index)]) == 2
    assert "none.txt cannot be read: No such file" in capsys.readouterr().err


def test_what_is_kept_is_private(site: Site, chosen: Settings, quick: Rules) -> None:
    sync(chosen, publish(site, NEWS[:1]), quick)
    assert (chosen.index / "uploads" / FOLDER).stat().st_mode & 0o077 == 0
