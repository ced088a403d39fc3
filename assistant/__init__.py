"""A question-answering assistant over news articles that proves every answer.

>>> from assistant import Assistant, retrieve
>>> Assistant.open("indexes/default").answer("Ai là bí thư đảng ủy phường Lái Thiêu?").citations
"""

from assistant.answering import Assistant, retrieve

__all__ = ["Assistant", "retrieve"]
