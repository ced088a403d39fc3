"""What is said of a file that was sent, in the language of who sends it.

The room that reads files tells programs, logs and the command line in English. Here its lines are
recognized by their words, and told by those of ``text/interface/files.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assistant.text.interface_texts import Words, interface_texts


def in_language(message: str, language: str) -> str:
    """A fault or a note of a file in that language; as it is where there are no words for it."""
    return next(_told(message, language), message)


def _told(message: str, language: str) -> Iterator[str]:
    texts = interface_texts("files").get(language, {})
    if not texts:
        return
    for english, own in texts["refusals"].items():
        for named in _named(english, message):
            yield own.format(**named | {"remedy": _remedy(named["remedy"], texts)})
    # The longest first: "cannot be used, it is empty" ends as "is empty" does.
    for english, own in sorted(texts["faults"].items(), key=lambda fault: -len(fault[0])):
        for named in _named(f"{{file}} {english}: {{remedy}}", message):
            yield f"{named['file']} {own.format(**named)}: {_remedy(named['remedy'], texts)}"
    for english, own in texts["notes"].items():
        for named in _named(f"{{where}}: {english}", message):
            yield f"{named['where']}: {own.format(**named)}"


def _remedy(remedy: str, texts: Words) -> str:
    known = texts["remedies"].items()
    told = (own.format(**named) for english, own in known for named in _named(english, remedy))
    return next(told, remedy)


def _named(english: str, message: str) -> Iterator[dict[str, str]]:
    """What stands in ``message`` for the names in ``english``, if it says that."""
    if found := _pattern(english).fullmatch(message):
        yield found.groupdict()


@cache
def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)  # text, name, text, …
    named = (
        f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )
    return re.compile("".join(named), re.DOTALL)
