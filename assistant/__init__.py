"""A question-answering assistant over news articles that proves every answer.

>>> from assistant import Assistant, retrieve
>>> Assistant.open("indexes/default").answer("Ai là bí thư đảng ủy phường Lái Thiêu?").citations

Both names load on first use, so that ``import assistant.types`` needs no model, index or page.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answering.assistant import Assistant, retrieve

__all__ = ["Assistant", "retrieve"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from assistant.answering import assistant

    return getattr(assistant, name)
