"""The identity of an index: what it was made with, and may be used with."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.index.catalog import Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.settings import Settings
from assistant.types import IndexFault

RULES = "1"  # version of the rules for sentences, passages and terms; another is refused
SPLITTING = ("passage tokens", "overlap")  # of an identity: questions are embedded without them


class OtherModel(Exception):
    """The index was made anew with another model, and questions are embedded with the old one."""


def identity_of(encoder: SentenceEncoder, settings: Settings) -> dict[str, str]:
    """What an index must have been made with to be used with these settings."""
    return encoder.fingerprint | {
        "passage tokens": str(settings.passage_tokens),
        "overlap": str(settings.overlap),
        "rules": RULES,
    }


def model_of(identity: Mapping[str, str]) -> dict[str, str]:
    """What of an identity a question must be embedded with."""
    return {key: value for key, value in identity.items() if key not in SPLITTING}


def refuse_other_identity(catalog: Catalog, encoder: SentenceEncoder, settings: Settings) -> None:
    """Raises IndexFault naming the field in which index and settings differ."""
    stored, wanted = catalog.identity, identity_of(encoder, settings)
    for field in wanted:
        if stored.get(field) != wanted[field]:
            raise IndexFault(
                f"The index {settings.index} was made with {field} {stored.get(field)!r}, the "
                f"settings say {wanted[field]!r}; use the same settings, or rebuild it: "
                f"assistant index --index {settings.index} --rebuild"
            )
