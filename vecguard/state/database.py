"""Opening the state database so that it survives a kill and forgets what it deletes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import Event, RLock
from typing import Any, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from vecguard.errors import StateError
from vecguard.state import engines, forks, schema
from vecguard.state.direct import Direct, Prepared, Values

T = TypeVar("T")
MEMORY = ":memory:"
_ATTEMPTS = 6  # within 0.6 seconds


class Unsure(StateError):
    """The connection was lost while a transaction was committed: nobody knows whether it was."""


class Database:
    """A SQLAlchemy engine with one way in: a write transaction that is whole or not at all.

    SQLite runs in WAL mode with `secure_delete` (deleted originals leave no bytes), `synchronous=FULL` (what was
    acknowledged is on disk) and BEGIN IMMEDIATE (two writers queue up instead of failing half-way). `":memory:"` is one
    database for all threads of the process. On PostgreSQL a transaction that met another one, or lost its connection
    before it was committed, is run again; so what runs in one must not mind. What every read waits for (`rows` and
    `write`) goes the short way where there is one. A process may fork: its child opens connections of its own.

    A new database is made; one of another schema version, and a backup, are refused unless it is opened `as_it_is`.
    """

    def __init__(self, url: str | URL, *, as_it_is: bool = False) -> None:
        if not url:
            raise StateError('state is ":memory:" or a SQLAlchemy URL such as "sqlite:////var/lib/app/vecguard.db"')
        self.in_memory = url in (MEMORY, "sqlite://", "sqlite:///:memory:")
        self._lock = RLock() if self.in_memory else None
        self._way = self._shielded(lambda: engines.opened(url, in_memory=self.in_memory))
        self._engine = self._way.engine
        if not as_it_is:
            self._shielded(self._admit)
        self._direct = Direct(self._engine) if Direct.serves(self._engine) else None
        forks.follow(self)

    @property
    def place(self) -> URL:
        """Where the database is."""
        return self._engine.url

    @property
    def dialect(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Connection]:
        """Open a transaction; commit it at the end of the block, roll it back on any exception."""
        options = self._way.lasting if lasting else self._way.log
        with (
            _held(self._lock),
            self._engine.connect() as connection,
            _certain() as ending,
            connection.execution_options(**options).begin(),
        ):
            yield connection
            ending.set()

    def run(self, work: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """Run `work` in one transaction. A database error becomes a `StateError` that shows no statement or value.

        What is not `lasting` survives a kill of this process but may be lost with the power: nobody waits for the disk.
        On PostgreSQL everything lasts.
        """

        def inside() -> T:
            with self.begin(lasting=lasting) as connection:
                return work(connection)

        return self._shielded(lambda: _patiently(inside, engines.run_again))

    def look(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads, on one snapshot. It waits for no writer, and none waits for it."""

        def inside() -> T:
            with _held(self._lock), self._engine.connect() as connection:
                return work(connection.execution_options(**self._way.look))

        return self._shielded(lambda: _patiently(inside, engines.run_again))

    def rows(self, query: Prepared, values: Values) -> Sequence[Sequence[Any]]:
        """Return what one SELECT finds, on one snapshot: `look` at its cheapest."""

        def inside() -> Sequence[Sequence[Any]]:
            with _held(self._lock), self._engine.connect() as connection:
                return connection.execution_options(**self._way.select).execute(query.statement, values).all()

        direct = self._direct
        if direct is None:
            return self._shielded(lambda: _patiently(inside, engines.run_again))
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
        return f"<Database on {self.dialect}>"

    def _admit(self) -> None:
        """Take a database that is there, or make a new one.

        Processes that open a new file of SQLite at once contend for the switch to WAL, and it never waits.
        """

        def admitted() -> bool:
            with _held(self._lock), self._engine.connect() as connection:
                return schema.admitted(connection.execution_options(**self._way.look))

        def made() -> None:
            with self.begin() as connection:
                schema.made(connection)

        if not _patiently(admitted, _busy):
            _patiently(made, _busy)
            _patiently(admitted, _busy)

    @staticmethod
    def _shielded(call: Callable[[], T]) -> T:
        try:
            return call()
        except (SQLAlchemyError, sqlite3.Error, ImportError, OSError) as failure:
            reason = type(failure).__name__
        raise StateError(f"the state database could not be used ({reason})")


@contextmanager
def _certain() -> Iterator[Event]:
    """Raise `Unsure` where the connection is lost once the event is set, which says that the commit is all there is."""
    ending, lost = Event(), False
    try:
        yield ending
    except DBAPIError as failure:
        lost = ending.is_set() and failure.connection_invalidated
        if not lost:
            raise
    if lost:
        raise Unsure("the state database went away while it was told to keep a change: it may have it or not")


def _patiently(call: Callable[[], T], again: Callable[[DBAPIError | sqlite3.Error], bool]) -> T:
    """Run `call`, and run it again after a failure that passes; what lasts is raised by the last attempt."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return call()
        except (DBAPIError, sqlite3.Error) as failure:
            if not again(failure):
                raise
        time.sleep(0.02 * 2**attempt)
    return call()


def _busy(failure: DBAPIError | sqlite3.Error) -> bool:
    return isinstance(failure, (OperationalError, sqlite3.OperationalError))


def _held(lock: Any) -> Any:
    return nullcontext() if lock is None else lock
