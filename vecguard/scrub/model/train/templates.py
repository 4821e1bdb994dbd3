"""Texts made from templates: what people write that is in no open corpus, and what only looks like it.

`templates.txt` holds texts with personal data, `templates_plain.txt` texts without; records are separated by a line
`---`, fields stand in braces. Both are ours. One template in twelve is kept out of training (`unseen=True`) and scored.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

from vecguard.scrub.model.train.addresses import Addresses
from vecguard.scrub.model.train.marked import Marked, Span, joined
from vecguard.scrub.model.train.names import People
from vecguard.scrub.model.train.organisations import Organisations
from vecguard.scrub.model.train.places import Places
from vecguard.scrub.model.train.wordlists import words

_FIELD = re.compile(r"\{([A-Za-z_]+2?)\}")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_CODE = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@lru_cache(maxsize=4)
def templates(name: str, *, unseen: bool) -> tuple[str, ...]:
    """Return the templates of `name` (`templates` or `templates_plain`) that are, or are not, kept out of training."""
    records = files("vecguard.scrub.model.train").joinpath(f"{name}.txt").read_text(encoding="utf-8").split("\n---\n")
    kept = (hashlib.sha256(record.encode()).digest()[0] % 12 == 0 for record in records)
    return tuple(record.rstrip("\n") for record, out in zip(records, kept, strict=True) if out == unseen)


class Filler:
    """Fills templates with what `people` and `places` draw."""

    def __init__(self, rng: random.Random, people: People, places: Places) -> None:
        self._rng = rng
        organisations, addresses = Organisations(rng, people, places), Addresses(rng, people, places)
        self._named: dict[str, tuple[str, Callable[[], str]]] = {
            "person": ("PERSON", people.full),
            "first": ("PERSON", people.first),
            "last": ("PERSON", people.last),
            "inverted": ("PERSON", people.inverted),
            "short": ("PERSON", lambda: f"{people.initial()} {people.last()}"),
            "first_initial": ("PERSON", lambda: f"{people.first()} {people.initial()}"),
            "city": ("LOCATION", places.city),
            "country": ("LOCATION", places.country),
            "state": ("LOCATION", places.state),
            "place": ("LOCATION", places.place),
            "street": ("LOCATION", addresses.street),
            "address": ("ADDRESS", addresses.address),
            "address_block": ("ADDRESS", addresses.address_block),
            "org": ("ORGANIZATION", organisations.organisation),
            "hospital": ("ORGANIZATION", organisations.hospital),
            "univ": ("ORGANIZATION", organisations.university),
            "publicbody": ("ORGANIZATION", organisations.public_body),
            "nrp": ("NRP", lambda: rng.choice(words("NATIONALITIES"))),
        }
        self._plain: dict[str, Callable[[], str]] = {
            "title": lambda: rng.choice(words("TITLES")),
            "initials": lambda: (
                rng.choice("ABCDEFGHJKLMNPRSTW") + rng.choice((".", "", f".{rng.choice('ABCDEGHJLMRST')}."))
            ),
            "job": lambda: rng.choice(words("JOBS")),
            "drug": lambda: rng.choice(words("DRUGS")),
            "disease": lambda: rng.choice(words("DISEASES") if rng.random() < 0.75 else words("EPONYMS")),
            "eponym": lambda: rng.choice(words("EPONYMS")),
            "symptom": lambda: rng.choice(words("SYMPTOMS")),
            "sign": lambda: rng.choice(words("SIGNS")),
            "method": lambda: rng.choice(words("METHODS")),
            "assay": lambda: rng.choice(words("ASSAYS")),
            "gene": lambda: rng.choice(words("GENES")),
            "pathway": lambda: rng.choice(words("PATHWAYS")),
            "bug": lambda: rng.choice(words("BUGS")),
            "product": lambda: rng.choice(words("PRODUCTS")),
            "tech": lambda: rng.choice(words("TECH")),
            "gender": lambda: rng.choice(("male", "female", "man", "woman", "gentleman", "lady")),
            "pronoun": lambda: rng.choice(("He", "She", "The patient", "They")),
            "pronoun2": lambda: rng.choice(("him", "her", "them")),
            "age": lambda: str(rng.randint(1, 98)),
            "num": lambda: str(rng.randint(1, 400)),
            "year": lambda: str(rng.randint(1930, 2026)),
            "month": lambda: rng.choice(_MONTHS),
            "day": lambda: rng.choice(_DAYS),
            "time": lambda: rng.choice(
                (
                    f"{rng.randint(1, 12)}{rng.choice(('', ':30', ':15'))} {rng.choice(('am', 'pm', 'PM'))}",
                    f"{rng.randint(7, 22)}:{rng.randint(10, 59)}",
                )
            ),
            "date": self._date,
            "amount": lambda: (
                rng.choice(("$", "€", "£", "USD ", "Rs. "))
                + f"{rng.randint(5, 90000):,}"
                + rng.choice(("", ".00", ".50"))
            ),
            "phone": lambda: self._digits(
                rng.choice(
                    (
                        "(###) ###-####",
                        "###-###-####",
                        "+1 ### ### ####",
                        "+44 20 #### ####",
                        "0### ######",
                        "+91 ##### #####",
                        "+49 ### #######",
                        "##########",
                    )
                )
            ),
            "email": self._email,
            "user": lambda: (
                (people.first()[:6] + rng.choice(("_", "", "x", "the")) + people.last()[:5]).lower().replace(" ", "")
                + rng.choice(("", str(rng.randint(1, 999))))
            ),
            "url": lambda: (
                rng.choice(("https://www.", "www.", "http://"))
                + people.last().lower().replace(" ", "")
                + rng.choice((".com", ".org", ".co.uk", ".de"))
                + rng.choice(("", "/contact", "/a/1"))
            ),
            "code": lambda: "".join(rng.choices(_CODE, k=rng.randint(6, 10))),
            "id": lambda: rng.choice(
                (
                    self._digits("#######"),
                    self._digits("####/##"),
                    self._digits("??-######"),
                    self._digits("?#######"),
                    self._digits("###-##-##"),
                    self._digits("#####"),
                )
            ),
            "ssn": lambda: self._digits("###-##-####"),
            "iban": lambda: self._digits(
                rng.choice(("DE## #### #### #### #### ##", "GB##ABCD##############", "FR##############?##########"))
            ),
            "card": lambda: self._digits(
                rng.choice(("#### #### #### ####", "################", "####-####-####-####"))
            ),
        }
        self._people = people

    def _digits(self, form: str) -> str:
        marks = {"#": "0123456789", "?": "ABCDEFGHJKLMNPRSTUVWXYZ"}
        return "".join(self._rng.choice(marks[char]) if char in marks else char for char in form)

    def _date(self) -> str:
        day, month, year = self._rng.randint(1, 28), self._rng.randint(1, 12), self._rng.randint(1935, 2026)
        name = _MONTHS[month - 1]
        return self._rng.choice(
            (
                f"{day} {name} {year}",
                f"{name} {day}, {year}",
                f"{month:02}/{day:02}/{year}",
                f"{year}-{month:02}-{day:02}",
                f"{day}.{month}.{year}",
                f"{name[:3]} {day}",
                f"{day} {name[:3]} {year}",
            )
        )

    def _email(self) -> str:
        first, last = (name.lower().replace(" ", "") for name in (self._people.first(), self._people.last()))
        local = self._rng.choice(
            (
                f"{first}.{last}",
                f"{first}{last}",
                f"{first[0]}{last}",
                f"{first}_{last}",
                f"{first}{self._rng.randint(1, 99)}",
                "info",
                "support",
            )
        )
        host = self._rng.choice(
            (
                "gmail.com",
                "yahoo.com",
                "hotmail.com",
                "example.com",
                "outlook.com",
                f"{last}.com",
                "nhs.net",
                "company.co.uk",
                "univ.edu",
            )
        )
        return f"{local}@{host}"

    def _field(self, name: str) -> tuple[str, str]:
        if name in self._named:
            label, draw = self._named[name]
            return draw(), label
        word = self._plain[name.lower()]()
        return (word[0].upper() + word[1:] if name[0].isupper() else word), ""

    def fill(self, template: str) -> Marked:
        """Return `template` with every field filled and the named ones marked."""
        pieces, at = [], 0
        for match in _FIELD.finditer(template):
            pieces += [(template[at : match.start()], ""), self._field(match.group(1))]
            at = match.end()
        return _one_name(joined([*pieces, (template[at:], "")]))


def _one_name(marked: Marked) -> Marked:
    """Join a first name and a surname that one blank separates: they are one person."""
    spans: list[Span] = []
    for start, end, label in marked.spans:
        if spans and label == spans[-1][2] == "PERSON" and marked.text[spans[-1][1] : start] == " ":
            spans[-1] = (spans[-1][0], end, label)
        else:
            spans.append((start, end, label))
    return Marked(marked.text, tuple(spans))
