"""Full postal addresses of many countries and layouts, drawn at random.

An address is one span from the house (flat, floor, box) to the postcode or country. Layouts follow the custom of each
country; the parts are joined by commas, line breaks or spaces. Streets are made, so that no real household is meant.
"""

from __future__ import annotations

import random

from vecguard.scrub.model.train.names import People
from vecguard.scrub.model.train.places import Places, listed_places
from vecguard.scrub.model.train.wordlists import words


class Addresses:
    """Draws streets and addresses with the generator, the people and the places that it was given."""

    def __init__(self, rng: random.Random, people: People, places: Places) -> None:
        self._rng = rng
        self._people = people
        self._places = places
        self._lists = listed_places()

    def _number(self, low: int, high: int) -> str:
        return str(self._rng.randint(low, high))

    def _digits(self, form: str) -> str:
        """Return `form` with a digit for every #, a capital letter for every ?."""
        digits = (self._rng.choice("0123456789") if char == "#" else char for char in form)
        return "".join(self._rng.choice("ABCDEFGHJKLMNPRSTUVWXY") if char == "?" else char for char in digits)

    def street(self) -> str:
        """Return an English street without a number."""
        form = self._rng.random()
        name = (
            self._rng.choice(words("STREET_WORDS"))
            if form < 0.5
            else self._people.last()
            if form < 0.85
            else self._people.first()
        )
        side = (
            self._rng.choice(("N ", "N. ", "S ", "West ", "E. ", "North ", "SW ", "NE "))
            if self._rng.random() < 0.12
            else ""
        )
        return f"{side}{name} {self._rng.choice(words('STREET_TYPES'))}"

    def street_address(self) -> str:
        """Return a number and a street."""
        unit = self._rng.random()
        number = self._number(1, self._rng.choice((99, 999, 9999, 99999)))
        address = f"{number}{self._rng.choice('AB') if unit > 0.96 else ''} {self.street()}"
        if unit < 0.2:
            kind = self._rng.choice(("Apt", "Apt.", "Suite", "Unit", "#", "Ste", "Floor", "Room", "apartment", "Flat"))
            address += f"{self._rng.choice((', ', ' '))}{kind}{'' if kind == '#' else ' '}{self._number(1, 950)}"
        return address

    def _united_states(self) -> list[str]:
        state = self._rng.choice(self._lists["state_codes"] if self._rng.random() < 0.75 else self._lists["us_states"])
        code = self._digits("#####") if self._rng.random() < 0.8 else self._digits("#####-####")
        home = self.street_address()
        if self._rng.random() < 0.08:
            home = self._rng.choice(
                (
                    f"P.O. Box {self._number(1, 9999)}",
                    f"PO Box {self._number(1, 9999)}",
                    f"RR {self._number(1, 9)} Box {self._number(1, 400)}",
                )
            )
        return [
            home,
            f"{self._places.city()}{self._rng.choice((', ', ' ', ', '))}{state} {code}",
            self._rng.choice(("USA", "United States", "US", "U.S.A.")),
        ]

    def _military(self) -> list[str]:
        unit = self._rng.choice(
            (
                f"PSC {self._digits('####')}, Box {self._digits('####')}",
                f"Unit {self._digits('####')} Box {self._digits('####')}",
                f"USS {self._people.last()}",
                f"USNV {self._people.last()}",
            )
        )
        return [
            unit,
            f"{self._rng.choice(('APO', 'FPO', 'DPO'))} {self._rng.choice(('AE', 'AP', 'AA'))} {self._digits('#####')}",
        ]

    def _united_kingdom(self) -> list[str]:
        code = self._digits(self._rng.choice(("?## #??", "??# #??", "?# #??", "??## #??", "?#? #??")))
        flat = [f"Flat {self._number(1, 60)}"] if self._rng.random() < 0.25 else []
        house = (
            [self.street_address()]
            if self._rng.random() < 0.85
            else [f"The {self._rng.choice(words('STREET_WORDS'))} House", self.street()]
        )
        county = [self._places.state()] if self._rng.random() < 0.15 else []
        town = self._places.city()
        return [
            *flat,
            *house,
            *county,
            *([f"{town} {code}"] if self._rng.random() < 0.5 else [town, code]),
            self._rng.choice(("UK", "United Kingdom", "England")),
        ]

    def _commonwealth(self) -> list[str]:
        form = self._rng.randrange(3)
        if form < 2:
            home, town = self.street_address(), self._places.city()
            province = self._rng.choice(words("PROVINCES" if form == 0 else "AUSTRALIAN_STATES"))
            if form == 0:
                return [home, f"{town}, {province} {self._digits('?#? #?#')}", "Canada"]
            return [home, f"{town} {province} {self._digits('####')}", "Australia"]
        return [
            self.street_address(),
            self._places.city(),
            self._digits("####"),
            self._rng.choice(("New Zealand", "South Africa")),
        ]

    def _continental(self) -> list[str]:
        """Return an address with the number behind the street and the postcode before the town."""
        rng, last = self._rng, self._people.last()
        first = self._people.first()
        street = rng.choice(words("CONTINENTAL_STREETS")).format(first=first, last=last)
        number = self._number(1, 250) + rng.choice(("", "", "", "a", "B", "/3", "-12", " bis"))
        code = rng.choice(("#####", "#####", "####", "## ###", "##-###", "#### ??", "##### Cedex"))
        abroad = rng.choice(words("CONTINENTAL"))
        comma = rng.choice((" ", " ", " ", ", ", " nr. "))
        return [f"{street}{comma}{number}", f"{self._digits(code)} {self._places.city()}", abroad]

    def _french(self) -> list[str]:
        kind = self._rng.choice(
            ("rue", "avenue", "boulevard", "place", "chemin", "allée", "quai", "impasse", "Rue", "Avenue")
        )
        of = self._rng.choice(("", "de ", "du ", "de la ", "des "))
        name = self._rng.choice(
            (
                self._people.last(),
                self._people.full(),
                self._rng.choice(("République", "Gare", "Église", "Moulin", "Paix", "Fleurs", "Victor Hugo")),
            )
        )
        return [
            f"{self._number(1, 200)}{self._rng.choice((' ', ', ', ' bis '))}{kind} {of}{name}",
            f"{self._digits('#####')} {self._places.city()}",
            "France",
        ]

    def _latin_american(self) -> list[str]:
        street = self._rng.choice(
            (
                f"Rua {self._people.full()}",
                f"Av. {self._people.last()}",
                f"Calle {self._number(1, 120)}",
                f"Carrera {self._number(1, 99)} # {self._number(1, 99)}-{self._number(1, 99)}",
                f"Avenida {self._people.full()}",
                f"Calz. {self._people.last()}",
            )
        )
        inner = self._rng.choice(
            (
                "",
                "",
                f" - Apto {self._number(1, 300)}",
                f", Int. {self._number(1, 30)}",
                f", Col. {self._people.last()}",
                f", Piso {self._number(1, 20)}",
            )
        )
        country = self._rng.choice(("Brazil", "Brasil", "Mexico", "México", "Argentina", "Colombia", "Chile", "Peru"))
        return [
            f"{street}{self._rng.choice((', ', ' ', ' No. '))}{self._number(1, 4000)}{inner}",
            self._rng.choice(
                (
                    f"{self._digits('#####')} {self._places.city()}",
                    f"{self._places.city()} - {self._digits('??')}, {self._digits('#####-###')}",
                    self._places.city(),
                )
            ),
            country,
        ]

    def _south_asian(self) -> list[str]:
        first = self._rng.choice(
            (
                f"Flat No. {self._number(1, 90)}{self._rng.choice('ABCD')}",
                f"{self._number(1, 400)}/{self._number(1, 90)}",
                f"H.No. {self._number(1, 99)}-{self._number(1, 99)}",
                f"Plot {self._number(1, 400)}",
                f"House {self._number(1, 99)}",
                f"B-{self._number(1, 200)}",
                f"#{self._number(1, 99)}",
            )
        )
        building = []
        if self._rng.random() < 0.5:
            building = [f"{self._people.first()} {self._rng.choice(words('INDIAN_BUILDINGS'))}"]
        road = self._rng.choice(
            (
                f"{self._people.last()} Road",
                f"{self._people.first()} Nagar",
                "MG Road",
                f"{self._people.last()} Marg",
                f"Sector {self._number(1, 60)}",
                f"Block {self._rng.choice('ABCDEFG')}",
                f"{self._number(1, 30)}th Cross",
            )
        )
        area = (
            [f"{self._people.last()}{self._rng.choice(('pur', 'abad', ' Colony', 'nagar', ' Bazaar', ' Town', 'pet'))}"]
            if self._rng.random() < 0.4
            else []
        )
        town = self._places.city() + self._rng.choice((" ", "-", " - "))
        town += self._digits(self._rng.choice(("######", "### ###", "#####", "####")))
        return [
            first,
            *building,
            road,
            *area,
            town,
            self._rng.choice(("India", "Pakistan", "Bangladesh", "Sri Lanka", "Nepal")),
        ]

    def _east_asian(self) -> list[str]:
        name, rng = self._people.last(), self._rng
        numbers = f"{self._number(1, 9)}-{self._number(1, 30)}-{self._number(1, 30)}"
        return rng.choice(
            (
                [
                    f"{numbers} {name}",
                    f"{self._people.last()}-ku",
                    f"{self._places.city()} {self._digits('###-####')}",
                    "Japan",
                ],
                [
                    f"No. {self._number(1, 999)} {name} Road",
                    f"{self._people.last()} District",
                    f"{self._places.city()} {self._digits('######')}",
                    "China",
                ],
                [
                    f"Room {self._number(1, 40)}{self._digits('##')}, Building {self._number(1, 30)}",
                    f"{self._number(1, 999)} {name} Road",
                    f"{self._places.city()}",
                    "PRC",
                ],
                [
                    f"Flat {self._digits('?')}, {self._number(1, 45)}/F",
                    f"{self._number(1, 500)} {name} Road",
                    "Kowloon",
                    "Hong Kong",
                ],
                [
                    f"Blk {self._number(1, 900)} {name} Ave {self._number(1, 10)} #{self._digits('##-###')}",
                    f"Singapore {self._digits('######')}",
                ],
                [
                    f"{self._number(1, 300)}, {name}-ro",
                    f"{self._people.last()}-gu",
                    f"{self._places.city()} {self._digits('#####')}",
                    "South Korea",
                ],
                [
                    f"{self._number(1, 500)} {name} Street",
                    f"District {self._number(1, 12)}",
                    self._places.city(),
                    "Vietnam",
                ],
                [
                    f"Jl. {name} No. {self._number(1, 200)}",
                    f"{self._places.city()} {self._digits('#####')}",
                    "Indonesia",
                ],
                [f"{self._number(1, 99)} Jalan {name}", f"{self._digits('#####')} {self._places.city()}", "Malaysia"],
                [
                    f"{self._number(1, 200)} Soi {name} {self._number(1, 60)}",
                    f"{self._places.city()} {self._digits('#####')}",
                    "Thailand",
                ],
            )
        )

    def _african_and_eastern(self) -> list[str]:
        rng, last = self._rng, self._people.last()
        return rng.choice(
            (
                [
                    f"{self._number(1, 200)} {last} Street",
                    self._people.last() + " Estate",
                    self._places.city(),
                    "Nigeria",
                ],
                [f"P.O. Box {self._number(1, 99999)}-{self._digits('#####')}", self._places.city(), "Kenya"],
                [f"House No. {self._number(1, 99)}, {last} Avenue", self._places.city(), "Ghana"],
                [
                    f"Villa {self._number(1, 90)}, Street {self._number(1, 90)}",
                    f"Al {last}",
                    f"P.O. Box {self._digits('#####')}",
                    "Dubai",
                    "UAE",
                ],
                [f"{self._number(1, 99)} {last} St.", f"{self._people.last()} District", self._places.city(), "Egypt"],
                [
                    f"Building {self._number(100, 9999)}, {last} Street",
                    f"{self._places.city()} {self._digits('#####')}",
                    "Saudi Arabia",
                ],
                [f"{self._number(1, 120)} {last} St", f"{self._places.city()} {self._digits('#######')}", "Israel"],
                [
                    f"ul. {last}a, d. {self._number(1, 99)}, kv. {self._number(1, 200)}",
                    f"{self._places.city()}, {self._digits('######')}",
                    "Russia",
                ],
                [f"vul. {last}a {self._number(1, 99)}", f"{self._digits('#####')} {self._places.city()}", "Ukraine"],
            )
        )

    def _lines(self) -> list[str]:
        makers = (
            self._united_states,
            self._united_kingdom,
            self._commonwealth,
            self._continental,
            self._french,
            self._latin_american,
            self._south_asian,
            self._east_asian,
            self._african_and_eastern,
            self._military,
        )
        lines = self._rng.choices(makers, (34, 12, 10, 20, 5, 5, 6, 6, 5, 2))[0]()
        named = len(lines) > 2 and lines[-1] not in {"Dubai", "UAE"}
        return lines[:-1] if named and self._rng.random() < 0.62 else lines

    def address(self) -> str:
        """Return an address on one line, with or without its country; one in eight is a number and a street alone."""
        form = self._rng.random()
        if form < 0.13:
            return self.street_address()
        if form < 0.18:
            return f"{self.street_address()}, {self._places.city()}"
        return self._rng.choice((", ", ", ", ", ", ", ", " ", "; ", " - ", ",")).join(self._lines())

    def address_block(self) -> str:
        """Return an address over several lines, as on an envelope."""
        return self._rng.choice(("\n", "\n", "\n", ",\n", " \n", "\n ", "\n    ", "\r\n")).join(self._lines())
