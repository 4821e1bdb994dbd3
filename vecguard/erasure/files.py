"""The files that erased rows were in: rewriting them, and looking for what must be gone, each in another process.

This process may have SQLite connections to the very files that are looked at, the store's or the state's; opening and
closing one of them here would undo their locks (`vecguard.erasure.matching`). Needles go through a pipe and are never
part of a command line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO, Any

from vecguard.erasure import matching, vacuuming
from vecguard.erasure.needles import Needles
from vecguard.ports import SqliteFile

Moved = Callable[[int, int], object]
"""Told how many bytes were looked at, and of how many."""
_WAIT_S = 30.0  # for a lock of somebody else's
_SIDES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search came to: files and bytes looked at, needles found, and files that could not be read."""

    files: int = 0
    bytes: int = 0
    found: frozenset[int] = field(default=frozenset(), repr=False)
    failed: int = 0


def all_files(places: Iterable[Path]) -> list[Path]:
    """Return every file at or below these places, and what SQLite keeps beside a file; each once."""
    found: dict[Path, None] = {}
    for place in places:
        beside = [place.with_name(place.name + side) for side in _SIDES]
        inside = sorted(place.rglob("*")) if place.is_dir() else [place, *beside]
        found.update((each.resolve(), None) for each in inside if each.is_file())
    return list(found)


def search(paths: list[Path], needles: Needles, moved: Moved | None = None) -> Searched:
    """Look into files for needles, in another process. Raises `OSError` if that process does not end well."""
    sizes = {str(path): _size(path) for path in paths}
    whole, done = sum(sizes.values()), 0
    files, failed, found = 0, 0, set[int]()
    for line in _lines(matching.packed(paths, needles.patterns, len(needles))):
        if "failed" in line:
            failed += 1
            continue
        files += 1
        done += int(line["bytes"])
        found.update(line["found"])
        if moved is not None:
            moved(done, max(whole, done))
    return Searched(files, done, frozenset(found), failed)


def rewrite(file: SqliteFile) -> str:
    """Rewrite a SQLite file without what was deleted, in another process; return why that failed, or nothing."""
    command = [sys.executable, "-I", vacuuming.__file__, str(_WAIT_S), str(file.path), *file.indexes]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603 - our own script
    if done.returncode == 0:
        return ""
    return done.stderr.strip().rpartition("\n")[2] or "it ended early"


def _lines(given: bytes) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-I", matching.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - as above
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101 - asked for above
        feeding = Thread(target=_feed, args=(process.stdin, given), daemon=True)
        feeding.start()
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise OSError("the search of files ended early")


def _feed(pipe: IO[bytes], given: bytes) -> None:
    with suppress(BrokenPipeError), pipe:
        pipe.write(given)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
