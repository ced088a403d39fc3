"""LangChain: splitter, HuggingFaceEmbeddings and FAISS; hybrid: EnsembleRetriever with BM25."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter


def index(
    articles: list[tuple[str, str]], folder: Path, model: str, hybrid: bool
) -> tuple[int, float]:
    embeddings = _embeddings(model)
    began = time.perf_counter()
    documents = [Document(page_content=text, metadata={"id": id_}) for id_, text in articles]
    passages = RecursiveCharacterTextSplitter().split_documents(documents)
    FAISS.from_documents(passages, embeddings).save_local(str(folder))
    return len(passages), time.perf_counter() - began


def open(folder: Path, model: str, hybrid: bool) -> Any:
    store = FAISS.load_local(str(folder), _embeddings(model), allow_dangerous_deserialization=True)
    retriever = store.as_retriever()
    if not hybrid:
        return retriever, None
    # BM25Retriever is not persisted: it is made again from the documents the store holds.
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_community.retrievers import BM25Retriever

    documents = [
        store.docstore.search(store.index_to_docstore_id[i])
        for i in range(len(store.index_to_docstore_id))
    ]
    bm25 = BM25Retriever.from_documents(documents)
    return EnsembleRetriever(retrievers=[bm25, retriever], weights=[0.5, 0.5]), bm25


def search(opened: Any, question: str, depth: int) -> list[str]:
    retriever, bm25 = opened
    vectors = retriever if bm25 is None else retriever.retrievers[1]
    vectors.search_kwargs = {"k": depth}
    if bm25 is not None:
        bm25.k = depth
    return [document.metadata["id"] for document in retriever.invoke(question)]


def _embeddings(model: str) -> HuggingFaceEmbeddings:
    return HuggingFaceEmbeddings(
        model_name=model,
        encode_kwargs={"prompt": "passage: "},
        query_encode_kwargs={"prompt": "query: "},
    )
