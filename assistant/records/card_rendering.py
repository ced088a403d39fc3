"""The readable forms of a card: one HTML page, one Markdown file. Each carries the document too.

Both say the same facts in the same order, load nothing, and hold every text of an article, a
person or a language model escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from assistant import private_files
from assistant.records.cards import MARK, Card, Proof, ProvenExchange, embedded, suffix_of
from assistant.text.interface_texts import Words, interface_texts
from assistant.text.spans import pieces
from assistant.types import Claim

_STATIC: Final = Path(__file__).with_name("static")
_MARKER: Final = re.compile(r"\[(\d{1,4})\]")
_COMMAND: Final = "assistant verify"


def save(card: Card, path: Path) -> None:
    """Writes the card in the form that the file's suffix names. Raises CardError, OSError."""
    private_files.write(path, render(card, suffix_of(path)).encode())


def render(card: Card, suffix: str) -> str:
    """The file's text in the form ".json", ".md" or ".html"; the same for the same card."""
    if suffix == ".json":
        return json.dumps(card.to_json(), ensure_ascii=False, indent=1) + "\n"
    return html_page(card) if suffix == ".html" else markdown(card)


def shows_quotes(card: Card, suffix: str, text: str) -> bool:
    """Whether a page, of whatever version, shows every quote of its card."""
    form = _html_quote if suffix == ".html" else _md_quote
    proofs = (proof for exchange in card.exchanges for proof in exchange.proofs)
    return all(form(proof) in text for proof in proofs)


# -- what both forms say -----------------------------------------------------------------


def _state(exchange: ProvenExchange, words: Words) -> str:
    """How well the answer is supported, in one line."""
    parts = [words[exchange.grounding]]
    if exchange.certainty and exchange.grounding != "refused":
        parts.append(words["certainty"][exchange.certainty])
    if exchange.llm:
        parts.append(words["llm"].format(llm=exchange.llm))
    if exchange.fault:
        parts.append(words["fault"].format(fault=exchange.fault))
    return " · ".join(parts)


def _limits(exchange: ProvenExchange, words: Words) -> str:
    """Which articles were asked, in one line; "" where it was all of them."""
    asked = exchange.filter
    told = [
        words["since"].format(day=_day(asked.since)) if asked.since else "",
        words["until"].format(day=_day(asked.until)) if asked.until else "",
        *(asked.source, asked.author),
    ]
    shown = ", ".join(filter(None, told))
    return str(words["limited"].format(limits=shown)) if shown else ""


def _remark(claim: Claim, words: Words) -> str:
    """What is to be said behind a claim; "" behind one that its own citations support."""
    if claim.verdict == "unsupported":
        lack = words["lack"].get(claim.lack, "")
        detail = f"“{claim.detail}”" if claim.detail else ""
        what = " ".join(filter(None, [lack, detail]))
        return f"⚠ {words['unsupported']}{': ' + what if what else ''}"
    if claim.verdict == "unchecked":
        return str(words["unchecked"])
    if claim.verdict == "elsewhere" and claim.numbers:
        numbers = ", ".join(f"[{number}]" for number in claim.numbers)
        return str(words["elsewhere"].format(numbers=numbers))
    return ""


def _pieces(exchange: ProvenExchange) -> Iterator[tuple[str, Claim | None]]:
    """The answer's text in order, in pieces that joined are it, each with its claim."""
    at = 0
    for claim in sorted(exchange.claims, key=lambda claim: claim.start):
        if claim.start < at or claim.start == claim.end:
            continue
        yield exchange.answer[at : claim.start], None
        yield exchange.answer[claim.start : claim.end], claim
        at = claim.end
    yield exchange.answer[at:], None


def _facts(proof: Proof, words: Words) -> list[str]:
    """Date and doubts of a citation; its title and source are shown by the form."""
    facts = [_day(proof.date)] if proof.date else []
    return facts if proof.verified else [*facts, f"⚠ {words['unverified']}"]


def _place(proof: Proof, words: Words) -> str:
    return str(words["place"].format(article=proof.article_id, start=proof.start, end=proof.end))


def _also(proof: Proof, words: Words) -> str:
    """Where else the quote was printed, in one line; "" where nowhere."""
    places = [", ".join(filter(None, [p.title, p.source, _day(p.date)])) for p in proof.also]
    return str(words["also"].format(places="; ".join(places))) if places else ""


def _day(day: str) -> str:
    try:
        return f"{date.fromisoformat(day):%d/%m/%Y}"
    except ValueError:
        return day


def _when(card: Card, words: Words) -> str:
    try:
        shown = f"{datetime.fromisoformat(card.made):%d/%m/%Y %H:%M}"
    except ValueError:
        shown = card.made
    made = words["made"].format(when=shown)
    return f"{made} · {words['format'].format(version=card.version)}"


def _address(source: str) -> str:
    """The source where it is a web address a reader may follow, else ""."""
    try:
        parts = urlsplit(source)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # "http://[" and the like
        return ""
    return source if usable and not re.search(r"[\s<>\"\\^`{|}]", source) else ""


# -- HTML --------------------------------------------------------------------------------


def html_page(card: Card) -> str:
    """The card as one page that loads nothing and runs nothing; it prints as it is shown."""
    words = interface_texts("card")[card.language]
    style = (_STATIC / "card.css").read_text("utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )
    talk = "".join(
        _html_exchange(n, exchange, words) for n, exchange in enumerate(card.exchanges, 1)
    )
    return (
        f'<!doctype html>\n<html lang="{card.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(card.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<header><h1>{escape(card.title)}</h1><p class="meta">{escape(_when(card, words))}</p>'
        f"</header>\n<main>\n{talk}</main>\n"
        f'<footer class="meta">{escape(words["verify"])} <code>{_COMMAND} FILE</code></footer>\n'
        f'<script type="application/json" id="{MARK}">\n{embedded(card)}\n</script>\n'
        "</body>\n</html>\n"
    )


def _html_exchange(number: int, exchange: ProvenExchange, words: Words) -> str:
    known = {proof.number for proof in exchange.citations}

    def text(plain: str) -> str:
        return _MARKER.sub(
            lambda m: (
                f'<a href="#e{number}c{int(m[1])}">{m[0]}</a>' if int(m[1]) in known else m[0]
            ),
            escape(plain),
        )

    answer = "".join(_html_piece(plain, claim, text, words) for plain, claim in _pieces(exchange))
    query = words["searched"].format(query=exchange.query) if exchange.query else ""
    before = [line for line in (_limits(exchange, words), query) if line]
    searched = "".join(f'<p class="meta">{escape(line)}</p>\n' for line in before)
    cited = "".join(
        f'<li id="e{number}c{p.number}" value="{p.number}">{_html_proof(p, words)}</li>\n'
        for p in exchange.citations
    )
    sources = f"<h3>{escape(words['sources'])}</h3>\n<ol>\n{cited}</ol>\n" if cited else ""
    closest = (
        f"<h3>{escape(words['closest'])}</h3>\n{_html_proof(exchange.closest, words)}\n"
        if exchange.closest
        else ""
    )
    return (
        f'<section>\n<h2 dir="auto"{_lang(exchange.language)}>{escape(exchange.question)}</h2>\n'
        f'{searched}<div class="answer" dir="auto"{_lang(exchange.language)}>{answer}</div>\n'
        f'<p class="meta">{escape(_state(exchange, words))}</p>\n{sources}{closest}</section>\n'
    )


def _html_piece(plain: str, claim: Claim | None, text: Callable[[str], str], words: Words) -> str:
    remark = _remark(claim, words) if claim else ""
    if not claim or not remark:
        return text(plain)
    if claim.verdict != "unsupported":
        return f'{text(plain)} <span class="meta">({escape(remark)})</span>'
    return (
        f'<mark class="unsupported">{text(plain)}</mark> '
        f'<span class="doubt">({escape(remark)})</span>'
    )


def _html_proof(proof: Proof, words: Words) -> str:
    address = _address(proof.source)
    source = (
        f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(proof.source)}</a>'
        if address
        else escape(proof.source)
    )
    facts = [f"<cite>{escape(proof.title)}</cite>", source, *map(escape, _facts(proof, words))]
    digest = f"{escape(words['hash'])} <code>{escape(proof.sha256)}</code>"
    also = f'<p class="facts">{escape(line)}</p>' if (line := _also(proof, words)) else ""
    return (
        f'<blockquote dir="auto"{_lang(proof.language)}{_html_quote(proof)}'
        f'<p class="facts">{" · ".join(filter(None, facts))}</p>{also}'
        f'<p class="hash">{escape(_place(proof, words))} · '
        f"{digest if proof.sha256 else escape(words['unknown'])}</p>"
    )


def _html_quote(proof: Proof) -> str:
    return f">{_marked(proof, escape)}</blockquote>"


def _marked(proof: Proof, shown: Callable[[str], str]) -> str:
    """The quote with the words that answer in bold, which Markdown takes from HTML."""
    return "".join(
        f"<strong>{shown(text)}</strong>" if inside else shown(text)
        for text, inside in pieces(proof.quote, proof.answer, proof.start)
    )


def _lang(code: str) -> str:
    return f' lang="{escape(code)}"' if code and code != "und" else ""


# -- Markdown ----------------------------------------------------------------------------

_INLINE: Final = re.compile(r"[\\`*_\[\]#|~$]")
_LINE_START: Final = re.compile(r"^(\s*\d{0,9})([-+=.)])")


def markdown(card: Card) -> str:
    """The card as Markdown (CommonMark); the document stands in a comment at the end."""
    words = interface_texts("card")[card.language]
    parts = [f"# {_md(card.title)}", _md(_when(card, words))]
    for exchange in card.exchanges:
        parts += _md_exchange(exchange, words)
    parts += ["---", f"{_md(words['verify'])} `{_COMMAND} FILE`"]
    return "\n\n".join(parts) + f"\n\n<!-- {MARK}\n{embedded(card)}\n-->\n"


def _md_exchange(exchange: ProvenExchange, words: Words) -> list[str]:
    parts = [f"## {_md(exchange.question)}"]
    if limits := _limits(exchange, words):
        parts.append(_md(limits))
    if exchange.query:
        parts.append(_md(words["searched"].format(query=exchange.query)))
    parts.append(_md_lines("".join(_md_piece(*piece, words) for piece in _pieces(exchange))))
    parts.append(f"*{_md(_state(exchange, words))}*")
    if exchange.citations:
        parts.append(f"### {_md(words['sources'])}")
    for proof in exchange.citations:
        parts += [f"**\\[{proof.number}\\]**", *_md_proof(proof, words)]
    if exchange.closest:
        parts += [f"### {_md(words['closest'])}", *_md_proof(exchange.closest, words)]
    return [part for part in parts if part]


def _md_piece(plain: str, claim: Claim | None, words: Words) -> str:
    """A piece of the answer, still with its line ends."""
    shown = _md_text(plain)
    remark = _remark(claim, words) if claim else ""
    if not claim or not remark:
        return shown
    return (
        f"{shown} **({_md(remark)})**"
        if claim.verdict == "unsupported"
        else (f"{shown} ({_md(remark)})")
    )


def _md_proof(proof: Proof, words: Words) -> list[str]:
    address = _address(proof.source)
    source = f"<{address}>" if address else _md(proof.source)
    facts = [_md(proof.title), source, *map(_md, _facts(proof, words))]
    digest = f"{_md(words['hash'])} {_md(proof.sha256)}" if proof.sha256 else _md(words["unknown"])
    also = _also(proof, words)
    return [
        _md_quote(proof),
        " · ".join(filter(None, facts)),
        *([_md(also)] if also else []),
        f"{_md(_place(proof, words))} · {digest}",
    ]


def _md_quote(proof: Proof) -> str:
    lines = _md_lines(_marked(proof, _md_text)).split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _md_text(text: str) -> str:
    return "\n".join(_md(line) for line in text.split("\n"))


def _md_lines(escaped: str) -> str:
    """Lines that stay lines: each but a paragraph's last ends in a backslash."""
    paragraphs = re.split(r"\n\s*\n", escaped.strip("\n"))
    return "\n\n".join(paragraph.replace("\n", "\\\n") for paragraph in paragraphs)


def _md(line: str) -> str:
    """A line of plain text that Markdown and HTML take as such, wherever it stands."""
    inert = _INLINE.sub(r"\\\g<0>", escape(re.sub(r"\s+", " ", line), quote=False))
    return _LINE_START.sub(r"\1\\\2", inert)
