"""What a server holds in memory, however many come."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import gradio as gr
import pytest

from assistant.page import chat, visitors
from assistant.settings import Settings
from tests.served import Scripted

THREADS = """
import ctypes, re, sys, threading
from assistant import memory
memory.share_between_threads()
held, waiting = [], threading.Barrier(40)
def take():
    held.append([bytes(1000) for _ in range(100)])
    waiting.wait()
threads = [threading.Thread(target=take) for _ in range(40)]
for one in threads: one.start()
for one in threads: one.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""

FREED = """
import re, sys, time
from assistant import memory
if sys.argv[1:]: memory.give_back_regularly(float(sys.argv[1]))
def resident(): return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
blocks = [bytes(50_000) for _ in range(2000)]  # below what is mapped on its own
most = resident()
del blocks[::2]
until = time.monotonic() + 2
while resident() > most - 40_000 and time.monotonic() < until: time.sleep(0.05)
print(most - resident())
"""
GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's functions")


@GLIBC
def test_what_is_free_between_what_is_used_is_given_back() -> None:
    def given_back(*seconds: str) -> int:
        told = subprocess.run(
            [sys.executable, "-c", FREED, *seconds], capture_output=True, check=True
        )
        return int(told.stdout)  # KiB, of the 50,000 that are freed

    assert given_back("0.05") > 40_000
    assert given_back() < 10_000


@GLIBC
def test_all_threads_take_their_memory_from_two_arenas() -> None:
    def arenas(**more: str) -> int:
        environment = {k: v for k, v in os.environ.items() if k != "MALLOC_ARENA_MAX"} | more
        told = subprocess.run(
            [sys.executable, "-c", THREADS], capture_output=True, check=True, env=environment
        )
        return told.stdout.count(b"<heap nr=")

    assert arenas() == 2
    assert arenas(MALLOC_ARENA_MAX="5") == 5  # as the environment says


def test_of_a_visitor_little_is_held_and_of_the_last_ones_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitors, "MOST", 3)
    blocks = chat.build(Scripted(), Settings())
    held = visitors.Visitors(blocks)
    shown = next(key for key, block in blocks.blocks.items() if block.get_block_name() == "html")
    for number in range(5):
        visitor = held[f"visitor{number}"]
        visitor[shown] = blocks.blocks[shown]
        visitor._update_value_in_config(shown, "…")
        visitor._update_config(shown)
        assert list(visitor.components) == []
        assert visitor[shown] is blocks.blocks[shown]
    assert list(held.session_data) == ["visitor2", "visitor3", "visitor4"]


def test_visitors_who_see_the_same_component_hold_one() -> None:
    blocks = chat.build(Scripted(), Settings())
    held = visitors.Visitors(blocks)
    key, box = next((k, b) for k, b in blocks.blocks.items() if isinstance(b, gr.Textbox))

    def seen(visitor: str, placeholder: str) -> object:
        properties = {**box.constructor_args, "placeholder": placeholder, "render": False}
        held[visitor][key] = gr.Textbox(**properties)
        return held[visitor][key]

    one, other = seen("one", "Hỏi"), seen("other", "Hỏi")
    assert isinstance(one, gr.Textbox) and one is other and one.placeholder == "Hỏi"
    assert seen("third", "Ask") is not one
    assert held["one"][key] is one and blocks.blocks[key] is box


def test_components_that_nobody_sees_any_more_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "_SHARED", 3)
    held = visitors.Visitors(chat.build(Scripted(), Settings()))
    key, box = next((k, b) for k, b in held.blocks.blocks.items() if isinstance(b, gr.Textbox))
    for number in range(10):
        properties = {**box.constructor_args, "placeholder": str(number), "render": False}
        held["one"][key] = gr.Textbox(**properties)
        assert held["one"][key].placeholder == str(number)
    assert len(held._components) <= 3
