"""The reader: an encoder that starts from the bundled one, with heads for spans and verdicts.

It reads ``<s> question </s></s> passage </s>`` and says which words answer, and whether any do;
or ``<s> claim: … </s></s> passage </s>`` and says supported, contradicted or not stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from assistant.index.bundled_encoder import BundledTransformer
from assistant.index.encoder import weights_path
from assistant.reading.tokens import OffsetTokenizer, Tokens

CLAIM = "claim: "  # before a claim; a question stands alone
VERDICTS = ("supported", "contradicted", "not stated")
LONGEST = 384  # tokens of a pair, the four special ones included


@dataclass(frozen=True, slots=True)
class Pair:
    """One input: ids, and where the passage's tokens stand in it, ``[first, last)``."""

    ids: tuple[int, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Logits of a batch of n pairs of at most t tokens.

    ``spans`` (n, t, 3): start, end, and part of an answer; ``answerable`` (n,); ``verdicts``
    (n, 3) in the order of VERDICTS.
    """

    spans: Tensor
    answerable: Tensor
    verdicts: Tensor


class Reader(nn.Module):
    """Encoder and heads. The word matrix is the bundled model's: mapped, packed, never trained."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        bundled = BundledTransformer(weights_path(), dtype)
        self.encoder = bundled.model
        self.unigram = bundled.unigram
        self.tokenize = OffsetTokenizer(bundled.unigram)
        width = bundled.header.hidden
        self.span_head = nn.Linear(width, 3, dtype=dtype)
        self.answerable_head = _verdict_head(width, 1, dtype)
        self.verdict_head = _verdict_head(width, len(VERDICTS), dtype)

    def pair(self, question: Tokens, passage: Tokens, window: tuple[int, int]) -> Pair:
        """The input of a question beside the tokens ``[a, b)`` of a passage."""
        bos, eos = self.unigram.bos, self.unigram.eos
        head = (bos, *question.ids, eos, eos)
        body = passage.ids[window[0] : window[1]]
        return Pair((*head, *body, eos), len(head), len(head) + len(body))

    def forward(self, pairs: Sequence[Pair]) -> Reading:
        ids, mask, types = self.batch(pairs)
        hidden = self.encoder(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        return Reading(
            self.span_head(hidden).float(),
            self.answerable_head(hidden[:, 0]).squeeze(-1).float(),
            self.verdict_head(hidden[:, 0]).float(),
        )

    def batch(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor]:
        """ids, attention mask and token types, each (n, longest)."""
        # Multiples of 16: kernels are prepared once for each shape, which takes longer than a pass.
        longest = -(-max(len(pair.ids) for pair in pairs) // 16) * 16
        ids = torch.full((len(pairs), longest), self.unigram.pad)
        mask = torch.zeros_like(ids)
        types = torch.zeros_like(ids)
        for row, pair in enumerate(pairs):
            ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
            mask[row, : len(pair.ids)] = 1
            types[row, pair.first : len(pair.ids)] = 1
        return ids, mask, types


def _verdict_head(width: int, out: int, dtype: torch.dtype) -> nn.Module:
    return nn.Sequential(
        nn.Linear(width, width, dtype=dtype), nn.Tanh(), nn.Linear(width, out, dtype=dtype)
    )


def trainable(model: Reader) -> dict[str, nn.Parameter]:
    """The parameters that are learnt; the word matrix is none of them."""
    found = dict(model.named_parameters())
    for parameter in found.values():
        parameter.requires_grad_(True)
    # Without dropout: attention takes its fast path and a step half the time, and a model this
    # small sees no example often enough to learn it by heart.
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0
    model.encoder.config.attention_probs_dropout_prob = 0.0
    return found


__all__ = ["CLAIM", "LONGEST", "VERDICTS", "Pair", "Reader", "Reading", "trainable"]
