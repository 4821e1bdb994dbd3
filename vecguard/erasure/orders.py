"""What is to be erased: everything of an owner, records by id, what is known of a person, or what has expired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vecguard.erasure.erasing import Steps, Tell
from vecguard.erasure.expired import erase_expired
from vecguard.erasure.owners import erase_owner
from vecguard.erasure.receipt import ErasureReceipt
from vecguard.erasure.records import erase_records, erase_subject
from vecguard.errors import BadInput
from vecguard.facade import Room
from vecguard.guard import Guard
from vecguard.principal import checked_name

_Rooms = Sequence[tuple[Room, bool]]


class Order(Protocol):
    """One kind of erasure, ready to be run."""

    def steps(self, guard: Guard, rooms: _Rooms, tell: Tell | None) -> Steps[ErasureReceipt]:
        """Return the erasure as paths through the stores of these rooms."""
        ...


@dataclass(frozen=True, slots=True)
class OfOwner:
    """Everything of an owner; or only records by id; or only what is known of one person.

    `records` erases the records too that held tokens of the person.
    """

    owner: str = field(repr=False)
    ids: Iterable[Any] | None = field(default=None, repr=False)
    subject: Sequence[str] | None = field(default=None, repr=False)
    records: bool = False

    def steps(self, guard: Guard, rooms: _Rooms, tell: Tell | None) -> Steps[ErasureReceipt]:
        """Return the erasure. Raises `AccessDenied` for a name that is none, and `BadInput` for ids and a subject."""
        owner = checked_name(self.owner, "an owner")
        if self.ids is not None and self.subject is not None:
            raise BadInput("say what to erase: ids, or a subject")
        if self.subject is not None and not list(self.subject):
            raise BadInput("a subject is empty: name the person, or leave it out to erase everything of the owner")
        if self.records and self.subject is None:
            raise BadInput("records=True goes with a subject: it erases the records that held its tokens")
        if self.ids is not None:
            return erase_records(guard, rooms, owner, self.ids, tell)
        if self.subject is not None:
            return erase_subject(guard, rooms, owner, self.subject, tell, records=self.records)
        return erase_owner(guard, rooms, owner, tell)


@dataclass(frozen=True, slots=True)
class Expired:
    """What has expired, by the guard's clock or at `now` in seconds since the epoch.

    Of the owners that are named, or of all whose names the state keeps.
    """

    owners: Iterable[str] | None = field(default=None, repr=False)
    now: float | None = None

    def steps(self, guard: Guard, rooms: _Rooms, tell: Tell | None) -> Steps[ErasureReceipt]:
        """Return the erasure. Raises `ClockBehind` if the machine's clock is far behind what the state has seen."""
        now = guard.clock.to_purge() if self.now is None else self.now
        return erase_expired(guard, rooms, self.owners, now, tell)
