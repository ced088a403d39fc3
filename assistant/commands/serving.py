"""Servers, and who may use them."""

from __future__ import annotations

import argparse
import sys
import threading
from functools import partial

from assistant import memory
from assistant.commands._terminal import opened, settings_of, typed_in
from assistant.types import SettingsError


def serve(options: argparse.Namespace) -> int:
    from assistant.server import serve
    from assistant.server.credentials import Access, check_open

    memory.share_between_threads()
    memory.give_back_regularly()
    settings = settings_of(options)
    check_open(settings)  # told at once, and not after seconds of loading
    Access.of(settings)
    assistant = opened(options)
    # The model loads while the page is built: either takes seconds.
    threading.Thread(target=assistant.warm, daemon=True).start()

    serve.serve(assistant, settings, partial(print, flush=True))
    return 0


def user(options: argparse.Namespace) -> int:
    from assistant.server.credentials import Users

    path = settings_of(options).users
    if path is None:
        raise SettingsError("Which file of users? Name it with --users FILE")
    Users(path).add(options.name, _password())
    print(f"{options.name} may sign in: assistant serve --users {path}")
    return 0


def key(options: argparse.Namespace) -> int:
    from assistant.server.credentials import Keys

    path = settings_of(options).keys
    if path is None:
        raise SettingsError("Which file of keys? Name it with --keys FILE")
    print(Keys(path).add(options.name))
    print("This key is not shown again; its hash is kept.", file=sys.stderr)
    return 0


def mcp(options: argparse.Namespace) -> int:
    try:
        from assistant.server import mcp_tools
    except ModuleNotFoundError as missing:
        if missing.name != "mcp":
            raise
        raise SettingsError("MCP is not installed: pip install 'article-assistant[mcp]'") from None
    assistant = opened(options)
    threading.Thread(target=assistant.warm, daemon=True).start()
    mcp_tools.serve_stdio(assistant, settings_of(options))
    return 0


def _password() -> str:
    """Asked for twice on a terminal; the first line of what is piped in elsewhere."""
    if not sys.stdin.isatty():
        return typed_in(sys.stdin.readline).rstrip("\r\n")
    from getpass import getpass

    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise SettingsError("The passwords differ; nothing was changed")
    return password
