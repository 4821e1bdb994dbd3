"""Grants as the state keeps them: keyed digests to find them by, and the words sealed beside."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, true

from vecguard.audit import AuditChain
from vecguard.keys import Secret, seal, unseal
from vecguard.principal import Acting
from vecguard.rules.grant import Grant, Grantee, Right, Terms
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.epochs import RULES, Epochs

_TABLE = tables.grants


class Grants:
    """Keeps grants. Every change raises the rules' epoch and is audited, in one transaction or not at all."""

    def __init__(self, database: Database, key: Secret, lookup: Secret, audit: AuditChain) -> None:
        self._database = database
        self._key = key
        self._lookup = lookup
        self._audit = audit

    def put(self, grants: Iterable[Grant], acting: Acting) -> None:
        """Keep grants, in place of those by the same owner to the same grantee."""
        made = list(grants)

        def work(connection: Connection) -> None:
            connection.execute(delete(_TABLE).where(or_(*(self._place(each) for each in made))))
            connection.execute(insert(_TABLE), [self._row(each) for each in made])
            self._changed(connection, acting, "grant", len(made))

        self._audit.guarded(work)

    def remove(self, owner: str, named: Sequence[tuple[Grantee, Right]], acting: Acting) -> int:
        """Forget what an owner granted to these; return how many grants there were."""
        if not named:
            return 0
        places = (self._place(Grant(owner, grantee, right)) for grantee, right in named)
        return self._removed(or_(*places), acting)

    def remove_all(self, owner: str, acting: Acting, keeping: Grant | None = None) -> int:
        """Forget what an owner granted, but for one grant; return how many grants there were."""
        others = true() if keeping is None else ~self._place(keeping)
        return self._removed(and_(_TABLE.c.owner == self._owner(owner), others), acting)

    def to(self, grantees: Sequence[Grantee]) -> list[Grant]:
        """Return what was granted to any of these."""
        return self._listed(_TABLE.c.grantee.in_([self._grantee(each) for each in grantees]))

    def by_owner(self, owner: str) -> list[Grant]:
        """Return what an owner granted."""
        return self._listed(_TABLE.c.owner == self._owner(owner))

    def all(self) -> list[Grant]:
        """Return everything that was granted."""
        return self._listed(true())

    # ------------------------------------------------------------------------------------------------------- parts

    def _listed(self, where: ColumnElement[bool]) -> list[Grant]:
        wanted = select(_TABLE.c.owner, _TABLE.c.grantee, _TABLE.c.right, _TABLE.c.sealed).where(where)
        rows = self._database.look(lambda connection: connection.execute(wanted).all())
        return [self._grant(unseal(self._key, row.sealed, row.owner, row.grantee, row.right)) for row in rows]

    def _removed(self, where: ColumnElement[bool], acting: Acting) -> int:
        def work(connection: Connection) -> int:
            count = connection.execute(delete(_TABLE).where(where)).rowcount
            self._changed(connection, acting, "revoke", count)
            return count

        return self._audit.guarded(work)

    def _changed(self, connection: Connection, acting: Acting, action: Any, count: int) -> None:
        Epochs.raised(connection, *RULES)
        self._audit.append_in(connection, acting, action, "", count)

    def _place(self, grant: Grant) -> ColumnElement[bool]:
        return and_(
            _TABLE.c.owner == self._owner(grant.owner),
            _TABLE.c.grantee == self._grantee(grant.grantee),
            _TABLE.c.right == grant.right,
        )

    def _row(self, grant: Grant) -> dict[str, Any]:
        place = {
            "owner": self._owner(grant.owner),
            "grantee": self._grantee(grant.grantee),
            "right": grant.right,
        }
        words = json.dumps([grant.owner, str(grant.grantee), grant.right, grant.terms.as_json()]).encode()
        return {**place, "sealed": seal(self._key, words, *place.values()), "created": time.time()}

    @staticmethod
    def _grant(words: bytes) -> Grant:
        owner, grantee, right, terms = json.loads(words)
        return Grant(owner, Grantee.of(grantee), right, Terms.of(terms))

    def _owner(self, name: str) -> str:
        return self._lookup.mac("owner", name).hex()

    def _grantee(self, grantee: Grantee) -> str:
        return self._lookup.mac("grantee", grantee.kind, grantee.name).hex()
