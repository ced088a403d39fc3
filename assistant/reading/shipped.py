"""The reader that comes with the product, or one that was adapted: weights and calibration."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from assistant.index.packed_weights import read_card
from assistant.index.text_models import dtype_of, runtime_of
from assistant.reading.calibration import Calibration
from assistant.reading.readings import Beside, PassageReader, Reading, Verdict

SHIPPED = Path(__file__).with_name("data")
WEIGHTS, CALIBRATION = "reader.rdr", "calibration.json"


class CalibratedReader:
    """A reader with its calibration. Loads on first use, once; safe to share between threads."""

    def __init__(
        self, folder: Path = SHIPPED, precision: str = "auto", runtime: str = "auto"
    ) -> None:
        """``folder`` holds ``reader.rdr`` and ``calibration.json``; ``precision`` and ``runtime``
        are the settings'."""
        self.folder = folder
        self._precision, self._runtime = precision, runtime
        self._lock = threading.Lock()

    @cached_property
    def digest(self) -> str:
        """The first 16 hex digits of the weights' SHA-256. Raises ModelError."""
        return str(read_card(self.folder / WEIGHTS)["sha256"])[:16]

    @cached_property
    def calibration(self) -> Calibration:
        """Raises ModelError."""
        return Calibration.load(self.folder / CALIBRATION, self.digest)

    def warm(self) -> None:
        """Loads the weights now. Raises ModelError."""
        self.read([Beside("?", "?")])

    def read(self, questions: Sequence[Beside]) -> list[Reading]:
        with self._lock:  # two forward passes at once only take each other's cores
            return self._reader.read(questions)

    def judge(self, claims: Sequence[Beside]) -> list[Verdict]:
        with self._lock:
            return self._reader.judge(claims)

    @cached_property
    def _reader(self) -> PassageReader:
        from assistant.reading.reader import Reader

        path = self.folder / WEIGHTS
        if runtime_of(self._runtime) == "openvino":
            from assistant.reading.compiled_model import CompiledModel

            return Reader(CompiledModel(path, self._precision))
        from assistant.reading.model import ReaderModel  # imports torch, which takes seconds

        return Reader(ReaderModel(dtype_of(self._precision)).learn_from(path).eval())


@lru_cache(maxsize=1)
def reader_in(
    folder: Path = SHIPPED, precision: str = "auto", runtime: str = "auto"
) -> CalibratedReader:
    """The reader of a folder; the last one is kept, so that all who read with it share it."""
    return CalibratedReader(folder, precision, runtime)
