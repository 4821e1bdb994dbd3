"""Where a process can be killed: before and after every store request, SQL statement and change of a file's name.

Nothing in the product knows of this. Store requests all pass `Request.on`, SQLite tells of a statement before it runs
it, and files come to the disk by `fsync` and `replace`.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vecguard.ports import Request

_CHANGES = r"\s*(BEGIN|COMMIT|INSERT|UPDATE|DELETE|REPLACE|CREATE)\b"
_TOLD = re.compile(_CHANGES + r"[^\"\w]*(?:(?:OR \w+ )?(?:INTO |FROM |TABLE )?\"?(\w+))?")


class Points:
    """Counts points while armed, and kills this process at one of them."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self.armed = False
        self.passed = 0
        self._left: int | None = None
        self._told = told
        self._last = ""

    def arm(self, after: int | None) -> None:
        """Kill at the point after so many; None only counts."""
        self._left, self.armed = after, True

    def at(self, label: str) -> None:
        """Pass a point."""
        if not self.armed or not label:
            return
        self.passed += 1
        if self._left is None:
            return
        if self._left == 0:
            self._told(label)
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def installed(self) -> None:
        """From now on, pass a point wherever this process asks a store, runs a statement, syncs or renames a file."""
        asked = Request.on

        def on(request: Request, store: Any) -> Any:
            self.at(f"before {request.verb}")
            answer = asked(request, store)
            self.at(f"after {request.verb}")
            return answer

        Request.on = on  # type: ignore[method-assign, assignment]  # in a process that is about to die
        opened = sqlite3.connect

        def connect(database: Any, *args: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = opened(database, *args, **options)
            where = Path(str(database)).stem
            connection.set_trace_callback(lambda statement: self._statement(where, statement))
            return connection

        sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
        for name in ("fsync", "replace"):
            setattr(os, name, self._around(name, getattr(os, name)))

    def _statement(self, where: str, statement: str) -> None:
        found = _TOLD.match(statement)
        label = f"{where}: {' '.join(each for each in found.groups() if each)}" if found else ""
        if label != self._last:  # many rows of one table are one point
            self._last = label
            self.at(label)

    def _around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def around(*args: Any, **options: Any) -> Any:
            self.at(f"before {name}")
            answer = call(*args, **options)
            self.at(f"after {name}")
            return answer

        return around
