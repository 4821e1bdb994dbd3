"""Hospitals, schools, companies and public bodies, put together from names, places and words."""

from __future__ import annotations

import random

from vecguard.scrub.model.train.names import People
from vecguard.scrub.model.train.places import Places
from vecguard.scrub.model.train.wordlists import words


class Organisations:
    """Draws organisations with the generator, the people and the places that it was given."""

    def __init__(self, rng: random.Random, people: People, places: Places) -> None:
        self._rng = rng
        self._people = people
        self._places = places

    def hospital(self) -> str:
        """Return a hospital or clinic."""
        name = self._rng.choice((self._people.last, self._places.city, self._saint))()
        return f"{name} {self._rng.choice(words('HOSPITALS'))}"

    def _saint(self) -> str:
        return self._rng.choice(("St. ", "St ", "Saint ", "St. ")) + self._rng.choice(words("SAINTS"))

    def university(self) -> str:
        """Return a university, college or school."""
        place = self._rng.choice((self._places.city, self._places.state, self._people.last))()
        return self._rng.choice(
            (
                f"University of {place}",
                f"{place} University",
                f"{place} State University",
                f"{place} College",
                f"{place} High School",
                f"{place} Institute of Technology",
                f"{place} Community College",
                f"{place} Elementary School",
                f"{place} Medical School",
                f"{place} Business School",
            )
        )

    def company(self) -> str:
        """Return a company: surnames, coined words, or a plain description with a legal form."""
        last, rng = self._people.last, self._rng
        form = rng.random()
        if form < 0.25:
            return f"{last()} {rng.choice(words('LEGAL_FORMS'))}"
        if form < 0.35:
            return f"{last()}-{last()}"
        if form < 0.5:
            return (
                f"{last()}, {last()} and {last()}"
                if rng.random() < 0.5
                else f"{last()} & {last()}{rng.choice(('', ' LLP', ' LLC', ' Ltd', ' Associates'))}"
            )
        if form < 0.8:
            tail = rng.choice(("", "", "", " Inc.", " LLC", " Ltd", " Group", " GmbH", " Corporation"))
            whose = rng.choice((rng.choice(words("COMPANY_WORDS")), self._places.city(), last()))
            return f"{whose} {rng.choice(words('COMPANY_THINGS'))}{tail}"
        return (
            rng.choice(words("COINED_STARTS"))
            + rng.choice(words("COINED_ENDS"))
            + rng.choice(("", "", " Inc", " Ltd", ".io"))
        )

    def public_body(self) -> str:
        """Return a public body, union, club or association."""
        place = self._rng.choice((self._places.city, self._places.state, self._places.country))()
        return self._rng.choice(
            (
                f"Ministry of {self._rng.choice(words('MINISTRIES'))}",
                f"{place} Police Department",
                f"City of {place}",
                f"{place} City Council",
                f"{place} County Court",
                f"{place} District Court",
                f"Bank of {place}",
                f"{place} United",
                f"{place} FC",
                f"{place} Chamber of Commerce",
                f"{place} Public Library",
                f"National Association of {self._rng.choice(('Teachers', 'Nurses', 'Realtors', 'Engineers'))}",
                f"{place} Times",
                f"{place} Fire Department",
            )
        )

    def organisation(self) -> str:
        """Return an organisation of any kind."""
        form = self._rng.random()
        if form < 0.25:
            return self._rng.choice(words("KNOWN"))
        if form < 0.62:
            return self.company()
        return self._rng.choice((self.hospital, self.university, self.public_body))()
