"""The command line: calls and prints. No logic; what can be typed stands in arguments.py.

Exit codes: 0 done; 1 done in part or a check failed; 2 wrong use or an error that stopped it.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final

from assistant import private_files
from assistant.arguments import parse, parser
from assistant.completion import completion
from assistant.types import AssistantError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Every error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console may lack letters: "?" stands for them
            stream.reconfigure(errors="replace")
    options = parse(_COMMANDS, arguments)
    private_files.for_this_process()
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except AssistantError as error:
        print(f"assistant: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except EOFError:
        print("assistant: the input ended before its answer", file=sys.stderr)
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


def _completion(options: argparse.Namespace) -> int:
    print(completion(options.shell, parser(_COMMANDS)), end="")
    return 0


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """A function of ``commands``, whose module is imported only when it is called."""
    module, function = name.split(".")

    def run(options: argparse.Namespace) -> int:
        return int(getattr(import_module(f"assistant.commands.{module}"), function)(options))

    return run


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "index": _command("corpus.index"),
    "sync": _command("corpus.sync"),
    "search": _command("asking.search"),
    "ask": _command("asking.ask"),
    "eval": _command("asking.evaluate"),
    "train": _command("asking.train"),
    "serve": _command("serving.serve"),
    "mcp": _command("serving.mcp"),
    "user": _command("serving.user"),
    "key": _command("serving.key"),
    "doctor": _command("corpus.doctor"),
    "backup": _command("corpus.backup"),
    "restore": _command("corpus.restore"),
    "verify": _command("proofs.verify"),
    "feedback": _command("proofs.feedback"),
    "completion": _completion,
}


if __name__ == "__main__":
    sys.exit(main())
