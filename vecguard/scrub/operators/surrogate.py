"""Consistent fakes: a name for a name, a number for a number, the same one wherever the value stands.

A surrogate is made from an owner's key and the value. One owner's texts keep who is who, two owners' surrogates have
nothing in common, and nothing turns a surrogate back: it is one-way, also for whoever may restore tokens. Two values
can share a surrogate where a kind has few (254 addresses in each of three networks, 500 ZIP codes, some thousands of
names), so it tells people apart for a search, and proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType

from vecguard.scrub.normalise import fold
from vecguard.scrub.operators.dates import same_year, shifted
from vecguard.scrub.operators.keyed import Keyed
from vecguard.scrub.operators.names import fake_name
from vecguard.scrub.operators.network import fake_email, fake_host, fake_ip, fake_mac, fake_url
from vecguard.scrub.operators.numbers import fake_number
from vecguard.scrub.operators.places import fake_organisation, fake_place, fake_street

_AGE = re.compile(r"(?<!\d)\d{1,3}(?!\d)")


def surrogate_of(keyed: Keyed, entity: str, value: str) -> str:
    """Return the fake of a value under an owner's choices.

    Types that nothing here knows keep their shape: a letter for each letter, a digit for each digit. Raises
    `ValueError` where no fake but the value itself was found.
    """
    fake = _of_kind(keyed, entity, value)
    if fake.casefold() == fold(value).text.casefold():  # a name of nothing but titles, an address of nothing but "St"
        fake = fake_number(keyed, entity, value)
    if any(map(str.isalnum, value)) and fake == value:
        raise ValueError("no surrogate differs from the value")
    return fake


def _of_kind(keyed: Keyed, entity: str, value: str) -> str:
    if entity in _DATED:
        return _DATED[entity](keyed, value) or f"<{entity}>"  # "yesterday" names no day that could be moved
    if entity in _MADE:
        return _MADE[entity](keyed, value)
    return fake_number(keyed, entity, value)


def _age(keyed: Keyed, value: str) -> str:
    """Return another age of the same ten years; over 89, another one over 89."""

    def other(match: re.Match[str]) -> str:
        age = int(match.group())
        band = [a for a in (range(90, 100) if age > 89 else range(age // 10 * 10, age // 10 * 10 + 10)) if a != age]
        return str(band[keyed.draws("age", str(age)).below(len(band))])

    return _AGE.sub(other, fold(value).text)


def _title(_keyed: Keyed, value: str) -> str:
    """Return the title that fits everybody."""
    title = "M" if fold(value).text.casefold().startswith("mx") else "Mx"
    return title + "." * value.endswith(".")


_DATED: MappingProxyType[str, Callable[[Keyed, str], str | None]] = MappingProxyType(
    {"DATE_TIME": shifted, "DATE": shifted, "DATE_OF_BIRTH": same_year}
)
_MADE: MappingProxyType[str, Callable[[Keyed, str], str]] = MappingProxyType(
    {
        "PERSON": fake_name,
        "USERNAME": fake_name,
        "TITLE": _title,
        "NRP": fake_name,  # a name of nobody: it reads as a proper noun, as the name of a nation does
        "LOCATION": fake_place,
        "ADDRESS": fake_street,
        "ORGANIZATION": fake_organisation,
        "EMAIL_ADDRESS": fake_email,
        "URL": fake_url,
        "DOMAIN_NAME": fake_host,
        "IP_ADDRESS": fake_ip,
        "MAC_ADDRESS": fake_mac,
        "AGE": _age,
        "AGE_OVER_89": _age,
    }
)
