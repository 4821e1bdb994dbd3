"""What a state holds of an owner, and forgetting it: in one transaction, with a tombstone and a line in the audit log.

What is left of an owner afterwards are keyed digests: of the tombstone, of the audit lines that tell of the erasure,
and of the epochs that tell other processes that what they have in memory is old. An epoch never begins again, for a
guard may still hold rows that were read under a number that would come again; it leaps, so that it does not tell how
often the owner wrote. Other audit lines have pseudonyms whose key is shredded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, tuple_, update

from vecguard.audit import SETTLER
from vecguard.keys import unseal
from vecguard.rules import Grantee
from vecguard.state import tables
from vecguard.state.digests import Tally
from vecguard.state.epochs import RULES, Epochs
from vecguard.state.intents import UNSAVED
from vecguard.state.state import State
from vecguard.state.tombstones import Tombstones, row_subject
from vecguard.system import by_guard

Trace: TypeAlias = Literal["key", "name", "original", "intent", "rule"]
Traces: TypeAlias = list[tuple[Trace, bytes]]
"""What is looked for afterwards: kinds and bytes as the database has them."""
_AT_ONCE = 500  # bound parameters per statement

_KEYS, _VAULT, _REFERENCES = tables.keys, tables.vault, tables.references
_GRANTS, _INTENTS, _EPOCHS, _CANARIES = tables.grants, tables.intents, tables.epochs, tables.canaries
_COUNTERS, _OWNERS, _RETENTIONS = tables.counters, tables.owners, tables.retentions


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a transaction took out of a state: how many of each, and the bytes that must be gone from its files."""

    counts: dict[str, int]
    traces: Traces = field(repr=False)


def forget_owner(state: State, owner: str) -> Forgotten:
    """Shred an owner's keys, and forget everything else that the state has of it but for changes that are open.

    Those that are done and not saved go: from here on nothing puts back what a store's file does not have.
    From the end of this transaction on whoever writes for the owner needs a new key, and begins a new life.
    """
    digest, principal = state.digest(owner), state.names.mac("principal", owner).hex()
    grantee = state.names.mac("grantee", Grantee("user", owner).kind, owner).hex()

    def work(connection: Connection) -> Forgotten:
        Tombstones.bury(connection, "owner", digest)
        Tombstones.bury(connection, "grantee", grantee)
        Tombstones.bury(connection, "principal", principal)
        traces = _keys(connection, digest)
        counts = {"keys": len(traces)}
        traces += _sealed(connection, _OWNERS, _OWNERS.c.owner == digest, "name")
        for kind in ("owner", "vault"):
            state.keystore.shred(connection, kind, digest)
        originals = _taken(connection, _VAULT, _VAULT.c.owner == digest, "original")
        given = _taken(connection, _GRANTS, _GRANTS.c.owner == digest, "rule")
        received = _taken(connection, _GRANTS, _GRANTS.c.grantee == grantee, "rule")
        kept = _taken(connection, _RETENTIONS, _RETENTIONS.c.owner == digest, "rule")
        traces += [*originals, *given, *received, *kept]
        counts |= {"originals": len(originals), "grants given": len(given), "grants received": len(received)}
        counts["references"] = _deleted(connection, _REFERENCES, _REFERENCES.c.owner == digest)
        counts["counters"] = _deleted(connection, _COUNTERS, _COUNTERS.c.principal == principal)
        for uid in _uids(connection, digest):
            Epochs.leapt(connection, uid, digest)
        Epochs.raised(connection, *RULES)
        traces += _open(connection, digest)
        counts["unsaved changes"] = _deleted(connection, _INTENTS, (_INTENTS.c.owner == digest) & UNSAVED)
        state.audit.append_in(connection, SETTLER, "erase", "", sum(counts.values()), "owner", buried=digest)
        return Forgotten(counts, traces)

    return state.audit.guarded(work)


def traces_of(state: State, owner: str) -> Traces:
    """Return what the state has of an owner now, before anything is forgotten."""
    digest = state.digest(owner)

    def read(connection: Connection) -> Traces:
        return [
            *_keys(connection, digest),
            *_sealed(connection, _OWNERS, _OWNERS.c.owner == digest, "name"),
            *_sealed(connection, _RETENTIONS, _RETENTIONS.c.owner == digest, "rule"),
            *_sealed(connection, _VAULT, _VAULT.c.owner == digest, "original"),
            *_sealed(connection, _GRANTS, _GRANTS.c.owner == digest, "rule"),
        ]

    return state.database.look(read)


def forget_canaries(state: State, uid: str, backend_ids: Sequence[str]) -> int:
    """Strike out which of these rows were canaries, and bury them; return how many there were."""

    def work(connection: Connection) -> int:
        found = [row for part in _batches(backend_ids) for row in _canaries_among(connection, uid, part)]
        if found:
            _struck_out(connection, uid, found)
            Tombstones.bury(connection, "row", *(row_subject(uid, each) for each in found))
        return len(found)

    return state.database.run(work)


def forget_rows(state: State, owner: str, uid: str, backend_ids: Sequence[str], what: str) -> int:
    """Bury records that are about to be erased, strike canaries out, and audit it; return how many canaries these were.

    `what` is the detail of the audit line.
    """

    def work(connection: Connection) -> int:
        Tombstones.bury(connection, "row", *(row_subject(uid, each) for each in backend_ids))
        found = [row for part in _batches(backend_ids) for row in _canaries_among(connection, uid, part)]
        if found:
            _struck_out(connection, uid, found)
        state.audit.append_in(connection, by_guard(owner), "erase", uid, len(backend_ids), what)
        return len(found)

    return state.audit.guarded(work)


def forget_changes(state: State, owner: str, uids: Iterable[str]) -> int:
    """Strike out what is left of an owner's open changes and references, and say that it has no rows in collections.

    Nothing is lost with them: the key that opened their rows is gone.
    """
    digest = state.digest(owner)
    nothing = {uid: state.digests.sealed(Tally(), uid, digest) for uid in uids}

    def work(connection: Connection) -> int:
        _deleted(connection, _REFERENCES, _REFERENCES.c.owner == digest)
        count = _deleted(connection, _INTENTS, _INTENTS.c.owner == digest)
        for uid, empty in nothing.items():
            mine = (_EPOCHS.c.uid == uid) & (_EPOCHS.c.owner == digest)
            connection.execute(update(_EPOCHS).where(mine).values(epoch=_EPOCHS.c.epoch + 1, rows=0, digest=empty))
        return count

    return state.database.run(work)


def open_changes(state: State, owner: str, uid: str) -> int:
    """Return how many changes of an owner in a collection are open."""
    mine = (_INTENTS.c.owner == state.digest(owner)) & (_INTENTS.c.uid == uid)
    wanted = select(func.count()).select_from(_INTENTS).where(mine)
    return state.database.look(lambda connection: int(connection.execute(wanted).scalar_one()))


def collections_of(state: State, owner: str) -> frozenset[str]:
    """Return the uids of the collections in which an owner has, or may have, rows."""
    digest = state.digest(owner)
    held = (_EPOCHS.c.rows > 0) | _EPOCHS.c.digest.is_(None)
    wanted = select(_EPOCHS.c.uid).where(_EPOCHS.c.owner == digest, _EPOCHS.c.uid != RULES[0], held)
    return state.database.look(lambda connection: frozenset(connection.execute(wanted).scalars()))


def tokens_at(state: State, owner: str, wanted: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return by collection the rows that hold one of these tokens (digests) of an owner."""
    digest, found = state.digest(owner), dict[str, set[str]]()

    def read(connection: Connection) -> None:
        for part in _batches(wanted):
            mine = (_REFERENCES.c.owner == digest) & _REFERENCES.c.token.in_(part)
            for uid, row in connection.execute(select(_REFERENCES.c.uid, _REFERENCES.c.row).where(mine)).tuples():
                found.setdefault(uid, set()).add(row)

    state.database.look(read)
    return {uid: frozenset(rows) for uid, rows in found.items()}


def subject_tokens(state: State, owner: str, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return token digests, and what is sealed under them, of an owner's originals that satisfy `wanted`."""
    digest = state.digest(owner)
    key = state.keystore.find("vault", digest)
    if key is None:
        return {}
    query = select(_VAULT.c.token, _VAULT.c.sealed).where(_VAULT.c.owner == digest)
    rows = state.database.look(lambda connection: connection.execute(query).all())
    opened = ((row, unseal(key, row.sealed, digest, row.token).decode("utf-8", "surrogatepass")) for row in rows)
    return {row.token: bytes(row.sealed) for row, original in opened if wanted(original)}


def _keys(connection: Connection, digest: str) -> Traces:
    places = [(kind, digest) for kind in ("owner", "vault", "pseudonym")]
    wanted = select(_KEYS.c.wrapped).where(tuple_(_KEYS.c.kind, _KEYS.c.subject).in_(places))
    return [("key", bytes(each)) for each in connection.execute(wanted).scalars()]


def _deleted(connection: Connection, table: Table, where: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(where)).rowcount


def _taken(connection: Connection, table: Table, where: ColumnElement[bool], kind: Trace) -> Traces:
    """Delete sealed rows of a table; return what they held."""
    sealed = _sealed(connection, table, where, kind)
    _deleted(connection, table, where)
    return sealed


def _sealed(connection: Connection, table: Table, where: ColumnElement[bool], kind: Trace) -> Traces:
    return [(kind, bytes(each)) for each in connection.execute(select(table.c.sealed).where(where)).scalars()]


def _canaries_among(connection: Connection, uid: str, rows: Sequence[str]) -> list[str]:
    wanted = select(_CANARIES.c.row).where(_CANARIES.c.uid == uid, _CANARIES.c.row.in_(rows))
    return [str(row) for row in connection.execute(wanted).scalars()]


def _struck_out(connection: Connection, uid: str, rows: Sequence[str]) -> None:
    for part in _batches(rows):
        connection.execute(delete(_CANARIES).where(_CANARIES.c.uid == uid, _CANARIES.c.row.in_(part)))
    Epochs.raised(connection, *RULES)


def _open(connection: Connection, digest: str) -> Traces:
    wanted = select(_INTENTS.c.rows).where(_INTENTS.c.owner == digest)
    return [("intent", bytes(each)) for each in connection.execute(wanted).scalars()]


def _uids(connection: Connection, digest: str) -> list[str]:
    wanted = select(_EPOCHS.c.uid).where(_EPOCHS.c.owner == digest, _EPOCHS.c.uid != RULES[0])
    return [str(uid) for uid in connection.execute(wanted).scalars()]


def _batches(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
