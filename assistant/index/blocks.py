"""Weights in blocks of 4 or 8 bits, as the bundled model's carrier (and ggml) has them.

A block is 32 weights. Q4_0 is an fp16 scale and 16 bytes, low nibbles weights 0–15, high ones
16–31, weight = (nibble − 8) × scale. Q8_0 is an fp16 scale and 32 signed bytes, weight = byte ×
scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 32  # weights
Q4_BYTES, Q8_BYTES = 18, 34  # of a block
_SCALES = np.linspace(0.75, 1.15, 17, dtype=np.float32)  # tried for each block of Q4_0

Weights = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def pack_q4(weights: Weights) -> Bytes:
    """Weights (rows, columns), columns a multiple of 32 → blocks (rows, columns / 32 × 18).

    A block's scale is its largest weight / −8, or one near it that makes the squared error less.
    """
    blocks = weights.reshape(-1, BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(1, keepdims=True), 1)
    best, error = np.zeros_like(largest), np.full(len(blocks), np.inf)
    for share in _SCALES:
        scale = (largest / -8 * share).astype(np.float16).astype(np.float32)
        loss = ((_nibbles(blocks, scale) - 8.0) * scale - blocks).astype(np.float32)
        squared = (loss**2).sum(1)
        better = squared < error
        best[better], error[better] = scale[better], squared[better]
    nibbles = _nibbles(blocks, best).astype(np.uint8)
    halves: Bytes = nibbles[:, : BLOCK // 2] | nibbles[:, BLOCK // 2 :] << np.uint8(4)
    return _joined(best, halves, weights.shape[0])


def _nibbles(blocks: Weights, scale: Weights) -> Weights:
    """What each weight is rounded to, 0 to 15."""
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    rounded: Weights = np.clip(np.rint(blocks * inverse) + 8, 0, 15)
    return rounded


def pack_q8(weights: Weights) -> Bytes:
    """Weights (rows, columns), columns a multiple of 32 → blocks (rows, columns / 32 × 34)."""
    blocks = weights.reshape(-1, BLOCK)
    scale = (np.abs(blocks).max(1, keepdims=True) / 127).astype(np.float16).astype(np.float32)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    rounded = np.clip(np.rint(blocks * inverse), -127, 127).astype(np.int8)
    return _joined(scale, rounded.view(np.uint8), weights.shape[0])


def _joined(scale: Weights, values: Bytes, rows: int) -> Bytes:
    packed = np.concatenate([scale.astype("<f2").view(np.uint8), values], axis=1)
    return packed.reshape(rows, -1)


def unpack_q4(blocks: Bytes) -> Weights:
    """Q4_0 blocks (rows, blocks × 18 bytes) → weights (rows, blocks × 32)."""
    packed = blocks.reshape(blocks.shape[0], -1, Q4_BYTES)
    nibbles = packed[..., 2:]
    values = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=-1).astype(np.int8) - np.int8(8)
    weights: Weights = values * _scale(packed)
    return weights.reshape(blocks.shape[0], -1)


def unpack_q8(blocks: Bytes) -> Weights:
    """Q8_0 blocks (rows, blocks × 34 bytes) → weights (rows, blocks × 32)."""
    packed = blocks.reshape(blocks.shape[0], -1, Q8_BYTES)
    values = np.ascontiguousarray(packed[..., 2:]).view(np.int8)
    weights: Weights = values * _scale(packed)
    return weights.reshape(blocks.shape[0], -1)


def _scale(packed: Bytes) -> Weights:
    return np.ascontiguousarray(packed[..., :2]).view("<f2").astype(np.float32)
