"""Where the chance of made-up values comes from, and how it fills a shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from faker import Faker

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CODES = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"  # what vehicle identification numbers are made of


@dataclass(frozen=True, slots=True)
class Source:
    """Where chance comes from: every value is a function of the two generators' states."""

    random: Random = field(repr=False)
    faker: Any = field(repr=False)  # faker.Faker, which has no types for its providers

    @classmethod
    def of(cls, seed: int) -> Source:
        """Return a source that repeats itself for an equal seed."""
        faker = Faker(["en_US", "en_GB", "de_DE", "fr_FR"])
        faker.seed_instance(seed)
        return cls(Random(seed), faker)  # noqa: S311 - repeatable chance is the purpose

    def fill(self, shapes: str) -> str:
        """Fill one of the shapes between bars: # is a digit, % one but 0, ? a letter, * either; all else stands."""
        kinds = {"#": DIGITS, "%": DIGITS[1:], "?": LETTERS, "*": CODES}
        shape = self.random.choice(shapes.split("|"))
        return "".join(self.random.choice(kinds[c]) if c in kinds else c for c in shape)

    def text(self, alphabet: str, length: int) -> str:
        """Return that many characters of an alphabet."""
        return "".join(self.random.choices(alphabet, k=length))

    def day(self, first: int = 1930, last: int = 2024) -> date:
        """Return a day between the first of January of `first` and the end of `last`."""
        start = date(first, 1, 1)
        return start + timedelta(days=self.random.randrange((date(last, 12, 31) - start).days))


def luhn_digit(digits: str) -> str:
    """Return the digit that completes a number by ISO/IEC 7812-1."""
    total = sum(
        sum(divmod(int(digit) * 2, 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return str(-total % 10)
