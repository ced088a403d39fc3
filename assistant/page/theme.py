"""How the page looks, and where it stands in the server's application."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import gradio as gr
from fastapi import FastAPI

from assistant.page.labels import STATIC

FRONTEND: Final = Path(gr.__file__).parent / "templates" / "frontend"  # Gradio's own files


def mount(application: FastAPI, blocks: gr.Blocks) -> None:
    """Mounts ``blocks`` at the root of ``application``."""
    gr.mount_gradio_app(
        application,
        blocks,
        path="/",
        theme=_theme(),
        css_paths=[STATIC / f"{name}.css" for name in ("chat", "panels", "versions", "sharing")],
        favicon_path=str(STATIC / "favicon.png"),
        footer_links=[],
        show_error=False,
        max_file_size="1kb",  # articles are sent to /api/v1, and nothing else is uploaded
        enable_monitoring=False,
        run_history=False,  # the browser keeps no questions
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )


def _theme() -> gr.themes.Base:
    """One accent on greys, in the system's own fonts: nothing is fetched from elsewhere."""
    return gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        text_size="lg",
        radius_size="md",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_400")
