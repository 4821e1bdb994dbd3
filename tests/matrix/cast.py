"""The cast of the matrix: who owns what, who may see what of it, and the canaries by which a leak is known.

Everything that an owner writes carries marks that nothing else has: in ids, texts, a field that readers may see, one
that they may not, and a number. Whoever is shown a mark that is not theirs was shown another owner's record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vecguard import Guard, Principal
from vecguard.testing import word_hash

D = 16  # dimensions; no case asks for as many rows, so a list of D numbers is a vector
EMBED = word_hash(D)
ASKED = "a note about lungs"
KINDS = ("id", "text", "seen", "veiled", "n")
ALL = frozenset(KINDS)
_HEX = 12
OWNERS = ("alice", "dave", "kate", "wes", "rita", "gus", "sam", "rex", "ada")


@dataclass(frozen=True, slots=True)
class Note:
    """One record of an owner. `key` and `text_id` name it; the first note of every owner has the same name."""

    key: int
    text_id: str
    text: str
    fields: Mapping[str, Any]


def mark(owner: str, kind: str) -> str:
    """Return the canary of an owner in one place of its records."""
    return f"{kind}{hashlib.sha256(f'{owner} {kind}'.encode()).hexdigest()[:_HEX]}"


def number(owner: str, at: int) -> int:
    """Return the canary number of a note."""
    return 7_100_000 + 1_000 * OWNERS.index(owner) + at


def key(owner: str, at: int) -> int:
    """Return the number that names a note: a canary too, but for the one that every owner has."""
    return 1 if at == 0 else 8_100_000 + 1_000 * OWNERS.index(owner) + at


def notes(owner: str) -> tuple[Note, ...]:
    """Return what an owner writes."""
    words = ("heart", "arm", "knee")
    return tuple(
        Note(
            key(owner, at),
            "n1" if at == 0 else f"{word}-{mark(owner, 'id')}",
            f"{ASKED} and the {word} {mark(owner, 'text')}",
            {"ward": "B2", "n": number(owner, at), "seen": mark(owner, "seen"), "veiled": mark(owner, "veiled")},
        )
        for at, word in enumerate(words)
    )


@dataclass(frozen=True, slots=True)
class Role:
    """Who acts, in whose space, and which kinds of marks of other owners' records it may be shown.

    `most`: how many of another owner's records one answer may have.
    """

    name: str
    principal: Principal
    space: str
    sees: Mapping[str, frozenset[str]] = field(default_factory=dict)
    most: int | None = None

    @property
    def shown(self) -> Mapping[str, frozenset[str]]:
        """Return all marks that it may be shown, by owner."""
        return {self.space: ALL, **self.sees}

    @property
    def victim(self) -> str:
        """Return whose records it goes after: alice's, or as alice those of somebody who shares nothing."""
        return "dave" if self.space == "alice" else "alice"

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return the owners with records here that do not exist for it, but for kate, who is always there."""
        return tuple(each for each in ("dave", "alice") if each not in self.shown)

    @property
    def owners(self) -> tuple[str, ...]:
        """Return everybody who has records here: the others first, as whoever comes last is easiest to starve."""
        return tuple(dict.fromkeys(("dave", "alice", "kate", self.space, self.principal.id)))


ROLES = (
    Role("owner", Principal("alice"), "alice"),
    Role("writer", Principal("wes"), "alice"),
    Role("reader", Principal("rita"), "rita", {"alice": frozenset({"text", "seen", "n"})}),
    Role("member", Principal("gus", frozenset({"staff"})), "gus", {"alice": frozenset({"seen", "veiled", "n"})}, 2),
    Role("stranger", Principal("sam"), "sam"),
    Role("revoked", Principal("rex"), "rex"),
    Role("admin", Principal("ada", permissions=frozenset({"admin", "pii:restore"})), "ada"),
)


def grant(guard: Guard) -> None:
    """Let alice share, on terms that differ; and with rex, from whom it is taken back later."""
    guard.rules.grant("alice", writers=["wes"])
    guard.rules.grant("alice", readers=["rita"], fields=["ward", "n", "seen"])
    guard.rules.grant("alice", readers=["group:staff"], text=False, max_results=2)
    guard.rules.grant("alice", readers=["rex"], writers=["rex"])


def revoke(guard: Guard) -> None:
    """Take back what rex had."""
    assert guard.rules.revoke("alice", readers=["rex"], writers=["rex"]) == 2


_MARKS = {mark(owner, kind): (owner, kind) for owner in OWNERS for kind in KINDS}
_MARKS |= {str(number(owner, at)): (owner, "n") for owner in OWNERS for at in range(3)}
_MARKS |= {str(key(owner, at)): (owner, "id") for owner in OWNERS for at in (1, 2)}
_ANY = re.compile(rf"(?:id|text|seen|veiled)[0-9a-f]{{{_HEX}}}|(?<![\w.])[78]1\d{{5}}(?![\w.])")


def found(text: str) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return the marks in a text: (owner, kind) -> which."""
    there: dict[tuple[str, str], set[str]] = {}
    for each in _ANY.findall(text):
        if each in _MARKS:
            there.setdefault(_MARKS[each], set()).add(each)
    return {where: frozenset(marks) for where, marks in there.items()}
