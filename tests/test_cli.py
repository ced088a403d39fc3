"""The command line as scripts use it: shapes, exit codes, one-line errors."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from assistant.cli import main

SEEDS = Path(__file__).parents[1] / "seeds"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cli") / "index"
    assert main(["index", str(SEEDS), "--index", str(folder)]) == 0
    return str(folder)


def test_search_json_is_the_contract(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    question = "nhà ở xã hội"
    assert main(["search", question, "--index", index, "--top-k", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["question", "hits"]
    assert found["question"] == question
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    keys = ["rank", "score", "article_id", "title", "start", "end", "text"]
    assert all(list(hit) == keys for hit in found["hits"])
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert question in found["hits"][0]["text"]


def test_ask_json_is_the_contract(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "Ai là bí thư đảng ủy phường Lái Thiêu?", "--index", index, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [
        "question", "answer", "grounding", "language", "confidence", "citations", "short",
        "certainty",
    ]  # fmt: skip
    assert found["grounding"] == "grounded"
    assert 0 <= found["confidence"] <= 1
    citation = found["citations"][0]
    keys = ["number", "article_id", "title", "start", "end", "quote", "verified", "answer"]
    assert list(citation) == keys
    ((start, end),) = citation["answer"]
    words = citation["quote"][start - citation["start"] : end - citation["start"]]
    assert found["short"] == words and "Nguyễn Thanh Tâm" in words
    assert found["certainty"] in ("says so", "may say so")


def test_ask_prints_answer_and_sources(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "Ai là bí thư đảng ủy phường Lái Thiêu?", "--index", index]) == 0
    out = capsys.readouterr().out
    assert "Nguyễn Thanh Tâm" in out
    assert "\n[1] " in out
    assert "https://ttbc-hcm.gov.vn/" in out


@pytest.mark.parametrize("suffix", [".json", ".md", ".html"])
def test_an_answer_is_kept_and_verified(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    card = str(tmp_path / f"answer{suffix}")
    question = "Ai là bí thư đảng ủy phường Lái Thiêu?"
    assert main(["ask", question, "--index", index, "--card", card]) == 0
    assert "Nguyễn Thanh Tâm" in capsys.readouterr().out
    assert main(["verify", card, "--index", index]) == 0
    assert capsys.readouterr().out.startswith("holds    1 [1]")


@pytest.mark.parametrize(
    ("place", "told"),
    [("none/report", "there is no folder .*none; make it"), ("", "it is a folder")],
)
@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_report_that_cannot_be_written_is_told_before_the_work(
    option: str, place: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = str(tmp_path / "not-read-yet.jsonl")
    assert main(["eval", questions, option, str(tmp_path / place)]) == 2
    assert re.search(f"cannot be written: {told}", capsys.readouterr().err)


def test_a_card_of_another_kind_is_refused_before_the_question_is_asked(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "Ai?", "--index", index, "--card", str(tmp_path / "a.pdf")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "name a .json, .md or .html file" in err


def test_indexing_again_keeps_everything(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(SEEDS), "--index", index]) == 0
    assert "(0 new, 11 kept, 0 removed)" in capsys.readouterr().out


def test_bad_files_are_named_and_the_others_indexed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "good.txt").write_text("Chợ Bến Thành mở cửa lúc sáu giờ sáng.", "utf-8")
    (articles / "empty.txt").write_text("", "utf-8")
    (articles / "binary.txt").write_bytes(b"\x00\x01\x02PNG")
    index = str(tmp_path / "index")
    assert main(["index", str(articles), "--index", index]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{index}: 1 articles, 1 passages")
    lines = err.strip().splitlines()
    assert len(lines) == 2
    assert any("empty.txt" in line for line in lines)
    assert any("binary.txt" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask", "x", "--index", "/nowhere/at/all"], "No index at /nowhere/at/all"),
        (["ask", "x", "--model", "no/such-model"], "model"),
        (["search", "x", "--top-k", "0"], "'top_k' = '0'"),
        (["search", "x", "--top-k", "many"], "'top_k' = 'many'"),
        (["serve", "--port", "99999"], "'port' = '99999'"),
        (["index", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_errors_are_one_line(
    index: str,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = arguments if "--index" in arguments else [*arguments, "--index", index]
    assert main(given) in {1, 2}
    err = capsys.readouterr().err
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_another_model_is_refused_with_the_field_and_the_command(
    index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "x", "--index", index, "--query-prefix", "hỏi: "]) == 2
    err = capsys.readouterr().err
    assert "query prefix" in err
    assert f"assistant index --index {index} --rebuild" in err


def test_doctor_finds_and_mends(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--index", index]) == 0
    (file,) = Path(index).glob("dense-*")
    data = bytearray(file.read_bytes())
    data[-1] ^= 0xFF
    file.write_bytes(bytes(data))
    assert main(["doctor", "--index", index]) == 1
    out = capsys.readouterr().out
    assert f"{file.name} is damaged" in out
    assert f"assistant doctor --index {index} --repair" in out
    assert main(["doctor", "--index", index, "--repair"]) == 0
    assert "FAULT" not in capsys.readouterr().out


def test_rebuild_keeps_the_articles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = str(tmp_path / "index")
    assert main(["index", str(SEEDS), "--index", index]) == 0
    assert main(["index", "--index", index, "--rebuild", "--passage-tokens", "160"]) == 0
    assert main(["doctor", "--index", index, "--passage-tokens", "160"]) == 0
    assert main(["doctor", "--index", index]) == 1
    assert "Made with passage tokens '160'" in capsys.readouterr().out


def test_help_has_examples() -> None:
    out = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--help"], capture_output=True, text=True
    )
    assert out.returncode == 0
    assert "assistant ask" in out.stdout


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"assistant {version('article-assistant')}\n"


OPENING = "index model query-prefix passage-prefix passage-tokens overlap"
ANSWERING = f"{OPENING} precision reader llm strictness"


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("index", f"{OPENING} precision"),
        ("search", f"{OPENING} precision"),
        ("ask", ANSWERING),
        ("eval", ANSWERING),
        ("serve", ANSWERING),
        ("mcp", ANSWERING),
        ("train", f"{OPENING} precision reader"),
        ("doctor", f"{OPENING} llm"),
        ("backup", "index"),
        ("restore", OPENING),
        ("verify", "index"),
        ("feedback", "index"),
        ("user", ""),
        ("key", ""),
        ("completion", ""),
    ],
)
def test_a_command_lists_the_settings_that_it_uses_and_no_others(
    command: str, settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    listed = set(re.findall(r"^  --([a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert listed & set(ANSWERING.split()) == set(settings.split())


def script_of(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_sound(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    (tmp_path / "script").write_text(script_of(shell, capsys), "utf-8")
    done = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("as", "ask"),
        ("user ", "add -h --help"),
        ("ask --l", "--llm"),
        ("verify --l", ""),
        ("verify card", ""),  # a file: bash's own business
        ("eval --holdout ", "gold half"),
        ("eval --holdout = h", "half"),
        ("eval q.jsonl --fail-on", "--fail-on-regression"),
        ("feedback --index index l", "list"),
        ("user add linh --", "--help --users"),
        ("completion z", "zsh"),
    ],
)
def test_bash_completes(
    line: str, offered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "script").write_text(script_of("bash", capsys), "utf-8")
    words = ["assistant", *line.split(" ")]
    call = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_assistant assistant "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}"'
    )
    done = subprocess.run(
        ["bash", "-c", call, "bash", str(tmp_path / "script"), *words],
        capture_output=True,
        text=True,
    )
    assert (done.stderr, done.stdout) == ("", f"{offered}\n")


def test_help_and_errors_do_not_load_the_model() -> None:
    """A wrong path is told in well under the seconds that torch takes to import."""
    code = (
        "import sys; from assistant.cli import main; "
        "main(['ask', 'x', '--index', '/nowhere']); print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False"


@pytest.mark.slow
def test_a_reader_that_leaves_ends_the_command_quietly(index: str) -> None:
    command = [sys.executable, "-m", "assistant.cli", "search", "nhà ở", "--json"]
    with subprocess.Popen(
        [*command, "--index", index],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout and running.stderr
        running.stdout.close()  # as `head` does when it has its lines
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_a_command_leaves_broken_pipes_to_whoever_writes() -> None:
    main(["doctor", "--index", "nowhere"])
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN  # else a client could end a server


def test_what_an_article_holds_does_not_move_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "news").mkdir()
    article = tmp_path / "news" / "tin.txt"
    article.write_text("Chợ Bến Thành\u202e mở lại\u009b2J ngày 5-8.", "utf-8")
    folder = str(tmp_path / "index")
    assert main(["index", str(article), "--index", folder]) == 0
    main(["ask", "Chợ Bến Thành mở lại ngày nào?", "--index", folder])
    main(["search", "Chợ Bến Thành", "--index", folder])
    out = capsys.readouterr().out
    assert "Chợ Bến Thành mở lại" in out
    assert not {"\u202e", "\u009b"} & set(out)


def test_a_damaged_catalog_is_made_anew_as_the_error_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "index"
    assert main(["index", str(SEEDS), "--index", str(folder)]) == 0
    (folder / "feedback.sqlite").write_bytes(b"what people wrote")
    (folder / "catalog.sqlite").write_bytes(b"not a database, though long enough" * 100)
    assert main(["ask", "Ai?", "--index", str(folder)]) == 2
    assert f"assistant index PATHS --rebuild --index {folder}" in capsys.readouterr().err
    assert main(["index", str(SEEDS), "--rebuild", "--index", str(folder)]) == 0
    assert (folder / "feedback.sqlite").read_bytes() == b"what people wrote"


def test_an_index_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "blank.txt").write_text(" \n", "utf-8")
    folder = tmp_path / "index"
    assert main(["index", str(tmp_path / "blank.txt"), "--index", str(folder)]) == 2
    assert "blank.txt" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("encoding", ["ascii", "cp1258"])
def test_a_console_without_the_letters_is_no_fault(index: str, encoding: str) -> None:
    def ask(*more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "assistant.cli", "ask", "Ai là bí thư phường Lái Thiêu?",
             "--index", index, *more],
            env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode(encoding)

    assert "?" in ask()
    assert "Nguyễn Thanh Tâm" in json.loads(ask("--json"))["answer"]
