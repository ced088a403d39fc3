"""LlamaIndex: VectorStoreIndex with HuggingFaceEmbedding, persisted to a folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from llama_index.core import Document, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.embeddings.huggingface import HuggingFaceEmbedding


def index(
    articles: list[tuple[str, str]], folder: Path, model: str, hybrid: bool
) -> tuple[int, float]:
    embedding = _embedding(model)
    began = time.perf_counter()
    # The id is the document's and no metadata: metadata are embedded with the text.
    documents = [Document(text=text, doc_id=id_) for id_, text in articles]
    made = VectorStoreIndex.from_documents(documents, embed_model=embedding)
    made.storage_context.persist(str(folder))
    return len(made.docstore.docs), time.perf_counter() - began


def open(folder: Path, model: str, hybrid: bool) -> Any:
    storage = StorageContext.from_defaults(persist_dir=str(folder))
    return load_index_from_storage(storage, embed_model=_embedding(model))


def search(opened: Any, question: str, depth: int) -> list[str]:
    found = opened.as_retriever(similarity_top_k=depth).retrieve(question)
    return [hit.node.ref_doc_id for hit in found]


def _embedding(model: str) -> HuggingFaceEmbedding:
    return HuggingFaceEmbedding(
        model_name=model, query_instruction="query: ", text_instruction="passage: "
    )
