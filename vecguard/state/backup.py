"""Backups of a state: every table, row by row and on one snapshot, in a SQLite file that no guard opens.

The file says that it is a backup. It holds what the state held, wrapped and sealed as it was, and needs the same care.
`vecguard.state.restore` makes a state of it again, without what was erased since.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, MetaData, create_engine, insert, select
from sqlalchemy.pool import NullPool

from vecguard.errors import StateError, shielded
from vecguard.state import schema, tables, upgrade
from vecguard.state.database import Database

_AT_ONCE = 1_000  # rows in memory together
_FOLDER_SYNC = hasattr(os, "O_DIRECTORY")  # where a folder can be synchronised


@dataclass(frozen=True, slots=True)
class Copied:
    """The version of the schema that was copied, and how many rows of each table."""

    version: str
    rows: Mapping[str, int]


def backup(database: Database, path: Path) -> Copied:
    """Write a state, opened as it is, to a new file that only its owner can read. Guards may go on meanwhile.

    The file is there whole or not at all. Raises `StateError`, and overwrites nothing.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        _created(part)
        copy = _filled(database, part)
        _placed(part, path)
    finally:
        part.unlink(missing_ok=True)
    return copy


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """Open a backup to read it, and leave it as it is. Raises `StateError` if the file is none."""
    if not path.is_file():
        raise StateError("there is no backup at that path")
    place = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(place, uri=True), poolclass=NullPool, hide_parameters=True
    )
    with engine.connect() as connection:
        if not shielded(lambda why: StateError(f"the backup cannot be read ({why})"), partial(_marked, connection)):
            raise StateError("this file is not a backup of a state")
        yield connection


def _marked(connection: Connection) -> bool:
    return schema.version(connection) is not None and schema.is_backup(connection)


def copied(source: Connection, target: Connection, sparing: Callable[[str, Mapping[str, Any]], bool]) -> dict[str, int]:
    """Copy the tables of one version from one database to another, but for the rows that `sparing` says no to."""
    there, here = _tables(source), _tables(target)
    if there.tables.keys() != here.tables.keys():
        raise StateError("these are not the tables of the version that they say they are")
    counts: dict[str, int] = {}
    for name in sorted(there.tables):
        counts[name] = 0
        found = source.execute(select(there.tables[name]), execution_options={"yield_per": _AT_ONCE})
        for part in found.partitions():
            rows = [each for row in part if sparing(name, each := row._asdict())]
            if rows:
                target.execute(insert(here.tables[name]), rows)
            counts[name] += len(rows)
    return counts


def _tables(connection: Connection) -> MetaData:
    """Return the tables of a state as a database of any version has them, but for the one that says which it is."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name.startswith("vg_") and name != schema.VERSIONS)
    return found


def _created(path: Path) -> None:
    reason = ""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as failure:
        reason = str(failure.strerror)
    if reason:
        raise StateError(f"the backup could not be written: {reason}")


def _filled(database: Database, path: Path) -> Copied:
    copy = Database(URL.create("sqlite", database=str(path)), as_it_is=True)
    try:
        done = database.look(lambda source: copy.run(lambda target: _copy(source, target)))
    finally:
        copy.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")  # one file, and nothing beside it
    return done


def _copy(source: Connection, target: Connection) -> Copied:
    version = upgrade.older(source)
    if schema.is_backup(source):
        raise StateError("this is a backup already: copy the file")
    upgrade.to(target, version)
    rows = copied(source, target, lambda _name, _row: True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    target.execute(insert(tables.facts).values(name=schema.BACKUP, value=at))
    return Copied(version, rows)


def _placed(part: Path, path: Path) -> None:
    """Give a file its name once it is on disk. A name that is taken stays what it is."""
    reason = ""
    try:
        _synchronised(part)
        os.link(part, path)
        if _FOLDER_SYNC:
            _synchronised(path.parent)
    except FileExistsError:
        reason = "there is a file at that path already"
    except OSError as failure:
        reason = str(failure.strerror)
    if reason:
        raise StateError(f"the backup could not be written: {reason}")


def _synchronised(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
