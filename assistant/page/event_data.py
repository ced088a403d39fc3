"""What the page's scripts send with its events; the server refuses what they would not.

The handlers in chat.py take these fields as they are described here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Number = Annotated[int, Field(ge=0, le=1_000_000)]


class _Data(BaseModel):
    model_config = ConfigDict(strict=True)


class _Address(_Data):
    address: str


class _Find(_Data):
    words: str
    most: Number = 0


class _Ask(_Data):
    question: str


class _Example(_Data):
    class Value(_Data):
        text: str

    value: Value


class _Again(_Data):
    slot: str
    question: str | None = None


class _Choose(_Data):
    number: Number


class _Restore(_Data):
    exchanges: list[Any]
    chosen: list[Number] | None = None
    opening: bool | None = None


_SHAPES: Final[dict[str, type[_Data]]] = {
    "address": _Address,
    "find": _Find,
    "ask": _Ask,
    "example_select": _Example,
    "again": _Again,
    "choose": _Choose,
    "restore": _Restore,
}


def fault(event: str, data: Any) -> str:
    """What is wrong with the data of an event of that name, in a few words; "" for nothing.

    Events of other names are told nothing that is read.
    """
    if _names_file(data):
        return "event_data: no event of the page sends a file"
    shape = _SHAPES.get(event)
    if shape is None:
        return ""
    try:
        shape.model_validate(data)
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(map(str, ("event_data", *found["loc"])))
        return f"{where}: {found['msg']}"
    return ""


def _names_file(data: Any) -> bool:
    """Whether Gradio would take a part of it for a file of the server's, and look where it is."""
    if isinstance(data, dict):
        return isinstance(data.get("path"), str) or any(map(_names_file, data.values()))
    return isinstance(data, list) and any(map(_names_file, data))
