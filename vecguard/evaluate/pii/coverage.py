"""What a set of findings leaves readable, what it matches exactly, and what it takes for personal and is not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from vecguard.evaluate.pii.conll import HANDLE
from vecguard.evaluate.pii.counts import Counts
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.scrub import Finding
from vecguard.scrub.findings import merged


def hidden(labelled: Labelled, found: Sequence[Finding]) -> tuple[int, int]:
    """Return how many of the characters that are personal lie in a finding of any type, and how many there are.

    White space counts for nothing: a line break that is left over tells nobody anything.
    """
    covered = {at for each in found for at in range(each.start, each.end)}
    personal = [
        at
        for span in labelled.spans
        if span.entity != HANDLE
        for at in range(span.start, span.end)
        if not labelled.text[at].isspace()
    ]
    return sum(at in covered for at in personal), len(personal)


def exact(labelled: Labelled, found: Sequence[Finding], types: Iterable[str]) -> dict[str, Counts]:
    """Return counts by type of spans that are right to the character and in their type.

    Findings are first widened to whole words, because the sets to which this is applied annotate tokens. What touches
    a `HANDLE` is neither right nor wrong.
    """
    ignored = [span for span in labelled.spans if span.entity == HANDLE]
    guesses = [each for each in snapped(labelled.text, found) if not any(_touch(each, span) for span in ignored)]
    counts: dict[str, Counts] = {}
    for entity in types:
        truth = {(span.start, span.end) for span in labelled.spans if span.entity == entity}
        guess = {(each.start, each.end) for each in guesses if each.entity == entity}
        counts[entity] = Counts(len(truth & guess), len(guess), len(truth))
    return counts


def snapped(text: str, found: Iterable[Finding]) -> list[Finding]:
    """Widen findings to the words that they touch, hyphens included; those that then overlap become one."""
    words = [match.span() for match in _WORD.finditer(text)]
    touched = ((each, [word for word in words if word[0] < each.end and each.start < word[1]]) for each in found)
    return merged(replace(each, start=own[0][0], end=own[-1][1]) for each, own in touched if own)


def _touch(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end


_WORD = re.compile(r"\w(?:[\w-]*\w)?")


@dataclass(slots=True)
class FalseAlarms:
    """What was found where nothing is personal, by what it looks like.

    `examples` are texts: they are never printed unasked.
    """

    words: int = 0
    findings: int = 0
    kinds: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (entity, rule, shape)
    examples: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter), repr=False)

    def add(self, text: str, found: Sequence[Finding]) -> None:
        """Count the findings of one text."""
        self.words += len(text.split())
        self.findings += len(found)
        for each in found:
            value = text[each.start : each.end]
            kind = (each.entity, each.rule, shape(value))
            self.kinds[kind] += 1
            self.examples[kind][value] += 1

    @property
    def per_thousand_words(self) -> float:
        """Findings per 1,000 words between white space; NaN without a word."""
        return 1_000 * self.findings / self.words if self.words else float("nan")


def shape(value: str) -> str:
    """Return what a text looks like, without what it says: "Aa Aa" for a name, "9-9-9" for numbers with dashes."""
    marks = re.sub(r"[^\W\d_]", lambda letter: "A" if letter[0].isupper() else "a", value)
    marks = re.sub(r"\d", "9", marks)
    marks = re.sub(r"\s+", " ", marks)
    return re.sub(r"(.)\1+", r"\1", marks)[:40]
