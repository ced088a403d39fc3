"""What all commands share: settings, and how things are printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant import private_files
from assistant.settings import Settings
from assistant.types import SettingsError


def settings_of(options: argparse.Namespace) -> Settings:
    names = set(Settings.model_fields) & set(vars(options))
    settings = Settings.load(**{name: getattr(options, name) for name in names})
    private_files.for_this_process(settings.group_files)
    return settings


def opened(options: argparse.Namespace) -> Any:
    from assistant.answering.assistant import Assistant

    return Assistant.open(settings=settings_of(options))


def question_of(options: argparse.Namespace) -> str:
    """The question as given, or what is piped in for "-"."""
    if options.question != "-":
        return str(options.question)
    return typed_in(sys.stdin.read)


def typed_in(read: Callable[[], str]) -> str:
    """What ``read`` takes from the input. Raises SettingsError where it is no text."""
    try:
        return read()
    except UnicodeDecodeError as fault:
        raise SettingsError(f"The input is not {fault.encoding} text; save it as UTF-8") from None


def printable(text: str) -> str:
    """Text for a terminal, which obeys control characters: an article may hold any."""
    from assistant.answering.link_filter import UNSEEN

    return UNSEEN.sub("", text)


def check_places(*files: str | None) -> None:
    """Files that can't be written are told before the work, not after. Raises SettingsError."""
    for path in (Path(file) for file in files if file):
        folder = path.parent
        if path.is_dir():
            why = "it is a folder; name a file in it"
        elif not folder.is_dir():
            why = f"there is no folder {folder}; make it, or name another"
        elif not os.access(path if path.exists() else folder, os.W_OK):
            why = "permission denied; name a file in a folder of yours"
        else:
            continue
        raise SettingsError(f"{path} cannot be written: {why}")


def print_json(value: Any) -> None:
    """JSON has signs of its own for the letters that the console lacks."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(value, ensure_ascii=not unicode, indent=1))


def progress_of(unit: str) -> tuple[Callable[[int, int], None], Callable[[], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda done, total: None, lambda: None
    from tqdm import tqdm

    bar = tqdm(unit=f" batches of {unit}", leave=False)

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show, bar.close
