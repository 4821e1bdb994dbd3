"""What a rule is, and the one recogniser that runs many of them over a text.

A rule is a `Form`, which is certain by its spelling or check digit, or a `Keyed` value, which is believed beside a word
that says what it is (see `keyed`). Each rule states what a text must contain at least, so that most rules cost a
substring search on most texts. Every pattern takes linear time: repetitions are bounded, and none starts within what
it has just read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult

Span: TypeAlias = tuple[int, int, float]  # start, end, score

CERTAIN = 0.95  # a check digit holds
LIKELY = 0.7  # the form is hardly anything else
PLAUSIBLE = 0.6  # the form is seldom anything else

_DIGITS = dict.fromkeys(range(ord("0"), ord("9") + 1))


@dataclass(frozen=True, slots=True)
class Traits:
    """What decides, before any pattern runs, whether a rule can match a text."""

    digits: int  # ASCII digits in it; other scripts' digits have been folded
    lower: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Traits:
        """Read a text once for all rules."""
        return cls(len(text) - len(text.translate(_DIGITS)), text.lower())

    def allow(self, digits: int, words: Sequence[str]) -> bool:
        """Say whether there are that many digits and, if any are named, one of the words, also inside a longer one."""
        return self.digits >= digits and (not words or any(word in self.lower for word in words))


class Rule(Protocol):
    """One way to find one type."""

    @property
    def entity(self) -> str:
        """The type that it finds."""
        ...

    @property
    def name(self) -> str:
        """What `vecguard check text --explain` shows."""
        ...

    @property
    def digits(self) -> int:
        """The fewest digits of a text in which it can match."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """Lower-case strings of which such a text has at least one; empty: no such condition."""
        ...

    @property
    def source(self) -> str:
        """The pattern, for explanations."""
        ...

    def spans(self, text: str) -> Iterator[Span]:
        """Yield what it finds."""
        ...


@dataclass(frozen=True)
class Form:
    """A pattern that says enough by itself. A group named `value` marks the finding inside of what is matched."""

    entity: str
    name: str
    source: str = field(repr=False)
    score: float
    digits: int = 0
    words: tuple[str, ...] = ()
    check: Callable[[str], float | bool] | None = None  # of the value: False refutes it, a number is its score
    unless: str = ""  # a pattern that refutes what stands directly behind it
    as_written: bool = False  # capitals carry the meaning

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.source, 0 if self.as_written else re.IGNORECASE)

    @cached_property
    def _group(self) -> str | int:
        return "value" if "value" in self._pattern.groupindex else 0

    @cached_property
    def _refuting(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self.unless})$", re.IGNORECASE)

    def spans(self, text: str) -> Iterator[Span]:
        """Yield each match that its check does not refute."""
        for match in self._pattern.finditer(text):
            start, end = match.span(self._group)
            if self.unless and self._refuting.search(text, max(0, start - 24), start):
                continue
            score = self.score if self.check is None else self.check(text[start:end])
            if score is True:
                score = self.score
            if score:
                yield start, end, float(score)


class Rules(LocalRecognizer):  # type: ignore[misc]  # Presidio is untyped
    """Runs rules as one Presidio recogniser. It holds no state between texts."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        super().__init__(supported_entities=sorted({rule.entity for rule in self._rules}), name="VecGuard rules")

    def load(self) -> None:
        """Nothing to load; patterns compile with their first use."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ARG002 - Presidio's
        """Return one result per match of each rule whose type is asked for."""
        traits = Traits.of(text)
        return [
            self._result(rule, span)
            for rule in self._rules
            if traits.allow(rule.digits, rule.words) and rule.entity in entities
            for span in rule.spans(text)
        ]

    def _result(self, rule: Rule, span: Span) -> Any:
        start, end, score = span
        why = AnalysisExplanation(
            recognizer=self.name, original_score=score, pattern_name=rule.name, pattern=rule.source
        )
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        return RecognizerResult(rule.entity, start, end, score, why, metadata)


def any_of(words: str) -> tuple[str, ...]:
    """Return the words of a list with commas, as rules state them."""
    return tuple(words.split(", "))


def luhn(value: str) -> bool:
    """Say whether the digits of a value end in their Luhn check digit (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in value if character.isdigit()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def digit_count(value: str) -> int:
    """Return how many digits a value has."""
    return sum(map(str.isdigit, value))
