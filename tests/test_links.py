"""Links, images and HTML never leave a model's stream, however it is cut."""

import re
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.answering._cited_stream import Policy
from assistant.answering.link_filter import LONGEST, AddressFilter, LinkFilter, plain
from tests.test_composing import composed

OWN = "https://tuoitre.vn/abc-1.htm"
KNOWN = ["TS.BS Nam của Booking.com, thư gửi về hop.thu@bao.vn."]


def cleaned(*pieces: str) -> str:
    links, addresses = LinkFilter(), AddressFilter([OWN], KNOWN)
    text = "".join([addresses.feed(links.feed(piece)) for piece in pieces])
    return text + addresses.feed(links.finish()) + addresses.settle()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Xem [đây](http://evil.com/a?b=c) nhé.", "Xem đây nhé."),
        ("![ảnh](https://e.vn/p.png) ok", "ảnh ok"),
        ("a <img src=x onerror=alert(1)>b", "a b"),
        ("<a href='http://x'>nhấn</a>", "nhấn"),
        (f"Nguồn: {OWN}. Hết", f"Nguồn: {OWN}. Hết"),
        ("Vào www.evil.com, ngay", "Vào , ngay"),
        ("<https://e.com>", ""),
        ("[1](http://x) và [2].", "[1] và [2]."),
        ("[x](javascript:alert(1))", "x"),
        ("[x](\njavascript:alert(1))", "[x] (\n))"),
        ("[![a](http://b/c)](http://d)", "[a] ()"),
        ("TP.HCM: 5 < 6 và 7 > 3, x[0], [sic] (1)!", "TP.HCM: 5 < 6 và 7 > 3, x[0], [sic] (1)!"),
        ("!" * 5, "!" * 5),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text(text: str, left: str) -> None:
    for cut in range(len(text) + 1):
        assert cleaned(text[:cut], text[cut:]) == left
    assert cleaned(*text) == left


PIECES = [
    "[",
    "]",
    "(",
    ")",
    "!",
    "<",
    ">",
    "http",
    "s:",
    "//",
    "www",
    ".",
    "a",
    " ",
    "\n",
    "é",
    "1",
]
_LINKS = re.compile(r"\]\(|https?://[^\s]*\w|www\.\w|<[a-zA-Z/!?][^<>\n]*>")


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.data())
def test_no_cut_lets_a_link_through(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cut = data.draw(st.integers(0, len(text)))
    whole = cleaned(text)
    assert cleaned(text[:cut], text[cut:]) == whole == cleaned(*text)
    assert not _LINKS.search(whole)


def test_what_is_given_out_stays_and_what_is_held_back_is_bounded() -> None:
    links, out = LinkFilter(), 0
    text = "[" + "x" * 3 * LONGEST
    for n, character in enumerate(text, 1):
        out += len(links.feed(character))
        assert n - out <= LONGEST


ADDRESSED = [
    ("*www.e.vn*, WWW.E.VN", "**, "),
    ("ht<b></b>tps://e.vn/x", ""),
    ("//e.vn/p.png và//hoặc", " và//hoặc"),
    ("<im\nsrc=//e.vn/x>", "< im\nsrc="),
    ("[a]: //e.vn\n![a][a]", "[a] : \n![a][a]"),
    (f"[{LONGEST * 'x '}](e.png)", f"[{LONGEST * 'x '}] (e.png)"),
    ("```js\nfetch(x)\n```", "js\nfetch(x)\n"),
    ("TS.BS Nam của Booking.com, hop.thu@bao.vn.",) * 2,  # as the passages have it
    ("ThS.KS Hà của e.com, a@e.zzz", "ThS. KS Hà của e. com, a@ e.zzz"),
    ("e.com/?q=1 booking.com/?q=1", "e. com/?q=1 booking. com/?q=1"),
    (f"{OWN}?q=1 {OWN}@e.vn {OWN}", f"  {OWN}"),
    ("TP.HCM, 3.5 tỉ, v.v., x.y.z, 5-8, 12:30, tỉ lệ 1:2",) * 2,
    ("\x1b[31mđỏ\x07\x9b\x00\r\n\u202etắt\u200b\u00ad", "[31mđỏ\ntắt"),
    ("👨\u200d👧 می\u200cخواهم क्\u200dष a\u200db", "👨\u200d👧 می\u200cخواهم क्\u200dष ab"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "left"), ADDRESSED)
def test_no_word_that_is_left_is_an_address(text: str, left: str) -> None:
    assert cleaned(text) == left == cleaned(*text)


ANYTHING = [
    *"[ ] ( ) ! < > : / \\ . é 中 。 “ ” @ # ? & ; \" ' * _ ~ ` = - | + \t \n".split(" "),
    *"https http:// HTTPS: ftp:// // www. e.com e.vn/a?b=c [1] [2] ![x] ]( [x]: [1]: [1]( ".split(),
    *"javascript: data: mailto: a@b.com &#58; &lt; ``` ~~~ 1. img svg src= /> --> <!-- <a".split(),
    *("<img", "<sup>", "</sup>", "com", "vn", "xn--a", OWN, "\u200b", "\u202e", "\x1b", "\r"),
    *("Mèo ngủ trên ghế! ", "Mèo ngủ trên ghế!", "Voi bay!", " ", "\n\n", "    ", "x[0]"),
]


class _Followed(HTMLParser):
    """Of a page, what loads, acts or leads somewhere."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        acts = [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]
        if (acts or tag in {"script", "style", "img"}) and not href.startswith(tuple(SOURCES)):
            self.found.append(tag)


SOURCES = (OWN, "https://bao.vn/1")
READERS = [MarkdownIt("commonmark", {"html": True})]
if find_spec("linkify_it"):
    READERS.append(MarkdownIt("gfm-like", {"html": True, "linkify": True}))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(ANYTHING), max_size=14), st.sampled_from(["flag", "drop", "replace"])
)
def test_readers_of_markdown_find_nothing_to_follow(pieces: list[str], policy: Policy) -> None:
    """Also where markers were taken out, sentences dropped and markers of ours put in."""
    text = "".join(pieces)
    for out in (cleaned(text), composed(text, policy)[0].text):
        for reader in READERS:
            assert not _Followed(reader.render(out)).found, out
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]", out)


def test_an_articles_words_are_shown_without_their_links() -> None:
    assert plain("Xem ![a](https://e.vn/p) ở Booking.com nhé.") == "Xem a ở Booking.com nhé."
