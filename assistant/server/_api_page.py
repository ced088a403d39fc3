"""``/docs``: the description of the interface as a page on which each request can be tried.

Nothing of it comes from elsewhere, and its policy lets run what stands in api.js and no other
script: a browser compares the digests.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final

_STATIC: Final = Path(__file__).with_name("static")
_PAGE: Final = Template((_STATIC / "api.html").read_text("utf-8"))
_SCRIPT: Final = (_STATIC / "api.js").read_text("utf-8")
_STYLE: Final = (_STATIC / "api.css").read_text("utf-8")

Schema = Mapping[str, Any]


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'self' {_digest(_STYLE)}",
        f"script-src {_digest(_SCRIPT)}",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def page(schema: Schema) -> str:
    """The page about the interface that ``schema`` (OpenAPI) describes."""
    parts = [
        _operation(schema, path, method, about)
        for path, methods in schema["paths"].items()
        for method, about in methods.items()
    ]
    parts.append("<h2>Shapes</h2>")
    parts += [_folded(name, shape) for name, shape in schema["components"]["schemas"].items()]
    title = html.escape(schema["info"]["title"])
    return _PAGE.substitute(title=title, parts="\n".join(parts), script=_SCRIPT, style=_STYLE)


def _operation(schema: Schema, path: str, method: str, about: Schema) -> str:
    shapes = {
        "parameters": about.get("parameters"),
        "body": about.get("requestBody", {}).get("content"),
        "answers": about["responses"],
        "security": about.get("security"),
    }
    told = "".join(
        f"<p>{html.escape(about[name])}</p>" for name in ("summary", "description") if name in about
    )
    return (
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>{told}"
        + _folded("Shapes", {name: shape for name, shape in shapes.items() if shape})
        + f"<details><summary>Try it</summary>{_form(schema, path, method, about)}</details>"
        + "</section>"
    )


def _folded(name: str, shape: Any) -> str:
    told = html.escape(json.dumps(shape, indent=1, ensure_ascii=False))
    return f"<details><summary>{html.escape(name)}</summary><pre>{told}</pre></details>"


def _form(schema: Schema, path: str, method: str, about: Schema) -> str:
    """A form that api.js sends. The address is relative: the page may stand under a path."""
    fields = [_field(parameter) for parameter in about.get("parameters", ())]
    fields += _body(schema, about)
    where = html.escape(path.removeprefix("/"))
    return (
        f'<form data-method="{method.upper()}" data-path="{where}">{"".join(fields)}'
        "<button>Send</button><output></output><pre hidden></pre></form>"
    )


def _field(parameter: Schema) -> str:
    name, shape = html.escape(parameter["name"]), parameter.get("schema", {})
    given = html.escape(str(shape.get("default", "")))
    required = " required" if parameter.get("required") else ""
    return (
        f'<label>{name} <input name="{name}" data-in="{parameter["in"]}" '
        f'value="{given}"{required}></label>'
    )


def _body(schema: Schema, about: Schema) -> Iterator[str]:
    """A field for the request's body: a text with an example, or a file."""
    for kind, content in about.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            text = json.dumps(_example(schema, content), indent=1, ensure_ascii=False)
            lines = min(text.count("\n") + 1, 20)
            yield (
                f'<label>{kind} <textarea data-body="{kind}" rows="{lines}" spellcheck="false">'
                f"{html.escape(text)}</textarea></label>"
            )
        else:
            yield f'<label>{kind} <input type="file" data-body="{html.escape(kind)}"></label>'


def _example(schema: Schema, content: Schema) -> Any:
    if "example" in content:
        return content["example"]
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return schema["components"]["schemas"].get(name, {}).get("examples", [{}])[0]
