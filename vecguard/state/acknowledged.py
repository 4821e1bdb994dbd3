"""What the state says that an owner's rows in a collection amount to: those of every acknowledged write, and no others.

A change that is settled takes the rows out of the tally that it replaced, and puts its own in. While a change is open
nobody knows which of the two the store has, so its rows are looked past; the tally of all others is exact for as long
as the owner's epoch stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from sqlalchemy import Connection

from vecguard.sealing import tag_of
from vecguard.state.database import Database
from vecguard.state.digests import Digests, Tally
from vecguard.state.epochs import NEVER_WRITTEN, Epochs, Moment
from vecguard.state.intents import Intent, Intents, Outcome


@dataclass(frozen=True, slots=True)
class Expected:
    """What an owner's rows are to amount to at an epoch. `tally` leaves out `busy` rows; None where nobody counted."""

    epoch: int
    tally: Tally | None
    busy: frozenset[str] = field(default=frozenset(), repr=False)
    writing: bool = False


class Acknowledged:
    """Keeps the tallies of acknowledged rows and says what they are."""

    def __init__(self, database: Database, epochs: Epochs, intents: Intents, digests: Digests) -> None:
        self._database = database
        self._epochs = epochs
        self._intents = intents
        self.digests = digests

    def expected(self, uid: str, owner: str) -> Expected:
        """Return what an owner's rows are to amount to now."""
        moment = self._epochs.moment(uid, owner)
        busy: Sequence[Intent] = ()
        if moment.writing:
            moment, busy = self._database.look(
                lambda connection: (
                    Epochs.moment_in(connection, uid, owner),
                    self._intents.open_in(connection, uid, owner),
                )
            )
        return self._without(moment, busy, uid, owner)

    def epoch(self, uid: str, owner: str) -> int:
        """Return an owner's epoch now."""
        return self._epochs.epoch(uid, owner)

    def _without(self, moment: Moment, busy: Sequence[Intent], uid: str, owner: str) -> Expected:
        ids = frozenset(chain.from_iterable(each.rows.ids for each in busy))
        tally = self.in_force(moment, uid, owner)
        if tally is not None and ids:
            tally -= self.digests.of(row.replaces for each in busy for row in each.rows.rows if row.replaces)
        return Expected(moment.epoch, tally, ids, moment.writing)

    def in_force(self, moment: Moment, uid: str, owner: str) -> Tally | None:
        """Return the tally of that moment; None where the rows were never counted."""
        if moment == NEVER_WRITTEN:
            return Tally()
        return None if moment.digest is None else self.digests.opened(moment.digest, uid, owner, moment.rows)

    def change(self, outcome: Outcome) -> Tally:
        """Return what the tally changes by when so much of an intent is done."""
        rows = [row for row in outcome.intent.rows.rows if row.backend_id in outcome.done]
        gone = self.digests.of(row.replaces for row in rows if row.replaces)
        if outcome.intent.action == "drop":
            return Tally() - gone
        return self.digests.of(tag_of(row.fields) for row in rows) - gone

    def move(self, connection: Connection, uid: str, owner: str, held: Moment, change: Tally) -> int:
        """Put a changed tally in force, in a transaction that holds the owner's epoch; return the next epoch."""
        tally = self.in_force(held, uid, owner)
        if tally is None:
            return Epochs.left(connection, uid, owner, held, held.rows, None)
        return self.put_in_force(connection, uid, owner, held, tally + change)

    def put_in_force(self, connection: Connection, uid: str, owner: str, held: Moment, tally: Tally) -> int:
        """Put a tally in force, whatever was before; as part of such a transaction."""
        return Epochs.left(connection, uid, owner, held, tally.rows, self.digests.sealed(tally, uid, owner))

    def accept(self, uid: str, owner: str, epoch: int, tally: Tally) -> bool:
        """Take what the store has for what was acknowledged, unless a change came after the epoch at which it was read.

        The epoch is raised: whoever keeps these rows reads them again.
        """

        def work(connection: Connection) -> bool:
            held = Epochs.held(connection, uid, owner)
            if held.epoch != epoch or Epochs.moment_in(connection, uid, owner).writing:
                return False
            self.put_in_force(connection, uid, owner, held, tally)
            return True

        return self._database.run(work)
