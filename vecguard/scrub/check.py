"""Look for personal data in texts without changing them: what, how much, where, and which rule says so."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from vecguard.scrub.fields import Leaf
from vecguard.scrub.findings import Finding
from vecguard.scrub.scrubber import PresidioScrubber

_AT_ONCE = 256  # leaves that are read together
_A_NAME = "(name of a field)"


@dataclass(frozen=True, slots=True)
class Place:
    """One leaf of the input and where it begins: its line, counted from 1."""

    line: int
    leaf: Leaf = field(repr=False)


@dataclass(frozen=True, slots=True)
class Located:
    """One finding in the input. Its repr shows no value."""

    line: int
    column: int  # in characters from 1: in the line of a text, in the value of a field
    label: str  # the name of the field as words, or what else this is; empty in a plain text
    finding: Finding
    value: str = field(repr=False)

    def shown(self, *, value: bool) -> dict[str, Any]:
        """Return it as JSON would hold it, without the value unless that is asked for."""
        found = self.finding
        described = {
            "line": self.line,
            "column": self.column,
            "field": self.label,
            "entity": found.entity,
            "characters": found.end - found.start,
            "score": round(found.score, 2),
            "rule": found.rule,
        }
        return described | ({"value": self.value} if value else {})


@dataclass(slots=True)
class Tally:
    """What was seen so far."""

    leaves: int = 0
    characters: int = 0
    affected: int = 0  # leaves with a finding
    found: list[Located] = field(default_factory=list, repr=False)

    @property
    def entities(self) -> Counter[str]:
        """Findings by type."""
        return Counter(each.finding.entity for each in self.found)

    @property
    def personal(self) -> int:
        """Characters within findings."""
        return sum(each.finding.end - each.finding.start for each in self.found)


def check(places: Iterable[Place], scrubber: PresidioScrubber, tally: Tally) -> Iterator[Tally]:
    """Read places batch by batch into a tally; yield it after each, for whoever shows progress."""
    source = iter(places)
    while batch := list(islice(source, _AT_ONCE)):
        findings = scrubber.find([place.leaf for place in batch], "value")
        for place, found in zip(batch, findings, strict=True):
            tally.leaves += 1
            tally.characters += len(place.leaf.text)
            tally.affected += bool(found)
            tally.found += _located(place, found)
        yield tally


def _located(place: Place, found: Sequence[Finding]) -> Iterator[Located]:
    text, label = place.leaf.text, _A_NAME if place.leaf.kind == "name" else place.leaf.label
    breaks = (at + 1 for at, character in enumerate(text) if character == "\n") if found and not label else ()
    starts = [0, *breaks]  # a field stands in one line of its source, whatever it holds
    for each in found:
        line = bisect_right(starts, each.start) - 1
        yield Located(place.line + line, each.start - starts[line] + 1, label, each, text[each.start : each.end])
