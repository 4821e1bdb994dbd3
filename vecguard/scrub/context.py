"""Let words beside a finding raise its score: nine digits are a number, nine digits after "SSN" are not.

Presidio's own enhancer needs a language model's lemmas, matches parts of words ("ip" in "recipient"), takes quadratic
time in dense text and prints the words around a finding into its debug log. This one reads a window of characters. Our
own rules bring their words along; this is for Presidio's recognisers and a user's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_WORD = re.compile(r"[^\W\d_]+")
_BEFORE, _AFTER = 64, 24  # characters: about ten words before, as Presidio takes five, and three behind
_RAISED = 0.35
_LEAST = 0.55  # a weak form beside the word that names it is believed


def raise_beside(phrases: Sequence[str], text: str, results: Sequence[Any]) -> None:
    """Raise, in place, the scores of Presidio's results that stand near one of the words or phrases."""
    for result in results:
        if _near(text, result.start, result.end, phrases):
            result.score = min(max(result.score + _RAISED, _LEAST), 1.0)


def _near(text: str, start: int, end: int, phrases: Sequence[str]) -> bool:
    before = text[max(0, start - _BEFORE) : start]
    behind = text[end : end + _AFTER]
    words = f" {' '.join(_WORD.findall(before + ' ' + behind)).casefold()} "
    return any(f" {phrase.casefold()} " in words for phrase in phrases)
