"""The bundled model's encoder as an OpenVINO graph, compiled for this processor.

The graph is built from the weights themselves, operation by operation, so that neither torch nor a
converter is needed. Source of the architecture: Devlin et al. 2019, "BERT", as transformers'
``BertModel`` calculates it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.index._openvino import ops, runtime
from assistant.index.blocks import Weights
from assistant.index.bundled_file import Header, WordMatrix

Ids = NDArray[np.int64]
_MASKED = -1e4  # added to what no token may attend to; exp of it is 0 in bf16 too


class CompiledEncoder:
    """Token ids → a vector for each token. Safe to share between threads, which take turns."""

    def __init__(
        self, header: Header, words: WordMatrix, weights: Mapping[str, Weights], precision: str
    ) -> None:
        """``weights``: all but the word matrix, by their names in BertModel; ``precision``: "bf16",
        "fp32", or "auto": bf16 where the processor calculates in it."""
        self.header, self._words = header, words
        core = runtime.Core()
        how = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _hint(core, precision),
            "ENABLE_CPU_PINNING": False,  # a server's other threads and processes need cores too
        }
        compiled = core.compile_model(_graph(header, weights), "CPU", how)
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()

    def hidden(self, ids: Ids, mask: Ids, types: Ids | None = None) -> Weights:
        """The vectors (n, t, hidden) of n inputs of at most t tokens.

        ``ids``, ``mask`` (1: a token, 0: padding) and ``types`` (0 or 1; all 0 without) are (n, t).
        """
        if types is None:
            types = np.zeros_like(ids)
        given = (self._words.rows(ids), types.astype(np.int32), mask.astype(np.float32))
        with self._lock:
            found: Weights = self._request.infer(given)[0]
            return found.copy()


def _hint(core: runtime.Core, precision: str) -> str:
    if precision == "fp32":
        return "f32"
    capable = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if capable or precision == "bf16" else "f32"


class _Layers:
    """The graph's operations over named weights."""

    def __init__(self, header: Header, weights: Mapping[str, Weights]) -> None:
        self.header, self.weights = header, weights

    def constant(self, name: str) -> Any:
        return ops.constant(np.ascontiguousarray(self.weights[name], np.float32))

    def linear(self, x: Any, *names: str) -> Any:
        """One product for all the named layers, whose outputs lie one behind another."""
        matrix = np.concatenate([self.weights[f"{name}.weight"] for name in names])
        bias = np.concatenate([self.weights[f"{name}.bias"] for name in names])
        product = ops.matmul(x, ops.constant(matrix), False, True)
        return ops.add(product, ops.constant(bias))

    def norm(self, x: Any, name: str) -> Any:
        axis = ops.constant(np.array([-1], np.int64))
        normed = ops.mvn(x, axis, True, self.header.epsilon, "inside_sqrt")
        scaled = ops.multiply(normed, self.constant(f"{name}.weight"))
        return ops.add(scaled, self.constant(f"{name}.bias"))

    def embedded(self, words: Any, types: Any) -> Any:
        length = ops.gather(ops.shape_of(words), _index(1), _index(0))
        positions = ops.slice(
            self.constant("embeddings.position_embeddings.weight"),
            _index(0, vector=True),
            ops.unsqueeze(length, _index(0)),
            _index(1, vector=True),
            _index(0, vector=True),
        )
        kinds = ops.gather(
            self.constant("embeddings.token_type_embeddings.weight"), types, _index(0)
        )
        return self.norm(ops.add(ops.add(words, kinds), positions), "embeddings.LayerNorm")

    def attention(self, x: Any, mask: Any, layer: str) -> Any:
        heads, width = self.header.heads, self.header.hidden
        size = width // heads
        names = (f"{layer}.attention.self.{part}" for part in ("query", "key", "value"))
        together = self.linear(x, *names)  # (n, t, 3 × width)
        split = ops.reshape(together, np.array([0, 0, 3, heads, size], np.int64), True)
        turned = ops.transpose(split, np.array([2, 0, 3, 1, 4], np.int64))  # (3, n, heads, t, size)
        query, key, value = (ops.gather(turned, _index(n), _index(0)) for n in range(3))
        scale = ops.constant(np.float32(1 / math.sqrt(size)))
        seen = ops.scaled_dot_product_attention(query, key, value, mask, scale, causal=False)
        back = ops.transpose(seen, np.array([0, 2, 1, 3], np.int64))
        return ops.reshape(back, np.array([0, 0, width], np.int64), True)

    def layer(self, x: Any, mask: Any, number: int) -> Any:
        name = f"encoder.layer.{number}"
        seen = self.linear(self.attention(x, mask, name), f"{name}.attention.output.dense")
        x = self.norm(ops.add(x, seen), f"{name}.attention.output.LayerNorm")
        wide = ops.gelu(self.linear(x, f"{name}.intermediate.dense"), "erf")
        return self.norm(
            ops.add(x, self.linear(wide, f"{name}.output.dense")), f"{name}.output.LayerNorm"
        )


def _index(number: int, vector: bool = False) -> Any:
    return ops.constant(np.array([number] if vector else number, np.int64))


def _graph(header: Header, weights: Mapping[str, Weights]) -> runtime.Model:
    """Word vectors (n, t, hidden), token types and mask (n, t) → the last layer's vectors."""
    layers = _Layers(header, weights)
    words = ops.parameter([-1, -1, header.hidden], np.float32, name="words")
    types = ops.parameter([-1, -1], np.int32, name="types")
    mask = ops.parameter([-1, -1], np.float32, name="mask")
    padding = ops.subtract(ops.constant(np.float32(1)), mask)
    masked = ops.multiply(padding, ops.constant(np.float32(_MASKED)))
    added = ops.unsqueeze(masked, np.array([1, 2], np.int64))  # (n, 1, 1, t)
    x = layers.embedded(words, types)
    for number in range(header.layers):
        x = layers.layer(x, added, number)
    return runtime.Model([x], [words, types, mask], "encoder")
