"""Checking claims: does what a language model says stand in the passages that it was shown?

In the order of reading: _polarity (negation, direction, who says it), _word_context (which fact
goes with which words), _missing_facts (facts that the source must have), _contradictions (what
it must not contradict), _verdict (the judgement).
"""

from assistant.reading.claims._verdict import Similar, judge

__all__ = ["Similar", "judge"]
