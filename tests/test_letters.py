"""What looks the same is searched as the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.letters import as_searched, mended


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Ðặng Văn Ðịnh ở ðâu", "Đặng Văn Định ở đâu"),
        ("hoà bình, khoẻ, THUỶ, Hoà, thuý, loá", "hòa bình, khỏe, THỦY, Hòa, thúy, lóa"),
        ("quý, qúy, quỹ, qụy", "quý, quý, quỹ, quỵ"),
        ("hoàn, toán, thuyền, khoản, hoài", "hoàn, toán, thuyền, khoản, hoài"),
        ("hòan, tóan, khỏang, ngòai, khủyu, Hòang", "hoàn, toán, khoảng, ngoài, khuỷu, Hoàng"),
        ("ph\u00adó giám\u200b đốc\ufeff", "phó giám đốc"),
        ("phư\u200dờng", "phường"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian: the joiner is spelling
        ("Það er maður", "Það er maður"),  # Icelandic: eth is a letter
        (unicodedata.normalize("NFD", "hoà đồng"), "hòa đồng"),
    ],
)
def test_letters(written: str, searched: str) -> None:
    assert as_searched(written) == searched


@given(st.text())
def test_mending_keeps_the_length_and_is_done_once(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert len(mended(text)) == len(text)
    assert as_searched(as_searched(text)) == as_searched(text)
