"""Texts in which somebody, or whoever generated them, has marked the personal data."""

from __future__ import annotations

from dataclasses import dataclass, field

from vecguard.scrub import Finding


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and what is personal in it: disjoint spans in order, score 1. `group` is the template or the document."""

    text: str = field(repr=False)
    spans: tuple[Finding, ...]
    group: str = ""
