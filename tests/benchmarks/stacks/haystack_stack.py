"""Haystack: an embedding retrieval pipeline over InMemoryDocumentStore; hybrid: BM25 joined."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

FILE = "store.json"


def index(
    articles: list[tuple[str, str]], folder: Path, model: str, hybrid: bool
) -> tuple[int, float]:
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    pipeline = Pipeline()
    pipeline.add_component("splitter", DocumentSplitter())
    embedder = SentenceTransformersDocumentEmbedder(
        model=model, prefix="passage: ", progress_bar=False
    )
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("writer", DocumentWriter(store))
    pipeline.connect("splitter", "embedder")
    pipeline.connect("embedder", "writer")
    pipeline.warm_up()
    began = time.perf_counter()
    documents = [Document(content=text, meta={"article": id_}) for id_, text in articles]
    pipeline.run({"splitter": {"documents": documents}})
    folder.mkdir(parents=True, exist_ok=True)
    store.save_to_disk(str(folder / FILE))
    return store.count_documents(), time.perf_counter() - began


def open(folder: Path, model: str, hybrid: bool) -> Any:
    store = InMemoryDocumentStore.load_from_disk(str(folder / FILE))
    pipeline = Pipeline()
    embedder = SentenceTransformersTextEmbedder(model=model, prefix="query: ", progress_bar=False)
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("vectors", InMemoryEmbeddingRetriever(store))
    pipeline.connect("embedder.embedding", "vectors.query_embedding")
    if hybrid:
        pipeline.add_component("bm25", InMemoryBM25Retriever(store))
        # The mode for lists whose scores do not compare, when no ranker model follows.
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        pipeline.connect("bm25", "joiner")
        pipeline.connect("vectors", "joiner")
    pipeline.warm_up()
    return pipeline, hybrid


def search(opened: Any, question: str, depth: int) -> list[str]:
    pipeline, hybrid = opened
    data: dict[str, Any] = {"embedder": {"text": question}, "vectors": {"top_k": depth}}
    if hybrid:
        data["bm25"] = {"query": question, "top_k": depth}
    found = pipeline.run(data)["joiner" if hybrid else "vectors"]["documents"]
    return [document.meta["article"] for document in found]
