"""What names look like: capitals in a row."""

from __future__ import annotations

# A word with a capital, and names of at least one and of at least two such words.
WORD = r"\p{Lu}[\p{L}\p{M}]*"
NAME = rf"{WORD}(?:[ ]{WORD})*"
FULL_NAME = r"\p{Lu}[\p{L}\p{M}]+(?:\s\p{Lu}[\p{L}\p{M}]+){1,4}"
