"""The same index for LangChain: a retriever, and the encoder as an embeddings object."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from assistant.answering.assistant import Assistant
from assistant.index.encoder import SentenceEncoder
from assistant.settings import Settings
from assistant.types import NO_FILTER, Filter, Hit


class ArticleRetriever(BaseRetriever):
    """The assistant's whole retrieval (both searchers, fused) as a LangChain retriever.

    >>> ArticleRetriever.open("indexes/default", k=3).invoke("Ai là bí thư phường Lái Thiêu?")
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    k: int = Field(default=5, ge=1)
    filter: Filter = NO_FILTER

    @classmethod
    def open(cls, folder: str, k: int = 5, filter: Filter = NO_FILTER) -> ArticleRetriever:
        """Over the index in ``folder``, or those of its articles that ``filter`` lets through.

        Raises AssistantError when there is no index; with the first question, FilterError for a
        filter that cannot be used.
        """
        return cls(assistant=Assistant.open(folder), k=k, filter=filter)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        filter: Filter | None = None,
        **_: Any,
    ) -> list[Document]:
        chosen = self.filter if filter is None else filter
        return [
            _document(hit) for hit in self.assistant.retrieve(query, k or self.k, filter=chosen)
        ]


class ArticleEmbeddings(Embeddings):
    """The encoder with its prefixes: unit vectors of 384 floats for the bundled model."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.encoder = SentenceEncoder(settings or Settings.load())

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """n passages → n vectors."""
        return self.encoder.embed_passages(texts).tolist() if texts else []

    def embed_query(self, text: str) -> list[float]:
        """One question → its vector."""
        return list(map(float, self.encoder.embed_questions([text])[0]))


def _document(hit: Hit) -> Document:
    facts = {"article_id": hit.article_id, "title": hit.title, "start": hit.start, "end": hit.end}
    return Document(
        id=f"{hit.article_id}:{hit.start}-{hit.end}",
        page_content=hit.text,
        metadata=facts | {"score": hit.score, "rank": hit.rank},
    )
