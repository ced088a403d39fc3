"""What the server holds of each visitor of the page, in memory."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

MOST: Final = 2_000  # who did not come for longest is forgotten: a reload brings back what was said


class Visitors(StateHolder):
    """Gradio's states of visitors, of which each is a twentieth as large (3.5 KiB, not 62).

    Gradio copies the description of the whole page for every visitor, for links to its state, which
    this page does not have; and it keeps 10,000 of them.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        blocks.state_session_capacity = MOST
        self.set_blocks(blocks)

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = _Visitor(self.blocks)
        return super().__getitem__(session_id)


class _Visitor(SessionState):
    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(blocks)
        self.config_values.clear()

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None: ...

    def _update_value_in_config(self, key: int, value: Any) -> None: ...
