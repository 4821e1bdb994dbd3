"""Opening and saving a guarded collection: what lies between a face, its store and the file.

A file begins with the collection's marker, before the first record is acknowledged; from then on only `save` writes it.
Until then changes are in memory and in the state, and whoever opens the file has them (`vecguard.replaying`). Saving
never overwrites a generation that this object did not open or save itself, so two processes cannot undo each other's
work unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TypeAlias

import faiss
import numpy as np

from vecguard import BadInput, Guard, StoreFailed, Undecided
from vecguard.entry import UID_FIELD
from vecguard.facade import Guarded, Room, room_of, shelf_of
from vecguard.shelf import Shelf
from vecguard.state import State
from vecguard_faiss._compact import Kept
from vecguard_faiss._sealed_file import Generation, name_at, read, write
from vecguard_faiss._store import FaissStore
from vecguard_faiss._template import Template

Form: TypeAlias = Literal["positions", "numbers", "documents"]
PathLike: TypeAlias = str | os.PathLike[str]
_TEMPLATE = "template"


@dataclass(slots=True)
class Home:
    """Where a collection is saved, how its records are named, and which generation was last seen in which file.

    `path` is the file that is opened next time. Files that it is saved to beside that one are copies.
    """

    path: Path | None
    form: Form
    seen: dict[Path, str] = field(default_factory=dict)
    saving: Lock = field(default_factory=Lock)

    def __repr__(self) -> str:
        return f"<Home of {self.form}>"


def prepare(native: Any, guard: Guard, path: PathLike | None, legacy: str, *, documents: bool = False) -> Room:
    """Make the room of a guarded object over a template, with what the file at `path` holds if there is one."""
    template = Template.of(native, legacy)
    home = Home(_absolute(path), _form(template, documents=documents))
    store = FaissStore(template, persistent=home.path is not None)
    if home.path is not None and home.path.exists():
        generation = read(home.path, guard.state)
        if not template.agrees(Template.of(_native(generation))) or generation.form != home.form:
            raise BadInput("the file at this path was saved from another kind of index, or by the other face")
        _take(home, store, generation, home.path)
    return _room(native, guard, store, home, legacy)


def reopen(path: PathLike, guard: Guard, *, documents: bool = False) -> Room:
    """Make the room of a guarded object from its file alone: the file holds the template too."""
    where = Path(path).absolute()
    generation = read(where, guard.state)
    native = _native(generation)
    template = Template.of(native)
    home = Home(where, _form(template, documents=documents))
    if generation.form != home.form:
        raise BadInput("this file was saved by the other face: GuardedIndex and GuardedFaissCollection differ")
    store = FaissStore(template, persistent=True)
    _take(home, store, generation, where)
    return _room(native, guard, store, home, "refuse")


def save(guarded: Guarded, path: PathLike | None) -> None:
    """Write everything that the store holds, every owner's rows, to its file. Without any row there is no file."""
    room = room_of(guarded)
    where = _absolute(path) or room.extra["home"].path
    if where is None:
        raise BadInput("this collection has no file yet: pass a path to save() or to wrap()")
    save_at(room, shelf_of(guarded), where)


def save_at(room: Room, shelf: Shelf, where: Path) -> None:
    """Write everything that the store of a room holds to one file, and strike out what the state kept of it until now.

    What is saved was done before it is written: changes that are made meanwhile may be in the file too, and stay in the
    state until the next save.
    """
    store, home = room.store, room.extra["home"]
    room.guard.shelf(replace(store.traits, persistent=True))  # refuses a policy that would leave vectors readable
    collection, state = shelf.collection, room.guard.state
    with home.saving:
        _refuse_others(home, where, state)
        if collection is None:
            return
        with _at_home(room, shelf, where) as at_home:
            done = frozenset(shelf.unsaved)  # before the snapshot: all of it is in the store's memory
            _write(room, collection.uid, where)
        if at_home:
            shelf.unsaved -= state.unsaved.saved(collection.uid, done)


@contextmanager
def _at_home(room: Room, shelf: Shelf, where: Path) -> Iterator[bool]:
    """Say whether this is the file that is opened next time. An index that had none has this one from now on."""
    store, home = room.store, room.extra["home"]
    if home.path is not None:
        yield home.path == where
        return
    before = store.traits
    store.traits = shelf.traits = replace(before, persistent=True, saved_late=True)  # what comes now may be too late
    try:
        yield True
    except BaseException:
        store.traits = shelf.traits = before
        raise
    home.path = where


def _begin(room: Room, marker: Mapping[str, Any]) -> None:
    """Make the file of a new collection, if it has one.

    The store's lock is held here. No save holds `saving` and waits for that: before this there is nothing to save.
    """
    home: Home = room.extra["home"]
    if home.path is not None:
        with home.saving:
            _refuse_others(home, home.path, room.guard.state)
            _write(room, str(marker[UID_FIELD]), home.path)


def _refuse_others(home: Home, where: Path, state: State) -> None:
    if where.exists() and home.seen.get(where) != name_at(where, state):
        raise StoreFailed("the file at this path holds something that was not opened or saved here: open it first")


def _write(room: Room, uid: str, where: Path) -> None:
    home: Home = room.extra["home"]
    template = faiss.serialize_index(_empty(room.native)).tobytes()
    home.seen[where] = write(where, room.guard.state, uid, home.form, [(_TEMPLATE, template), *room.store.parts()])


def _room(native: Any, guard: Guard, store: FaissStore, home: Home, legacy: str) -> Room:
    shelf = guard.shelf(store.traits, legacy)
    room = Room(guard, native, None, shelf, store, guard.embedding_for(None), {"home": home})
    store.kept = Kept(
        lambda: list(home.seen), lambda where: save_at(room, shelf, where), lambda marker: _begin(room, marker)
    )
    return room


def _take(home: Home, store: FaissStore, generation: Generation, where: Path) -> None:
    store.restore(generation.parts)
    home.seen[where] = generation.name


def _native(generation: Generation) -> Any:
    if _TEMPLATE not in generation.parts:
        raise Undecided("this file was saved by another version of vecguard_faiss")
    return faiss.deserialize_index(np.frombuffer(generation.parts[_TEMPLATE], dtype=np.uint8))


def _empty(native: Any) -> Any:
    """Return a copy of the wrapped index without rows: unguarded ones (legacy="ignore") are never saved."""
    copy = faiss.clone_index(native)
    copy.reset()
    return copy


def _form(template: Template, *, documents: bool) -> Form:
    return "documents" if documents else "numbers" if template.numbered else "positions"


def _absolute(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path).absolute()
