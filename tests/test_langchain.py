"""The LangChain adapters pass LangChain's own suites."""

from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from assistant.answering.assistant import Assistant
from assistant.langchain import ArticleEmbeddings, ArticleRetriever


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return ArticleEmbeddings


class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return ArticleEmbeddings


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _over_the_seed(self, seed_assistant: Assistant) -> None:
        self._assistant = seed_assistant

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return ArticleRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"assistant": self._assistant}

    @property
    def retriever_query_example(self) -> str:
        return "Ai là bí thư đảng ủy phường Lái Thiêu?"


def test_documents_are_the_hits(seed_assistant: Assistant) -> None:
    question = "khu thương mại tự do ở đâu"
    documents = ArticleRetriever(assistant=seed_assistant, k=3).invoke(question)
    hits = seed_assistant.retrieve(question, 3)
    assert [d.page_content for d in documents] == [h.text for h in hits]
    first = documents[0].metadata
    text = seed_assistant.article(first["article_id"]).text
    assert text[first["start"] : first["end"]] == documents[0].page_content
