"""Originals behind tokens, encrypted under their owner's vault key, kept as long as a record refers to them.

A reference says that a version of a record holds a token. It is written with the intent and outlives it; once a later
version of the record, or its deletion, is on the shelf, the reference goes, and an original without one goes with it.
References of intents that are still open are left alone: whatever becomes of them, nothing acknowledged is lost.

Where transactions run side by side (PostgreSQL), one that goes on to refer to an original holds its row, and one that
erases it takes the row before it looks whether anything refers to it: of the two, the second knows what the first did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, insert, select, tuple_

from vecguard.errors import BadInput, StateError
from vecguard.keys import Secret, seal, unseal
from vecguard.scrub.normalise import canonical
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.tombstones import Tombstones

_AT_ONCE = 500  # bound parameters per statement
_FIRST = 1  # version of a record: nothing came before it

_vault, _references, _intents = tables.vault, tables.references, tables.intents


class Vault:
    """Keeps and returns originals. A token of another owner is simply not there: no error tells it from an unknown.

    Owners are keyed digests, and so are the tokens; `key` is always the owner's vault key.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------------------ as part of a transaction

    @staticmethod
    def keep(connection: Connection, owner: str, key: Secret, originals: Iterable[tuple[str, str]]) -> None:
        """Store originals. A token that already stands for another value is refused: both would come back as one."""
        wanted = {_digest(key, token): original for token, original in originals}
        checks = {digest: key.mac("original", canonical(original)).hex()[:32] for digest, original in wanted.items()}
        for digests in _batches(sorted(wanted)):
            rows = connection.execute(
                select(_vault.c.token, _vault.c.check)
                .where(_vault.c.owner == owner, _vault.c.token.in_(digests))
                .order_by(_vault.c.token)
                .with_for_update(read=True)
            )
            there = dict(rows.tuples().all())
            if any(checks[digest] != check for digest, check in there.items()):
                raise StateError("two different values got one token; nothing was written")
            fresh = [
                {
                    "owner": owner,
                    "token": digest,
                    "check": checks[digest],
                    "sealed": seal(key, wanted[digest].encode("utf-8", "surrogatepass"), owner, digest),
                }
                for digest in digests
                if digest not in there
            ]
            if fresh:
                connection.execute(insert(_vault), fresh)

    @staticmethod
    def refer(
        connection: Connection,
        owner: str,
        key: Secret,
        intent: str,
        uid: str,
        tokens: Mapping[tuple[str, int], set[str]],
    ) -> None:
        """Note which tokens the records hold that an intent is about to put: (backend id, version) -> tokens."""
        rows = [
            {"owner": owner, "token": digest, "uid": uid, "row": row, "version": version, "intent": intent}
            for (row, version), held in tokens.items()
            for digest in sorted({_digest(key, token) for token in held})
        ]
        if rows:
            _hold(connection, _places(rows), read=True)
            connection.execute(insert(_references), rows)

    @staticmethod
    def outdated(connection: Connection, uid: str, versions: Mapping[str, int], *, dropped: bool) -> None:
        """Strike out references of versions before these, which the shelf holds, or up to these if it dropped them."""
        still_open = exists().where(_intents.c.id == _references.c.intent, _intents.c.uid == uid)
        gone: list[dict[str, str]] = []
        for ids in _batches([row for row, version in versions.items() if dropped or version > _FIRST]):
            rows = connection.execute(
                select(*_references.c).where(_references.c.uid == uid, _references.c.row.in_(ids), ~still_open)
            )
            gone += [dict(row._mapping) for row in rows if row.version < versions[row.row] + dropped]  # noqa: SLF001 - SQLAlchemy's documented name
        _strike_out(connection, gone)

    @staticmethod
    def retract(connection: Connection, intent: str) -> None:
        """Strike out the references of an intent that came to nothing."""
        rows = connection.execute(select(*_references.c).where(_references.c.intent == intent))
        _strike_out(connection, [dict(row._mapping) for row in rows])  # noqa: SLF001 - as above

    @staticmethod
    def forget(connection: Connection, owner: str, key: Secret, wanted: Callable[[str], bool]) -> int:
        """Erase and bury the originals of an owner that satisfy `wanted`; return how many those were."""
        rows = connection.execute(select(_vault.c.token, _vault.c.sealed).where(_vault.c.owner == owner)).all()
        found = [row.token for row in rows if wanted(_unsealed(key, owner, row.token, row.sealed))]
        for digests in _batches(found):
            connection.execute(delete(_vault).where(_vault.c.owner == owner, _vault.c.token.in_(digests)))
        Tombstones.bury(connection, "original", *found)
        return len(found)

    @staticmethod
    def empty(connection: Connection, owner: str) -> int:
        """Erase everything that the vault has of an owner; return how many originals that were."""
        connection.execute(delete(_references).where(_references.c.owner == owner))
        return connection.execute(delete(_vault).where(_vault.c.owner == owner)).rowcount

    # ------------------------------------------------------------------------------ on their own

    def originals(self, owner: str, key: Secret, tokens: Iterable[str]) -> Mapping[str, str]:
        """Return token -> original for the tokens of this owner that the vault holds."""
        wanted = {_digest(key, token): token for token in tokens}

        def read(connection: Connection) -> dict[str, str]:
            return {
                wanted[row.token]: _unsealed(key, owner, row.token, row.sealed)
                for digests in _batches(list(wanted))
                for row in connection.execute(
                    select(_vault.c.token, _vault.c.sealed).where(_vault.c.owner == owner, _vault.c.token.in_(digests))
                )
            }

        return self._database.look(read) if wanted else {}


def _strike_out(connection: Connection, references: list[dict[str, str]]) -> None:
    """Delete references, and the originals that nothing refers to any more."""
    if not references:
        return
    connection.execute(delete(_references).where(_is(_references.primary_key.columns)), _bound(references))
    places = _places(references)
    _hold(connection, places, read=False)
    orphans = [{"owner": owner, "token": token} for owner, token in places]
    referred = exists().where(_references.c.owner == _vault.c.owner, _references.c.token == _vault.c.token)
    connection.execute(delete(_vault).where(_is([_vault.c.owner, _vault.c.token]), ~referred), _bound(orphans))


def _places(references: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted({(each["owner"], each["token"]) for each in references})


def _hold(connection: Connection, places: list[tuple[str, str]], *, read: bool) -> None:
    """Take the rows of originals, always in the same order. SQLite has nothing to take: it lets nobody else write."""
    if connection.dialect.name == "sqlite":
        return
    place = tuple_(_vault.c.owner, _vault.c.token)
    for start in range(0, len(places), _AT_ONCE):
        wanted = select(_vault.c.token).where(place.in_(places[start : start + _AT_ONCE]))
        connection.execute(wanted.order_by(_vault.c.owner, _vault.c.token).with_for_update(read=read)).all()


def _is(columns: Iterable[ColumnElement[object]]) -> ColumnElement[bool]:
    return and_(*(column == bindparam(f"_{column.key}") for column in columns))


def _bound(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{f"_{name}": value for name, value in row.items()} for row in rows]


def _unsealed(key: Secret, owner: str, digest: str, sealed: bytes) -> str:
    return unseal(key, sealed, owner, digest).decode("utf-8", "surrogatepass")


def _digest(key: Secret, token: str) -> str:
    return key.mac("token", token).hex()


def _batches(items: list[str]) -> Iterable[list[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def mentions_any(subject: Sequence[str]) -> Callable[[str], bool]:
    """Return the test of whether an original contains one of the names and numbers that a person goes by."""
    names = [canonical(name) for name in subject]
    if isinstance(subject, str) or not names or not all(names):
        raise BadInput(
            "a subject is a list of the names and numbers that one person goes by, one at least and none of them empty"
        )
    spoken = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names))
    return lambda original: spoken.search(canonical(original)) is not None
