"""Opening and saving a guarded collection: what lies between a face, its store and the file.

Nothing is written to the file but by `save`: what was added since is lost with the process. Saving never overwrites a
generation that this object did not open or save itself, so two processes cannot undo each other's work unnoticed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TypeAlias

import faiss
import numpy as np

from vecguard import BadInput, Guard, StoreFailed, Undecided
from vecguard.facade import Guarded, Room, room_of, shelf_of
from vecguard.shelf import Shelf
from vecguard_faiss._compact import Kept
from vecguard_faiss._sealed_file import Generation, name_at, read, write
from vecguard_faiss._store import FaissStore
from vecguard_faiss._template import Template

Form: TypeAlias = Literal["positions", "numbers", "documents"]
PathLike: TypeAlias = str | os.PathLike[str]
_TEMPLATE = "template"


@dataclass(slots=True)
class Home:
    """Where a collection is saved, how its records are named, and which generation was last seen in which file."""

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
    """Write everything that the store of a room holds to one file."""
    store, home = room.store, room.extra["home"]
    room.guard.shelf(replace(store.traits, persistent=True))  # refuses a policy that would leave vectors readable
    collection, state = shelf.collection, room.guard.state
    with home.saving:
        if where.exists() and home.seen.get(where) != name_at(where, state):
            raise StoreFailed("the file at this path holds something that was not opened or saved here: open it first")
        if collection is None:
            return
        template = faiss.serialize_index(_empty(room.native)).tobytes()
        home.seen[where] = write(where, state, collection.uid, home.form, [(_TEMPLATE, template), *store.parts()])


def _room(native: Any, guard: Guard, store: FaissStore, home: Home, legacy: str) -> Room:
    shelf = guard.shelf(store.traits, legacy)
    room = Room(guard, native, None, shelf, store, guard.embedding_for(None), {"home": home})
    store.kept = Kept(lambda: list(home.seen), lambda where: save_at(room, shelf, where))
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
