"""An embedding model behind an address: any server that speaks OpenAI's embeddings (TEI, vLLM,
llama.cpp, Ollama, OpenAI).

Nothing is calculated here, so requests need not take turns and hold many texts. The ``openai``
package sends them, and tries again, later each time, where a server is busy or gone for a moment.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

from assistant.llm.failures import translated
from assistant.llm.models import COMPATIBLE, AddressFault, is_loopback, split_address
from assistant.text.tokens import count_tokens
from assistant.types import ModelError, Vectors

PREFIX: Final = f"{COMPATIBLE}:"
OWN_KEY: Final = "ASSISTANT_MODEL_KEY"
EXAMPLE: Final = f"{PREFIX}http://127.0.0.1:8080/v1#BAAI/bge-m3"
AT_ONCE: Final = 32  # texts of a request: what TEI takes as it comes
TRIES, SECONDS = 5, 60.0  # the openai package waits .5 s before the second, up to 8 s later on
LONGEST: Final = 512  # tokens of a text, of cl100k: more than most models' own


class EndpointModel:
    """A model that a server embeds with. Safe to share between threads."""

    is_local = False
    longest = LONGEST

    def __init__(self, spec: str) -> None:
        """``spec``: ``openai-compatible:http://host:port/v1#model``. Raises ModelError."""
        given = spec.removeprefix(PREFIX)
        try:
            self.address, self.model = split_address(given, "Embedding model", OWN_KEY, EXAMPLE)
        except AddressFault as fault:
            raise ModelError(str(fault)) from None

    @cached_property
    def dimension(self) -> int:
        """Length of a vector, by asking for one. Raises ModelError."""
        return int(self._embedded(["."]).shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """n texts → vectors (n, dimension). Raises ModelError."""
        parts = [texts[i : i + AT_ONCE] for i in range(0, len(texts), AT_ONCE)]
        return np.concatenate([self._embedded(part) for part in parts])

    def tokens(self, text: str) -> int:
        return min(count_tokens(text), self.longest)

    @cached_property
    def _client(self) -> Any:
        try:
            import httpx2
            import openai
        except ImportError:
            raise ModelError(
                "An embedding model behind an address needs the openai package; run: "
                "pip install 'article-assistant[openai]'"
            ) from None
        options: dict[str, Any] = {}
        if is_loopback(urlsplit(self.address).hostname):
            # A proxy for the network beyond is none for this machine; and a connection is made so
            # fast here that keeping one is not worth closing it later.
            options = {"trust_env": False, "limits": httpx2.Limits(max_keepalive_connections=0)}
        return openai.OpenAI(
            base_url=self.address,
            api_key=os.environ.get(OWN_KEY) or os.environ.get("OPENAI_API_KEY") or "none",
            max_retries=TRIES - 1,
            timeout=SECONDS,
            http_client=openai.DefaultHttpxClient(**options),
        )

    def _embedded(self, texts: Sequence[str]) -> Vectors:
        """One request. Raises ModelError."""
        client, fault, rows = self._client, "", []
        try:
            told = client.embeddings.create(
                input=list(texts), model=self.model, encoding_format="float"
            )
            rows = [one.embedding for one in sorted(told.data, key=lambda one: one.index)]
        except Exception as error:  # the client's own, and what a strange server makes it raise
            fault = str(translated(error, f"The embedding model {self.model!r}"))
        if fault:  # outside of the handler: a traceback shall not show the texts
            raise ModelError(fault)
        lengths = {len(row) for row in rows}
        if len(rows) != len(texts) or len(lengths) != 1 or 0 in lengths:
            raise ModelError(
                f"The embedding model {self.model!r} gave {len(rows)} vectors of "
                f"{sorted(lengths)} numbers for {len(texts)} texts; check that its server embeds"
            )
        return np.asarray(rows, np.float32)
