"""The command line: calls and prints. No logic; what can be typed stands in arguments.py.

Exit codes: 0 done; 1 done in part or a check failed; 2 wrong use or an error that stopped it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from assistant import private_files
from assistant.answering import schemas
from assistant.arguments import parse, parser
from assistant.completion import completion
from assistant.settings import Settings
from assistant.types import Answer, Article, AssistantError, Filter, SettingsError

DEFAULT_ARTICLES = Path("seeds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Every error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console may lack letters: "?" stands for them
            stream.reconfigure(errors="replace")
    options = parse(_COMMANDS, arguments)
    private_files.for_this_process()
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except AssistantError as error:
        print(f"assistant: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("assistant: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `assistant … | head`: nobody reads on
        # Not by SIGPIPE's default, which would end a server whose client has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"assistant: {error}; check the path and its permissions", file=sys.stderr)
        return 2


def _index(options: argparse.Namespace) -> int:
    from assistant.index.rebuilding import rebuild

    if options.watch:
        return _watch(options)
    settings = _settings(options)
    progress, done = _progress("articles")
    if options.rebuild and not options.paths:
        update = rebuild(settings, progress, _say_waiting)
    else:
        paths = [Path(p) for p in options.paths] or [DEFAULT_ARTICLES]
        update = _updated(settings, paths, options.rebuild, progress)
    done()
    for line in (*update.notes, *update.faults):
        print(f"assistant: {line}", file=sys.stderr)
    print(f"{settings.index}: {update}")
    return 1 if update.faults else 0


def _watch(options: argparse.Namespace) -> int:
    from assistant.index.watching import watch

    if options.rebuild:
        raise SettingsError(
            "--rebuild makes the index once and --watch goes on; run the one, then the other"
        )
    paths = [Path(p) for p in options.paths] or [DEFAULT_ARTICLES]

    def complain(line: str) -> None:
        print(f"assistant: {' '.join(line.split())}", file=sys.stderr, flush=True)

    watch(_settings(options), paths, partial(print, flush=True), complain)
    return 0


def _updated(settings: Settings, paths: Sequence[Path], anew: bool, progress: Any) -> Any:
    """The index brought to what ``paths`` hold; where that fails, no empty index is left."""
    from assistant.articles.files import read_articles
    from assistant.index import rebuilding
    from assistant.index.index import Index, discard_empty, is_there

    there = is_there(settings.index)
    if there and not anew:
        # First: what a run that was cut short has left to do with files is done then.
        with closing(Index.create(settings)) as index:
            return index.update(read_articles(paths), paths, settings, progress, _say_waiting)
    if anew:  # what people sent stays, though nobody names it
        paths = [*paths, *rebuilding.uploads_of(settings.index)]
    corpus = read_articles(paths)
    if not corpus.articles and not there:
        *others, last = corpus.faults
        for fault in others:
            print(f"assistant: {fault}", file=sys.stderr)
        raise last
    try:
        if anew:
            done = rebuilding.rebuild(settings, progress, _say_waiting, corpus.articles)
            return replace(done, faults=corpus.faults, notes=corpus.notes)
        with closing(Index.create(settings)) as index:
            return index.update(corpus, paths, settings, progress, _say_waiting)
    except Exception:
        if not there:
            discard_empty(settings.index)
        raise


def _say_waiting() -> None:
    print("assistant: another run updates this index; waiting for it", file=sys.stderr)


def _sync(options: argparse.Namespace) -> int:
    from assistant.web.sync import sync

    settings = _settings(options)
    progress, done = _progress("addresses")
    synced = sync(settings, options.listing, progress=progress)
    done()
    for line in synced.faults:
        print(f"assistant: {_shown(line)}", file=sys.stderr)
    print(f"{settings.index}: {synced}")
    return 1 if synced.faults else 0


def _search(options: argparse.Namespace) -> int:
    assistant = _open(options)
    question = _question(options)
    hits = assistant.retrieve(question, filter=_filter(options))
    if options.json:
        _print_json(schemas.search_json(question, hits))
        return 0
    for hit in hits:
        text = " ".join(_shown(hit.text).split())
        print(f"{hit.rank}. {_shown(hit.title)}  ({hit.score:.2f})\n   {text}\n")
    if not hits:
        print("Nothing found.")
    return 0


def _ask(options: argparse.Namespace) -> int:
    from assistant.answering.places import told

    _check_card(options)
    assistant = _open(options)
    question = _question(options)
    chosen = _filter(options)
    if options.json:
        answer = assistant.answer(question, filter=chosen)
    else:
        answer = _streamed(assistant, question, chosen)
    _save_card(options, assistant, answer)
    if options.json:
        _print_json(schemas.answer_json(answer))
        return 0
    print()
    for claim in answer.claims:
        if claim.verdict == "unsupported":
            words = " ".join(answer.text[claim.start : claim.end].split())
            missing = f" ({claim.lack}: {claim.detail})" if claim.detail else ""
            print(f"Not supported by the articles: {words}{missing}")
    if any(claim.verdict == "unchecked" for claim in answer.claims):
        print("Not checked: some sentences could neither be found in the articles nor ruled out.")
    dates = {c.article_id: assistant.article(c.article_id) for c in answer.citations}
    for citation in answer.citations:
        article = dates[citation.article_id]
        facts = ", ".join(filter(None, [article.title, article.date, article.source]))
        print(f"[{citation.number}] {_shown(facts)}")
        for place in citation.also:
            print(f"    also in: {_shown(told(place))}")
    return 0


def _filter(options: argparse.Namespace) -> Filter:
    return Filter(options.since, options.until, options.source, options.author)


def _streamed(assistant: Any, question: str, filter: Filter) -> Answer:
    """The answer, printed as it comes."""
    from assistant.types import Finished, TextDelta

    for event in assistant.stream(question, filter=filter):
        if isinstance(event, TextDelta):
            print(_shown(event.text), end="", flush=True)
        elif isinstance(event, Finished):
            answer = event.answer
    return answer


def _eval(options: argparse.Namespace) -> int:
    from assistant.evaluation import baseline, evaluate, questionset, report, reportpage

    if options.fail_on_regression and not options.baseline:
        raise SettingsError("--fail-on-regression needs --baseline FILE to compare with")
    if options.nli and options.retrieval_only:
        raise SettingsError("--nli judges citations and --retrieval-only makes none; drop one")
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
        **_judge(options.nli),
        name=Path(options.questions).name,
    )
    progress, done = _progress("questions")
    result = evaluate.run(assistant, questions, how, progress).to_json()
    done()
    comparison = baseline.compare(result, earlier) if earlier else None
    if options.json:
        told = json.dumps(result, ensure_ascii=False, indent=1)
        private_files.write(Path(options.json), told.encode())
    if options.html:
        private_files.write(Path(options.html), reportpage.page(result, comparison).encode())
    print(report.table(result, comparison))
    failures = baseline.shortfalls(result, options.fail_under)
    if options.fail_on_regression and comparison:
        failures += baseline.regressions(comparison)
    for failure in failures:
        print(f"assistant: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _judge(model: str | None) -> dict[str, Any]:
    """What an NLI model changes in the evaluation's options."""
    if not model:
        return {}
    from assistant.evaluation import nli

    return {"supports": nli.load(model), "judge": f"NLI: {model}"}


def _train(options: argparse.Namespace) -> int:
    from assistant.evaluation import questionset
    from assistant.evaluation.adapting import adapt

    questions = questionset.load(Path(options.questions))
    assistant = _open(options)
    progress, done = _progress("steps")
    adapted = adapt(assistant.index, assistant.reader, questions, Path(options.out), progress)
    done()
    print(adapted)
    return 0 if adapted.kept else 1


def _backup(options: argparse.Namespace) -> int:
    from assistant.index.backup import backup

    print(f"{options.file}: {backup(_settings(options), Path(options.file), _say_waiting)}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from assistant.index.backup import restore

    settings = _settings(options)
    found = restore(settings, Path(options.file), options.replace, _say_waiting)
    print(f"{settings.index}: {found}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from assistant.index.doctor import examine, repair

    settings = _settings(options)
    findings = repair(settings) if options.repair else examine(settings)
    for finding in findings:
        print(f"{'ok   ' if finding.sound else 'FAULT'} {finding.text}")
        if finding.remedy:
            print(f"      → {finding.remedy}")
    return 0 if all(finding.sound for finding in findings) else 1


def _serve(options: argparse.Namespace) -> int:
    from assistant.server import serve
    from assistant.server.credentials import Access, check_open

    settings = _settings(options)
    check_open(settings)  # told at once, and not after seconds of loading
    Access.of(settings)
    assistant = _open(options)
    # The model loads while the page is built: either takes seconds.
    threading.Thread(target=assistant.warm, daemon=True).start()

    serve.serve(assistant, settings, partial(print, flush=True))
    return 0


def _user(options: argparse.Namespace) -> int:
    from assistant.server.credentials import Users

    path = _settings(options).users
    if path is None:
        raise SettingsError("Which file of users? Name it with --users FILE")
    Users(path).add(options.name, _password())
    print(f"{options.name} may sign in: assistant serve --users {path}")
    return 0


def _key(options: argparse.Namespace) -> int:
    from assistant.server.credentials import Keys

    path = _settings(options).keys
    if path is None:
        raise SettingsError("Which file of keys? Name it with --keys FILE")
    print(Keys(path).add(options.name))
    print("This key is not shown again; its hash is kept.", file=sys.stderr)
    return 0


def _mcp(options: argparse.Namespace) -> int:
    try:
        from assistant.server import mcp_tools
    except ModuleNotFoundError as missing:
        if missing.name != "mcp":
            raise
        raise SettingsError("MCP is not installed: pip install 'article-assistant[mcp]'") from None
    assistant = _open(options)
    threading.Thread(target=assistant.warm, daemon=True).start()
    mcp_tools.serve_stdio(assistant, _settings(options))
    return 0


# -- cards and feedback ------------------------------------------------------------------


def _check_card(options: argparse.Namespace) -> None:
    """A wrong file name is told before the work, not after."""
    if options.card:
        from assistant.records.cards import suffix_of

        suffix_of(Path(options.card))


def _save_card(options: argparse.Namespace, assistant: Any, answer: Answer) -> None:
    if options.card:
        from assistant.records import card_rendering, cards

        card_rendering.save(cards.make([answer], assistant.article), Path(options.card))


def _verify(options: argparse.Namespace) -> int:
    from assistant.records import card_verification

    with _catalog(_settings(options)) as catalog:
        articles = catalog.articles()
        found = card_verification.verify_file(Path(options.file), articles, catalog.article)
    if options.json:
        _print_json(found.to_json())
    else:
        print(card_verification.table(found))
    return 0 if found.sound else 1


def _feedback(options: argparse.Namespace) -> int:
    from assistant.records import feedback

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
    with _catalog(settings) as catalog:
        articles: list[Article] = catalog.articles()
        return articles


@contextmanager
def _catalog(settings: Settings) -> Iterator[Any]:
    from assistant.index.catalog import Catalog
    from assistant.index.index import CATALOG

    with closing(Catalog.open(settings.index / CATALOG)) as catalog:
        yield catalog


def _completion(options: argparse.Namespace) -> int:
    print(completion(options.shell, parser(_COMMANDS)), end="")
    return 0


# -- plumbing ----------------------------------------------------------------------------


def _shown(text: str) -> str:
    """Text for a terminal, which obeys control characters: an article may hold any."""
    from assistant.answering.link_filter import UNSEEN

    return UNSEEN.sub("", text)


def _print_json(value: Any) -> None:
    """JSON has signs of its own for the letters that the console lacks."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(value, ensure_ascii=not unicode, indent=1))


def _settings(options: argparse.Namespace) -> Settings:
    names = set(Settings.model_fields) & set(vars(options))
    settings = Settings.load(**{name: getattr(options, name) for name in names})
    private_files.for_this_process(settings.group_files)
    return settings


def _open(options: argparse.Namespace) -> Any:
    from assistant.answering.assistant import Assistant

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


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "index": _index,
    "sync": _sync,
    "search": _search,
    "ask": _ask,
    "eval": _eval,
    "train": _train,
    "serve": _serve,
    "mcp": _mcp,
    "user": _user,
    "key": _key,
    "doctor": _doctor,
    "backup": _backup,
    "restore": _restore,
    "verify": _verify,
    "feedback": _feedback,
    "completion": _completion,
}


if __name__ == "__main__":
    sys.exit(main())
