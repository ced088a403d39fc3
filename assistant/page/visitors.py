"""What the server holds of each visitor of the page, in memory."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr
from gradio.blocks import Block
from gradio.state_holder import SessionState, StateHolder

MOST: Final = 2_000  # who did not come for longest is forgotten: a reload brings back what was said
_SHARED: Final = 500  # components of other properties than at first, before all are made anew

_Components = dict[tuple[int, str], Block]


class Visitors(StateHolder):
    """Gradio's states of visitors, each a tenth as large.

    Gradio keeps 10,000 of them. Each has a description of the whole page of its own, for links to
    its state, which this page does not have, and a component of its own for each whose properties
    were ever changed, as the language changes most. Here equal ones are one, whoever sees them.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        blocks.state_session_capacity = MOST
        self.set_blocks(blocks)
        self._components: _Components = {}

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = _Visitor(self.blocks, self._components)
        return super().__getitem__(session_id)


class _Visitor(SessionState):
    def __init__(self, blocks: gr.Blocks, components: _Components) -> None:
        super().__init__(blocks)
        self.config_values.clear()
        self._components = components

    def __setitem__(self, key: int, value: Any) -> None:
        if isinstance(value, Block) and not isinstance(value, gr.State):
            if len(self._components) >= _SHARED:
                self._components.clear()
            properties = repr(sorted(value.constructor_args.items()))
            value = self._components.setdefault((key, properties), value)
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None: ...

    def _update_value_in_config(self, key: int, value: Any) -> None: ...
