"""Checking sentences: does what the model says stand in the passages that it was shown?

In the order of reading: dates, facts (numbers, dates and names of a sentence), names, stance
(negation, direction, who says it), binding (which fact goes with which words), borne (facts that
the source must have), opposed (what it must not contradict), judging (the verdict).
"""

from assistant.claims.judging import Similar, judge

__all__ = ["Similar", "judge"]
