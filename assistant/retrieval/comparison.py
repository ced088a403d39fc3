"""Questions that compare two things: each side is searched for and answered by itself.

One passage seldom tells of both, and a passage that tells of one answers only half of the
question.
"""

from __future__ import annotations

import regex

from assistant.text.terms import fold

# On the text without accents: what is compared, of which two, and what stands behind both.
_COMPARED = regex.compile(
    r"^(?:hay |please )?(?:so sanh|compare|(?:what is )?the difference between)"
    r"\s+(?P<of>(?:(?!\b(?:va|voi|and|with|to)\b).)*?\b(?:cua|o|tai|nam|giua|of|in|for|between)\s+)?"
    r"(?P<one>.+?)\s+(?:va|voi|and|with|to|vs\.?)\s+(?P<other>.+?)"
    r"(?P<about>\s+(?:ve|in terms of)\s+.+?)?[\s?.!]*$"
)


def sides(question: str) -> tuple[str, str] | None:
    """What to ask of each side, None where the question does not compare: "So sánh vốn của cảng A
    và cảng B" → "vốn của cảng A", "vốn của cảng B"."""
    folded = fold(question)
    if len(folded) != len(question) or not (found := _COMPARED.search(folded)):
        return None

    def part(name: str) -> str:
        return question[slice(*found.span(name))] if found[name] else ""

    one, other = (part("of") + part(side) + part("about") for side in ("one", "other"))
    return one, other
