"""Let words beside a finding raise its score: nine digits are a number, nine digits after "SSN" are not.

Presidio's own enhancer needs a language model's lemmas, matches parts of words ("ip" in "recipient"), takes quadratic
time in dense text and prints the words around a finding into its debug log. This one reads a window of characters.
"""

from __future__ import annotations

import re
from typing import Any

from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer

_WORD = re.compile(r"[^\W\d_]+")
_BEFORE, _AFTER = 64, 24  # characters: about ten words before, as Presidio takes five, and three behind


class NearbyWords(ContextAwareEnhancer):  # type: ignore[misc]  # Presidio is untyped
    """Raise the score of a finding that stands near one of its recogniser's context words or phrases."""

    def __init__(self) -> None:
        super().__init__(
            context_similarity_factor=0.35,
            min_score_with_context_similarity=0.55,  # a weak form beside the word that names it is believed
            context_prefix_count=0,
            context_suffix_count=0,
        )

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[Any],
        nlp_artifacts: Any,  # noqa: ARG002 - Presidio's signature
        recognizers: list[Any],
        context: list[str] | None = None,  # noqa: ARG002 - Presidio's signature
    ) -> list[Any]:
        """Return the results with raised scores; they belong to this call alone, so they are changed in place."""
        phrases = {recognizer.id: recognizer.context for recognizer in recognizers if recognizer.context}
        for result in raw_results:
            wanted = phrases.get(result.recognition_metadata[result.RECOGNIZER_IDENTIFIER_KEY])
            if wanted and _near(text, result.start, result.end, wanted):
                raised = max(result.score + self.context_similarity_factor, self.min_score_with_context_similarity)
                result.score = min(raised, self.MAX_SCORE)
        return raw_results


def _near(text: str, start: int, end: int, phrases: list[str]) -> bool:
    before = text[max(0, start - _BEFORE) : start]
    behind = text[end : end + _AFTER]
    words = f" {' '.join(_WORD.findall(before + ' ' + behind)).casefold()} "
    return any(f" {phrase} " in words for phrase in phrases)
