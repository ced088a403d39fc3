"""What holds for every test: no network, no telemetry, and none of the developer's own settings."""

import ipaddress
import os
import sys
from typing import Any

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "NO_PROXY": "127.0.0.1,::1,localhost",
}
for name in [name for name in os.environ if name.startswith("ASSISTANT_")]:
    del os.environ[name]

# The fuse. pytest-socket refuses connections while a test runs; this refuses, from here on, what
# it lets through: look-ups of names, datagrams, connect_ex, and whatever happens between tests.
_OUTGOING = {"socket.connect", "socket.sendto", "socket.sendmsg"}


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False  # a name
    return address.is_loopback or address.is_unspecified  # 0.0.0.0: where a server listens


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in _OUTGOING and isinstance(args[1], tuple):  # a path names a Unix socket
        host = args[1][0]
    else:
        return
    if not _is_loopback(host):
        raise RuntimeError(f"A test tried to reach {host!r}: tests use no network")


sys.addaudithook(_refuse_network)

collect_ignore = ["reliability"]  # `make test-reliability` names it

# Imported last, so that all of the above holds while the product is imported.
pytest_plugins = ["tests.fixtures"]
