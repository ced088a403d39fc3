"""A question-answering assistant over news articles that proves every answer.

>>> from assistant import Assistant, retrieve
>>> Assistant.open("indexes/default").answer("Ai là bí thư đảng ủy phường Lái Thiêu?").citations

Both names load on first use, so that ``import assistant.types`` needs no model, index or page.
"""

import os
from typing import TYPE_CHECKING, Any

# Read once, while these libraries are imported: no usage statistics, no look for a newer version.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

if TYPE_CHECKING:
    from assistant.answering.assistant import Assistant, retrieve

__all__ = ["Assistant", "retrieve"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from assistant.answering import assistant

    return getattr(assistant, name)
