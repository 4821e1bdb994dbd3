"""Opening the state database so that it survives a kill and forgets what it deletes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from vecguard.errors import StateError
from vecguard.state import forks, tables
from vecguard.state.direct import Direct, Prepared, Values

T = TypeVar("T")
MEMORY = ":memory:"
_ATTEMPTS = 6  # within 0.6 seconds
_MODE = "vecguard_mode"  # of a connection: "write", "log" or "look"


class Database:
    """A SQLAlchemy engine with one way in: a write transaction that is whole or not at all.

    SQLite runs in WAL mode with `secure_delete` (deleted originals leave no bytes), `synchronous=FULL` (what was
    acknowledged is on disk) and BEGIN IMMEDIATE (two writers queue up instead of failing half-way). `":memory:"` is one
    database for all threads of the process. What every read waits for (`rows` and `write`) goes the short way where
    there is one. A process may fork: its child opens connections of its own.
    """

    def __init__(self, url: str) -> None:
        if not url:
            raise StateError('state is ":memory:" or a SQLAlchemy URL such as "sqlite:////var/lib/app/vecguard.db"')
        self.in_memory = url in (MEMORY, "sqlite://", "sqlite:///:memory:")
        self._lock = RLock() if self.in_memory else None
        self._engine = self._shielded(lambda: _engine(url, in_memory=self.in_memory))
        self._shielded(lambda: _create_tables(self._engine))
        self._direct = Direct(self._engine) if Direct.serves(self._engine) else None
        forks.follow(self)

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Connection]:
        """Open a transaction; commit it at the end of the block, roll it back on any exception."""
        with _held(self._lock), self._engine.connect() as connection:
            connection.execution_options(**{_MODE: "write" if lasting else "log"})
            with connection.begin():
                yield connection

    def run(self, work: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """Run `work` in one transaction. A database error becomes a `StateError` that shows no statement or value.

        What is not `lasting` survives a kill of this process but may be lost with the power: nobody waits for the disk.
        """

        def inside() -> T:
            with self.begin(lasting=lasting) as connection:
                return work(connection)

        return self._shielded(inside)

    def look(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads, on one snapshot. It waits for no writer, and none waits for it."""

        def inside() -> T:
            with _held(self._lock), self._engine.connect() as connection:
                return work(connection.execution_options(**{_MODE: "look"}))

        return self._shielded(inside)

    def rows(self, query: Prepared, values: Values) -> Sequence[Sequence[Any]]:
        """Return what one SELECT finds, on one snapshot: `look` at its cheapest."""
        direct = self._direct
        if direct is None:
            return self.look(lambda connection: connection.execute(query.statement, values).all())
        return self._shielded(lambda: direct.rows(query, values))

    def write(self, steps: Sequence[tuple[Prepared, Sequence[Values]]]) -> None:
        """Run each statement for each of its values in one transaction that is not `lasting`: `run` at its cheapest."""

        def work(connection: Connection) -> None:
            for each, rows in steps:
                connection.execute(each.statement, rows)

        direct = self._direct
        if direct is None:
            self.run(work, lasting=False)
        else:
            self._shielded(lambda: direct.write(steps))

    def close(self) -> None:
        """Close every connection."""
        if self._direct is not None:
            self._direct.close()
        self._engine.dispose()

    def before_fork(self) -> None:
        """Close every connection that nobody uses at the moment; the next call opens one again."""
        if not self.in_memory:
            self.close()

    def after_fork(self) -> None:
        """Start afresh in a child process. A database in memory was copied with the rest of it."""
        if self._lock is not None:
            self._lock = RLock()
            return
        forks.leave(self._engine.pool)
        self._engine.dispose(close=False)
        if self._direct is not None:
            self._direct.abandon()

    def __repr__(self) -> str:
        return f"<Database on {self._engine.dialect.name}>"

    @staticmethod
    def _shielded(call: Callable[[], T]) -> T:
        try:
            return call()
        except (SQLAlchemyError, sqlite3.Error, ImportError, OSError) as failure:
            reason = type(failure).__name__
        raise StateError(f"the state database could not be used ({reason})")


def _create_tables(engine: Engine) -> None:
    """Create what is missing. Processes that open a new file at once contend for the switch to WAL, and it never waits.

    What lasts is raised by the last attempt.
    """
    for attempt in range(_ATTEMPTS - 1):
        with suppress(OperationalError):
            tables.metadata.create_all(engine)
            return
        time.sleep(0.02 * 2**attempt)
    tables.metadata.create_all(engine)


@contextmanager
def _held(lock: Any) -> Iterator[None]:
    if lock is None:
        yield
    else:
        with lock:
            yield


def _engine(url: str, *, in_memory: bool) -> Engine:
    # hide_parameters: SQLAlchemy prints bound values into its errors and logs otherwise
    if in_memory:
        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
        )
    else:
        engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_MODE, "write")
    if mode == "look":
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if mode == 'log' else 'FULL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would open deferred transactions of its own
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
