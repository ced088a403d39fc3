"""Which files hold articles, by the end of their names."""

from __future__ import annotations

from typing import Final

TEXTS: Final = frozenset({".txt", ".md", ".markdown"})
TABLES: Final = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods"})
PACKED: Final = frozenset({".epub", ".eml", ".zip"})
PAGES: Final = frozenset(
    {".html", ".htm", ".mhtml", ".mht", ".pdf", ".docx", ".docm", ".odt", ".rtf"}
)
RECORDS: Final = frozenset({".json", ".jsonl"})
# A folder is searched for these, and for .json files that stand beside no article.
IN_FOLDERS: Final = TEXTS | TABLES | PACKED | PAGES | {".jsonl"}
ARTICLE_SUFFIXES: Final = IN_FOLDERS | RECORDS
