"""The files of a FAISS collection: rows that are deleted in memory are in them until they are saved again.

Every file that this object opened or saved is saved again. A save that was killed can leave its unfinished file behind,
with a name that only this package makes; such a one is removed. A file that somebody else has saved since is left as it
is, and what is found in it then is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecguard import StoreFailed
from vecguard.ports import Compacted

_ELSEWHERE = "copies of the FAISS file that were made by other means than save()"


def _nowhere() -> list[Path]:
    return []


def _in_memory(marker: Mapping[str, Any]) -> None:
    del marker


def _not_saved(where: Path) -> None:
    raise StoreFailed(f"this collection is not kept in files ({where.suffix})")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a collection is kept, how it is saved there, and how its file begins, with the fields of its marker."""

    paths: Callable[[], list[Path]] = _nowhere
    save: Callable[[Path], None] = _not_saved
    begin: Callable[[Mapping[str, Any]], None] = _in_memory

    def compact(self, *, looking: bool) -> Compacted:
        """Save every file anew; with `looking`, only say which there are."""
        paths = [path for path in self.paths() if path.exists()]
        if not paths:
            return Compacted()
        missed: list[str] = []
        for path in () if looking else paths:
            for left in _unfinished(path):
                left.unlink(missing_ok=True)
            try:
                self.save(path)
            except StoreFailed:
                missed.append("a FAISS file that another process saved since it was opened here")
        files = [each for path in paths for each in (path, *_unfinished(path))]
        return Compacted(tuple(files), (), ("saved anew",), (*missed, _ELSEWHERE))


def _unfinished(path: Path) -> Iterator[Path]:
    return path.parent.glob(f".{path.name}.*.tmp")
