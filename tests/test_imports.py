"""What is heavy is loaded only where it is used."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "faiss", "tantivy", "gradio", "pandas", "langchain_core", "mcp")
API_ONLY = """
from assistant.server.application import app
from assistant.settings import Settings
app(None, Settings(page=False))
"""


@pytest.mark.parametrize(
    ("script", "allowed"),
    [
        ("import assistant.types", set()),
        ("import assistant; import assistant.settings", set()),
        ("import assistant.text.terms, assistant.text.sentences, assistant.text.language", set()),
        ("import assistant.cli, assistant.arguments", set()),
        ("import assistant.index.catalog, assistant.records.card_verification", set()),
        ("import assistant.llm.models, assistant.llm.streaming, assistant.llm.available", set()),
        # what reads files: every library of every kind
        (
            "from importlib import import_module; from assistant.articles import _nursery\n"
            "[import_module(m) for names in _nursery._LIBRARIES.values() for m in names]",
            set(),
        ),
        (
            "from assistant import Assistant",
            {"faiss", "tantivy"},
        ),
        # the models at work, as in every answer
        (
            "from assistant.index.encoder import SentenceEncoder\n"
            "from assistant.reading.readings import Beside\n"
            "from assistant.reading.shipped import reader_in\n"
            "from assistant.settings import Settings\n"
            "SentenceEncoder(Settings(runtime='openvino')).embed_questions(['Ai?'])\n"
            "reader_in(runtime='openvino').read([Beside('Ai?', 'Bà Bình.')])",
            set(),
        ),
        (
            "import assistant.server.mcp_tools",
            {"faiss", "tantivy", "mcp"},
        ),
        (API_ONLY, {"faiss", "tantivy", "mcp"}),
    ],
)
def test_nothing_heavy_is_loaded_unasked(script: str, allowed: set[str]) -> None:
    told = f"import sys\n{script}\nprint(*(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= allowed


def test_help_needs_next_to_nothing() -> None:
    told = (
        "import sys\nfrom assistant.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(*(m for m in ('numpy', 'pydantic', 'regex') if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert "usage: assistant" in done.stdout
    assert done.stderr == "\n"
