"""What is there before Gradio's scripts: the product's name, shapes of panes, a question box."""

from __future__ import annotations

import html
from string import Template
from typing import Final

from assistant.page.labels import LABELS, STATIC, Language

_SKELETON: Final = Template((STATIC / "skeleton.html").read_text("utf-8"))


def skeleton(language: Language) -> str:
    """Markup for the beginning of the page's body, with a box that takes a question already; the
    page's script takes it away (static/chat.js).

    Without scripts nothing else comes, and it says so in both languages. ``language``: of the
    browser; what the person has chosen on the page goes before.
    """
    words = {
        "vi": LABELS["vi"].title,
        "en": LABELS["en"].title,
        "hint": LABELS[language].hint,
        "hint_vi": LABELS["vi"].hint,
        "hint_en": LABELS["en"].hint,
        "needs_vi": LABELS["vi"].needs_scripts,
        "needs_en": LABELS["en"].needs_scripts,
    }
    escaped = {name: html.escape(text) for name, text in words.items()}
    return _SKELETON.substitute(escaped, language=language)
