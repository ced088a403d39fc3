"""Weights in one file: a JSON card, then the tensors, matrices in blocks of 4 or 8 bits.

The blocks are those of the bundled model's carrier (and of ggml), of 32 weights each. Q4_0 is an
fp16 scale and 16 bytes, low nibbles weights 0–15, high ones 16–31, weight = (nibble − 8) × scale.
Q8_0 is an fp16 scale and 32 signed bytes, weight = byte × scale. Vectors and small tensors are
fp32.

File: ``RDR1``, the card's length (uint32, little-endian), the card, zeros up to a multiple of 64,
the tensors. The card lists each tensor's name, shape, kind, offset from the first tensor and size
in bytes, and the SHA-256 of all tensors together. Nothing in it is executed when it is read.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from assistant.index.bundled_encoder import BLOCK, unpack
from assistant.types import ModelError

MAGIC = b"RDR1"
KINDS = ("q4_0", "q8_0", "f32")
_ALIGNED = 64
_SCALES = np.linspace(0.75, 1.15, 17, dtype=np.float32)  # tried for each block of Q4_0
_SMALLEST = 16_384  # weights; smaller matrices, the heads' last ones, stay fp32

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


def unpack_q8(blocks: Bytes) -> Tensor:
    """Q8_0 blocks (rows, blocks × 34 bytes) → weights (rows, blocks × 32), fp32."""
    packed = blocks.reshape(blocks.shape[0], -1, BLOCK + 2)
    scale = np.ascontiguousarray(packed[..., :2]).view("<f2").astype(np.float32)
    values = np.ascontiguousarray(packed[..., 2:]).view(np.int8)
    return torch.from_numpy((values * scale).reshape(blocks.shape[0], -1))


def write(path: Path, weights: Mapping[str, Tensor], kind: str, about: Mapping[str, Any]) -> None:
    """Writes the weights, matrices as ``kind``; ``about`` goes into the card under that name."""
    tensors, data, offset = [], [], 0
    for name, tensor in weights.items():
        values = tensor.detach().float().numpy()
        stored = _kind_of(values, kind)
        packed = _packed(values, stored)
        entry = {"name": name, "shape": list(values.shape), "kind": stored}
        tensors.append(entry | {"offset": offset, "bytes": len(packed)})
        data.append(packed)
        offset += len(packed)
    together = b"".join(data)
    card = {"about": dict(about), "sha256": hashlib.sha256(together).hexdigest()}
    head = json.dumps(card | {"tensors": tensors}, ensure_ascii=False).encode()
    head = MAGIC + struct.pack("<I", len(head)) + head
    path.write_bytes(head + bytes(-len(head) % _ALIGNED) + together)


def _kind_of(values: NDArray[Any], kind: str) -> str:
    matrix = values.ndim == 2 and values.shape[1] % BLOCK == 0 and values.size >= _SMALLEST
    return kind if matrix else "f32"


def _packed(values: Weights, kind: str) -> bytes:
    """The tensor's bytes, filled up so that the next one starts at a multiple of 64."""
    packing = {"q4_0": pack_q4, "q8_0": pack_q8}
    data = packing[kind](values).tobytes() if kind in packing else values.astype("<f4").tobytes()
    return data + bytes(-len(data) % _ALIGNED)


def read_card(path: Path) -> dict[str, Any]:
    """The card of a packed file. Raises ModelError where it is none."""
    if not path.is_file():
        raise ModelError(f"{path} is missing; give the folder of a reader, or none for the shipped")
    with path.open("rb") as file:
        head = file.read(8)
        if len(head) < 8 or head[:4] != MAGIC:
            raise ModelError(f"{path} does not hold packed weights")
        try:
            card: dict[str, Any] = json.loads(file.read(struct.unpack("<I", head[4:])[0]))
        except ValueError as fault:
            raise ModelError(f"{path} is damaged: its card is not JSON") from fault
    return card


def read_weights(path: Path) -> dict[str, Tensor]:
    """Name → weights, fp32, of a packed file or of a run's checkpoint. Raises ModelError."""
    if not path.is_file():
        raise ModelError(f"{path} is missing")
    if path.suffix == ".pt":
        return dict(torch.load(path, weights_only=True)["model"])
    card = read_card(path)
    buffer = np.memmap(path, dtype=np.uint8, mode="r")
    head = 8 + struct.unpack("<I", bytes(buffer[4:8]))[0]
    data = buffer[head + -head % _ALIGNED :]
    if hashlib.sha256(data.data).hexdigest() != card["sha256"]:
        raise ModelError(f"{path} is damaged: its checksum is not that of its card")
    return {one["name"]: _unpacked(data, one) for one in card["tensors"]}


def _unpacked(data: Bytes, one: Mapping[str, Any]) -> Tensor:
    shape, kind = tuple(one["shape"]), one["kind"]
    size = {"q4_0": 18, "q8_0": 34, "f32": 4 * BLOCK}[kind] * int(np.prod(shape)) // BLOCK
    if kind == "f32":
        size = 4 * int(np.prod(shape))
    stored = np.array(data[one["offset"] : one["offset"] + size])
    if kind == "q4_0":
        return unpack(stored.reshape(shape[0], -1), torch.float32)
    if kind == "q8_0":
        return unpack_q8(stored.reshape(shape[0], -1))
    return torch.from_numpy(stored.view("<f4").reshape(shape))
