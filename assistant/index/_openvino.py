"""OpenVINO without what reports its use.

``import openvino`` alone sends a line to its makers, through the converter that it imports along.
Nothing here converts models: graphs are built operation by operation.
"""

from __future__ import annotations

import sys

_LEFT_OUT = ("openvino.tools.ovc", "openvino_telemetry")


def _imported() -> None:
    absent = [name for name in _LEFT_OUT if name not in sys.modules]
    for name in absent:  # None: importing it fails, which openvino allows
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import openvino  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


_imported()

import openvino as runtime  # noqa: E402
from openvino import opset13 as ops  # noqa: E402

__all__ = ["ops", "runtime"]
