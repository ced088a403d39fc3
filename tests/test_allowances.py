"""What a request costs of what one may ask within a minute."""

from __future__ import annotations

import pytest

from assistant.server._allowances import EVENT, QUESTION, price


@pytest.mark.parametrize(
    ("route", "parts"),
    [
        ("/api/v1/answer", QUESTION), ("/api/v1/search", QUESTION), ("/mcp", QUESTION),
        ("/v1/chat/completions", QUESTION), ("/api/v1/articles", QUESTION),
        ("/api/v1/cards/verify", QUESTION),
        ("/api/v1/uploads/3f", EVENT), ("/api/v1/conversations", EVENT), ("/v1/models", EVENT),
        ("/gradio_api/run/predict", EVENT), ("/healthz", 0), ("/assets/a.js", 0),
    ],
)  # fmt: skip
def test_what_is_asked_costs_and_looking_at_it_hardly(route: str, parts: int) -> None:
    assert price(route) == parts
