"""Little-endian values of a file, one after another."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Cursor:
    """Reads little-endian values one after another from a buffer."""

    def __init__(self, buffer: NDArray[np.uint8]) -> None:
        self.buffer = buffer.data
        self.offset = 0

    def unpack(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.buffer, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return values

    def take(self, size: int) -> bytes:
        self.offset += size
        return bytes(self.buffer[self.offset - size : self.offset])
