"""Names of people from many cultures, in Latin script: Faker's lists and ours for what it has only in other scripts.

A name is two lists that belong together, so that a Yoruba first name mostly meets a Yoruba surname; one in six people
here mixes two. One name in ten is kept out of training (`held_out`) so that unseen names can be scored.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from vecguard.scrub.model.train.wordlists import words

_LATIN = re.compile(r"[A-Z\u00c0-\u024f\u1e00-\u1eff][A-Za-z\u00c0-\u024f\u1e00-\u1eff' .-]*")
_FIRST = "first_names", "first_names_male", "first_names_female"
_LAST = "last_names", "last_names_male", "last_names_female", "unisex_last_names", "male_last_names"

# Faker's person providers in Latin script: locale -> how often it is drawn against the others.
_FAKER = {
    **dict.fromkeys(("en_US",), 40),
    **dict.fromkeys(("en", "en_GB"), 10),
    **dict.fromkeys(("en_IE", "en_NZ", "en_IN", "en_PK", "es_MX", "es_ES", "de_DE", "fr_FR", "it_IT"), 4),
    **dict.fromkeys(("nl_NL", "sv_SE", "pl_PL", "pt_BR", "tr_TR", "en_KE", "zu_ZA", "tw_GH", "yo_NG", "id_ID"), 3),
    **dict.fromkeys(("cs_CZ", "da_DK", "no_NO", "fi_FI", "hu_HU", "ro_RO", "hr_HR", "sk_SK", "sl_SI", "vi_VN"), 2),
    **dict.fromkeys(("et_EE", "lt_LT", "lv_LV", "ga_IE", "az_AZ", "uz_UZ", "en_NG", "ha_NG", "ig_NG", "sw"), 1),
    **dict.fromkeys(("de_AT", "fr_DZ", "es_AR", "es_CO", "pt_PT", "fr_CA", "nl_BE", "en_TH", "is_IS"), 1),
}
_ROMANISED = {"ja_JP": 6, "zh_CN": 3, "zh_TW": 3}


@dataclass(frozen=True, slots=True)
class Culture:
    """First names and surnames that are worn together."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    weight: float


def held_out(name: str) -> bool:
    """Return whether `name` is one of the tenth that training never uses."""
    return hashlib.sha256(name.lower().encode()).digest()[0] < 26


def _latin(names: Iterable[object]) -> set[str]:
    return {name for name in names if isinstance(name, str) and _LATIN.fullmatch(name) and 2 <= len(name) <= 24}


def _faker(locale: str) -> tuple[set[str], set[str]]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    first, last = ([getattr(provider, key, ()) for key in keys] for keys in (_FIRST, _LAST))
    return _joined(first), _joined(last)


def _joined(lists: Iterable[object]) -> set[str]:
    """Return the Latin names of those lists that are lists; Faker has properties and weights among them."""
    return set().union(*(_latin(names) for names in lists if isinstance(names, (tuple, list, dict))))


def _romanised(locale: str) -> tuple[set[str], set[str]]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    first = set().union(
        *(_latin(getattr(provider, key)) for key in dir(provider) if key.startswith("first_romanized_names"))
    )
    return first, _latin(provider.last_romanized_names)


def _ours() -> list[tuple[set[str], set[str], float]]:
    """Return the cultures of `names.txt`: first names, surnames, weight."""
    text = files("vecguard.scrub.model.train").joinpath("names.txt").read_text(encoding="utf-8")
    parts = re.split(r"^\[[a-z ,]+\] (\d+)$", text, flags=re.MULTILINE)
    bodies = (body.split("\n--\n") for body in parts[2::2])
    return [
        (set(first.split()), set(last.split()), float(weight))
        for weight, (first, last) in zip(parts[1::2], bodies, strict=True)
    ]


def _culture(first: Iterable[str], last: Iterable[str], weight: float, *, unseen: bool) -> Culture | None:
    kept = [tuple(sorted(name for name in names if held_out(name) == unseen)) for names in (first, last)]
    return Culture(kept[0], kept[1], weight) if kept[0] and kept[1] else None


def cultures(*, unseen: bool = False) -> tuple[Culture, ...]:
    """Return every culture; `unseen` gives the names that are kept out of training instead of those in it."""
    pools: list[tuple[set[str], set[str], float]] = [(*_faker(locale), weight) for locale, weight in _FAKER.items()]
    pools += [(*_romanised(locale), weight) for locale, weight in _ROMANISED.items()]
    pools += _ours()
    made = (_culture(first, last, weight, unseen=unseen) for first, last, weight in pools)
    return tuple(culture for culture in made if culture is not None)


class People:
    """Draws names. Every draw uses the generator that it was given, so that a seed fixes them all."""

    def __init__(self, rng: random.Random, *, unseen: bool = False) -> None:
        self._rng = rng
        self._cultures = cultures(unseen=unseen)
        self._weights = [culture.weight for culture in self._cultures]

    def _culture(self) -> Culture:
        return self._rng.choices(self._cultures, self._weights)[0]

    def first(self) -> str:
        """Return a first name; one in twelve is a nickname."""
        if self._rng.random() < 1 / 12:
            return self._rng.choice(words("NICKNAMES"))
        return self._rng.choice(self._culture().first)

    def last(self) -> str:
        """Return a surname; one in fifteen is double."""
        name = self._rng.choice(self._culture().last)
        return f"{name}-{self._rng.choice(self._culture().last)}" if self._rng.random() < 1 / 15 else name

    def initial(self) -> str:
        """Return `J.`, and rarely `J`."""
        return self.first()[0].upper() + ("." if self._rng.random() < 0.9 else "")

    def parts(self) -> tuple[str, str]:
        """Return a first name and a surname that go together."""
        given = self._culture()
        family = given if self._rng.random() < 5 / 6 else self._culture()
        first, last = self._rng.choice(given.first), self._rng.choice(family.last)
        if self._rng.random() < 0.05:
            last = f"{last}-{self._rng.choice(family.last)}"
        return first, last

    def full(self) -> str:  # noqa: PLR0911 - one return for each way to write a name
        """Return a name as it is written in a text: mostly first and last, sometimes more, initials or inverted."""
        first, last = self.parts()
        form = self._rng.random()
        if form < 0.74:
            return f"{first} {last}"
        if form < 0.81:
            return f"{first} {self.initial()} {last}"
        if form < 0.87:
            return f"{first} {self._rng.choice(self._culture().first)} {last}"
        if form < 0.92:
            return f"{self.initial()} {last}"
        if form < 0.94:
            return f"{self.initial()}{self._rng.choice(('', ' '))}{self.initial()} {last}"
        if form < 0.97:
            return f"{first} {self._rng.choice(words('PARTICLES'))} {last}"
        if form < 0.985:
            return f"{first} {last} {self._rng.choice(('Jr.', 'Jr', 'III', 'II', 'Sr.'))}"
        return f"{first} {last} {self._rng.choice(self._culture().last)}"

    def inverted(self) -> str:
        """Return `Smith, John`, sometimes with an initial."""
        first, last = self.parts()
        return f"{last}, {first}" + (f" {self.initial()}" if self._rng.random() < 0.3 else "")
