"""Tombstones: what was erased, so that a backup from before cannot bring it back.

A tombstone is buried in the transaction that erases. It names nobody: its subject is a digest that the state uses
anyway. A backup has the tombstones of its day; whoever restores it brings those of today, from the living state or from
a list that was kept elsewhere (`vecguard state tombstones`), and what they say is not restored.

    owner      digest of an owner: its keys, name, retention, originals, references and grants
    vault      digest of an owner: its vault's key, originals and references
    original   digest of a token, under its owner's vault key: that original
    row        `row_subject`: references to originals, and the mark of a canary
    grantee    digest of a grantee: grants that it was given
    principal  digest of a principal: what it asked of rows of others
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import Connection, delete, func, insert, select

from vecguard.errors import StateError
from vecguard.keys import Secret, packed
from vecguard.state import tables
from vecguard.state.database import Database

Kind: TypeAlias = Literal["owner", "vault", "original", "row", "grantee", "principal"]
FORMAT: Final = "vecguard.tombstones/1"
_KINDS: frozenset[str] = frozenset(get_args(Kind))
_TABLE = tables.tombstones
_AT_ONCE = 500  # bound parameters per statement
_STEP_S = 0.001  # a second burial of one subject is a later one, whatever the clock says


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One thing that was erased, and when, in seconds since the epoch."""

    kind: str
    subject: str
    at: float


class Tombstones:
    """The tombstones of a state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def bury(connection: Connection, kind: Kind, *subjects: str) -> None:
        """Note that these were erased, as part of the transaction that does it. One erased again is noted anew."""
        wanted = list(dict.fromkeys(subjects))
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            these = (_TABLE.c.kind == kind) & _TABLE.c.subject.in_(part)
            before = connection.execute(select(func.max(_TABLE.c.at)).where(these)).scalar() or 0.0
            at = max(time.time(), before + _STEP_S)
            connection.execute(delete(_TABLE).where(these))
            connection.execute(insert(_TABLE), [{"kind": kind, "subject": each, "at": at} for each in part])

    def buried(self, kind: Kind, subject: str) -> bool:
        """Whether this was ever erased."""
        wanted = select(_TABLE.c.at).where(_TABLE.c.kind == kind, _TABLE.c.subject == subject)
        return self._database.look(lambda connection: connection.execute(wanted).first() is not None)

    def all(self) -> list[Tombstone]:
        """Return every tombstone, oldest first."""
        return self._database.look(listed)


def listed(connection: Connection) -> list[Tombstone]:
    """Return every tombstone that a database of the present schema has, oldest first."""
    table = _TABLE.c
    wanted = select(table.kind, table.subject, table.at).order_by(table.at, table.kind, table.subject)
    return [Tombstone(*row) for row in connection.execute(wanted).tuples()]


def of(connection: Connection, state: str) -> list[Tombstone]:
    """Return every tombstone of a database of the present schema, or raise `StateError` if it is of another state."""
    whose = select(tables.facts.c.value).where(tables.facts.c.name == "id")
    if connection.execute(whose).scalar() != state:
        raise StateError("the backup is of another state than that database")
    return listed(connection)


def row_subject(uid: str, backend_id: str) -> str:
    """Return the subject of a row's tombstone. Both parts are random or keyed already, so the digest needs no key."""
    return hashlib.sha256(packed("row", uid, backend_id)).hexdigest()


# --------------------------------------------------------------------------------------------------- kept elsewhere


def written(tombstones: Iterable[Tombstone], state: str, key: Secret) -> Iterator[str]:
    """Give a list as lines of JSON: what it is, the tombstones, and a MAC over all of that under the state's key."""
    lines = [{"format": FORMAT, "state": state}, *(asdict(each) for each in tombstones)]
    texts = [json.dumps(each, separators=(",", ":")) for each in lines]
    yield from texts
    yield json.dumps({"mac": _mac(key, texts)})


def read(lines: Sequence[str], state: str, key: Secret) -> list[Tombstone]:
    """Return the tombstones of a list of this state, or raise `StateError` if it is not whole and unchanged."""
    *texts, end = [line.strip() for line in lines] or [""]
    if not texts or not secrets.compare_digest(str(_object(end).get("mac")), _mac(key, texts)):
        raise StateError("the list of tombstones is not whole, was changed, or belongs to another state")
    if _object(texts[0]) != {"format": FORMAT, "state": state}:
        raise StateError("the list of tombstones belongs to another state, or is of another format")
    found = [Tombstone(str(each["kind"]), str(each["subject"]), float(each["at"])) for each in map(_object, texts[1:])]
    if any(each.kind not in _KINDS for each in found):
        raise StateError("the list of tombstones was made by a newer VecGuard: it names what this one does not know")
    return found


def _mac(key: Secret, texts: Sequence[str]) -> str:
    return key.derive("tombstones").mac(*texts).hex()


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
