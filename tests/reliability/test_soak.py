"""A server is after thousands of requests what it was before, whoever hangs up."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from assistant.memory import GIVEN_BACK
from tests.reliability.soak import CLIENTS, State, server

REQUESTS = 20_000
SHARE = float(os.environ.get("RELIABILITY", "1"))
WARM = 1_000  # until caches and pools have what they hold
GROWTH = 1024  # KiB in 1,000 requests


def test_what_a_server_holds_does_not_grow_with_requests(tmp_path: Path) -> None:
    rounds = max(3, int(REQUESTS * SHARE) // 1000)
    states: list[State] = []
    with server(tmp_path) as (soak, process):
        soak.run(WARM, "warm")
        for number in range(rounds):
            soak.run(1000, str(number))
            states.append(_at_rest(process))
            print(soak.hung_up, dict(soak.statuses), states[-1])  # noqa: T201
        last = states[-1]
    grown = np.polyfit(np.arange(rounds), [one.resident for one in states], 1)[0]
    print(f"{grown:.0f} KiB in 1,000 requests, {last}")  # noqa: T201
    assert soak.wrong == []
    assert set(soak.statuses) == {200}
    assert 0.25 < soak.hung_up / (WARM + 1000 * rounds) < 0.35
    assert grown < GROWTH
    assert last.files <= states[0].files + CLIENTS and last.threads <= states[0].threads + CLIENTS
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


def _at_rest(process: int) -> State:
    """When whose client has gone is answered to its end, and what is free is given back."""
    until = time.monotonic() + GIVEN_BACK + 2
    states = [State.of(process)]
    while time.monotonic() < until:
        time.sleep(1)
        states.append(State.of(process))
    return replace(states[-1], resident=min(one.resident for one in states))
