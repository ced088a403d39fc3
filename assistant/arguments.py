"""What can be typed behind ``assistant``: commands, options and their help."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from assistant.completion import SCRIPTS

_OPTION: Final = re.compile(r"--[a-z][a-z-]{1,20}")

Command = Callable[[argparse.Namespace], int]

EXAMPLES = """examples:
  assistant index                           index seeds/ into indexes/default
  assistant index news/ --index indexes/news
  assistant index news/ --watch             keep in step with the folder
  assistant sync https://bao.example/tin-moi.rss
  assistant ask "Ai là bí thư đảng ủy phường Lái Thiêu?"
  assistant ask "ai la bi thu dang uy phuong lai thieu" --json
  assistant search "nhà ở xã hội" --top-k 3
  assistant ask "Giá lúa bao nhiêu?" --since 1/8/2025 --source "Tuổi Trẻ"
  assistant eval questions.jsonl --json report.json
  assistant train questions.jsonl --out models/reader
  assistant serve --port 8000
  assistant serve --host 0.0.0.0 --users users.txt
  assistant user add linh --users users.txt
  assistant key add reports --keys keys.txt
  assistant mcp
  assistant doctor --repair
  assistant backup news.tar
  assistant restore news.tar --index indexes/restored
  assistant ask "Ai là bí thư đảng ủy phường Lái Thiêu?" --card answer.html
  assistant verify answer.html
  assistant feedback export questions.jsonl --todo todo.jsonl
  source <(assistant completion bash)
"""

# Settings that may be given on the line, and below which of them a command reads.
_SETTINGS: Final = {
    "--index": ("DIR", "the index (default: indexes/default)"),
    "--model": ("NAME", "'bundled', or a model's id or folder"),
    "--query-prefix": ("TEXT", "put before questions"),
    "--passage-prefix": ("TEXT", "put before passages"),
    "--passage-tokens": ("N", "token budget of a passage"),
    "--overlap": ("N", "sentences neighbouring passages share"),
    "--precision": ("P", "auto, bf16 or fp32"),
    "--runtime": ("R", "auto, openvino or torch"),
    "--reader": ("DIR", "a reader that 'assistant train' made"),
    "--llm": ("SPEC", "language model: none, provider:model, …"),
    "--strictness": ("S", "strict, balanced or open"),
}
# An index opens only with the settings that it was made with.
_OPENING: Final = (
    "--index --model --query-prefix --passage-prefix --passage-tokens --overlap"
).split()
_EMBEDDING: Final = [*_OPENING, "--precision", "--runtime"]
_READING: Final = [*_EMBEDDING, "--reader"]
_ANSWERING: Final = [*_READING, "--llm", "--strictness"]


def parse(
    commands: Mapping[str, Command], arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """The options that were typed. What is not known ends the program with a line that names
    options alone: argparse's own would print their values, such as that of ``--password``."""
    reader = parser(commands)
    found, unknown = reader.parse_known_args(arguments)
    if unknown:
        names = [word.partition("=")[0] for word in unknown]
        names = [name for name in names if _OPTION.fullmatch(name)]
        others = len(unknown) - len(names)
        told = [*names, *([f"{others} more word{'s' * (others > 1)}"] if others else [])]
        reader.error(f"not understood: {', '.join(told)}; a text with spaces stands in quotes")
    return found


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """The parser of the whole line; ``options.run`` is the command that was named."""
    parser = argparse.ArgumentParser(
        prog="assistant",
        description="Answers questions about your articles and proves every answer.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    found = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, help_: str, settings: Sequence[str] = ()) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = found.add_parser(name, help=help_, description=help_)
        for flag in settings:
            metavar, told = _SETTINGS[flag]
            command.add_argument(flag, metavar=metavar, help=told)
        command.set_defaults(run=commands[name])
        return command

    index = add(
        "index",
        "Index articles: text, PDF, Word, web pages, tables …; again: what changed.",
        _EMBEDDING,
    )
    index.add_argument(
        "paths", nargs="*", metavar="PATHS", help="files or folders (default: seeds/)"
    )
    index.add_argument(
        "--rebuild",
        action="store_true",
        help="make it from scratch; without PATHS from what it holds",
    )
    index.add_argument(
        "--watch", action="store_true", help="go on: keep it in step with the folders until Ctrl-C"
    )
    told = "Follow a feed, a sitemap or a list: fetch pages that are new or edited, and index them."
    sync = add("sync", told, _EMBEDDING)
    sync.add_argument(
        "listing", metavar="FEED_OR_LIST", help="its address, or a file with an address a line"
    )
    search = add("search", "List the passages that match a question best.", _EMBEDDING)
    search.add_argument(
        "question", metavar="QUESTION", help='the question; "-" reads it from stdin'
    )
    _filter_options(search)
    search.add_argument("--top-k", metavar="N", help="how many passages (default: 5)")
    search.add_argument("--json", action="store_true", help="print JSON")
    ask = add("ask", "Answer a question with quotes, or say that the articles do not.", _ANSWERING)
    ask.add_argument("question", metavar="QUESTION", help='the question; "-" reads it from stdin')
    _filter_options(ask)
    ask.add_argument("--json", action="store_true", help="print JSON")
    ask.add_argument("--card", metavar="FILE", help="keep the answer as .json, .md or .html")
    evaluate = add("eval", "Score the assistant on a question set.", _ANSWERING)
    _eval_options(evaluate)
    train = add("train", "Let the reader learn from questions about your articles.", _READING)
    train.add_argument("questions", metavar="QUESTIONS", help="a question set, as for eval")
    train.add_argument("--out", metavar="DIR", default="models/reader", help="where it is kept")
    serve = add("serve", "Open the chat in the browser.", _ANSWERING)
    serve.add_argument("--host", metavar="H", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", metavar="P", help="port to listen on (default: 7860)")
    serve.add_argument("--users", metavar="FILE", help="who may sign in")
    serve.add_argument("--keys", metavar="FILE", help="keys that open the API")
    serve.add_argument(
        "--no-page", action="store_const", const=False, dest="page", help="only the interfaces"
    )
    serve.add_argument(
        "--open-to-all", action="store_const", const=True, help="let everyone in from anywhere"
    )
    add("mcp", "Offer the assistant as tools (MCP) on standard input and output.", _ANSWERING)
    _credential_commands(found, commands)
    told = "Check the index and say what is wrong and what to do."
    doctor = add("doctor", told, [*_OPENING, "--llm"])
    doctor.add_argument("--repair", action="store_true", help="rebuild what can be rebuilt")
    told = "Keep articles, uploads, feedback and conversations in one file."
    backup = add("backup", told, ["--index"])
    backup.add_argument("file", metavar="FILE", help="a tar file, which is made")
    told = "Put what a backup holds in place of the index; it may be answering meanwhile."
    restore = add("restore", told, _OPENING)
    restore.add_argument("file", metavar="FILE", help="what 'assistant backup' made")
    restore.add_argument(
        "--replace", action="store_true", help="though the folder holds an index: it is lost"
    )
    told = "Check the quotes of an exported answer against the index."
    verify = add("verify", told, ["--index"])
    verify.add_argument("file", metavar="FILE", help="a card: .json, .md or .html")
    verify.add_argument("--json", action="store_true", help="print JSON")
    feedback = add("feedback", "List what people said of answers, or export it.", ["--index"])
    feedback.add_argument("action", choices=["list", "export"], help="what to do")
    feedback.add_argument("file", nargs="?", metavar="FILE", help="export: the question set")
    feedback.add_argument("--todo", metavar="FILE", help="export: what a person must complete")
    feedback.add_argument("--json", action="store_true", help="list: print JSON")
    completing = add("completion", "Print a script that completes commands in a shell.")
    completing.add_argument("shell", choices=list(SCRIPTS), help="the shell it is for")
    return parser


class _Version(argparse.Action):
    """Prints the version, which is looked up only then: no other command waits for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        try:
            found = version("article-assistant")
        except PackageNotFoundError:
            parser.exit(1, f"{parser.prog}: it is not installed, so its version is not known\n")
        sys.stdout.write(f"{parser.prog} {found}\n")
        parser.exit()


def _credential_commands(found: Any, commands: Mapping[str, Command]) -> None:
    for name, file, help_ in (
        ("user", "--users", "Let a user sign in, or give one a new password."),
        ("key", "--keys", "Make a key that opens the API; it is printed once."),
    ):
        actions = found.add_parser(name, help=help_, description=help_).add_subparsers(
            metavar="add", required=True
        )
        command = actions.add_parser("add", help=help_, description=help_)
        command.set_defaults(run=commands[name])
        command.add_argument("name", metavar="NAME", help="up to 64 letters, digits and . _ @ -")
        command.add_argument(file, metavar="FILE", help="the file (made if it is not there)")


def _filter_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "which articles", "Articles without a date are outside of --since and --until."
    )
    flag = group.add_argument
    flag("--since", metavar="DAY", default="", help="from this day on: 2025-08-05 or 5/8/2025")
    flag("--until", metavar="DAY", default="", help="up to this day, included")
    flag("--source", metavar="NAME", default="", help="of this newspaper, by its name or site")
    flag("--author", metavar="NAME", default="", help="by this author")


def _eval_options(command: argparse.ArgumentParser) -> None:
    flag = command.add_argument
    flag("questions", metavar="QUESTIONS", help="JSONL, SQuAD/XQuAD/MLQA JSON, or a BEIR folder")
    flag("--json", metavar="FILE", help="write the report as JSON")
    flag("--html", metavar="FILE", help="write the report as one HTML page")
    flag("--gold", metavar="FILE", help="take articles and answers from this parallel set")
    flag("--baseline", metavar="FILE", help="compare with an earlier report's JSON")
    flag("--fail-under", metavar="METRIC=VALUE", action="append", default=[], help="exit with 1")
    flag("--fail-on-regression", action="store_true", help="exit with 1 when significantly worse")
    flag("--check", action="store_true", help="only check the question set")
    flag("--strip-accents", action="store_true", help="ask as typed without accents")
    flag("--holdout", choices=["gold", "half"], help="make unanswerables by leaving articles out")
    flag("--retrieval-only", action="store_true", help="score the passages, not the answers")
    flag("--nli", metavar="MODEL", help="judge citations by this NLI model, not by the reader")
    flag("--limit", type=_positive, metavar="N", help="the first N questions only")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
