"""Entering a collection: its marker is checked, unguarded rows are noticed, and what others left undone is done.

The marker is one row that stands for no record. It ties the collection to one state database, so that a guard with
another state (which would know neither the owners' keys nor the tombstones) refuses instead of finding nothing, and to
the policy's layout, so that a guard with another dial refuses instead of dropping rows that it cannot unmask. It is
written with the first record, because only then every store knows the dimension of its vectors.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from vecguard.access import Access
from vecguard.errors import PolicyError, StateMismatch, StoreFailed, UnprotectedRows
from vecguard.flow import Flow
from vecguard.policy import Policy
from vecguard.ports import Fetch, Find, Found, Page, Pages, Put
from vecguard.principal import Acting
from vecguard.protect.masked import mint_marker
from vecguard.records import Row, Sealed, SealedRow
from vecguard.replaying import replay
from vecguard.sealing import GUARDED, SCHEME, SCHEME_FIELD, UNGUARDED
from vecguard.selftest import enforced
from vecguard.settling import settle
from vecguard.shelf import Collection, Shelf, View
from vecguard.space import CollectionKeys
from vecguard.state import State
from vecguard.state.epochs import ERASURES_KEY, RULES_KEY

MARKER = hashlib.sha256(b"vecguard marker").hexdigest()[:32]
UID_FIELD = "_vg_uid"
LAYOUT_FIELD = "_vg_layout"
_MARKER_TAG = "_vg_marker"


class Entry:
    """Opens collections for the paths of a guard."""

    def __init__(self, state: State, access: Access, policy: Policy) -> None:
        self._state = state
        self._access = access
        self._layout = policy.layout
        self._ranked = policy.vectors.ranking == "store"

    def to_read(self, shelf: Shelf, acting: Acting) -> Flow[View | None]:
        """Return the view of a reader, or None where there is nothing that it could see."""
        collection = yield from self.recognise(shelf)
        epochs = self._epochs(collection, acting.owner)
        scope = self._access.scope(acting, epochs[RULES_KEY])
        if collection is None:
            return None
        space = self._state.find_space(collection.uid, acting.owner, collection.keys)
        shared = {
            found.owner_tag: (found, self._access.sight(terms))
            for owner, terms in scope.shared.items()
            if (found := self._state.find_space(collection.uid, owner, collection.keys)) is not None
        }
        if space is None and not shared:
            return None
        if shared:
            epochs |= self._state.epochs.seen(collection.uid, [each.owner_digest for each, _ in shared.values()])
        spaces = {} if space is None else {space.owner_tag: space}
        spaces |= {tag: each for tag, (each, _) in shared.items()}
        sights = {tag: sight for tag, (_, sight) in shared.items()}
        own = space or self._state.passing_space(collection.uid, acting.owner, collection.keys)
        return View(shelf, collection.uid, acting, own, scope, spaces, sights, epochs)

    def to_own(self, shelf: Shelf, acting: Acting, *, changing: bool = False) -> Flow[View | None]:
        """Return the view of a call about the acting owner's own rows, or None where it has none."""
        collection = yield from self.recognise(shelf, changing=changing)
        epochs = self._epochs(collection, acting.owner)
        scope = self._access.own(acting, epochs[RULES_KEY])
        space = None if collection is None else self._state.find_space(collection.uid, acting.owner, collection.keys)
        if collection is None or space is None:
            return None
        return View(shelf, collection.uid, acting, space, scope, {space.owner_tag: space}, epochs=epochs)

    def to_write(self, shelf: Shelf, acting: Acting) -> Flow[View]:
        """Return the view of a writer. A new collection gets its uid here and its marker with its first record."""
        collection = yield from self.recognise(shelf, changing=True)
        epochs = self._epochs(collection, acting.owner)
        scope = self._access.own(acting, epochs[RULES_KEY])
        if collection is None:
            uid = secrets.token_hex(16)
            collection = Collection(uid, self._state.collection_keys(uid))
        space = self._state.space(collection.uid, acting.owner, collection.keys)
        return View(shelf, collection.uid, acting, space, scope, {space.owner_tag: space}, epochs=epochs)

    def _epochs(self, collection: Collection | None, owner: str) -> dict[str, int]:
        """Return the epochs of everybody and the acting owner's, in one look: all that a warm read asks of the state.

        Keys that were read before anybody was erased are read again from here on.
        """
        uid = "" if collection is None else collection.uid
        epochs = dict(self._state.epochs.seen(uid, [self._state.digest(owner)]))
        self._state.keystore.at(epochs[ERASURES_KEY])
        return epochs

    def recognise(self, shelf: Shelf, *, settling: bool = True, changing: bool = False) -> Flow[Collection | None]:
        """Check the marker on first touch, and settle what an earlier call or process left open, or did not save.

        Whoever is about to change rows settles every time: an abandoned intent that is settled after a later change
        would undo it.
        """
        collection = shelf.collection
        if collection is None:
            rows: Sequence[Row] = yield Fetch((MARKER,), vectors=True)
            yield from self._census(shelf)
            if not rows:
                rows = yield from self._missed()
            if not rows:
                return None
            checked = self._checked(rows[0])
            yield from enforced(rows[0], UID_FIELD, ranked=self._ranked)
            collection = shelf.recognise(checked, rows[0])
        if shelf.behind:
            yield from replay(self._state, shelf, collection)
        if settling and (shelf.unsettled or changing):
            yield from settle(self._state, shelf, collection)
        return collection

    def marked(self, view: View, dimension: int) -> Flow[bool]:
        """Mark a new collection; False if another writer did so first, and the view has a uid that never was."""
        shelf = view.shelf
        collection = shelf.collection
        if collection is None:
            collection = yield from self._mark(shelf, view.uid, dimension)
        return collection.uid == view.uid

    def deserted(self, shelf: Shelf) -> Flow[bool]:
        """Whether no row but the marker is left; then the collection may go, and is looked at afresh if it returns."""
        page: Page = yield Pages(size=2)
        if any(row.backend_id != MARKER for row in page.rows):
            return False
        shelf.forget()
        return True

    def _census(self, shelf: Shelf) -> Flow[None]:
        if shelf.legacy == "ignore":
            return
        bare: Found = yield Find(UNGUARDED, counting=True)
        if bare.count:
            raise UnprotectedRows(bare.count)

    def _missed(self) -> Flow[Sequence[Row]]:
        """Return the marker if it came while we looked.

        Guarded rows without one must not be marked afresh: under a new uid they would be invisible for good.
        """
        ours: Found = yield Find(GUARDED, limit=1)
        rows: Sequence[Row] = (yield Fetch((MARKER,), vectors=True)) if ours.rows else ()
        if ours.rows and not rows:
            raise StateMismatch("this collection has guarded rows and no marker: it was taken away")
        return rows

    def _mark(self, shelf: Shelf, uid: str, dimension: int) -> Flow[Collection]:
        self._state.remember(uid, shelf.traits.kind)
        keys = self._state.collection_keys(uid)
        fields = {SCHEME_FIELD: SCHEME, UID_FIELD: uid, LAYOUT_FIELD: self._layout}
        fields[_MARKER_TAG] = _marker_tag(keys, uid, self._state.id, self._layout)
        yield Put(Sealed((SealedRow(MARKER, mint_marker(dimension), fields),), ()), if_absent=True)
        # another writer may have been first; then theirs stands
        rows: Sequence[Row] = yield Fetch((MARKER,), vectors=True)
        if not rows:
            raise StoreFailed("the store did not keep the collection's marker")
        yield from enforced(rows[0], UID_FIELD, ranked=self._ranked)
        shelf.unsettled = shelf.behind = False
        return shelf.recognise(self._checked(rows[0]), rows[0])

    def _checked(self, row: Row) -> Collection:
        uid = str(row.fields.get(UID_FIELD))
        if not self._state.knows(uid):
            raise StateMismatch("this collection was guarded with another state database")
        keys = self._state.collection_keys(uid)
        found, layout = str(row.fields.get(_MARKER_TAG)), str(row.fields.get(LAYOUT_FIELD))
        if not hmac.compare_digest(found, _marker_tag(keys, uid, self._state.id, layout)):
            raise StateMismatch("this collection's marker does not authenticate")
        if layout != self._layout:
            raise PolicyError(
                f"this collection was made with {layout}, and the policy says {self._layout}: open it with the policy "
                "that it was made with, or write its records to a new collection"
            )
        return Collection(uid, keys)


def _marker_tag(keys: CollectionKeys, uid: str, state_id: str, layout: str) -> str:
    return keys.marker.mac("marker", uid, state_id, layout).hex()
