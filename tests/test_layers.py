"""Data flows one way: a module imports only modules further left in ORDER."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "assistant"

ORDER = (
    "types",
    "settings",
    "text",
    "accents",
    "background",
    "segment",
    "sentencestream",
    "passages",
    "corpus",
    "bundled",
    "models",
    "stamps",
    "database",
    "catalog",
    "centring",
    "dense",
    "lexical",
    "index",
    "retrieval",
    "asked",
    "evidence",
    "prompts",
    "quoting",
    "citations",
    "links",
    "claims",
    "gguf",
    "llm",
    "doctor",
    "streamed",
    "speaking",
    "context",
    "composing",
    "writing",
    "entities",
    "anaphora",
    "conversation",
    "examples",
    "answering",
    "langchain",
    "evaluation",
    "cards",
    "cardpages",
    "verifying",
    "feedback",
    "history",
    "wire",
    "asking",
    "uploads",
    "access",
    "page",
    "replies",
    "reader",
    "kept",
    "streaming",
    "runs",
    "options",
    "chat",
    "looks",
    "problems",
    "limits",
    "relay",
    "guard",
    "signin",
    "api",
    "resources",
    "completions",
    "tools",
    "server",
    "cli",
)
CLAIMS = ("dates", "facts", "names", "stance", "binding", "borne", "opposed", "judging")
EVALUATION = (
    "metrics",
    "significance",
    "questions",
    "beir",
    "squad",
    "questionset",
    "support",
    "nli",
    "scoring",
    "control",
    "provenance",
    "evaluate",
    "baseline",
    "report",
    "plots",
    "reportpage",
)
# What `from <package> import …` is made of.
FRONT_DOORS = {"assistant": ("types", "answering"), "assistant.claims": ("judging",)}


def imported(source: str, modules: set[str], name: str = "assistant") -> Iterator[str]:
    """The modules of the package ``name`` that ``source`` imports; "" is the package itself.

    Imports inside functions and under ``TYPE_CHECKING`` count as well.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = ".".join(filter(None, ["assistant" if node.level else "", node.module]))
            dotted = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        for path in dotted:
            if f"{path}.".startswith(f"{name}."):
                first = path[len(name) + 1 :].split(".")[0]
                yield first if first in modules else ""


def faults(package: Path, order: tuple[str, ...] = ORDER, name: str = "assistant") -> list[str]:
    """What is wrong with the imports of ``package``, a line each. No fault: no cycle either.

    A package inside it counts as one module, which may import itself.
    """
    sources = {path.stem: path.read_text("utf-8") for path in sorted(package.glob("*.py"))}
    inner = {path.parent.name for path in package.glob("*/__init__.py")}
    for folder in inner:
        parts = sorted((package / folder).glob("*.py"))
        sources[folder] = "\n".join(path.read_text("utf-8") for path in parts)
    found = []
    for module, source in sources.items():
        if module == "__init__":
            allowed: tuple[str, ...] = FRONT_DOORS.get(name, ())
        elif module in order:
            allowed = order[: order.index(module) + (module in inner)]
        else:
            found.append(
                f"assistant/{module}.py has no place: add it to ORDER in tests/test_layers.py"
            )
            continue
        for other in sorted(set(imported(source, set(sources), name)) - set(allowed)):
            found.append(f"assistant/{module}.py may not import assistant{other and '.' + other}")
    return found


def test_imports_point_one_way() -> None:
    found = faults(PACKAGE) + faults(PACKAGE / "evaluation", EVALUATION, "assistant.evaluation")
    found += faults(PACKAGE / "claims", CLAIMS, "assistant.claims")
    assert not found, "\n".join(found)


def test_compared_stacks_do_not_know_the_project() -> None:
    """They run in environments of their own, and are to be what their users would write."""
    stacks = sorted((Path(__file__).parent / "benchmarks" / "stacks").glob("*.py"))
    assert len(stacks) > 4
    knowing = [s.name for s in stacks if list(imported(s.read_text("utf-8"), set()))]
    assert knowing == ["ours.py"]


@pytest.mark.parametrize(
    ("sources", "fault"),
    [
        ({"types": "from assistant.text import fold", "text": ""}, "assistant/types.py may not"),
        ({"types": "from .text import fold", "text": ""}, "assistant/types.py may not"),
        ({"types": "from assistant import text", "text": ""}, "import assistant.text"),
        ({"types": "import assistant.text", "text": ""}, "import assistant.text"),
        ({"types": "def f():\n    import assistant.cli", "cli": ""}, "import assistant.cli"),
        ({"cli": "from assistant import Assistant", "__init__": ""}, "may not import assistant"),
        ({"__init__": "from assistant.cli import main", "cli": ""}, "import assistant.cli"),
        ({"dense": "import assistant.dense"}, "import assistant.dense"),
        ({"novel": ""}, "add it to ORDER"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, sources: dict[str, str], fault: str) -> None:
    for module, source in sources.items():
        (tmp_path / f"{module}.py").write_text(source)
    (message,) = faults(tmp_path)
    assert fault in message


def test_right_imports_have_no_fault(tmp_path: Path) -> None:
    (tmp_path / "types.py").write_text("import json")
    (tmp_path / "text.py").write_text("from assistant.types import Span\nimport assistant_data")
    (tmp_path / "answering.py").write_text("from assistant import text")
    (tmp_path / "__init__.py").write_text("from assistant.answering import Assistant")
    assert faults(tmp_path) == []
