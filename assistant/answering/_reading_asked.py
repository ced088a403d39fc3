"""A searched question is read: what its passages answer, how sure that is, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.answering._asked import Asked
from assistant.answering._newest_first import newest_first
from assistant.answering._search import Search
from assistant.answering.found_answers import Found, differ
from assistant.answering.prompt_texts import say
from assistant.retrieval.comparison import sides
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.retrieval.question_type import asks_for_list
from assistant.settings import Settings


class Find(Protocol):
    def __call__(
        self, query: Query, ranked: Sequence[Candidate], all_of_them: bool = False
    ) -> tuple[Found, ...]:
        """What the best passages answer, the surest first."""
        ...


@dataclass(frozen=True, slots=True)
class ReadingAsked:
    """Reads questions."""

    search: Search
    settings: Settings
    find: Find

    def of(self, asked: Asked) -> Asked:
        """The question with what was found in its passages, and how sure that is."""
        all_of_them = asks_for_list(asked.wanted)
        found = asked.read
        if found is None or all_of_them:
            found = self.find(asked.query, asked.ranked, all_of_them)
        found, as_of = newest_first(found, asked.query, self.settings.least_confidence)
        confidence = found[0].confidence if found else 0.0
        asked = replace(
            asked,
            found=found,
            scope="all" if all_of_them or differ(found) else "one",
            answer=replace(asked.answer, confidence=confidence, as_of=as_of),
        )
        compared = sides(asked.wanted)
        return self._of_sides(asked, compared) if compared else asked

    def _of_sides(self, asked: Asked, compared: Sequence[str]) -> Asked:
        """The best answer for each side that is compared, and which side has none; the question as
        it was where neither has one."""
        found, notice = [], asked.notice
        for side in compared:
            view, limits = asked.query.view, asked.answer.filter
            read = self.find(*self.search.rank(side, asked.exclude, limits, view))
            if read and read[0].confidence >= self.settings.least_confidence:
                found.append(read[0])
            else:
                notice += say("one_side", asked.query.language, side=side) + "\n"
        if not found:
            return asked
        confidence = min(one.confidence for one in found)
        answer = replace(asked.answer, confidence=confidence, as_of="")
        return replace(asked, found=tuple(found), scope="sides", notice=notice, answer=answer)
