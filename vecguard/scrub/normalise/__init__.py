"""Read a text the way a person would, and lead what is found back to the text as it was written.

`fold` gives the plain form of every character; `views` adds decoded, joined and spelled-out readings where a text has
something that could hide a value. Positions come back, nothing else: what is stored is cut from the original.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace

from vecguard.scrub.findings import Finding
from vecguard.scrub.normalise.characters import folded
from vecguard.scrub.normalise.reading import Reading
from vecguard.scrub.normalise.views import View, views

__all__ = ["Folded", "View", "canonical", "fold", "views"]


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is what detectors see; `original` leads a finding in it back to the text that was folded."""

    text: str = field(repr=False)
    _reading: Reading = field(repr=False)

    def original(self, finding: Finding) -> Finding:
        """Return the finding with positions in the original text."""
        start, end = self._reading.original(finding.start, finding.end)
        return replace(finding, start=start, end=end)


def fold(text: str) -> Folded:
    """Fold every character; see `vecguard.scrub.normalise.characters`."""
    reading = folded(Reading(text))
    return Folded(reading.text, reading)


def canonical(text: str) -> str:
    """Return the form in which two spellings of one value are the same value: NFKC, case-folded, spaces collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
