"""For how long records of some owners are kept, as the state has it, and whether any record expires at all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from vecguard.audit import AuditChain
from vecguard.keys import Secret, seal, unseal
from vecguard.principal import Acting
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared
from vecguard.state.epochs import RULES, Epochs

EXPIRING: Final = "expiring"
"""The fact that some row of some collection may expire: reads then ask stores for those that have not."""

_TABLE, _FACTS = tables.retentions, tables.facts
_ONE = Prepared.of(select(_TABLE.c.owner, _TABLE.c.sealed).where(_TABLE.c.owner == bindparam("owner")))
_MAY = Prepared.of(select(_FACTS.c.name).where(_FACTS.c.name == bindparam("name")))


@dataclass(frozen=True, slots=True)
class OwnerRetention:
    """For how many days records of one owner are kept, from when they are written."""

    owner: str = field(repr=False)
    days: float


class Retentions:
    """Keeps them. Every change raises the rules' epoch and is audited, in one transaction or not at all."""

    def __init__(self, database: Database, key: Secret, digest: Callable[[str], str], audit: AuditChain) -> None:
        self._database = database
        self._key = key
        self._digest = digest
        self._audit = audit

    def __repr__(self) -> str:
        return "<Retentions>"

    def put(self, kept: OwnerRetention, acting: Acting) -> None:
        """Keep an owner's, in place of an earlier one."""
        owner = self._digest(kept.owner)
        words = json.dumps([kept.owner, kept.days]).encode()
        row = {"owner": owner, "sealed": seal(self._key, words, "retention", owner), "created": time.time()}

        def work(connection: Connection) -> None:
            connection.execute(delete(_TABLE).where(_TABLE.c.owner == owner))
            connection.execute(insert(_TABLE).values(row))
            Epochs.raised(connection, *RULES)
            self._audit.append_in(connection, acting, "state", "", 1, "retention set")

        self._audit.guarded(work)

    def remove(self, owner: str, acting: Acting) -> bool:
        """Forget an owner's; False if it had none."""
        digest = self._digest(owner)

        def work(connection: Connection) -> bool:
            count = connection.execute(delete(_TABLE).where(_TABLE.c.owner == digest)).rowcount
            Epochs.raised(connection, *RULES)
            self._audit.append_in(connection, acting, "state", "", count, "retention cleared")
            return count > 0

        return self._audit.guarded(work)

    def of(self, digest: str) -> float | None:
        """Return for how many days records of an owner are kept, by its digest; None if nothing was said."""
        found = self._database.rows(_ONE, {"owner": digest})
        return self._opened(*found[0]).days if found else None

    def all(self) -> list[OwnerRetention]:
        """Return every owner's, by name."""
        wanted = select(_TABLE.c.owner, _TABLE.c.sealed)
        rows = self._database.look(lambda connection: connection.execute(wanted).tuples().all())
        return sorted((self._opened(*row) for row in rows), key=lambda each: each.owner)

    def may_expire(self) -> bool:
        """Whether any record of this state was ever written that expires."""
        return bool(self._database.rows(_MAY, {"name": EXPIRING}))

    def expire(self) -> None:
        """Note that from now on records may expire, before the first one is written."""

        def work(connection: Connection) -> None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(_FACTS).values(name=EXPIRING, value="some"))
            except IntegrityError:  # another process was first
                return
            Epochs.raised(connection, *RULES)

        self._database.run(work)

    def _opened(self, owner: str, sealed: bytes) -> OwnerRetention:
        return OwnerRetention(*json.loads(unseal(self._key, bytes(sealed), "retention", owner)))
