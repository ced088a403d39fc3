"""The bundled multilingual-e5-small as torch modules: to train, and where no faster runtime is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from sentence_transformers.base.modules import InputModule
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from assistant.index import question_encoder
from assistant.index.bundled_file import BundledFile, WordMatrix, opened, weights_path
from assistant.types import ModelError


class PackedEmbedding(nn.Module):
    """A word matrix that stays packed in the mapped file."""

    def __init__(self, words: WordMatrix, dtype: torch.dtype) -> None:
        super().__init__()
        self.words = words
        self.dtype = dtype

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, length) → rows (batch, length, hidden)."""
        return torch.from_numpy(self.words.rows(ids.cpu().numpy())).to(ids.device, self.dtype)


class BundledTransformer(InputModule):
    """The first module of the SentenceTransformer: texts → token embeddings."""

    def __init__(self, path: Path, dtype: torch.dtype) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        file = opened(path)
        self.header, self.unigram = file.header, file.unigram
        self.model = _build(file, dtype)
        self.max_seq_length = self.header.positions

    def preprocess(
        self, inputs: Any, prompt: str | None = None, **_: Any
    ) -> dict[str, Tensor | Any]:
        """Texts → ids and mask (n, longest), cut to 512 positions, specials included."""
        tokenizer, room = self.unigram, self.max_seq_length - 2
        rows = [
            [tokenizer.bos, *tokenizer.encode((prompt or "") + text)[:room], tokenizer.eos]
            for text in inputs
        ]
        longest = max(map(len, rows))
        ids = [row + [tokenizer.pad] * (longest - len(row)) for row in rows]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        output = self.model(
            input_ids=features["input_ids"], attention_mask=features["attention_mask"]
        )
        # Pooled and normalized in fp32: bf16 keeps 8 bits and costs Recall@1 there.
        features["token_embeddings"] = output.last_hidden_state.to(torch.float32)
        return features

    def get_embedding_dimension(self) -> int:
        return self.header.hidden

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        raise ModelError("The bundled model is read from its package and is not saved elsewhere")


def for_questions(bundled: BundledTransformer, dtype: torch.dtype) -> BundledTransformer:
    """The model for questions, which shares what it can with ``bundled``. Raises ModelError."""
    made = BundledTransformer(weights_path(), dtype)
    learnt = question_encoder.weights(made.model.state_dict())
    state = {name: torch.from_numpy(weights).to(dtype) for name, weights in learnt.items()}
    made.model.load_state_dict(state, strict=False, assign=True)
    made.model.embeddings = bundled.model.embeddings
    changed = {int(name.split(".")[2]) for name in learnt}
    for number, layer in enumerate(bundled.model.encoder.layer):
        if number not in changed:
            made.model.encoder.layer[number] = layer
    return made.requires_grad_(False)


def _build(file: BundledFile, dtype: torch.dtype) -> BertModel:
    header = file.header
    config = BertConfig(
        vocab_size=header.vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.intermediate,
        max_position_embeddings=header.positions,
        type_vocab_size=header.types,
        layer_norm_eps=header.epsilon,
    )
    with torch.device("meta"):  # no memory and no random start for weights that are replaced
        model = BertModel(config, add_pooling_layer=False)
    state = {
        name: nn.Parameter(torch.tensor(weights).to(dtype), requires_grad=False)
        for name, weights in file.weights()
    }
    del model.embeddings.word_embeddings
    model.load_state_dict(state, strict=False, assign=True)
    model.embeddings.register_module("word_embeddings", PackedEmbedding(file.words, dtype))
    positions = torch.arange(header.positions).unsqueeze(0)
    model.embeddings.register_buffer("position_ids", positions, persistent=False)
    model.embeddings.register_buffer(
        "token_type_ids", torch.zeros_like(positions), persistent=False
    )
    model.train(False)
    return model
