"""FAISS as a shelf: the six verbs of the store port over one index per owner, and dictionaries for everything else.

FAISS keeps vectors and nothing more, so fields and backend ids live here. All of it is in memory and behind one lock;
`parts` and `restored` turn it into bytes and back, for the file that `vecguard_faiss._saving` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from threading import RLock
from typing import Any

import faiss
import numpy as np

from vecguard import Tampered
from vecguard.arrays import Floats
from vecguard.filters import All, Compare, Predicate, all_of
from vecguard.ports import Compact, Compacted, Drop, Fetch, Find, Found, Page, Pages, Put, Search, Traits
from vecguard.records import Row, SealedRow
from vecguard.rules import OWNER_FIELD
from vecguard_faiss._compact import Kept
from vecguard_faiss._drawer import Drawer
from vecguard_faiss._template import Template

_NOBODY = ""  # the drawer of rows without an owner: the collection's marker


class FaissStore:
    """One collection."""

    def __init__(self, template: Template, *, persistent: bool) -> None:
        self.template = template
        self.traits = Traits("faiss", template.metric, template.dimension, persistent=persistent, saved_late=persistent)
        self._lock = RLock()
        self._drawers: dict[str, Drawer] = {}
        self._owner: dict[str, str] = {}  # backend id -> owner tag
        self._turns: dict[str, AbstractContextManager[Any]] = {}
        self.kept = Kept()

    def __repr__(self) -> str:
        return "<FaissStore>"

    # ------------------------------------------------------------------------------------------------- the six verbs

    def put(self, request: Put) -> None:
        """Add rows behind their owner's others, and change those that are there where they are."""
        with self._lock:
            fresh: dict[str, list[SealedRow]] = {}
            known: dict[str, list[SealedRow]] = {}
            for row in request.rows.rows:
                if row.backend_id in self._owner:
                    if not request.if_absent:
                        known.setdefault(self._owner[row.backend_id], []).append(row)
                elif row.vector is not None:  # a row that keeps its vector needs one to keep
                    fresh.setdefault(str(row.fields.get(OWNER_FIELD, _NOBODY)), []).append(row)
            for tag, rows in known.items():
                vectors = {row.backend_id: row.vector.values for row in rows if row.vector is not None}
                self._drawers[tag].change([_kept(row) for row in rows], vectors)
            for tag, rows in fresh.items():
                self._drawer(tag).append([_kept(row) for row in rows], _stacked(rows))
                self._owner.update((row.backend_id, tag) for row in rows)
            if _NOBODY in fresh:
                self._begin(fresh[_NOBODY])

    def _begin(self, marker: Sequence[SealedRow]) -> None:
        """Make the file of a new collection, which now has its marker: what is not saved is found again by that."""
        try:
            self.kept.begin(marker[0].fields)
        except BaseException:
            self.drop(Drop(tuple(row.backend_id for row in marker)))
            raise

    def fetch(self, request: Fetch) -> Sequence[Row]:
        """Return rows by id."""
        with self._lock:
            found: list[Row] = []
            for tag, ids in self._by_owner(request.ids).items():
                drawer = self._drawers[tag]
                found += drawer.shown([drawer.position(each) for each in ids], vectors=request.vectors)
            return found

    def find(self, request: Find) -> Found:
        """Return rows by filter, an owner's in the order of their positions."""
        tags, rest = confined(request.where)
        with self._lock:
            chosen = [(drawer, drawer.matching(rest)) for drawer in self._opened(tags)]
            count = sum(len(positions) for _, positions in chosen)
            if request.counting:
                return Found((), count)
            rows: list[Row] = []
            start, room = request.offset, count if request.limit is None else request.limit
            for drawer, positions in chosen:
                part = positions[start : start + room - len(rows)]
                start = max(0, start - len(positions))
                rows += drawer.shown(part, vectors=request.vectors)
        return Found(tuple(rows), len(rows))

    def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Rank rows by their masked vectors, each owner's in its own index."""
        tags, rest = confined(request.where)
        queries = np.ascontiguousarray(request.queries.values)
        merged: list[list[tuple[float, Row]]] = [[] for _ in queries]
        with self._lock:
            for drawer in self._opened(tags):
                for group, found in zip(merged, drawer.nearest(queries, rest, request.limit), strict=True):
                    group.extend(found)
        sign = 1.0 if self.traits.metric == "l2" else -1.0
        return [[row for _, row in sorted(group, key=lambda hit: sign * hit[0])[: request.limit]] for group in merged]

    def drop(self, request: Drop) -> None:
        """Delete rows by id."""
        with self._lock:
            for tag, ids in self._by_owner(request.ids).items():
                self._drawers[tag].remove(ids)
                for each in ids:
                    del self._owner[each]

    def pages(self, request: Pages) -> Page:
        """Walk all rows, in the order in which they came."""
        start = int(request.after or 0)
        with self._lock:
            ids = tuple(self._owner)[start : start + request.size]
            rows = {row.backend_id: row for row in self.fetch(Fetch(ids, vectors=request.vectors))}
        return Page(tuple(rows[each] for each in ids), start + len(ids) if len(ids) == request.size else None)

    def compact(self, request: Compact) -> Compacted:
        """Save the files anew, without what was deleted since they were saved."""
        return self.kept.compact(looking=request.looking)

    # ------------------------------------------------------------------------------------------------- for the face

    def turn(self, owner: str) -> AbstractContextManager[Any]:
        """Let one call at a time work on an owner's positions: a search and the labels it shows belong together."""
        with self._lock:
            return self._turns.setdefault(owner, RLock())

    def places(self, tag: str, ids: Iterable[str], now: float) -> dict[str, int]:
        """Return where IndexFlat would count each of these rows of an owner, leaving out those that are not there."""
        with self._lock:
            ranks = self._drawers[tag].alive(now) if tag in self._drawers else {}
            return {each: ranks[each] for each in ids if each in ranks}

    def names(self, tag: str, places: Iterable[int], now: float) -> frozenset[str]:
        """Return the backend ids of an owner's rows at these positions, leaving out positions that do not exist."""
        with self._lock:
            listed = list(self._drawers[tag].alive(now)) if tag in self._drawers else []
        return frozenset(listed[place] for place in places if 0 <= place < len(listed))

    # ------------------------------------------------------------------------------------------------- for the file

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """Turn everything into named bytes: per owner tag its rows as JSON lines and its index as FAISS has it."""
        with self._lock:
            made = [
                part
                for tag, drawer in self._drawers.items()
                if len(drawer)
                for part in (
                    (f"{tag}/rows", _lines(drawer.rows)),
                    (f"{tag}/index", faiss.serialize_index(drawer.index).tobytes()),
                )
            ]
        return iter(made)

    def restore(self, parts: Mapping[str, memoryview]) -> None:
        """Take over what `parts` made. The bytes were authenticated before: FAISS itself believes any."""
        with self._lock:
            for tag in dict.fromkeys(name.split("/")[0] for name in parts if "/" in name):
                rows = _rows(bytes(parts[f"{tag}/rows"]))
                index = faiss.deserialize_index(np.frombuffer(parts[f"{tag}/index"], dtype=np.uint8))
                if index.ntotal != len(rows) or index.d != self.template.dimension:
                    raise Tampered("the saved index and its rows do not belong together")
                self._drawers[tag] = Drawer(self.template, index, rows)
                self._owner.update((row.backend_id, tag) for row in rows)

    # ------------------------------------------------------------------------------------------------- their parts

    def _drawer(self, tag: str) -> Drawer:
        if tag not in self._drawers:
            self._drawers[tag] = Drawer(self.template)
        return self._drawers[tag]

    def _opened(self, tags: Iterable[str] | None) -> list[Drawer]:
        """Return the drawers of these owners, or all of them."""
        return [self._drawers[tag] for tag in (self._drawers if tags is None else tags) if tag in self._drawers]

    def _by_owner(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Sort the ids that exist by owner, each once."""
        sorted_: dict[str, list[str]] = {}
        for each in dict.fromkeys(ids):
            if each in self._owner:
                sorted_.setdefault(self._owner[each], []).append(each)
        return sorted_


def confined(where: Predicate) -> tuple[tuple[str, ...] | None, Predicate]:
    """Divide a predicate into the owners that it is confined to, None for no such part, and the rest of it."""
    parts = where.parts if isinstance(where, All) else (where,)
    for i, part in enumerate(parts):
        if tags := _tags(part):
            return tags, all_of(*parts[:i], *parts[i + 1 :])
    return None, where


def _tags(part: Predicate) -> tuple[str, ...]:
    """Return the owner tags that a part of a conjunction asks for; none if it asks for anything else."""
    match part:
        case Compare((field,), "eq", str(tag)) if field == OWNER_FIELD:
            return (tag,)
        case Compare((field,), "in", tuple(tags)) if field == OWNER_FIELD:
            return tuple(dict.fromkeys(str(tag) for tag in tags))
    return ()


def _kept(row: SealedRow) -> Row:
    return Row(row.backend_id, dict(row.fields), row.text)


def _stacked(rows: Sequence[SealedRow]) -> Floats:
    return np.stack([row.vector.values for row in rows if row.vector is not None])


def _lines(rows: Sequence[Row]) -> bytes:
    return b"\n".join(
        json.dumps([row.backend_id, row.fields, row.text], separators=(",", ":")).encode() for row in rows
    )


def _rows(lines: bytes) -> list[Row]:
    listed: list[Any] = [json.loads(line) for line in lines.split(b"\n")]
    return [Row(backend_id, fields, text) for backend_id, fields, text in listed]
