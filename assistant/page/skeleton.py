"""What is seen until Gradio's scripts have come: the product's name and shapes of the panes."""

from __future__ import annotations

import html
from string import Template
from typing import Final

from assistant.page.labels import LABELS, STATIC, Language

_SKELETON: Final = Template((STATIC / "skeleton.html").read_text("utf-8"))


def skeleton(language: Language) -> str:
    """Markup for the beginning of the page's body; it hides itself once the question box is there.

    Without scripts nothing else comes, and it says so in both languages. ``language``: of the
    browser; what the person has chosen on the page goes before.
    """
    words = {
        "vi": LABELS["vi"].title,
        "en": LABELS["en"].title,
        "needs_vi": LABELS["vi"].needs_scripts,
        "needs_en": LABELS["en"].needs_scripts,
    }
    escaped = {name: html.escape(text) for name, text in words.items()}
    return _SKELETON.substitute(escaped, language=language)
