"""Samples that can be shown: which words were recovered, without the words.

Words that hold a sentence together stay. Every other word of the original becomes a number, the same one wherever it
stands again; a word that an attacker names has the number of the original's word, or a dash if it is none of them.

    original    my [1] [2] [3] in [4]      (my daughter Hannah lives in Leeds)
    read        [4] [1] — [2]
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vecguard.redteam.findings import Sample
from vecguard.redteam.words import is_content

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
NONE = "\u2014"
"""What stands for a word that is not in the original."""


def masked(sample: Sample) -> Sample:
    """Return a sample without a word that carries content."""
    numbers: dict[str, str] = {}
    original = _WORD.sub(lambda word: _numbered(word[0], numbers), sample.original)
    told = {
        setting: {attack: _WORD.sub(lambda word: _known(word[0], numbers), text) for attack, text in by.items()}
        for setting, by in sample.told.items()
    }
    return Sample(original=original, told=told)


def _numbered(word: str, numbers: dict[str, str]) -> str:
    if not is_content(_plain(word)):
        return word
    return numbers.setdefault(_plain(word), f"[{len(numbers) + 1}]")


def _known(word: str, numbers: Mapping[str, str]) -> str:
    return numbers.get(_plain(word), NONE) if is_content(_plain(word)) else word


def _plain(word: str) -> str:
    return word.lower().replace("\u2019", "'")
