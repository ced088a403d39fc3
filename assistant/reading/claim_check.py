"""Whether the passages that a language model was shown support a sentence that it wrote.

The reader's claim head decides; what it leaves open is "unchecked". Rules beside it (numbers, dates
and names that the passage must have) flagged true claims of other authors more often than false
ones: 40% against 6%, numbers and dates alone (``tests/questions/reading``, dev).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

from assistant.reading.readings import Beside, PassageReader, Verdict
from assistant.text.language import language_of
from assistant.text.terms import fold, terms
from assistant.types import Evidence, Judgement, Sentence, Shown, Span

# Claim, sentences of the passages → cosines of the embedding model; higher is better.
Similar = Callable[[str, Sequence[str]], Sequence[float]]

SUPPORTED = 0.5  # probability of support from which a claim is supported
# And under which it is not; between the two nothing is said. Of the own set's true claims (dev) .09
# are under the first, .03 of those in another language than their article under the second.
UNSUPPORTED = 0.3
UNSUPPORTED_ACROSS = 0.2  # where the claim is in another language than the passage

_LABEL = regex.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_MARKERS = regex.compile(r"\s*\[\d{1,4}\]")
_QUOTES = " \t\n“”\"'‘’*_"


def judge(
    claim: str,
    cited: Sequence[int],
    shown: Sequence[Shown],
    reader: PassageReader,
    similar: Similar | None = None,
) -> Judgement:
    """Looks in the passages that the claim cites, then in the others.

    Its evidence is the sentence that says it word for word, or the nearest one of the passage that
    supports it most. Without ``similar`` that is the one with the most words in common.
    """
    plain = plain_claim(claim)
    if not terms(plain):
        return Judgement("unsupported", lack="content", detail=plain)
    own = [s for s in shown if s.number in cited]
    rest = [s for s in shown if s.number not in cited]
    for passages in (own, rest):
        said = [found for s in passages if (found := _said(plain, s))]
        if said:
            return Judgement("supported" if passages is own else "elsewhere", said[0])
    checked: list[tuple[Verdict, Shown]] = []
    for passages in (own, rest):
        beside = [Beside(plain, s.passage.text, s.title) for s in passages]
        checked += zip(reader.judge(beside), passages, strict=True)
        if any(verdict.supported >= SUPPORTED for verdict, _ in checked):
            break
    if not checked:
        return Judgement("unsupported", lack="content", detail=plain)
    best, told = max(checked, key=lambda one: one[0].supported)
    evidence = _nearest(plain, told, similar)
    if best.supported >= SUPPORTED:
        return Judgement("supported" if told in own else "elsewhere", evidence)
    across = told.language not in ("und", language_of(plain))
    if best.supported >= (UNSUPPORTED_ACROSS if across else UNSUPPORTED):
        return Judgement("unchecked", evidence)
    contradicted = best.contradicted > best.not_stated
    return Judgement("unsupported", evidence, "contradicted" if contradicted else "content")


def plain_claim(claim: str) -> str:
    """The claim without its number in a list, markers and quotation marks."""
    return _LABEL.sub("", _MARKERS.sub("", claim)).strip(_QUOTES)


def says(text: str, claim: str) -> bool:
    """Whether the text has the claim word for word, whatever the case, marks and spaces."""
    return f" {' '.join(terms(claim))} " in f" {' '.join(terms(text))} "


def _said(claim: str, shown: Shown) -> tuple[Evidence, ...]:
    """The sentences of the passage that are the claim, word for word."""
    if not says(shown.passage.text, claim):
        return ()
    own = set(terms(claim))
    for sentence in shown.passage.sentences:
        if says(_text(shown, sentence), claim):
            return (Evidence(shown.number, Span(sentence.start, sentence.end)),)
    inside = [s for s in shown.passage.sentences if says(claim, _text(shown, s))]
    spans = [Span(s.start, s.end) for s in inside if own & set(terms(_text(shown, s)))]
    return tuple(Evidence(shown.number, span) for span in spans)


def _nearest(claim: str, shown: Shown, similar: Similar | None) -> tuple[Evidence, ...]:
    """The passage's sentence that is most like the claim."""
    told = shown.passage.sentences
    if not told:
        return ()
    texts = [_text(shown, sentence) for sentence in told]
    if similar:
        alike = list(similar(claim, texts))
    else:
        own = set(terms(fold(claim)))
        alike = [float(len(own & set(terms(fold(text))))) for text in texts]
    sentence = told[alike.index(max(alike))]
    return (Evidence(shown.number, Span(sentence.start, sentence.end)),)


def _text(shown: Shown, sentence: Sentence) -> str:
    first = shown.passage.start
    return shown.passage.text[sentence.start - first : sentence.end - first]
