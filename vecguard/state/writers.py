"""Who writes: every guard has an id, and for as long as it lives a lock that others find taken.

What a writer has begun is its own until it is confirmed. A writer that died leaves it to whoever comes next, and a lock
says which of the two it is: the operating system, or the database, lets go of the lock of a process that ended however
it ended, and of no other. A process that is stopped lives.

A state in a SQLite file has its locks in files beside it (`<database>.writers/<id>`), one in PostgreSQL in advisory
locks of the server, and one in memory is the only one that writes to it. A lock is taken with the first write: readers
leave no trace. A process that forks keeps its lock, and its child is another writer with a lock of its own.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from vecguard.errors import StateError, shielded
from vecguard.state import forks
from vecguard.state.database import Database

T = TypeVar("T")


class Locks(Protocol):
    """Where the locks of writers are."""

    def take(self, writer: str) -> bool:
        """Take the lock of a new writer, or see that it is still held; False if it was lost meanwhile."""
        ...

    def taken(self, writer: str) -> bool:
        """Whether anybody holds the lock of another writer."""
        ...

    def leave(self) -> None:
        """Let go of what was taken."""
        ...

    def abandon(self) -> None:
        """Forget, in a child process, what its parent holds, without letting go of it."""
        ...


class Writer:
    """This guard as a writer. Safe to share between threads."""

    def __init__(self, database: Database, id_: str) -> None:
        self._locks = _locks(database)
        self._guard = Lock()
        self._own: set[str] = set()
        self._id = id_
        forks.follow(self)

    def __repr__(self) -> str:
        return f"<Writer {self._id[:8]}>"

    def present(self) -> str:
        """Return the id to begin a change under, having made sure that it is known to live."""
        with self._guard:
            while not self._shielded(lambda: self._locks.take(self._id)):
                self._id = secrets.token_hex(16)  # others may think that it died, and what it had begun may be theirs
            self._own.add(self._id)
            return self._id

    @property
    def id(self) -> str:
        """The id under which this writer begins changes now."""
        return self._id

    def was(self, writer: str) -> bool:
        """Whether this guard itself wrote under that id."""
        return writer in self._own

    def lives(self, writer: str) -> bool:
        """Whether that writer, another one, may still be at work."""
        with self._guard:
            return self._shielded(lambda: self._locks.taken(writer))

    def close(self) -> None:
        """Let go of the lock: this writer has nothing more to do."""
        with self._guard, suppress(StateError):
            self._shielded(self._locks.leave)

    def before_fork(self) -> None:
        """Nothing: the parent writes on."""

    def after_fork(self) -> None:
        """Become another writer in a child process."""
        self._guard = Lock()
        self._own = set()
        self._id = secrets.token_hex(16)
        self._locks.abandon()

    @staticmethod
    def _shielded(call: Callable[[], T]) -> T:
        return shielded(lambda why: StateError(f"it could not be found out which writers live ({why})"), call)


def _locks(database: Database) -> Locks:
    if database.in_memory:
        return NoLocks()
    if database.dialect == "postgresql":
        return ServerLocks(database.place)
    file = Path(str(database.place.database).removeprefix("file:").partition("?")[0]).absolute()
    return FileLocks(file.with_name(f"{file.name}.writers"))


class NoLocks:
    """A state that nobody else can reach: there is no other writer."""

    def take(self, writer: str) -> bool:  # noqa: ARG002 - of the protocol
        """Nothing to take."""
        return True

    def taken(self, writer: str) -> bool:  # noqa: ARG002 - of the protocol
        """Return False: whoever had another id was the process that this one was forked from."""
        return False

    def leave(self) -> None:
        """Nothing to let go of."""

    def abandon(self) -> None:
        """Nothing to forget."""


class FileLocks:
    """One locked file for each writer, in a folder beside the database. Whoever finds one of the dead removes it.

    The locks are those of `flock`, or what there is in its place; the file system must be one that SQLite can be on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine: FileLock | None = None

    def take(self, writer: str) -> bool:
        """Make and lock a file. What somebody deleted while it was locked is lost: nobody finds it any more."""
        if self._mine is not None and (self._folder / writer).exists():
            return True
        lost, self._mine = self._mine is not None, None
        if lost:
            return False
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lock = self._lock(writer)
        lock.acquire(blocking=False)
        self._mine = lock
        return True

    def taken(self, writer: str) -> bool:
        """Try the lock. That takes it for a moment, in which the dead look alive to others who try."""
        file = self._folder / writer
        if not file.exists():
            return False
        lock = self._lock(writer)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        with suppress(OSError):
            file.unlink()
        lock.release()
        return False

    def leave(self) -> None:
        """Remove the file and unlock it."""
        if self._mine is not None:
            with suppress(OSError):
                Path(self._mine.lock_file).unlink()
            self._mine.release()
            self._mine = None

    def abandon(self) -> None:
        """Drop it: `filelock` has closed the child's copy of the descriptor, which leaves the parent's lock alone."""
        self._mine = None

    def _lock(self, writer: str) -> FileLock:
        return FileLock(self._folder / writer, mode=0o600, thread_local=False)


class ServerLocks:
    """One session of a PostgreSQL server, which holds an advisory lock for as long as the server knows of it."""

    def __init__(self, place: URL) -> None:
        self._place = place
        self._session: Connection | None = None
        self._mine: str | None = None

    def take(self, writer: str) -> bool:
        """Take the lock, or ask whether the session that has it is still there."""
        if self._mine != writer:
            self._mine = writer if self._ask(f"SELECT pg_try_advisory_lock({_number(writer)})") else None
            return self._mine is not None
        with suppress(SQLAlchemyError):
            self._ask("SELECT 1")
        return self._session is not None

    def taken(self, writer: str) -> bool:
        """Try the lock, and give it back."""
        if not self._ask(f"SELECT pg_try_advisory_lock({_number(writer)})"):
            return True
        self._ask(f"SELECT pg_advisory_unlock({_number(writer)})")
        return False

    def leave(self) -> None:
        """Unlock, and end the session: the server notices that a moment later."""
        if self._session is not None:
            self._ask("SELECT pg_advisory_unlock_all()")
        session, self._session, self._mine = self._session, None, None
        if session is not None:
            session.close()

    def abandon(self) -> None:
        """Close the child's end of the parent's connection, so that the server notices when the parent ends."""
        session, self._session, self._mine = self._session, None, None
        if session is not None:
            forks.leave(session)
            driver: Any = session.connection.driver_connection
            os.close(driver.fileno())

    def _ask(self, statement: str) -> Any:
        try:
            if self._session is None:
                engine = create_engine(
                    self._place, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
                )
                self._session = engine.connect()
            return self._session.exec_driver_sql(statement).scalar()
        except SQLAlchemyError:  # whatever became of the session, its locks are not to be relied on any more
            self._session = self._mine = None
            raise


def _number(writer: str) -> int:
    """Return the key of a writer's lock: 64 bits that locks of other purposes share by accident only."""
    return int.from_bytes(hashlib.sha256(f"vecguard writer {writer}".encode()).digest()[:8], "big", signed=True)
