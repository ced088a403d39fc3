"""The reader's model: an encoder that starts from the bundled one, with heads.

Heads on every token: start, end, and part of an answer. Heads on the whole input: does the passage
answer, and is the claim supported, contradicted or not stated. They see the first token, the means
of what is asked and of the passage (the bundled model speaks by its tokens' mean), and the products
and differences of these, as sentence encoders are compared (Reimers and Gurevych 2019, §3). The
word matrix is the bundled model's, mapped and packed, and is never trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from assistant.index.bundled_encoder import BundledTransformer
from assistant.index.bundled_file import weights_path
from assistant.index.packed_weights import read_weights
from assistant.reading.logits import VERDICTS, Floats, Logits
from assistant.reading.pairs import Batch, Pair, Special, batch
from assistant.reading.tokens import OffsetTokenizer

FP32_ATTENTION = "sdpa in fp32"
INPUTS = 5  # vectors that the heads on the whole input see


class ReaderModel(nn.Module):
    """Encoder and heads; the heads of a new model are random. A ``ReadingModel``."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        bundled = BundledTransformer(weights_path(), dtype)
        unigram, width = bundled.unigram, bundled.header.hidden
        self.tokenize = OffsetTokenizer(unigram)
        self.special = Special(unigram.bos, unigram.eos, unigram.pad)
        self.encoder = bundled.model
        self.span_head = nn.Linear(width, 3, dtype=dtype)
        self.answerable_head = _input_head(width, 1, dtype)
        self.verdict_head = _input_head(width, len(VERDICTS), dtype)

    def forward(self, together: Batch) -> Logits[Tensor]:
        ids, mask, types, passage = (
            torch.from_numpy(array)
            for array in (together.ids, together.mask, together.types, together.passage)
        )
        hidden = self.encoder(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state  # (n, t, width)
        start, end, part = self.span_head(hidden).float().unbind(-1)
        asked = (mask == 1) & (types == 0)
        one, other = _mean(hidden, asked), _mean(hidden, passage)
        whole = torch.cat(  # (n, INPUTS × width)
            [hidden[:, 0], one, other, one * other, (one - other).abs()], dim=-1
        )
        return Logits(
            start,
            end,
            part,
            self.answerable_head(whole).squeeze(-1).float(),
            self.verdict_head(whole).float(),
        )

    def logits(self, pairs: Sequence[Pair]) -> Logits[Floats]:
        """What the model says of the pairs, which are read together."""
        with torch.inference_mode():
            found = self(batch(pairs, self.special))
        return Logits(*(getattr(found, head).numpy() for head in Logits.__slots__))

    def learn_from(self, weights: Path) -> ReaderModel:
        """Takes over the weights of a packed file or of a run's ``checkpoint.pt``. Raises
        ModelError."""
        if weights.suffix == ".pt":
            state = torch.load(weights, weights_only=True)["model"]
        else:
            state = {name: torch.from_numpy(w) for name, w in read_weights(weights).items()}
        self.load_state_dict(state, strict=False)
        return self

    def trained(self) -> dict[str, nn.Parameter]:
        """Name → parameter, of all that training changes. The word matrix is not a parameter."""
        return dict(self.named_parameters())

    def weights(self) -> dict[str, Floats]:
        """The same as arrays, to be packed."""
        return {name: p.detach().float().numpy() for name, p in self.trained().items()}


def prepare_for_training(model: ReaderModel) -> None:
    """Makes the parameters learnable, without dropout.

    Without dropout attention takes its fast path and a step half the time, and no example is seen
    often enough to be learnt by heart.
    """
    model.requires_grad_(True)
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            setattr(module, "dropout_prob", 0.0)  # noqa: B010 - a float of transformers
    model.encoder.config.attention_probs_dropout_prob = 0.0
    AttentionInterface.register(FP32_ATTENTION, _fp32_attention)
    AttentionMaskInterface.register(FP32_ATTENTION, sdpa_mask)
    model.encoder.set_attn_implementation(FP32_ATTENTION)


def freeze_lowest(model: ReaderModel, layers: int) -> None:
    """Keeps the embeddings and the lowest ``layers`` of the encoder as they are: a step with four
    of twelve takes a quarter less time."""
    if not layers:
        return
    kept: list[nn.Module] = [model.encoder.embeddings, *model.encoder.encoder.layer[:layers]]
    for module in kept:
        module.requires_grad_(False)


def _fp32_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention in fp32 inside of what is calculated in bf16: a step takes a sixth less time, since
    torch's backward pass on processors is slow in bf16."""
    with torch.autocast("cpu", enabled=False):
        found, _ = sdpa_attention_forward(
            module, query.float(), key.float(), value.float(), mask, **options
        )
    return found.to(query.dtype), None


def _mean(hidden: Tensor, tokens: Tensor) -> Tensor:
    """(n, t, width) and which tokens count (n, t) → the means (n, width)."""
    counted = tokens.unsqueeze(-1).to(hidden.dtype)
    return (hidden * counted).sum(1) / counted.sum(1).clamp(min=1)


def _input_head(width: int, out: int, dtype: torch.dtype) -> nn.Module:
    return nn.Sequential(
        nn.Linear(INPUTS * width, width, dtype=dtype), nn.Tanh(), nn.Linear(width, out, dtype=dtype)
    )
