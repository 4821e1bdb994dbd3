"""Connections to the databases that a state may lie in, SQLite and PostgreSQL, and what is said to each of them.

A transaction is begun in one of three modes. What is "lasting" waits for the disk, "log" does not on SQLite, and "look"
reads on one snapshot. A server of PostgreSQL can end while a guard goes on: there every transaction waits for the disk,
for a guard that goes on with an audit chain whose last lines were lost would leave a gap in it.

SQLite lets one transaction write at a time (BEGIN IMMEDIATE). PostgreSQL runs them side by side, READ COMMITTED: those
that depend on what they read lock it first, and one that met another all the same is run again (`run_again`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from vecguard.errors import StateError

Mode: TypeAlias = Literal["lasting", "log", "look"]
MODE = "vecguard_mode"  # the execution option that carries it
_TIMEOUT_S = 30  # for a lock, and for a server that stopped answering

_LIBPQ: Mapping[str, str] = MappingProxyType(
    {
        "application_name": "vecguard",
        "connect_timeout": "10",
        "keepalives_idle": str(_TIMEOUT_S),
        "tcp_user_timeout": str(1_000 * _TIMEOUT_S),
    }
)
"""What a PostgreSQL URL may say otherwise."""

_SESSION = (
    f"SET lock_timeout TO '{_TIMEOUT_S}s'",
    # a guard that was stopped in mid-transaction keeps others waiting no longer than this
    f"SET idle_in_transaction_session_timeout TO '{2 * _TIMEOUT_S}s'",
    # an acknowledged write is on disk, whatever the server's default is
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)
_FILE = "vecguard_file"  # of a connection to SQLite: its file, and what that was when it was opened
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", f"busy_timeout={1_000 * _TIMEOUT_S}")

_RUN_AGAIN = frozenset(
    {
        "40001",  # could not serialise
        "40P01",  # deadlock: the other one goes on
        "23505",  # two made the same row for the first time: the second finds the other's when it looks again
    }
)


@dataclass(frozen=True, slots=True)
class Way:
    """An engine, and the execution options that begin a transaction in each mode, and a single SELECT."""

    engine: Engine
    lasting: Mapping[str, Any]
    log: Mapping[str, Any]
    look: Mapping[str, Any]
    select: Mapping[str, Any]


def opened(url: str | URL, *, in_memory: bool) -> Way:
    """Return the way to a database. Nothing is connected yet. Raises `StateError` for any other kind."""
    place = make_url("sqlite://" if in_memory else url)
    match place.get_backend_name():
        case "sqlite":
            return _sqlite(place, in_memory=in_memory)
        case "postgresql" if place.drivername in ("postgresql", "postgresql+psycopg"):
            return _postgresql(place.set(drivername="postgresql+psycopg"))
        case _:
            raise StateError("a state lies in SQLite (sqlite:///FILE) or in PostgreSQL (postgresql+psycopg://...)")


def run_again(failure: DBAPIError | sqlite3.Error) -> bool:
    """Whether a transaction that failed so, and was not committed, may be run once more: it was whole or nothing."""
    if isinstance(failure, sqlite3.Error):
        return False
    return failure.connection_invalidated or getattr(failure.orig, "sqlstate", None) in _RUN_AGAIN


def alone(connection: Connection, name: int) -> None:
    """Wait until no other transaction holds this name, and hold it to the end of this one. SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({name:d})")


# ----------------------------------------------------------------------------------------------------------- SQLite


def _sqlite(place: URL, *, in_memory: bool) -> Way:
    # hide_parameters: SQLAlchemy prints bound values into its errors and logs otherwise
    if in_memory:
        engine = create_engine(
            place, poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
        )
    else:
        engine = create_engine(place, hide_parameters=True)
        event.listen(engine, "do_connect", _for_its_owner_only)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Way(engine, {MODE: "lasting"}, {MODE: "log"}, {MODE: "look"}, {MODE: "look"})


def _for_its_owner_only(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """Make a new file with mode 0600. SQLite gives the files beside it the mode that this one has."""
    with suppress(OSError):  # it is there, or SQLite says what is wrong with the place
        os.close(os.open(arguments[0], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver would open deferred transactions of its own
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    place = cursor.execute("PRAGMA database_list").fetchone()[2]
    record.info[_FILE] = (place, os.stat(place)) if place else None  # noqa: PTH116 - SQLite's own spelling of it
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode: Mode = connection.get_execution_options().get(MODE, "lasting")
    driver: Any = connection.connection.driver_connection  # past SQLAlchemy, as `vecguard.state.direct` does
    if mode == "look":
        driver.execute("BEGIN")
    else:
        driver.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'log' else 'FULL'}")
        driver.execute("BEGIN IMMEDIATE")
        _still_there(connection.info[_FILE])


def _still_there(file: tuple[str, os.stat_result] | None) -> None:
    """Raise OSError if the file was removed or replaced: SQLite would go on in one that has no name any more."""
    if file is not None and not os.path.samestat(os.stat(file[0]), file[1]):  # noqa: PTH116 - as above
        raise OSError("the state database was replaced")


# ------------------------------------------------------------------------------------------------------- PostgreSQL


def _postgresql(place: URL) -> Way:
    if find_spec("psycopg") is None:
        raise StateError("a state in PostgreSQL needs psycopg: pip install 'vecguard[postgres]'")
    defaults = {name: value for name, value in _LIBPQ.items() if name not in place.query}
    engine = create_engine(place, connect_args=defaults, isolation_level="READ COMMITTED", hide_parameters=True)
    event.listen(engine, "connect", _prepare_postgresql)
    snapshot = {MODE: "look", "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    single = {MODE: "look", "isolation_level": "AUTOCOMMIT"}
    return Way(engine, {MODE: "lasting"}, {MODE: "lasting"}, snapshot, single)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    connection.autocommit, before = True, connection.autocommit
    for statement in _SESSION:
        connection.execute(statement)
    connection.autocommit = before
