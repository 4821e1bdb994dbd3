"""The oracle: what a guarded store must hold after the calls that were acknowledged, and calls to draw from.

A world is what everybody may see, and how many lines of the audit log tell of it. A call turns one world into another,
wholly: a crash must leave one of the two and nothing between.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

STEM = "quillvane"
"""A word that no program has: it is in every owner's name, every id that may be a text, and every text."""
OWNERS = tuple(f"{name}-{STEM}" for name in ("alice", "bob", "carol"))
PEOPLE = (
    ("Eleanor Vance", "eleanor.vance@example.com", "415-555-0133"),
    ("Theodore Crain", "theodore.crain@example.com", "415-555-0171"),
    ("Margaret Holloway", "margaret.holloway@example.com", "212-555-0148"),
    ("Jonathan Whitfield", "jonathan.whitfield@example.com", "646-555-0119"),
)
PLANTED = (STEM, *(value for person in PEOPLE for value in person))
"""What must not be found in any file."""

Verb = Literal["insert", "upsert", "update", "erase", "grant", "revoke"]
_SIZES = (1, 1, 1, 2, 3, 5, 8, 20, 50)
_MOST = 80  # rows of an owner: beyond these, it deletes


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `texts` None keeps those that are there; a rule has a `reader` and no ids."""

    verb: Verb
    owner: str
    ids: tuple[int, ...] = ()
    texts: tuple[str, ...] | None = None
    fields: tuple[Mapping[str, Any], ...] | None = None
    reader: str = ""

    @classmethod
    def read(cls, listed: Mapping[str, Any]) -> Self:
        """Take a call back from JSON."""
        columns = {name: None if listed[name] is None else tuple(listed[name]) for name in ("texts", "fields")}
        return cls(**{**listed, **columns, "ids": tuple(listed["ids"])})

    def listed(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class World:
    """Rows (text and fields) by owner and number, who reads whom, and how many writes and deletes are in the log."""

    rows: Mapping[str, Mapping[int, tuple[str, Mapping[str, Any]]]] = field(default_factory=dict)
    grants: frozenset[tuple[str, str]] = frozenset()
    writes: Mapping[str, int] = field(default_factory=dict)
    deletes: Mapping[str, int] = field(default_factory=dict)

    def of(self, owner: str) -> Mapping[int, tuple[str, Mapping[str, Any]]]:
        return self.rows.get(owner, {})

    def after(self, call: Call, *, merges: bool = True) -> World:
        """Return the world in which a call has happened; `merges`: whether upserts lay fields over older ones."""
        pair = (call.owner, call.reader)
        if call.verb == "grant":
            return replace(self, grants=self.grants | {pair})
        if call.verb == "revoke":
            return replace(self, grants=self.grants - {pair})
        held = dict(self.of(call.owner))
        touched = self._touched(call)
        if not touched:
            return self
        if call.verb == "erase":
            left = {number: row for number, row in held.items() if number not in touched}
            return replace(self, rows={**self.rows, call.owner: left}, deletes=_more(self.deletes, call.owner))
        for at, number in enumerate(call.ids):
            if number in touched:
                held[number] = _written(held.get(number), call, at, merges=merges)
        return replace(self, rows={**self.rows, call.owner: held}, writes=_more(self.writes, call.owner))

    def logged(self, before: World) -> World:
        """Return an earlier world with what the log says in this one."""
        return replace(before, writes=self.writes, deletes=self.deletes)

    def _touched(self, call: Call) -> frozenset[int]:
        """Return the records that a call changes: adding leaves alone what is there, and updating what is not."""
        there = frozenset(self.of(call.owner))
        asked = frozenset(call.ids)
        return asked - there if call.verb == "insert" else asked if call.verb == "upsert" else asked & there

    def listed(self) -> dict[str, Any]:
        rows = {owner: [[number, *row] for number, row in held.items()] for owner, held in self.rows.items()}
        return {"rows": rows, "grants": sorted(self.grants), "writes": self.writes, "deletes": self.deletes}

    @classmethod
    def read(cls, listed: Mapping[str, Any]) -> Self:
        """Take a world back from JSON."""
        rows = {owner: {number: (text, each) for number, text, each in held} for owner, held in listed["rows"].items()}
        return cls(rows, frozenset(map(tuple, listed["grants"])), listed["writes"], listed["deletes"])


def _written(
    old: tuple[str, Mapping[str, Any]] | None, call: Call, at: int, *, merges: bool
) -> tuple[str, Mapping[str, Any]]:
    text = call.texts[at] if call.texts is not None else old[0] if old is not None else ""
    before = old[1] if old is not None and (merges or call.texts is None) else {}
    return text, {**before, **(call.fields[at] if call.fields is not None else {})}


def _more(counted: Mapping[str, int], owner: str) -> Mapping[str, int]:
    return {**counted, owner: counted.get(owner, 0) + 1}


# ------------------------------------------------------------------------------------------------------------- drawing


def drawn(draw: random.Random, world: World, verbs: Sequence[str], *, scrubbed: bool) -> Call:
    """Draw a call on a world. Where texts are scrubbed, fields name people too."""
    owner = draw.choice(OWNERS)
    there = sorted(world.of(owner))
    if draw.random() < 0.06:
        reader = draw.choice([each for each in OWNERS if each != owner])
        return Call("revoke" if (owner, reader) in world.grants else "grant", owner, reader=reader)
    if there and (len(there) > _MOST or draw.random() < 0.2):
        return Call("erase", owner, tuple(draw.sample(there, min(len(there), draw.choice(_SIZES)))))
    size, verb = draw.choice(_SIZES), draw.choice(list(verbs))
    known = draw.sample(there, min(len(there), size if verb == "update" else size // 2))
    fresh = draw.sample([number for number in range(1, 400) if number not in world.of(owner)], size - len(known))
    ids = (*known, *(fresh if verb != "update" or not known else fresh[:1]))
    keeps = verb == "update" and draw.random() < 0.5
    texts = None if keeps else tuple(_text(draw) for _ in ids)
    return Call(_VERBS[verb], owner, ids, texts, tuple(_fields(draw, scrubbed=scrubbed) for _ in ids))


_VERBS: Mapping[str, Verb] = {"insert": "insert", "upsert": "upsert", "update": "update"}


def _text(draw: random.Random) -> str:
    name, mail, phone = draw.choice(PEOPLE)
    other = draw.choice(PEOPLE)[0]
    return f"{name} wrote to {mail} and called {phone} about {other} and {STEM} {draw.randrange(10_000)}"


def _fields(draw: random.Random, *, scrubbed: bool) -> Mapping[str, Any]:
    fields: dict[str, Any] = {"ward": draw.choice("ABC"), draw.choice(["n", "m"]): draw.randrange(100)}
    return {**fields, "mail": draw.choice(PEOPLE)[1]} if scrubbed and draw.random() < 0.5 else fields
