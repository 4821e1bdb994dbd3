"""Cells of a benchmark kept on disk, so that a run that was ended goes on where it was.

A cell is one attack on one setting under one seed. Its name is a digest of everything that decides it: corpus, vectors,
setting, the attack's settings, and the source of attacks and mechanisms. Another setting is another name, so nothing
stale can be taken; a finished cell is there at once and whole, or not at all.

**The files are sensitive**: what an attacker read off a row is in them. They lie beside the kept embeddings, readable
by their user alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

import vecguard
from vecguard.arrays import Floats
from vecguard.redteam import Tried

FORMAT = "vecguard.frontier.cell/1"
_DECIDING = ("redteam", "protect")  # packages whose source decides a cell
_READER = TypeAdapter(tuple[Tried, ...])


class Cells:
    """Cells in a folder. `fresh` takes none that was there before.

    `made` counts the cells that were finished here, `taken` those that an earlier run had.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self._folder = folder
        self._fresh = fresh
        self._mine: set[str] = set()
        self.taken = 0
        self.made = 0

    def __repr__(self) -> str:
        return f"<Cells {self.made} made, {self.taken} taken>"

    def tried(self, deciding: Mapping[str, object], make: Callable[[], Sequence[Tried]]) -> tuple[Tried, ...]:
        """Return the cell that these things decide, made now unless it was kept."""
        name = digest(FORMAT, code(*_DECIDING), json.dumps(deciding, sort_keys=True, default=str))
        path = self._folder / f"{name}.json"
        asked_before = name in self._mine
        found = None if self._fresh and not asked_before else _read(path)
        self._mine.add(name)
        if found is not None:
            self.taken += not asked_before
            return found
        made = tuple(make())
        put(path, json.dumps([asdict(each) for each in made]).encode())
        self.made += 1
        return made


def digest(*parts: str | Floats) -> str:
    """Return a digest (hex) of texts and arrays, each with its length in front."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else _bytes(part)
        whole.update(len(content).to_bytes(8, "big"))
        whole.update(content)
    return whole.hexdigest()[:32]


@lru_cache(maxsize=8)
def code(*packages: str) -> str:
    """Return a digest of the source of these packages of vecguard, and of the versions of what computes for them."""
    root = Path(vecguard.__file__).parent
    files = sorted(path for package in packages for path in (root / package).rglob("*.py"))
    return digest(*(path.read_text("utf-8") for path in files), *_versions())


def put(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, readable by its user alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=".half-")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(half).replace(path)
    finally:
        Path(half).unlink(missing_ok=True)


def _versions() -> list[str]:
    found: list[str] = []
    for name in ("numpy", "scipy", "torch"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return found


def _bytes(rows: NDArray[np.float32]) -> bytes:
    return repr(rows.shape).encode() + np.ascontiguousarray(rows).tobytes()


def _read(path: Path) -> tuple[Tried, ...] | None:
    try:
        return _READER.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
