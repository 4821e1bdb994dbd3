"""The state as the guard sees it: one database, opened with one keyring, checked before anything is believed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
from sqlalchemy import Connection, insert, select

from vecguard.arrays import Floats
from vecguard.audit import SETTLER, AuditChain
from vecguard.errors import StateError, WrongKey
from vecguard.evidence.anchors import Keep
from vecguard.keys import Keyring, new_secret
from vecguard.ports import Action
from vecguard.principal import Acting
from vecguard.records import Opened, Sealed, SealedRow
from vecguard.sealing import SEAL_FIELD
from vecguard.space import CollectionKeys, Owner, OwnerKeys, Space
from vecguard.state import tables
from vecguard.state.acknowledged import Acknowledged
from vecguard.state.database import Database
from vecguard.state.digests import Digests, Tally
from vecguard.state.engines import alone
from vecguard.state.epochs import Epochs
from vecguard.state.grants import Grants
from vecguard.state.intents import Intent, Intents, Outcome, Overtaken
from vecguard.state.keystore import KeyStore, key_check
from vecguard.state.owners import Owners
from vecguard.state.pseudonyms import Pseudonyms
from vecguard.state.retentions import Retentions
from vecguard.state.unsaved import Unsaved
from vecguard.state.vault import Vault
from vecguard.state.writers import Writer
from vecguard.system import by_guard

_AUDITED: Mapping[str, Action] = {"put": "write", "drop": "delete"}
_EMBEDDERS = 0x7667_0002  # the name under which processes wait for each other
_SAME_EMBEDDER = 0.9999  # cosine of two embeddings of one text: batching and threads move it by 1e-6 at most


class State:
    """One state database. Opening it with another key than the one it was made with raises `WrongKey`.

    `names` is the secret under which owners, principals and records are digested, `pseudonyms` what stands for them in
    the audit log.
    """

    def __init__(self, url: str, keyring: Keyring, anchor: Keep | None = None) -> None:
        self.database = Database(url)
        self._keyring = keyring
        self.id = self._identify()
        self.keystore = KeyStore(self.database, keyring)
        self._key = self.keystore.get("state", self.id)
        self.names = self._key.derive("lookup")
        self.writer = secrets.token_hex(16)
        self.presence = Writer(self.database, self.writer)
        self.owners = Owners(self.database, self.keystore)
        self.vault = Vault(self.database)
        self.epochs = Epochs(self.database)
        self.intents = Intents(self.database, self._key.derive("intents"), self.presence)
        self.unsaved = Unsaved(self.database, self._key.derive("intents"))
        self.digests = Digests(self._key.derive("owner digests"))
        self.acknowledged = Acknowledged(self.database, self.epochs, self.intents, self.digests)
        self.pseudonyms = Pseudonyms(self.keystore, self.names)
        audit_key = self._key.derive("audit")
        self.audit = AuditChain(self.database, audit_key, self.keystore, self.pseudonyms, self.writer)
        if anchor is not None:
            self.audit.keep_outside(anchor)
        self.retentions = Retentions(self.database, self._key.derive("retention"), self.digest, self.audit)
        self.grants = Grants(self.database, self._key.derive("grants"), self.names, self.audit)

    def __repr__(self) -> str:
        return f"<State {self.database!r}>"

    def _identify(self) -> str:
        """Read this state's id and check its key, or write both into a new database."""
        root = self._keyring.current

        def work(connection: Connection) -> dict[str, str]:
            known = dict(connection.execute(select(tables.facts.c.name, tables.facts.c.value)).tuples().all())
            if not known:
                fresh = secrets.token_hex(16)
                known = {"id": fresh, "root": root.id, "check": key_check(root, fresh)}
                connection.execute(
                    insert(tables.facts), [{"name": name, "value": value} for name, value in known.items()]
                )
            return known

        known = self.database.run(work)
        if not {"id", "root", "check"} <= known.keys():
            raise StateError("the state database is not whole: it lacks its id or its key check")
        made_with = self._keyring.root(known["root"])
        if not secrets.compare_digest(known["check"], key_check(made_with, known["id"])):
            raise WrongKey("the state database was made with another key")
        return known["id"]

    # -------------------------------------------------------------------------------------------------- identities

    def digest(self, name: str) -> str:
        """Keyed digest of an owner's name: what the state knows it by."""
        return self.names.mac("owner", name).hex()

    def remember(self, uid: str, kind: str) -> None:
        """Remember that this state guards a collection, by its uid."""
        row = {"uid": uid, "kind": kind, "created": time.time()}
        self.database.run(lambda connection: connection.execute(insert(tables.collections).values(row)))

    def knows(self, uid: str) -> bool:
        """Whether this state guards that collection."""
        table = tables.collections
        return self.database.look(
            lambda connection: connection.execute(select(table.c.uid).where(table.c.uid == uid)).first() is not None
        )

    def uids(self, kind: str) -> list[str]:
        """Return the uids of the collections of one kind of store, oldest first."""
        table = tables.collections
        wanted = select(table.c.uid).where(table.c.kind == kind).order_by(table.c.created)
        return self.database.look(lambda connection: [str(uid) for uid in connection.execute(wanted).scalars()])

    def collection_keys(self, uid: str) -> CollectionKeys:
        """Return the keys of a collection."""
        return CollectionKeys.of(self.keystore.get("collection", uid))

    def owner(self, name: str) -> Owner:
        """Return an owner, making its key on first use."""
        digest = self.digest(name)
        return Owner(digest, self._owner_keys(name, digest))

    def space(self, uid: str, owner: str, collection: CollectionKeys) -> Space:
        """Return an owner's space in a collection, making the owner's key on first use."""
        digest = self.digest(owner)
        return Space(uid, owner, digest, collection, self._owner_keys(owner, digest))

    def _owner_keys(self, name: str, digest: str) -> OwnerKeys:
        """Return the keys below an owner's, which is made on first use, together with the line that keeps its name."""
        keep = partial(self.owners.keep, digest=digest, name=name)
        return OwnerKeys.of(self.keystore.get("owner", digest, keep))

    def find_space(self, uid: str, owner: str, collection: CollectionKeys) -> Space | None:
        """Return an owner's space, or None if that owner never wrote: readers need no data key."""
        digest = self.digest(owner)
        key = self.keystore.find("owner", digest)
        return None if key is None else Space(uid, owner, digest, collection, OwnerKeys.of(key))

    def passing_space(self, uid: str, owner: str, collection: CollectionKeys) -> Space:
        """Return a space for a reader who has none: under keys of this one call, so that nothing is found in it."""
        return Space(uid, owner, self.digest(owner), collection, OwnerKeys.of(new_secret()))

    def embedder_id(self, probe: Floats) -> str:
        """Return the id of the embedder that makes this vector of the probe sentence; remember a new one.

        Two embedders must never share a content digest: one noise vector under two vectors gives their difference
        away. A name would not tell a retrained model from the old one; what it computes does.
        """
        raw = probe.astype(np.float32).tobytes()

        def work(connection: Connection) -> str:
            alone(connection, _EMBEDDERS)  # of two that meet a new one, the second must see what the first called it
            for row in connection.execute(select(tables.embedders.c.id, tables.embedders.c.probe)):
                if _cosine(np.frombuffer(row.probe, dtype=np.float32), probe) > _SAME_EMBEDDER:
                    return str(row.id)
            fresh = secrets.token_hex(8)
            connection.execute(insert(tables.embedders).values(id=fresh, probe=raw))
            return fresh

        return self.database.run(work)

    # -------------------------------------------------------------------------------------------------- the vault

    def originals(self, space: Space | Owner, tokens: Iterable[str]) -> Mapping[str, str]:
        """Return the originals behind an owner's own tokens."""
        key = self.keystore.find("vault", space.owner_digest)
        return {} if key is None else self.vault.originals(space.owner_digest, key, tokens)

    def shred(self, owner: str, wanted: Callable[[str], bool] | None = None) -> int:
        """Erase an owner's originals, all of them with their key or those that satisfy `wanted`; audited.

        The tokens stay in the records and stand for nothing from now on.
        """
        digest = self.digest(owner)
        key = self.keystore.find("vault", digest)
        if key is None:
            return 0

        def work(connection: Connection) -> int:
            if wanted is None:
                self.keystore.shred(connection, "vault", digest)  # first: whoever keeps originals holds the key's row
                erased = self.vault.empty(connection, digest)
            else:
                erased = self.vault.forget(connection, digest, key, wanted)
            self.audit.append_in(connection, by_guard(owner), "shred", "", erased)
            return erased

        return self.audit.guarded(work)

    # -------------------------------------------------------------------------------------------------- intents

    def begin(self, rows: Sealed, space: Space, acting: Acting | None, seen: int | None = None) -> Intent | Overtaken:
        """Write down what is about to be put, keep the originals behind its tokens, and audit it: whole or not at all.

        The audit line comes before the deed, in the same transaction: what cannot be logged is not begun. `seen` is the
        owner's epoch before the rows were read that these replace: if it stands, they are as they were.
        """
        owner = space.owner_digest
        tokens = {(row.backend_id, row.version): set(row.tokens) for row in rows.rows if row.tokens}
        key = self.keystore.get("vault", owner) if tokens else None

        def work(connection: Connection) -> Intent | Overtaken | None:
            if key is not None and not self.keystore.still_there(connection, "vault", owner):
                return None
            begun = self._begin(connection, rows, space, acting, "put", seen)
            if key is not None and isinstance(begun, Intent):
                self.vault.keep(connection, owner, key, rows.originals)
                self.vault.refer(connection, owner, key, begun.id, space.uid, tokens)
            return begun

        begun = self.audit.guarded(work)
        if begun is not None:
            return begun
        self.keystore.forget("vault", owner)  # another process shredded it: from now on originals have a new one
        return self.begin(rows, space, acting, seen)

    def begin_drop(
        self, opened: Sequence[Opened], space: Space, acting: Acting | None, seen: int | None = None
    ) -> Intent | Overtaken:
        """Write down and audit what is about to be deleted: ids, and the tags that tell these versions from others."""
        rows = Sealed(tuple(_dropped(each) for each in opened), ())
        return self.audit.guarded(lambda connection: self._begin(connection, rows, space, acting, "drop", seen))

    def _begin(
        self,
        connection: Connection,
        rows: Sealed,
        space: Space,
        acting: Acting | None,
        action: Literal["put", "drop"],
        seen: int | None,
    ) -> Intent | Overtaken:
        uid, owner = space.uid, space.owner_digest
        if not self.keystore.still_there(connection, "owner", owner):
            self.keystore.forget("owner", owner)  # another process erased the owner: what comes now is a new life
            return Overtaken()
        self.owners.remember(connection, owner, space.owner)
        nothing = partial(self.digests.sealed, Tally(), uid, owner)
        begun = self.intents.begin(connection, uid, owner, action, rows, seen=seen, nothing=nothing)
        if acting is not None and isinstance(begun, Intent):
            self.audit.append_in(connection, acting, _AUDITED[action], uid, len(rows.rows))
        return begun

    def confirm(self, intent: Intent, uid: str, *, saved: bool = True) -> int:
        """Strike out an intent that was carried out, and forget what the versions before it held; return the epoch.

        One that only the store's memory has, and not its file, is put aside until it is `saved`.
        """
        outcome = Outcome(intent, frozenset(intent.rows.ids))
        return self._settled([outcome], uid, self.database.run, saved=saved)

    def confirm_settled(self, outcomes: Sequence[Outcome], uid: str, *, saved: bool = True) -> None:
        """Do so with intents that a later call carried out, and audit that: their own lines may be long past."""

        def work(connection: Connection, outcome: Outcome) -> None:
            rows, action = len(outcome.intent.rows.rows) - len(outcome.pending), outcome.intent.action
            self.audit.append_in(connection, SETTLER, "reconcile", uid, rows, action)

        self._settled(outcomes, uid, self.audit.guarded, work, saved=saved)

    def done_again(self, done: Sequence[tuple[str, int]], uid: str) -> None:
        """Audit changes that a store had not saved and that were done again: of each, action and number of rows."""

        def work(connection: Connection) -> None:
            for action, rows in done:
                self.audit.append_in(connection, SETTLER, "reconcile", uid, rows, action)

        self.audit.guarded(work)

    def strike_out(self, intent: Intent, uid: str, why: str = "refused by the store") -> None:
        """Strike out an intent of which the store kept nothing, and audit that its line came to nothing."""

        def work(connection: Connection, _: Outcome) -> None:
            self.vault.retract(connection, intent.id)
            self.audit.append_in(connection, SETTLER, "reconcile", uid, 0, why)

        self._settled([Outcome(intent, frozenset())], uid, self.audit.guarded, work)

    def _settled(
        self,
        outcomes: Sequence[Outcome],
        uid: str,
        run: Callable[[Callable[[Connection], int]], int],
        beside: Callable[[Connection, Outcome], object] = lambda *_: None,
        *,
        saved: bool = True,
    ) -> int:
        """Settle intents in one transaction, each unless it was already; return the epoch of the last one's owner."""
        changes = {each.intent.id: self.acknowledged.change(each) for each in outcomes}
        owners: dict[str, list[Outcome]] = {}
        for each in sorted(outcomes, key=_owner):  # in one order: two that settle do not deadlock
            owners.setdefault(each.intent.owner, []).append(each)

        def work(connection: Connection) -> int:
            return [
                self._settle(connection, mine, uid, owner, changes, beside, saved=saved)
                for owner, mine in owners.items()
            ][-1]

        return run(work)

    def _settle(
        self,
        connection: Connection,
        mine: Sequence[Outcome],
        uid: str,
        owner: str,
        changes: Mapping[str, Tally],
        beside: Callable[[Connection, Outcome], object],
        *,
        saved: bool,
    ) -> int:
        held = Epochs.held(connection, uid, owner)
        unsaved_at = None if saved else held.epoch
        struck = [each for each in mine if self.intents.settle(connection, each, uid, unsaved_at=unsaved_at)]
        if not struck:
            return held.epoch
        self.vault.outdated(connection, uid, _versions(struck, "put"), dropped=False)
        self.vault.outdated(connection, uid, _versions(struck, "drop"), dropped=True)
        for each in struck:
            beside(connection, each)
        return self.acknowledged.move(
            connection, uid, owner, held, sum((changes[each.intent.id] for each in struck), Tally())
        )

    def close(self) -> None:
        """Keep a last anchor, if anchors are kept, and close the database."""
        try:
            self.audit.anchor()
        finally:
            self.database.close()
            self.presence.close()


def _dropped(opened: Opened) -> SealedRow:
    fields = {SEAL_FIELD: opened.tag}
    return SealedRow(opened.backend_id, None, fields, version=opened.version, found=opened.tag, replaces=opened.tag)


def _owner(outcome: Outcome) -> str:
    return outcome.intent.owner


def _versions(outcomes: Sequence[Outcome], action: Literal["put", "drop"]) -> dict[str, int]:
    """Return the versions that the shelf has now of rows that were put, or had of those that were dropped."""
    return {
        row.backend_id: row.version
        for each in outcomes
        if each.intent.action == action
        for row in each.intent.rows.rows
        if row.backend_id in each.done
    }


def _cosine(left: Floats, right: Floats) -> float:
    if left.shape != right.shape:
        return 0.0
    return float(left @ right / (np.linalg.norm(left) * np.linalg.norm(right)))
