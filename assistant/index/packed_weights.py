"""Weights in one file: a JSON card, then the tensors, matrices in blocks of 4 or 8 bits.

The blocks are those of ``blocks``. Vectors and small tensors are fp32.

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
from numpy.typing import NDArray

from assistant.index.blocks import (
    BLOCK,
    Q4_BYTES,
    Q8_BYTES,
    Bytes,
    Weights,
    pack_q4,
    pack_q8,
    unpack_q4,
    unpack_q8,
)
from assistant.types import ModelError

MAGIC = b"RDR1"
KINDS = ("q4_0", "q8_0", "f32")
_ALIGNED = 64
_SMALLEST = 16_384  # weights; smaller matrices, the heads' last ones, stay fp32


def write(path: Path, weights: Mapping[str, Weights], kind: str, about: Mapping[str, Any]) -> None:
    """Writes the weights, matrices as ``kind``; ``about`` goes into the card under that name."""
    tensors, data, offset = [], [], 0
    for name, values in weights.items():
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


def read_weights(path: Path) -> dict[str, Weights]:
    """Name → weights, fp32, of a packed file. Raises ModelError."""
    card = read_card(path)
    buffer = np.memmap(path, dtype=np.uint8, mode="r")
    head = 8 + struct.unpack("<I", bytes(buffer[4:8]))[0]
    data = buffer[head + -head % _ALIGNED :]
    if hashlib.sha256(data.data).hexdigest() != card["sha256"]:
        raise ModelError(f"{path} is damaged: its checksum is not that of its card")
    return {one["name"]: _unpacked(data, one) for one in card["tensors"]}


def _unpacked(data: Bytes, one: Mapping[str, Any]) -> Weights:
    shape, kind = tuple(one["shape"]), one["kind"]
    count = int(np.prod(shape))
    size = {"q4_0": Q4_BYTES * count // BLOCK, "q8_0": Q8_BYTES * count // BLOCK, "f32": 4 * count}
    stored = np.array(data[one["offset"] : one["offset"] + size[kind]])
    if kind == "q4_0":
        return unpack_q4(stored.reshape(shape[0], -1))
    if kind == "q8_0":
        return unpack_q8(stored.reshape(shape[0], -1))
    return stored.view("<f4").reshape(shape)
