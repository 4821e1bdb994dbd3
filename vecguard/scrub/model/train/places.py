"""Towns, countries, states and places of any kind, drawn at random from Faker's lists and ours."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from vecguard.scrub.model.train.names import People
from vecguard.scrub.model.train.wordlists import words


@lru_cache(maxsize=1)
def listed_places() -> dict[str, tuple[str, ...]]:
    """Return Faker's lists of real places in Latin script."""
    from faker.providers.address import de_DE, en, en_GB, en_IN, en_US, it_IT, nl_NL, pl_PL, ro_RO, sv_SE  # noqa: PLC0415

    def names(*lists: Any) -> tuple[str, ...]:
        return tuple(sorted({name for some in lists for name in some if isinstance(name, str) and name[:1].isalpha()}))

    return {
        "countries": names(en.Provider.countries),
        "states": names(en_US.Provider.states, en_IN.Provider.states, en_GB.Provider.counties),
        "state_codes": names(en_US.Provider.states_abbr),
        "us_states": names(en_US.Provider.states),
        "cities": names(
            en_IN.Provider.cities,
            de_DE.Provider.cities,
            pl_PL.Provider.cities,
            sv_SE.Provider.cities,
            ro_RO.Provider.cities,
            sorted(it_IT.Provider.cities)[::20],
            nl_NL.Provider.cities[::5],
        ),
    }


class Places:
    """Draws places with the generator and the people that it was given."""

    def __init__(self, rng: random.Random, people: People) -> None:
        self._rng = rng
        self._people = people
        self._lists = listed_places()

    def city(self) -> str:
        """Return a town, mostly a well-known one; one in seven is made up in the American manner."""
        form = self._rng.random()
        if form < 0.6:
            return self._rng.choice(words("CITIES"))
        if form < 0.85:
            return self._rng.choice(self._lists["cities"])
        suffix = self._rng.choice(
            ("ville", "ton", "burgh", "berg", "mouth", "shire", "borough", "field", "port", "stad", "view", "haven")
        )
        prefix = self._rng.choice(
            ("North ", "South ", "East ", "West ", "New ", "Lake ", "Port ", "Fort ", "Mount ", "Saint ")
        )
        if form < 0.93:
            return self._people.first() + suffix
        return prefix + self._people.last() + self._rng.choice(("", suffix))

    def country(self) -> str:
        """Return a country."""
        return self._rng.choice(self._lists["countries"])

    def state(self) -> str:
        """Return a state, county or province."""
        return self._rng.choice(self._lists["states"])

    def place(self) -> str:
        """Return a place of any kind: town, country, state, region, landmark, or "Boston, MA"."""
        form = self._rng.random()
        if form < 0.4:
            return self.city()
        if form < 0.6:
            return self.country()
        if form < 0.72:
            return self.state()
        return self._rng.choice(words("REGIONS"))


@lru_cache(maxsize=1)
def place_words() -> frozenset[str]:
    """Return every word of a place or an organisation known here, in lower case."""
    lists = listed_places()
    ours = (words("CITIES"), words("REGIONS"), words("KNOWN"))
    names = (name for some in (*ours, lists["countries"], lists["states"], lists["cities"]) for name in some)
    return frozenset(word.lower() for name in names for word in name.split() if word[0].isupper())
