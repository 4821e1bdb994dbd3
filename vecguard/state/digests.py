"""What an owner's rows amount to, in 32 bytes: so that a store which drops, turns back or brings back one is found out.

A tally is the number of rows and the sum of a keyed function of their tags, modulo 2^256: MSet-Add-Hash of Clarke,
Devadas, van Dijk, Gassend and Suh (2003), "Incremental Multiset Hash Functions and Their Application to Memory
Integrity Checking". Rows are added and taken away one by one, in any order, and two multisets of rows whose tallies are
equal are the same multiset: keyed BLAKE2b (RFC 7693) is taken for a random function, so the sum of any other multiset
of tags hits a given value with probability 2^-256 for each try, or c times that where a row is shown c times over.

That holds for whoever does not see the sums. Differences of sums are values of the function, and with enough of them
another multiset of the same sum can be found (Wagner 2002, "A Generalized Birthday Problem"). Their paper hides a sum
under a fresh nonce; here it is sealed with AES-256-GCM-SIV, under a fresh one, before it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from vecguard.keys import Secret, seal, unseal

_BYTES = 32
_MODULUS = 1 << 8 * _BYTES


@dataclass(frozen=True, slots=True)
class Tally:
    """A multiset of rows: how many they are, and the sum modulo 2^256 of what their tags are mapped to."""

    rows: int = 0
    total: int = field(default=0, repr=False)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.rows + other.rows, (self.total + other.total) % _MODULUS)

    def __sub__(self, other: Tally) -> Tally:
        return Tally(self.rows - other.rows, (self.total - other.total) % _MODULUS)


class Digests:
    """Makes tallies under the state's key, and seals their sums for the owner that they belong to."""

    def __init__(self, key: Secret) -> None:
        self._tags = key.derive("tags")
        self._sums = key.derive("sums")

    def __repr__(self) -> str:
        return "<Digests>"

    def of(self, tags: Iterable[str]) -> Tally:
        """Return the tally of rows with these tags, each as often as it is given."""
        key = self._tags.reveal()
        mapped = [blake2b(tag.encode(), key=key, digest_size=_BYTES).digest() for tag in tags]
        return Tally(len(mapped), sum(int.from_bytes(each, "big") for each in mapped) % _MODULUS)

    def sealed(self, tally: Tally, uid: str, owner: str) -> bytes:
        """Return what the state keeps of an owner's tally beside the number of rows, which it is bound to."""
        return seal(self._sums, tally.total.to_bytes(_BYTES, "big"), "owner digest", uid, owner, tally.rows)

    def opened(self, sealed: bytes, uid: str, owner: str, rows: int) -> Tally:
        """Return the tally that was sealed for this owner; raise `WrongKey` for another one, or another number."""
        return Tally(rows, int.from_bytes(unseal(self._sums, sealed, "owner digest", uid, owner, rows), "big"))
