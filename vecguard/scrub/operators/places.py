"""Fake places, addresses and organisations, made of Faker's lists."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

from vecguard.scrub.operators.keyed import Keyed, Ring
from vecguard.scrub.operators.names import each_word, fake_initial, fake_word, plain, styled
from vecguard.scrub.operators.numbers import fake_number

_ATTEMPTS = 16
_DIGITS = re.compile(r"\w*\d\w*(?:-\d+)*")
_STREETS = frozenset(
    "st ave rd blvd dr ln ct pl sq pkwy hwy ter cir apt suite ste unit room floor po box north south east west n s e w "  # noqa: SIM905
    "ne nw se sw street avenue road boulevard lane drive court place square parkway highway terrace circle way close "
    "alley crescent".split()
)
_INSTITUTIONS = frozenset(
    "inc llc plc ltd limited corp corporation co company group sons gmbh ag bank trust fund foundation institute "  # noqa: SIM905
    "university college school academy hospital clinic center centre medical health department ministry office agency "
    "court commission committee council association society union party club church library museum press services "
    "systems international national royal for in on at a an to of the and or de der di du la".split()
)


@cache
def _lists(path: str) -> Any:
    return import_module(f"faker.providers.{path}").Provider


@cache
def _countries() -> Ring:
    return Ring(_lists("address.en").countries)


@cache
def _states() -> Ring:
    return Ring(_lists("address.en_US").states)


@cache
def _abbreviations() -> Ring:
    return Ring(_lists("address.en_US").states_abbr)


def fake_place(keyed: Keyed, value: str) -> str:
    """Return a place for each part between commas: a country for a country, a state for a state, else a town."""
    return ", ".join(_part(keyed, part) for part in re.split(r"\s*,\s*", plain(value)))


def _part(keyed: Keyed, part: str) -> str:
    words = part.split()
    if not words:
        return part
    if len(words) > 1 and _DIGITS.fullmatch(words[-1]):  # a ZIP code behind its state
        return f"{_part(keyed, ' '.join(words[:-1]))} {_fake_code(keyed, words[-1])}"
    if _DIGITS.search(part):
        return fake_street(keyed, part)
    for ring in (_abbreviations(), _states(), _countries()):
        if part in ring or (len(part) > 2 and part.title() in ring):
            return styled(_other(keyed, ring, part), part)
    return _town(keyed, part)


def _other(keyed: Keyed, ring: Ring, part: str) -> str:
    words = set(part.casefold().split())
    for attempt in range(_ATTEMPTS):
        fake = ring.choose(keyed.draws("place", part.casefold(), attempt))
        if words.isdisjoint(fake.casefold().split()):
            return fake
    raise ValueError("no other place is left")


def _town(keyed: Keyed, part: str) -> str:
    """Return the name of a town that hardly exists: a last name and an ending."""
    name = " ".join(part.casefold().split())
    endings = _lists("address.en_US").city_suffixes
    stem = fake_word(keyed, name, frozenset()).capitalize()
    chosen = keyed.draws("ending", name).below(len(endings))
    towns = (stem + ending for ending in (*endings[chosen:], *endings[:chosen]))
    words = set(name.split())
    return styled(next(town for town in towns if town.casefold() not in words), part)


def fake_street(keyed: Keyed, value: str) -> str:
    """Return an address: numbers keep their length, kinds of street stay, the words of the street are names."""
    head, comma, tail = plain(value).partition(",")

    def word(text: str, taken: frozenset[str]) -> str:
        if text.casefold() in _STREETS:
            return text
        if text in _abbreviations():
            return _other(keyed, _abbreviations(), text)
        return fake_initial(keyed, text, taken) if len(text) == 1 else fake_word(keyed, text, taken)

    numbered = re.split(r"((?<!\w)\w*\d\w*(?:-\d+)*)", head)
    street = "".join(_fake_code(keyed, part) if at % 2 else each_word(part, word) for at, part in enumerate(numbered))
    return f"{street}{comma} {fake_place(keyed, tail.strip())}" if comma else street


def _fake_code(keyed: Keyed, code: str) -> str:
    return fake_number(keyed, "ZIP_CODE" if re.fullmatch(r"\d{5}(-?\d{4})?", code) else "HOUSE_NUMBER", code)


def fake_organisation(keyed: Keyed, value: str) -> str:
    """Return an organisation, word by word: its kind ("Hospital", "Ltd") stays, an acronym becomes another."""

    def word(text: str, taken: frozenset[str]) -> str:
        if text.casefold() in _INSTITUTIONS:
            return text
        if len(text) < 6 and text.isupper():
            return "".join(fake_initial(keyed, letter, frozenset()) for letter in text)
        return fake_word(keyed, text, taken)

    return re.sub(r"\d+", lambda match: fake_number(keyed, "DIGITS", match.group()), each_word(plain(value), word))
