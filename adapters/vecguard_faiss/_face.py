"""The guarded index: FAISS's verbs, arrays and labels over the two paths.

A plain index knows its rows by position, and positions shift when rows go. Each record therefore has a hidden number
of its own, and the position is looked up when it is shown: its rank among its owner's rows. The numbers are random: a
counter kept in the file would run behind after a crash, and give a number out twice when the state settles what the
file had lost. An IndexIDMap's records go by the caller's own ids.
"""

from __future__ import annotations

import secrets
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard import BadId, BadInput, BadVector, Guard, Undecided
from vecguard.arrays import Floats
from vecguard.facade import (
    Guarded,
    Passed,
    Room,
    acting,
    counting,
    forgetting,
    reading,
    refuse_unknown,
    room_of,
    run,
    writing,
)
from vecguard.filters import Ids
from vecguard.principal import Acting
from vecguard.records import Answer, Ask, Draft, Query, RecordId
from vecguard_faiss._saving import PathLike, prepare, reopen, save
from vecguard_faiss._store import FaissStore
from vecguard_faiss._surface import INDEX

Labels: TypeAlias = NDArray[np.int64]

_FARTHEST = np.finfo(np.float32).max  # what FAISS pads distances with; similarities get its negative
_NOWHERE = -1  # what FAISS pads labels with


class GuardedIndex(Guarded):
    """An index of which every owner sees its own rows and positions only, and nobody a vector."""

    __slots__ = ()
    surface = INDEX

    code_size = Passed("code_size")
    d = Passed("d")
    is_trained = Passed("is_trained")
    metric_arg = Passed("metric_arg")
    metric_type = Passed("metric_type")
    sa_code_size = Passed("sa_code_size")
    verbose = Passed("verbose")

    @classmethod
    def over(cls, native: Any, guard: Guard, path: PathLike | None, legacy: str) -> Self:
        """Guard a template, with the rows of the file at `path` if there is one."""
        return cls._settled(prepare(native, guard, path, legacy))

    @classmethod
    def open(cls, path: PathLike, guard: Guard) -> Self:
        """Open a file that `save` wrote: `Tampered` if a byte of it changed, `StateMismatch` under another state."""
        return cls._settled(reopen(path, guard))

    def save(self, path: PathLike | None = None) -> None:
        """Write all rows, of every owner, to a file: the one given here, or the one given when wrapping."""
        save(self, path)

    @classmethod
    def _settled(cls, room: Room) -> Self:
        guarded = cls(room)
        room.guard.reconcile(guarded)
        return guarded

    @property
    def __class__(self) -> Any:
        """Report the class of the wrapped index: LlamaIndex asks for an IndexIDMap."""
        return type(room_of(self).native)

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise Undecided("a guarded object keeps its class")

    # ---------------------------------------------------------------------------------------------------- writes

    def add(self, x: Any) -> None:
        """Add vectors (n, d) behind one's own others. A vector without a text is masked like any other."""
        if _numbered(self):
            raise RuntimeError("add does not make sense with IndexIDMap, use add_with_ids")
        ids = tuple(RecordId.number(secrets.randbits(63)) for _ in range(_count(x)))
        who = acting(self)
        with room_of(self).store.turn(who.owner):
            self._insert(ids, x, who)

    def add_with_ids(self, x: Any, ids: Any) -> None:
        """Add vectors (n, d) under one's own ids. FAISS would keep two rows under one id; that is refused."""
        if not _numbered(self):
            raise RuntimeError("add_with_ids not implemented for this type of index")
        numbers = _integers(ids, "ids")
        if (numbers == _NOWHERE).any():
            raise BadId("-1 is what FAISS pads results with, and no id")
        if len(numbers) != _count(x):
            raise BadInput("x and ids differ in number")
        records = tuple(RecordId.number(int(each)) for each in numbers)
        who = acting(self)
        with room_of(self).store.turn(who.owner):
            if run(self, counting(room_of(self), Ask(ids=records, restore=False), who)):
                raise BadId("one of the ids is there already: remove it first")
            self._insert(records, x, who)

    def _insert(self, ids: tuple[RecordId, ...], x: Any, who: Acting) -> None:
        nothing = (None,) * len(ids)
        run(self, writing(room_of(self), Draft("insert", ids, nothing, nothing, x), who))

    def remove_ids(self, x: Any) -> int:
        """Remove one's own rows by label; returns how many there were. Positions behind them shift, as IndexFlat's."""
        numbers = np.unique(_integers(x, "labels"))
        room, who = room_of(self), acting(self)
        with room.store.turn(who.owner):
            if _numbered(self):
                ask = Ask(ids=tuple(RecordId.number(int(each)) for each in numbers), restore=False)
            else:
                ask = Ask(where=Ids(_at(room, who, numbers)), restore=False)
            return run(self, forgetting(room, ask, who))

    def reset(self) -> None:
        """Remove all of one's own rows."""
        room, who = room_of(self), acting(self)
        with room.store.turn(who.owner):
            run(self, forgetting(room, Ask(restore=False), who))

    # ---------------------------------------------------------------------------------------------------- reads

    @property
    def ntotal(self) -> int:
        """The number of one's own rows."""
        return run(self, counting(room_of(self), Ask(restore=False), acting(self)))

    def search(
        self,
        x: Any,
        k: int,
        *,
        params: Any = None,
        D: Any = None,  # noqa: N803 - FAISS's own name
        I: Any = None,  # noqa: E741, N803 - FAISS's own name
        **unknown: Any,
    ) -> tuple[Floats, Labels]:
        """Find one's own k rows nearest to each of the queries (m, d): distances and labels, each (m, k).

        Rows that are not there are padded as FAISS pads them. Under a policy that hides scores, distances are NaN.
        """
        refuse_unknown(INDEX, unknown)
        if params is not None:
            raise Undecided("search parameters are not guarded yet; set knobs on the template before wrapping")
        if not _positive(k):
            raise BadInput("k is an integer above zero")
        room, who = room_of(self), acting(self)
        with room.store.turn(who.owner):
            answer = run(self, reading(room, Ask(Query(vectors=x), limit=int(k), restore=False, own=True), who))
            distances, labels = _padded(answer, _labels(room, who, answer), int(k), room.store.traits.metric)
        return _into(D, distances), _into(I, labels)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "open", "save"]


def _numbered(index: GuardedIndex) -> bool:
    store: FaissStore = room_of(index).store
    return store.template.numbered


# -------------------------------------------------------------------------------------------------------- arguments


def _count(x: Any) -> int:
    try:
        return len(x)
    except TypeError:
        pass
    raise BadVector("expected vectors as an array of shape (n, d)")


def _positive(k: object) -> bool:
    return isinstance(k, int | np.integer) and not isinstance(k, bool) and int(k) > 0


def _integers(given: Any, what: str) -> Labels:
    """Return labels as FAISS takes them, without what it does to floats. Its selectors could look behind the guard."""
    array = given if isinstance(given, np.ndarray) else np.asarray(given) if isinstance(given, list | tuple) else None
    if array is None:
        raise Undecided(f"{what} are an array of integers; selectors are not guarded")
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise BadId(f"{what} are one row of integers")
    if array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise BadId(f"{what} are integers of 64 bits")
    return np.ascontiguousarray(array, dtype=np.int64)


# -------------------------------------------------------------------------------------------------------- positions


def _tag(room: Room, who: Acting) -> tuple[str, Any]:
    """Return the acting owner's tag and space in this collection, or no tag if it never wrote."""
    collection = room.shelf.collection if room.shelf is not None else None
    if collection is None:
        return "", None
    space = room.guard.state.find_space(collection.uid, who.owner, collection.keys)
    return ("", None) if space is None else (space.owner_tag, space)


def _at(room: Room, who: Acting, positions: Labels) -> frozenset[str]:
    tag, _ = _tag(room, who)
    return room.store.names(tag, (int(each) for each in positions), room.guard.clock()) if tag else frozenset()


def _labels(room: Room, who: Acting, answer: Answer) -> dict[Any, int]:
    """Return the label of every record of an answer, by the number that it goes by."""
    numbers = {hit.record.id.given for group in answer.groups for hit in group}
    if room.store.template.numbered:
        return {number: int(number) for number in numbers}
    tag, space = _tag(room, who)
    if not tag:
        return {}
    names = {space.backend_id(RecordId.number(int(number))): number for number in numbers}
    places = room.store.places(tag, names, room.guard.clock())
    return {names[backend_id]: place for backend_id, place in places.items()}


# --------------------------------------------------------------------------------------------------------- results


def _padded(answer: Answer, labels: dict[Any, int], k: int, metric: str) -> tuple[Floats, Labels]:
    shape = (len(answer.groups), k)
    distances = np.full(shape, _FARTHEST if metric == "l2" else -_FARTHEST, dtype=np.float32)
    places = np.full(shape, _NOWHERE, dtype=np.int64)
    for row, hits in enumerate(answer.groups):
        shown = [hit for hit in hits if hit.record.id.given in labels]
        places[row, : len(shown)] = [labels[hit.record.id.given] for hit in shown]
        distances[row, : len(shown)] = [np.nan if hit.score is None else hit.score for hit in shown]
    return distances, places


def _into(given: Any, made: NDArray[Any]) -> Any:
    """Return the result, in the caller's own array if there is one, as FAISS does."""
    if given is None:
        return made
    if not isinstance(given, np.ndarray) or given.shape != made.shape or given.dtype != made.dtype:
        raise BadInput(f"an array for results has the shape (m, k) and the type {made.dtype}")
    given[...] = made
    return given
