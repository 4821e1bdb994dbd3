"""The short way to SQLite, for the few statements that every read and every write waits for.

What SQLAlchemy does around a statement (checking a connection out and in, a transaction, a result) takes several times
what SQLite does for it. Here statements are compiled once. Those of a read are sent to driver connections that stay
open (`Direct`); those of a change go past SQLAlchemy to the driver connection of the transaction that they belong to
(`executed`), beside others of it that do not.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

from sqlalchemy import Connection, Delete, Engine, Insert, Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import QueuePool

from vecguard.state import forks

Values: TypeAlias = Mapping[str, Any]
Statement: TypeAlias = Select[*tuple[Any, ...]] | Insert | Update | Delete
_NAMED = sqlite.dialect(paramstyle="named")  # values are then passed by name, to SQLAlchemy and to the driver alike
_SPARE = 8  # connections that stay open while nobody needs them


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement whose values are all bound by name, and its text for SQLite."""

    statement: Statement
    text: str

    @classmethod
    def of(cls, statement: Statement) -> Prepared:
        """Compile a statement, once."""
        return cls(statement, str(statement.compile(dialect=_NAMED)))


class Ran(Protocol):
    """What a statement found, or how many rows it changed."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Sequence[Any] | None:
        """Return the next row, by position."""
        ...

    def fetchall(self) -> Sequence[Sequence[Any]]:
        """Return every row that is left."""
        ...


def executed(connection: Connection, step: Prepared, values: Values) -> Ran:
    """Run a statement as part of a transaction, past SQLAlchemy where that is on SQLite.

    Values are taken and returned as the driver has them: nothing is to be converted in the columns of our tables.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        return cast("Ran", connection.execute(step.statement, values))
    if not connection.in_transaction():  # SQLAlchemy begins one with the first statement that it sees
        connection.begin()
    return driver.execute(step.text, values)


class Direct:
    """Connections of an engine's own making that it no longer counts, each used by one thread at a time.

    Looks and log lines share them: a connection that wrote the last line still has the pages that the next look needs.
    None of them waits for the disk (`synchronous=NORMAL`).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spare: deque[sqlite3.Connection] = deque()

    @staticmethod
    def serves(engine: Engine) -> bool:
        """Whether an engine is one of SQLite files: a memory has a single connection, another database no such text."""
        return engine.dialect.driver == "pysqlite" and isinstance(engine.pool, QueuePool)

    def rows(self, query: Prepared, values: Values) -> list[tuple[Any, ...]]:
        """Return what one SELECT finds: to SQLite a transaction, and a snapshot, by itself."""
        with self.lent() as connection:
            return connection.execute(query.text, values).fetchall()

    def write(self, steps: Sequence[tuple[Prepared, Sequence[Values]]]) -> None:
        """Run each statement for each of its values, all in one transaction that is whole or not at all."""
        with self.lent() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement, rows in steps:
                connection.executemany(statement.text, rows)
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        while (connection := self._taken()) is not None:
            connection.close()

    def abandon(self) -> None:
        """Leave connections of a parent process alone: SQLite allows not even to close them in its child."""
        forks.leave(self._spare)
        self._spare = deque()

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection. One on which anything went wrong is closed, which rolls back what it had begun."""
        connection = self._taken() or self._opened()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if len(self._spare) < _SPARE:
            self._spare.append(connection)
        else:
            connection.close()

    def _taken(self) -> sqlite3.Connection | None:
        try:
            return self._spare.pop()  # the one used last: its pages are the freshest
        except IndexError:
            return None

    def _opened(self) -> sqlite3.Connection:
        lender = self._engine.raw_connection()
        connection = cast("sqlite3.Connection", lender.dbapi_connection)
        lender.detach()
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection
