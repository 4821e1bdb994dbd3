"""Where personal data was found. A finding holds positions and never text, so that it can be logged and counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vecguard.scrub.entities import GENERAL


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters `start` to `end` of the original text are of type `entity`, with a score between 0 and 1.

    `rule` says in words what found it: recogniser, pattern and, where it was not the plain one, the reading.
    """

    start: int
    end: int
    entity: str
    score: float
    rule: str = field(default="", compare=False)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return disjoint findings, in order, that cover every character the given ones cover.

    What overlaps becomes one finding over the union, of the type with the highest score (then the longest, then the
    first by name, so that the outcome does not depend on the order of recognisers); but a type that says less, such as
    a phone number's, gives way to one that says more of the same characters. Keeping only the best of two
    overlapping findings would leave the other's remainder in the text. What merely touches stays apart.
    """
    clusters: list[list[Finding]] = []
    end = -1
    for finding in sorted(findings, key=lambda f: (f.start, f.end)):
        if finding.start < end:
            clusters[-1].append(finding)
        else:
            clusters.append([finding])
        end = max(end, finding.end)
    return [_union(cluster) for cluster in clusters]


def _best(findings: Iterable[Finding]) -> Finding:
    return min(findings, key=lambda f: (-f.score, f.start - f.end, f.entity))


def _union(cluster: list[Finding]) -> Finding:
    best = _best(cluster)
    if best.entity in GENERAL:
        covering = [f for f in cluster if f.start <= best.start and best.end <= f.end and f.entity not in GENERAL]
        best = _best(covering) if covering else best
    return Finding(cluster[0].start, max(f.end for f in cluster), best.entity, best.score, best.rule)
