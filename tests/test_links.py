"""Links, images and HTML never leave a model's stream, however it is cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.links import LONGEST, AddressFilter, LinkFilter

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
