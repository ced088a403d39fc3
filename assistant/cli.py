"""The command line: parses, calls, prints. No logic.

Exit codes: 0 done; 1 done in part or a check failed; 2 wrong use or an error that stopped it.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from assistant import wire
from assistant.settings import Settings
from assistant.types import Answer, Article, AssistantError, SettingsError

DEFAULT_ARTICLES = Path("seeds")

EXAMPLES = """examples:
  assistant index                           index seeds/ into indexes/default
  assistant index news/ --index indexes/news
  assistant ask "Ai là bí thư đảng ủy phường Lái Thiêu?"
  assistant ask "ai la bi thu dang uy phuong lai thieu" --json
  assistant search "nhà ở xã hội" --top-k 3
  assistant eval questions.jsonl --json report.json
  assistant serve --port 8000
  assistant serve --host 0.0.0.0 --users users.txt
  assistant user add linh --users users.txt
  assistant key add reports --keys keys.txt
  assistant mcp
  assistant doctor --repair
  assistant ask "Ai là bí thư đảng ủy phường Lái Thiêu?" --card answer.html
  assistant verify answer.html
  assistant feedback export questions.jsonl --todo todo.jsonl
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Every error is one line on stderr."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `assistant … | head` ends quietly
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except AssistantError as error:
        print(f"assistant: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("assistant: stopped", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"assistant: {error}; check the path and its permissions", file=sys.stderr)
        return 2


def _index(options: argparse.Namespace) -> int:
    from assistant.corpus import read_articles
    from assistant.index import Index, rebuild

    settings = _settings(options)
    progress, done = _progress("articles")
    if options.rebuild and not options.paths:
        update = rebuild(settings, progress)
    else:
        paths = [Path(p) for p in options.paths] or [DEFAULT_ARTICLES]
        corpus = read_articles(paths)
        if options.rebuild:
            _empty(settings)
        index = Index.create(settings)
        update = index.update(corpus, paths, settings, progress)
        index.close()
    done()
    for fault in update.faults:
        print(f"assistant: {fault}", file=sys.stderr)
    print(f"{settings.index}: {update}")
    return 1 if update.faults else 0


def _empty(settings: Settings) -> None:
    """Takes away the old index, so that the new one holds just what is given."""
    from assistant.index import CATALOG, clear

    if (settings.index / CATALOG).exists():
        clear(settings.index)


def _search(options: argparse.Namespace) -> int:
    assistant = _open(options)
    question = _question(options)
    hits = assistant.retrieve(question)
    if options.json:
        _print_json(wire.search_json(question, hits))
        return 0
    for hit in hits:
        print(f"{hit.rank}. {hit.title}  ({hit.score:.2f})\n   {' '.join(hit.text.split())}\n")
    if not hits:
        print("Nothing found.")
    return 0


def _ask(options: argparse.Namespace) -> int:
    from assistant.types import Finished, TextDelta

    _check_card(options)
    assistant = _open(options)
    question = _question(options)
    for event in assistant.stream(question):
        if isinstance(event, TextDelta) and not options.json:
            print(event.text, end="", flush=True)
        elif isinstance(event, Finished):
            answer = event.answer
    _save_card(options, assistant, answer)
    if options.json:
        _print_json(wire.answer_json(answer))
        return 0
    print()
    dates = {c.article_id: assistant.article(c.article_id) for c in answer.citations}
    for citation in answer.citations:
        article = dates[citation.article_id]
        facts = ", ".join(filter(None, [article.title, article.date, article.source]))
        print(f"[{citation.number}] {facts}")
    return 0


def _eval(options: argparse.Namespace) -> int:
    from assistant.evaluation import baseline, evaluate, questionset, report, reportpage

    if options.fail_on_regression and not options.baseline:
        raise SettingsError("--fail-on-regression needs --baseline FILE to compare with")
    questions = questionset.load(Path(options.questions))
    if options.gold:
        questions = questionset.with_gold(questions, questionset.load(Path(options.gold)))
    assistant = _open(options)
    if options.check:
        faults = questionset.check(questions, assistant.articles())
        print("\n".join([*faults, f"{len(questions)} questions, {len(faults)} faults"]))
        return 1 if faults else 0
    earlier = baseline.load_report(Path(options.baseline)) if options.baseline else None
    for limit in options.fail_under:
        baseline.parse_limit(limit)  # a wrong one is told before the work, not after
    how = evaluate.Options(
        strip_accents=options.strip_accents,
        holdout=options.holdout,
        retrieval_only=options.retrieval_only,
        limit=options.limit,
        name=Path(options.questions).name,
    )
    progress, done = _progress("questions")
    result = evaluate.run(assistant, questions, how, progress).to_json()
    done()
    comparison = baseline.compare(result, earlier) if earlier else None
    if options.json:
        Path(options.json).write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    if options.html:
        Path(options.html).write_text(reportpage.page(result, comparison), "utf-8")
    print(report.table(result, comparison))
    failures = baseline.shortfalls(result, options.fail_under)
    if options.fail_on_regression and comparison:
        failures += baseline.regressions(comparison)
    for failure in failures:
        print(f"assistant: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _doctor(options: argparse.Namespace) -> int:
    from assistant.doctor import examine, repair

    settings = _settings(options)
    findings = repair(settings) if options.repair else examine(settings)
    for finding in findings:
        print(f"{'ok   ' if finding.sound else 'FAULT'} {finding.text}")
        if finding.remedy:
            print(f"      → {finding.remedy}")
    return 0 if all(finding.sound for finding in findings) else 1


def _serve(options: argparse.Namespace) -> int:
    from assistant.access import Access, check_open

    settings = _settings(options)
    check_open(settings)  # told at once, and not after seconds of loading
    Access.of(settings)
    assistant = _open(options)
    # The model loads while the page is built: either takes seconds.
    threading.Thread(target=assistant.warm, daemon=True).start()
    from assistant import server

    server.serve(assistant, settings, partial(print, flush=True))
    return 0


def _user(options: argparse.Namespace) -> int:
    from assistant.access import Users

    path = _settings(options).users
    if path is None:
        raise SettingsError("Which file of users? Name it with --users FILE")
    Users(path).add(options.name, _password())
    print(f"{options.name} may sign in: assistant serve --users {path}")
    return 0


def _key(options: argparse.Namespace) -> int:
    from assistant.access import Keys

    path = _settings(options).keys
    if path is None:
        raise SettingsError("Which file of keys? Name it with --keys FILE")
    print(Keys(path).add(options.name))
    print("This key is not shown again; its hash is kept.", file=sys.stderr)
    return 0


def _mcp(options: argparse.Namespace) -> int:
    try:
        from assistant import tools
    except ModuleNotFoundError as missing:
        if missing.name != "mcp":
            raise
        raise SettingsError("MCP is not installed: pip install 'article-assistant[mcp]'") from None
    assistant = _open(options)
    threading.Thread(target=assistant.warm, daemon=True).start()
    tools.serve_stdio(assistant, _settings(options))
    return 0


# -- cards and feedback ------------------------------------------------------------------


def _check_card(options: argparse.Namespace) -> None:
    """A wrong file name is told before the work, not after."""
    if options.card:
        from assistant.cards import suffix_of

        suffix_of(Path(options.card))


def _save_card(options: argparse.Namespace, assistant: Any, answer: Answer) -> None:
    if options.card:
        from assistant import cardpages, cards

        cardpages.save(cards.make([answer], assistant.article), Path(options.card))


def _verify(options: argparse.Namespace) -> int:
    from assistant import verifying

    found = verifying.verify_file(Path(options.file), _articles(_settings(options)))
    if options.json:
        _print_json(found.to_json())
    else:
        print(verifying.table(found))
    return 0 if found.sound else 1


def _feedback(options: argparse.Namespace) -> int:
    from assistant import feedback

    settings = _settings(options)
    store = feedback.Feedback.open(settings.index, create=False)
    if options.action == "list":
        records = store.records()
        if options.json:
            _print_json([asdict(record) for record in records])
        else:
            print(feedback.table(records))
        return 0
    if not options.file:
        raise SettingsError("feedback export needs a FILE to write the question set to")
    export = feedback.export(store.records(), _articles(settings))
    todo = Path(options.todo) if options.todo else None
    feedback.write(export, Path(options.file), todo)
    for conflict in export.conflicts:
        print(f"assistant: {conflict}", file=sys.stderr)
    print(f"{options.file}: {export}")
    return 1 if export.conflicts else 0


def _articles(settings: Settings) -> list[Article]:
    """The articles of the index, read without its model."""
    from assistant.catalog import Catalog
    from assistant.index import CATALOG

    catalog = Catalog.open(settings.index / CATALOG)
    try:
        return catalog.articles()
    finally:
        catalog.close()


# -- plumbing ----------------------------------------------------------------------------


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _settings(options: argparse.Namespace) -> Settings:
    names = set(Settings.model_fields) & set(vars(options))
    return Settings.load(**{name: getattr(options, name) for name in names})


def _open(options: argparse.Namespace) -> Any:
    from assistant.answering import Assistant

    return Assistant.open(settings=_settings(options))


def _question(options: argparse.Namespace) -> str:
    """The question as given, or what is piped in for "-"."""
    if options.question != "-":
        return str(options.question)
    return sys.stdin.read()


def _password() -> str:
    """Asked for twice on a terminal; the first line of what is piped in elsewhere."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise SettingsError("The passwords differ; nothing was changed")
    return password


def _progress(unit: str) -> tuple[Callable[[int, int], None], Callable[[], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda done, total: None, lambda: None
    from tqdm import tqdm

    bar = tqdm(unit=f" batches of {unit}", leave=False)

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show, bar.close


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assistant",
        description="Answers questions about your articles and proves every answer.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--index", metavar="DIR", help="the index (default: indexes/default)")
    common.add_argument("--model", metavar="NAME", help="'bundled', or a model's id or folder")
    common.add_argument("--query-prefix", metavar="TEXT", help="put before questions")
    common.add_argument("--passage-prefix", metavar="TEXT", help="put before passages")
    common.add_argument("--precision", metavar="P", help="auto, bf16 or fp32")
    common.add_argument("--passage-tokens", metavar="N", help="token budget of a passage")
    common.add_argument("--overlap", metavar="N", help="sentences neighbouring passages share")

    def add(name: str, run: Callable[[argparse.Namespace], int], help_: str) -> Any:
        command = commands.add_parser(name, help=help_, description=help_, parents=[common])
        command.set_defaults(run=run)
        return command

    index = add("index", _index, "Index articles (.txt, .md, SQuAD .json); again: what changed.")
    index.add_argument(
        "paths", nargs="*", metavar="PATHS", help="files or folders (default: seeds/)"
    )
    index.add_argument(
        "--rebuild", action="store_true", help="make it anew; without PATHS from what it holds"
    )
    search = add("search", _search, "List the passages that match a question best.")
    search.add_argument(
        "question", metavar="QUESTION", help='the question; "-" reads it from stdin'
    )
    search.add_argument("--top-k", metavar="N", help="how many passages (default: 5)")
    search.add_argument("--json", action="store_true", help="print JSON")
    ask = add("ask", _ask, "Answer a question with quotes, or say that the articles do not.")
    ask.add_argument("question", metavar="QUESTION", help='the question; "-" reads it from stdin')
    ask.add_argument("--json", action="store_true", help="print JSON")
    ask.add_argument("--card", metavar="FILE", help="keep the answer as .json, .md or .html")
    evaluate = add("eval", _eval, "Score the assistant on a question set.")
    _eval_options(evaluate)
    serve = add("serve", _serve, "Open the chat in the browser.")
    serve.add_argument("--host", metavar="H", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", metavar="P", help="port to listen on (default: 7860)")
    serve.add_argument("--users", metavar="FILE", help="who may sign in")
    serve.add_argument("--keys", metavar="FILE", help="keys that open the API")
    serve.add_argument(
        "--open-to-all", action="store_const", const=True, help="let everyone in from anywhere"
    )
    add("mcp", _mcp, "Offer the assistant as tools (MCP) on standard input and output.")
    _access_commands(commands)
    doctor = add("doctor", _doctor, "Check the index and say what is wrong and what to do.")
    doctor.add_argument("--repair", action="store_true", help="rebuild what can be rebuilt")
    verify = add("verify", _verify, "Check the quotes of an exported answer against the index.")
    verify.add_argument("file", metavar="FILE", help="a card: .json, .md or .html")
    verify.add_argument("--json", action="store_true", help="print JSON")
    feedback = add("feedback", _feedback, "List what people said of answers, or export it.")
    feedback.add_argument("action", choices=["list", "export"], help="what to do")
    feedback.add_argument("file", nargs="?", metavar="FILE", help="export: the question set")
    feedback.add_argument("--todo", metavar="FILE", help="export: what a person must complete")
    feedback.add_argument("--json", action="store_true", help="list: print JSON")
    return parser


def _access_commands(commands: Any) -> None:
    for name, run, file, help_ in (
        ("user", _user, "--users", "Let a user sign in, or give one a new password."),
        ("key", _key, "--keys", "Make a key that opens the API; it is printed once."),
    ):
        actions = commands.add_parser(name, help=help_, description=help_).add_subparsers(
            metavar="add", required=True
        )
        command = actions.add_parser("add", help=help_, description=help_)
        command.set_defaults(run=run)
        command.add_argument("name", metavar="NAME", help="up to 64 letters, digits and . _ @ -")
        command.add_argument(file, metavar="FILE", help="the file (made if it is not there)")


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
    flag("--limit", type=_positive, metavar="N", help="the first N questions only")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
