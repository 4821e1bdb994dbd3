"""An erasure from its first look to its receipt.

    1. look      what rows and keys are made of is taken down, and the files are searched for it: that shows what this
                 search can find in this store
    2. forget    in one transaction: tombstone, keys shredded, everything else of the owner out of the state
    3. sweep     what was begun before is waited for or settled; rows are overwritten and deleted, until there are none
    4. compact   stores and state rewrite the files that hold what was deleted
    5. search    the files again, for the same things
    6. sign      the receipt

From 2 on nothing of the owner can be read any more, by anybody who does not have a key in memory, nor written: a write
that begins later makes a new key and is a new life. Killed anywhere, the same call completes it: rows are found by what
the store knows the owner by, which is derived from its name and outlives its keys. Only what was shredded before the
kill is not searched for again, because nobody has it any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from vecguard.erasure import files
from vecguard.erasure.needles import Needles, told
from vecguard.erasure.receipt import Cleared, ErasureReceipt, Scope, Sought, signing_key
from vecguard.erasure.rows import erasing_tag
from vecguard.errors import AccessDenied, StateMismatch, UnprotectedRows
from vecguard.facade import Room
from vecguard.flow import Flow
from vecguard.keyplace import state_file
from vecguard.ports import Compact, Compacted, Page, Pages, SqliteFile
from vecguard.shelf import Collection, Shelf
from vecguard.space import owner_tag
from vecguard.state.erasing import Traces
from vecguard.state.state import State
from vecguard.system import NOWHERE, by_guard

if TYPE_CHECKING:
    from vecguard.guard import Guard

T = TypeVar("T")
Steps: TypeAlias = Generator[tuple[Room, Flow[Any]], Any, T]
"""A part of an erasure as paths through stores, each to be driven against the store of its room."""
Tell: TypeAlias = Callable[[str, int, int], object]
"""Told what is being done, how far it is, and of how much."""

_NEVER_LOOKED_AT = (
    "backups and snapshots of stores and of the state",
    "blocks that a file system or a flash disk freed and did not overwrite; swap and core dumps",
    "memory of other processes, and whatever the application, its logs or its embedder kept by themselves",
)
_CLEAR = ("field", "text")


@dataclass(frozen=True, slots=True)
class Place:
    """A collection that was recognised."""

    room: Room
    shelf: Shelf
    collection: Collection = field(repr=False)

    @property
    def uid(self) -> str:
        """The collection's uid."""
        return self.collection.uid

    def tag(self, owner: str) -> str:
        """Return what this store knows an owner by."""
        return owner_tag(self.collection.keys, owner)

    def tags(self, owner: str) -> tuple[str, ...]:
        """Return the same, and the tag of rows whose erasure was begun and not ended."""
        return self.tag(owner), erasing_tag(self.collection.keys)


class Erasing:
    """What all kinds of erasure have in common: places, needles, and what will be in the receipt."""

    def __init__(self, guard: Guard, scope: Scope, owner: str | None, tell: Tell | None) -> None:
        self.guard = guard
        self.state: State = guard.state
        self.owner = owner
        self.needles = Needles()
        self.places: list[Place] = []
        self.rows: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.unverified: list[str] = []
        self.elsewhere = 0
        self.scope: Scope = scope
        self._tell = tell or (lambda *_: None)
        self._kept: dict[str, Compacted] = {}
        self._before: frozenset[int] = frozenset()

    # ------------------------------------------------------------------------------------------------- entering

    def enter(self, rooms: Sequence[tuple[Room, bool]]) -> Steps[None]:
        """Check the marker of every collection. One that a client brought along may be somebody else's."""
        for room, asked in rooms:
            shelf = room.shelf
            if shelf is None or room.guard is not self.guard:
                raise AccessDenied("an erasure takes collections, or clients, that this guard guards")
            collection: Collection | None = None
            foreign = False
            try:
                collection = yield room, self.guard.entry.recognise(shelf)
            except (StateMismatch, UnprotectedRows):
                foreign = True
                if asked:
                    raise
            if foreign:
                self.unverified.append("a collection of a client that is given: this state does not guard it")
            if collection is not None:
                self.places.append(Place(room, shelf, collection))

    def forget_cached(self, place: Place, owner: str) -> None:
        """Let go of an owner's rows in this process's memory. Other processes compare epochs, and read afresh."""
        for as_others_see_them in (False, True):
            self.guard.owners.cache.drop((place.uid, place.tag(owner), as_others_see_them))

    # ------------------------------------------------------------------------------------------------- searching

    def seek(self, traces: Traces) -> None:
        """Search for these too."""
        for kind, raw in traces:
            self.needles.add(kind, raw)

    def search_before(self) -> Steps[None]:
        """Search the files for what is still there: what is not found now would not be found afterwards either."""
        for place in self.places:
            self._kept[place.uid] = yield place.room, _compacted(place.room, looking=True)
        self._before = self._search("searching before").found

    def compact(self) -> Steps[None]:
        """Have every store and the state rewrite what holds deleted rows."""
        for at, place in enumerate(self.places):
            self._tell("compacting", at, len(self.places))
            self._kept[place.uid] = yield place.room, _compacted(place.room, looking=False)
        sqlite = {file.path: file for kept in self._kept.values() for file in kept.sqlite}
        if (own := _own_file(self.state)) is not None:
            sqlite[own] = SqliteFile(own)
        elif not self.state.database.in_memory:
            self.unverified.append(
                "the state's database server: dead rows until VACUUM FULL, its write-ahead log, its replicas"
            )
        for file in sqlite.values():
            if why := files.rewrite(file):
                self.unverified.append(f"a database file could not be rewritten ({why}): deleted rows may be in it")
        self._tell("compacting", len(self.places), len(self.places))

    def finish(self) -> Steps[ErasureReceipt]:
        """Search the files again, and write the receipt and the line that ties it to the audit log."""
        searched = self._search("searching")
        after = searched.found
        if any(self.needles.kind(each) in _CLEAR for each in after):
            after -= yield from self._told_by_others()
        if searched.failed:
            self.unverified.append(f"{searched.failed} file(s) that could not be read")
        if self.needles.left_out:
            self.unverified.append(f"{self.needles.left_out} thing(s) that were too many to search for at once")
        receipt = self._receipt(searched, after)
        digest = sha256(receipt.json().encode()).hexdigest()
        buried = receipt.owner if self.scope == "owner" else ""
        acting = by_guard(NOWHERE if self.owner is None or buried else self.owner)
        self.state.audit.append(acting, "erase", "", receipt.rows, digest, buried=buried)
        return receipt

    def _search(self, stage: str) -> files.Searched:
        own = _own_file(self.state)
        places = [path for kept in self._kept.values() for path in (*kept.files, *(each.path for each in kept.sqlite))]
        paths = files.all_files([*places, *([] if own is None else [own])])
        return files.search(paths, self.needles, lambda done, whole: self._tell(stage, done, whole))

    def _told_by_others(self) -> Steps[frozenset[int]]:
        """Return the needles among clear values that rows which stay hold too: those are not the erased ones'."""
        matcher = self.needles.matcher()
        for place in self.places:
            yield place.room, _shown_to(matcher.look)
        held = (at for at, found in enumerate(matcher.found.tolist()) if found)
        return frozenset(at for at in held if self.needles.kind(at) in _CLEAR)

    def _receipt(self, searched: files.Searched, after: frozenset[int]) -> ErasureReceipt:
        kept = [(place, self._kept.get(place.uid, Compacted())) for place in self.places]
        stores = dict.fromkeys(each for _, one in kept for each in one.unverified)
        receipt = ErasureReceipt(
            scope=self.scope,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            state=self.state.id,
            owner="" if self.owner is None else self.state.digest(self.owner),
            counts={name: count for name, count in self.counts.items() if count},
            collections=tuple(
                Cleared(place.uid, place.shelf.traits.kind, self.rows.get(place.uid, 0), one.done)
                for place, one in kept
            ),
            elsewhere=self.elsewhere,
            sought=tuple(self._sought(after)),
            files=searched.files,
            bytes=searched.bytes,
            unverified=(*dict.fromkeys(self.unverified), *stores, *_NEVER_LOOKED_AT),
            nonce=secrets.token_hex(16),
        )
        return receipt.signed(signing_key(self.state.keystore.get("state", self.state.id)))

    def _sought(self, after: frozenset[int]) -> Iterable[Sought]:
        for kind, things in self.needles.counts().items():
            numbers = (sum(self.needles.kind(each) == kind for each in found) for found in (self._before, after))
            yield Sought(kind, things, *numbers)


def _compacted(room: Room, *, looking: bool) -> Flow[Compacted]:
    if not hasattr(room.store, "compact"):
        return Compacted(unverified=("a store that cannot be told to rewrite its files",))
    made: Compacted = yield Compact(looking)
    return made


def _shown_to(look: Callable[[bytes], object]) -> Flow[None]:
    """Show every row that a collection still has, whoever owns it, to a search."""
    after: Any = None
    while True:
        page: Page = yield Pages(after=after)
        look(b"\0".join(each for row in page.rows for each in told(row)))
        if (after := page.next) is None:
            return


def _own_file(state: State) -> Path | None:
    url = state.database.look(lambda connection: connection.engine.url)
    return state_file(url.render_as_string(hide_password=False))
