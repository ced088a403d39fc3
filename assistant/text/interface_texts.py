"""The words of the interface: ``interface/<part>.json``, each part in the same languages.

``page``: the chat. ``card``: an exported answer. ``sign_in``: the form of the users' names.
``files``: what is said of files, under the English words that programs are told. ``filter``: what
is wrong with the filter of a question. What is said in
answers, and to a language model, stands in ``prompts/`` instead, for people to change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

Part = Literal["page", "card", "sign_in", "files", "filter"]
Words = Mapping[str, Any]  # name → text, or a group of texts, of one language

_FOLDER = Path(__file__).with_name("interface")


@cache
def interface_texts(part: Part) -> Mapping[str, Words]:
    """Language → the words of that part of the interface."""
    found: Mapping[str, Words] = json.loads((_FOLDER / f"{part}.json").read_text("utf-8"))
    return found
