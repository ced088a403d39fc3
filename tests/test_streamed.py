"""Thoughts never reach the answer however the stream is cut; circles are seen, lists are not."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm._output_filters import Circles, WithoutThoughts
from assistant.llm.streaming import said

# The rule in one line, to hold the streaming filter against.
RULE = re.compile(
    r"\A(?:(?!<think(?:ing)?>).)*?</think(?:ing)?>|<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)"
    r"|</think(?:ing)?>", re.DOTALL | re.IGNORECASE
)  # fmt: skip
PIECES = st.sampled_from(
    ["<think>", "</think>", "<thinking>", "</THINKING>", "<Think>", "<", "</", "<thin", "king>",
     ">", "k>", " ", "\n", "a", "Nội", "5 < 6", "<b>"]
)  # fmt: skip


def filtered(parts: list[str]) -> str:
    """What stands of a text in the end."""
    thoughts = WithoutThoughts()
    return said([*(one for part in parts for one in thoughts.feed(part)), *thoughts.end()])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Paris.", "Paris."),
        ("<think>Is it Rome?</think>\n\nParis.", "Paris."),
        ("<thinking>a</thinking>Paris <think>b</think>it is.", "Paris it is."),
        ("<THINK>a</Think>Paris.", "Paris."),
        ("<think>never closed. Paris", ""),
        ("</think>Paris.", "Paris."),
        ("It may be Rome.\n</think>\n\nParis.", "Paris."),
        ("It may be Rome.</think>Paris</think>.", "Paris."),
        ("5 < 6 and <b>bold</b> and <thin", "5 < 6 and <b>bold</b> and <thin"),
        ("<think>a <think> b</think>Paris.", "Paris."),
        ("<think></think>", ""),
        ("  \n Paris. ", "Paris. "),
    ],
)
def test_thoughts_are_left_out_at_every_cut(text: str, answer: str) -> None:
    assert filtered([text]) == answer
    assert filtered(list(text)) == answer
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            assert filtered([text[:first], text[first:second], text[second:]]) == answer


@given(st.lists(PIECES, max_size=12).map("".join), st.data())
def test_any_text_at_any_cuts_follows_the_rule(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert filtered(parts) == RULE.sub("", text).lstrip()


@given(st.lists(PIECES, max_size=12))
def test_only_what_may_be_a_tag_is_held_back(parts: list[str]) -> None:
    thoughts = WithoutThoughts()
    given_so_far, shown = "", ""
    for part in parts:
        given_so_far += part
        shown = said([shown, *thoughts.feed(part)])
        final = RULE.sub("", given_so_far).lstrip()
        assert final.startswith(shown)
        assert len(final) - len(shown) < len("</thinking>")


def circles(text: str, step: int = 5) -> bool:
    watch = Circles()
    return any(watch.feed(text[at : at + step]) for at in range(0, len(text), step))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 400,
        "và " * 200,
        "Thành phố có chợ Bến Thành. " * 40,
        "".join(f"{n}. The mayor of the city opened the new market that day. " for n in range(40)),
        "河内是越南的首都。" * 60,
        "First words, then " + "the same line again and again\n" * 40,
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 7, 50])
def test_circles_are_seen(text: str, step: int) -> None:
    assert circles(text, step)


def test_articles_lists_and_tables_are_no_circles() -> None:
    seeds = Path(__file__).parents[1] / "seeds"
    for path in seeds.iterdir():
        if path.suffix in {".txt", ".md"}:
            assert not circles(path.read_text("utf-8"))
    assert not circles("".join(f"{year}: {year % 7} người\n" for year in range(1900, 2020)))
    assert not circles("".join(f"- Phường {n}: ông Nguyễn Văn {chr(65 + n)}\n" for n in range(26)))
    rows = [f"Năm {1900 + n}: {n * 37} người chết và {n * 91} người bị thương." for n in range(50)]
    assert not circles("\n".join(rows))
    assert not circles("không " * 20 + "rồi thôi.")
    assert not circles(" ".join(random.Random(1).choices("một hai ba bốn".split(), k=400)))


def test_white_space_alone_is_no_circle() -> None:
    assert not circles("Một câu." + "\n" * 500)
