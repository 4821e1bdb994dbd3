"""The audit log as the state keeps it: read on one snapshot, whole to be verified, or in part to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select, true, type_coerce
from sqlalchemy.types import NullType

from vecguard.errors import StateError
from vecguard.evidence.chains import WRITERS, Head, Log, Row
from vecguard.state import tables

_AT_ONCE = 1_000  # lines that are in memory together
_TABLE = tables.audit
COLUMNS = tuple(column.name for column in _TABLE.columns if column.name != "mac")

# Types are put aside: what somebody has written into a column in place of a MAC must reach the check as it is.
_RAW = select(*(type_coerce(column, NullType()).label(column.name) for column in _TABLE.columns)).order_by(
    _TABLE.c.writer, _TABLE.c.number
)
_HEADS = select(*(type_coerce(column, NullType()).label(column.name) for column in tables.heads.columns))


def log_of(connection: Connection, beside: Callable[[Row], object] | None = None) -> Log:
    """Return the whole log, to be read while the connection is open. Lines are fetched as they are asked for.

    `beside` sees every line first.
    """
    heads: dict[object, Head] = {
        row.writer: Head(row.number, _unwrapped(row.mac)) for row in connection.execute(_HEADS)
    }
    wanted = select(tables.facts.c.value).where(tables.facts.c.name == WRITERS)
    return Log(_lines(connection, beside), heads, connection.execute(wanted).scalar())


def _lines(connection: Connection, beside: Callable[[Row], object] | None) -> Iterator[Row]:
    found = connection.execute(_RAW, execution_options={"yield_per": _AT_ONCE})
    for row in found.mappings():
        line = {**row, "mac": _unwrapped(row["mac"])}
        if beside is not None:
            beside(line)
        yield line


def _unwrapped(mac: object) -> object:
    return bytes(mac) if isinstance(mac, memoryview | bytearray) else mac


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `principal` and `owner` are pseudonyms, `at` is seconds since the epoch by its writer's clock."""

    writer: str
    number: int
    at: float
    action: str
    principal: str
    owner: str
    uid: str
    count: int
    detail: str

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Read a line, or raise `StateError` if that cannot be one."""
        values = {name: row[name] for name in COLUMNS}
        numbers = isinstance(values["at"], float) and all(type(values[name]) is int for name in ("number", "count"))
        if not numbers or not all(isinstance(values[name], str) for name in COLUMNS if name not in _NUMBERS):
            raise StateError("a line of the audit log was changed into something else: see `vecguard audit verify`")
        return cls(**values)


_NUMBERS = ("number", "count", "at")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: from `since` on and before `until` (seconds since the epoch), by pseudonyms, by action.

    A name has several: of the log as it is written now, and as it was written before there were pseudonyms.
    """

    since: float | None = None
    until: float | None = None
    principal: frozenset[str] | None = None
    owner: frozenset[str] | None = None
    action: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """Return it as a condition on the table."""
        asked = {"principal": self.principal, "owner": self.owner}
        parts: list[ColumnElement[bool]] = [
            _TABLE.c[name].in_(sorted(values)) for name, values in asked.items() if values is not None
        ]
        parts += [] if self.action is None else [_TABLE.c.action == self.action]
        parts += [] if self.since is None else [_TABLE.c.at >= self.since]
        parts += [] if self.until is None else [_TABLE.c.at < self.until]
        return and_(true(), *parts)


def find(connection: Connection, wanted: Wanted, most: int) -> tuple[list[Line], int]:
    """Return the newest lines that are wanted, at most so many, oldest first; and how many there are in all."""
    condition = wanted.condition()
    count = connection.execute(select(func.count()).select_from(_TABLE).where(condition)).scalar_one()
    order = (_TABLE.c.at.desc(), _TABLE.c.writer.desc(), _TABLE.c.number.desc())
    rows = connection.execute(select(_TABLE).where(condition).order_by(*order).limit(most)).mappings()
    return [Line.of(row) for row in rows][::-1], count
