"""A real PostgreSQL server for the tests that need one, started from whatever is installed and stopped again."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

_NOT_ROOT = ("postgres", "nobody")  # initdb refuses root
_SETTINGS = "-F -c full_page_writes=off -c max_connections=200 -c deadlock_timeout=100ms -c listen_addresses=''"
_USER = "vecguard"


class Server:
    """A server on a socket in a folder of its own. It makes databases, goes away in mid-work, and comes back."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        self._numbers = itertools.count()
        self._as = _somebody_else() if os.geteuid() == 0 else None
        if self._as is not None:
            os.chown(folder, self._as.pw_uid, self._as.pw_gid)
        self._run("initdb", "-D", self._data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"{_SETTINGS} -k {self._folder}"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop as a crash does: no connection is told, nothing is brought to an end."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def new(self) -> str:
        """Make an empty schema, which takes a hundredth of the time that a database does; return its URL."""
        name = f"t{next(self._numbers)}"
        with psycopg.connect(f"host={self._folder} user={_USER} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgresql+psycopg://{_USER}@/postgres?host={self._folder}&options=-csearch_path%3D{name}"

    def _run(self, command: str, *arguments: object) -> None:
        user = {} if self._as is None else {"user": self._as.pw_uid, "group": self._as.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self._binaries / command, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "output").open("ab"),  # a pipe would stay open in the server
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            check=False,
            **user,
        )
        assert done.returncode == 0, (self._folder / "output").read_text()[-2_000:]


def plain(url: str) -> str:
    """A URL as libpq takes it."""
    return url.replace("postgresql+psycopg:", "postgresql:")


def served() -> Iterator[Server]:
    """Yield a server that is gone afterwards, or skip where there is none to start."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL: there is no initdb on PATH or in /usr/lib/postgresql/*/bin")
    folder = Path(tempfile.mkdtemp(prefix="vecguard-pg-"))  # pytest's own folders are closed to other users
    try:
        server = _started(binaries, folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _started(binaries: Path, folder: Path) -> Server:
    try:
        return Server(binaries, folder)
    except (AssertionError, OSError) as failed:
        why = str(failed)
    pytest.skip(f"NO POSTGRESQL: it is installed, and did not start here: {why}")


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found is not None and (Path(found).parent / "pg_ctl").exists():
        return Path(found).parent
    return next((each.parent for each in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


def _somebody_else() -> pwd.struct_passwd:
    for name in _NOT_ROOT:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("NO POSTGRESQL: initdb refuses root, and there is no other user")
