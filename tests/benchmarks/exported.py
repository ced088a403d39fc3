"""The bundled model as a folder that every sentence-transformers program reads.

``python -m tests.benchmarks.exported FOLDER`` writes it (fp32, 470 MB) unless it is there, and
checks that its vectors are the bundled model's own; it exits with 1 where they are not. Prints
what the check found, as JSON.

The 4-bit weights are unpacked to fp32. The tokenizer is the ``tokenizers`` library's Unigram with
the same pieces and SentencePiece's nmt_nfkc rules as normalizer.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace, WhitespaceSplit
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from transformers import BertModel, PreTrainedTokenizerFast

from assistant.index.blocks import unpack_q4
from assistant.index.bundled_encoder import BundledTransformer
from assistant.index.bundled_file import weights_path
from assistant.index.encoder import SentenceEncoder
from assistant.index.unigram import UnigramTokenizer
from assistant.settings import Settings
from tests.benchmarks import xquad

LEAST_COSINE = 0.9999
DONE = "checked.json"  # written last: a folder without it is not whole

# nmt_nfkc beyond NFKC, as the model's own normalization map has it: controls go, and what
# separates or is not seen is a space.
_GONE = Regex("[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]")
_SPACES = Regex("[\t\n\u000c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]")


def export(folder: Path) -> None:
    """Writes the model to ``folder``; an old one is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(0)  # a pooler that nothing reads is saved too, with random weights
    first = BundledTransformer(weights_path(), torch.float32)
    parts = folder / "parts"
    _bert(first).save_pretrained(parts)
    _tokenizer(first.unigram, first.max_seq_length).save_pretrained(parts)
    transformer = Transformer(str(parts), max_seq_length=first.max_seq_length)
    modules = [transformer, Pooling(first.header.hidden, "mean"), Normalize()]
    prompts = {"query": "query: ", "document": "passage: "}
    model = SentenceTransformer(modules=modules, device="cpu", prompts=prompts)
    model.save(str(folder))
    shutil.rmtree(parts)


def _bert(first: BundledTransformer) -> BertModel:
    """The encoder with its word matrix unpacked."""
    words = first.model.embeddings.word_embeddings
    config = first.model.config
    model = BertModel(config, add_pooling_layer=False)
    rest = {k: v for k, v in first.model.state_dict().items() if not k.endswith("_ids")}
    matrix = torch.from_numpy(unpack_q4(words.words.blocks))
    state = {**rest, "embeddings.word_embeddings.weight": matrix}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("_ids") for name in missing), (missing, unexpected)
    return model


def _tokenizer(unigram: UnigramTokenizer, length: int) -> PreTrainedTokenizerFast:
    pieces = sorted(unigram._ids, key=unigram._ids.__getitem__)
    scored = list(zip(pieces, unigram._scores, strict=True))
    library = Tokenizer(Unigram(scored, unk_id=unigram.unknown))
    library.normalizer = Sequence([Replace(_GONE, ""), Replace(_SPACES, " "), NFKC()])
    metaspace = Metaspace(replacement="▁", prepend_scheme="always")
    library.pre_tokenizer = PreTokenizers([WhitespaceSplit(), metaspace])
    library.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", unigram.bos), ("</s>", unigram.eos)]
    )
    specials = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": AddedToken("<mask>", lstrip=True, special=True),
    }
    return PreTrainedTokenizerFast(
        tokenizer_object=library,
        model_max_length=length,
        model_input_names=["input_ids", "attention_mask"],
        **specials,
    )


def check(folder: Path) -> dict[str, float]:
    """The least cosine between the folder's vectors and ours, and the texts with other ids.

    Over every third question and every eighth paragraph of XQuAD, Vietnamese and English.
    """
    ours = SentenceEncoder(Settings(precision="fp32"))
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    least, other, count = 1.0, 0, 0
    for language in ("vi", "en"):
        questions = [case.question for case in xquad.cases(language, language)][::3]
        passages = [article.text for article in xquad.articles_of(language)][::8]
        for prefix, texts, own in (
            ("query: ", questions, ours.embed_questions(questions, untrained=True)),
            ("passage: ", passages, ours.embed_passages(passages)),
        ):
            prompted = [prefix + text for text in texts]
            found = theirs.encode(prompted, batch_size=32, show_progress_bar=False)
            least = min(least, float((np.asarray(found) * own).sum(axis=1).min()))
            for text in prompted:
                a, b = (model.preprocess([text])["input_ids"] for model in (ours.model, theirs))
                other += a.tolist() != b.tolist()
            count += len(texts)
    return {"least cosine": least, "texts": count, "texts with other ids": other}


def main() -> None:
    folder = Path(sys.argv[1])
    if not (folder / DONE).exists():
        export(folder)
        found = check(folder)
        if found["least cosine"] < LEAST_COSINE or found["texts with other ids"]:
            raise SystemExit(f"The exported model {folder} is not the bundled one: {found}")
        (folder / DONE).write_text(json.dumps(found), "utf-8")
    print((folder / DONE).read_text("utf-8"))


if __name__ == "__main__":
    main()
