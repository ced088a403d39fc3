"""What stands above an answer that came by a link."""

from __future__ import annotations

from assistant.page.labels import Labels, inert
from assistant.records.exchange import Exchange


def shared_notice(exchange: Exchange, labels: Labels) -> str:
    """That the answer was not given here now, and what of it is sure: its quotes, compared with
    the articles again. Whoever makes a link may write into it what they like."""
    if not exchange.shared:
        return ""
    kind = "shared" if exchange.answer else "shared fault"
    return f'<p class="{kind}">{inert(_line(exchange, labels))}</p>'


def _line(exchange: Exchange, labels: Labels) -> str:
    answer = exchange.answer
    if answer is None:
        return labels.shared_unfit
    quotes = [*answer.citations, *([answer.closest] if answer.closest else [])]
    if not quotes:
        return labels.shared_bare
    standing = sum(quote.verified for quote in quotes)
    return labels.shared.format(count=standing, all=len(quotes))
