"""A natural language inference model as the judge of citations: does cited text entail a statement?

This is the judge that ALCE has (Gao et al. 2023, "Enabling Large Language Models to Generate Text
with Citations", §3.3): the cited text is the premise, the statement the hypothesis.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.evaluation._support import Supports
from assistant.types import ModelError

ENTAILMENT = "entailment"
_LONGEST = 512  # tokens of a pair, where neither tokenizer nor model states fewer


def load(name: str) -> Supports:
    """The judge from a folder, or from a hub id that is on this machine; nothing is downloaded.

    Any sequence classification model of transformers will do, a sentence-transformers
    CrossEncoder being one, that names a class "entailment". A pair supports when that class is
    the likeliest. A pair longer than the model reads is cut, the longer text first.
    Raises ModelError.
    """
    tokenizer, model = _read(name)
    entailed = _entailment(name, model.config.id2label)
    longest = _longest(tokenizer, model.config)

    @lru_cache(maxsize=65536)  # scores ask for the same pair more than once
    def supports(cited: str, statement: str) -> bool:
        import torch

        pair = tokenizer(cited, statement, truncation=True, max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            return int(model(**pair).logits[0].argmax()) == entailed

    return supports


def _read(name: str) -> tuple[Any, Any]:
    """Tokenizer and model, from disk only. Imports torch and friends here: they take seconds."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **local)
        model, loaded = AutoModelForSequenceClassification.from_pretrained(
            name, use_safetensors=True, output_loading_info=True, **local
        )
    except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
        raise ModelError(_why_not(name, error)) from error
    if loaded["missing_keys"]:
        # A model of another kind gets a random classifier, which judges by chance.
        raise ModelError(
            f"Model {name!r} has no weights for {sorted(loaded['missing_keys'])[0]!r}: it is not "
            f"one of sequence classification; name an NLI model"
        )
    model.train(False)
    return tokenizer, model


def _entailment(name: str, labels: Mapping[int, str]) -> int:
    """The number of the class that says that the premise entails the hypothesis."""
    for number, label in labels.items():
        if label.strip().lower() == ENTAILMENT:
            return int(number)
    known = ", ".join(labels.values())
    raise ModelError(
        f"Model {name!r} has no class {ENTAILMENT!r} (it has {known}); name an NLI model, or "
        f"write the classes into id2label of its config.json"
    )


def _longest(tokenizer: Any, config: Any) -> int:
    """The most tokens of a pair. Some models keep two positions for themselves."""
    positions = getattr(config, "max_position_embeddings", None) or _LONGEST
    return int(min(tokenizer.model_max_length, max(positions - 2, 8), _LONGEST))


def _why_not(name: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:160]
    if Path(name).exists():
        return (
            f"NLI model folder {name!r} cannot be loaded: {reason}; give a folder with a saved "
            f"sequence classification model (safetensors weights) and its tokenizer"
        )
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        return f"NLI model folder {name!r} does not exist; check the path"
    return (
        f"NLI model {name!r} is not on this machine and nothing is downloaded at run time; "
        f"run once, with a network: hf download {name}"
    )
