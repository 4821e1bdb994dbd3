"""The oracle: what a call gave away of other owners' records, or did to them.

content    a mark that whoever acts may not be shown, or a vector, anywhere in an answer, an error or a warning
terms      more of another owner's records than the terms allow in one answer
integrity  a native row of another owner is not byte for byte what it was
presence   the outcome (answer, error, text of the error, and one's own records afterwards) is another one in the same
           collection without the records that whoever acts may not see, or with an id that nobody has; or a count is
           not that of one's own records
whole      a listing of everything lacks what whoever acts may see: a guard that answers nothing keeps nothing apart
trespass   a call in the space of somebody else was not refused
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel

from vecguard import AccessDenied
from vecguard.space import owner_tag

from .case import Call, Case, Names, Site, names_at, settled
from .cast import D, Role, found

Rows: TypeAlias = Mapping[str, tuple[str, Any]]
"""Native rows: backend id -> owner tag and everything else."""


_SCORE = re.compile(r"(-?\d+\.\d+(?:e[+-]\d+)?)")
_ROUNDED = 1e-5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call answered or raised, as text that can be searched and compared; `own` is its side effect."""

    said: str
    vectors: bool = False
    refused: bool = False
    own: str = ""

    def naming(self, given: Any) -> Outcome:
        """Return the outcome with an id of the call taken out."""
        return replace(self, said=self.said.replace(str(given), "ID"), own=self.own.replace(str(given), "ID"))

    def alike(self, other: Outcome) -> bool:
        """Whether two outcomes are one. Scores may differ by what unmasking rounds, which is other noise each time."""
        if (self.vectors, self.refused) != (other.vectors, other.refused):
            return False
        mine, theirs = _SCORE.split(self.said + self.own), _SCORE.split(other.said + other.own)
        if len(mine) != len(theirs) or mine[::2] != theirs[::2]:
            return False
        return all(abs(float(one) - float(two)) < _ROUNDED for one, two in zip(mine[1::2], theirs[1::2], strict=True))


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that went wrong in one case."""

    kind: str
    role: str
    case: str
    verb: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.role}: {self.case}: {self.detail[:3000]}"


async def outcome(call: Call, at: Any, names: Names) -> Outcome:
    """Make a call, and return whatever came of it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            answer = await settled(call(at, names))
        except Exception as raised:  # noqa: BLE001 - whatever is raised is the outcome
            chain = " ".join(_error(each) for each in _chained(raised))
            return Outcome(f"raised {chain} {_told(told)}", refused=isinstance(raised, AccessDenied))
    return Outcome(f"{plain(answer)!r} {_told(told)}", vectors=_has_vector(answer))


def _told(told: Sequence[warnings.WarningMessage]) -> str:
    return " ".join(f"warned {each.category.__name__}: {each.message}" for each in told)


def _error(raised: BaseException) -> str:
    notes = getattr(raised, "__notes__", [])
    return f"{type(raised).__name__}: {raised} {raised.args!r} {vars(raised)!r} {notes!r}"


def _chained(raised: BaseException | None) -> Iterator[BaseException]:
    while raised is not None:
        yield raised
        raised = raised.__cause__ or raised.__context__


def plain(value: Any) -> Any:
    """Return an answer as plain data, all the way down; what has no parts is shown as it shows itself."""
    match value:
        case BaseModel():
            return type(value).__name__, {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {name: plain(value[name]) for name in sorted(value, key=str)}  # Chroma's order is by chance
        case list() | tuple():
            return [plain(each) for each in value]
        case np.ndarray():
            return "array", str(value.dtype), plain(value.tolist())
    return value if value is None or isinstance(value, str | int | float) else repr(value)


def _has_vector(value: Any) -> bool:
    match value:
        case BaseModel():
            return any(_has_vector(getattr(value, name)) for name in type(value).model_fields)
        case Mapping():
            return any(map(_has_vector, value.values()))
        case np.ndarray():
            return _has_vector(value.tolist())
        case list() | tuple():
            numbers = len(value) == D and all(isinstance(each, float) for each in value)
            return numbers or any(map(_has_vector, value))
    return False


class Bench:
    """Tries cases at one site as one role; `off()` is what switches layers off for the time of a call."""

    def __init__(self, site: Site, role: Role, off: Callable[[], AbstractContextManager[None]]) -> None:
        self.site, self.role, self._off = site, role, off
        self._at = site.at(role.principal, role.space)
        self._names = names_at(site, role.space, role.victim)
        self._own = owner_tag(site.guard.state.collection_keys(site.uid), role.space)
        self._listing = next((case for case in site.cases() if case.whole), None)
        self._said: dict[str, Outcome] = {}
        self._gone: tuple[str, ...] = ()

    async def among_others(self, cases: Sequence[Case]) -> list[Leak]:
        """Try cases while other owners' records are there."""
        leaks: list[Leak] = []
        for case in cases:
            said, broken = await self._tried(case, case.call)
            self._said[case.name] = said
            leaks += [self._leak("integrity", case, each) for each in broken]
            leaks += self._judged(case, said)
        return leaks

    async def without_others(self, cases: Sequence[Case]) -> list[Leak]:
        """Try the same cases where what the role may not see is not there: nothing may be different."""
        self._gone = self.role.hidden
        for owner in self._gone:
            await self.site.clear(owner)
        leaks = []
        for case in cases:
            said, _ = await self._tried(case, case.call)
            if not said.alike(self._said[case.name]):
                leaks.append(self._leak("presence", case, f"{self._said[case.name]} became {said}"))
        return leaks

    async def of_missing(self, cases: Sequence[Case]) -> list[Leak]:
        """Try the cases that name another's record with an id that nobody has: nothing may be different."""
        leaks = []
        for case in cases:
            if case.missing is None or case.target != "theirs" or not self.role.sees:
                continue
            said, _ = await self._tried(case, case.missing)
            foreign = self._said[case.name].naming(self._names.foreign["theirs"])
            if not said.naming(self._names.missing).alike(foreign):
                leaks.append(self._leak("presence", case, f"foreign {foreign}, missing {said}"))
        return leaks

    async def trespassing(self, cases: Sequence[Case]) -> list[Leak]:
        """Try cases in alice's space: each is refused, shows nothing and changes nothing."""
        at, names = self.site.at(self.role.principal, "alice"), names_at(self.site, "alice", "dave")
        leaks: list[Leak] = []
        before = await self.site.native()
        for case in cases:
            with self._off():
                said = await outcome(case.call, at, names)
            if not said.refused:
                leaks.append(self._leak("trespass", case, said.said))
            leaks += self._content(case, said, {})
        if await self.site.native() != before:
            leaks.append(Leak("integrity", self.role.name, "some trespassing case", "", "rows changed"))
        return leaks

    async def look(self) -> None:
        """Read all that there is, in every way: from then on it is in the guard's memory."""
        for case in self.site.cases():
            if case.whole:
                await self._tried(case, case.call)

    async def _tried(self, case: Case, call: Call) -> tuple[Outcome, list[str]]:
        """Make a call; return what came of it, and what it did to rows of others. What it did is undone."""
        before = await self.site.native() if case.writes else {}
        with self._off():
            said = await outcome(call, self._at, self._names)
        if not case.writes:
            return said, []
        if (after := await self._left()) is None:
            return said, ["went with the collection"]
        broken = [f"row of another owner {what}" for what in _changes(before, after, self._own)]
        if after != before:
            if self._listing is not None:
                said = replace(said, own=(await outcome(self._listing.call, self._at, self._names)).said)
            await self._restored(everybody=bool(broken))
        return said, broken

    async def _left(self) -> Rows | None:
        """Return the native rows, None if the collection is gone."""
        try:
            return await self.site.native()
        except Exception:  # noqa: BLE001 - each store has its own; what is there shows in the next case
            return None

    async def _restored(self, *, everybody: bool) -> None:
        """Write again what a case has changed: one's own records, or in a bad case everybody's."""
        others = [each for each in ("alice", "dave", "kate") if each not in self._gone] if everybody else []
        owners = tuple(dict.fromkeys((*others, self.role.space)))
        for owner in reversed(owners):  # one's own first: some may lie where another's were
            await self.site.clear(owner)
        for owner in owners:
            await self.site.write(owner)

    def _judged(self, case: Case, said: Outcome) -> list[Leak]:
        leaks = self._content(case, said, self.role.shown)
        marks = found(said.said)
        most = self.role.most
        for owner in self.role.sees if most is not None and not case.several else ():
            if (many := len(marks.get((owner, "n"), ()))) > (most or 0):
                leaks.append(self._leak("terms", case, f"{many} records in one answer"))
        if case.says not in said.said:
            leaks.append(self._leak("presence", case, f"not one's own number: {said.said}"))
        if case.whole:
            wanted = {(owner, kind) for owner, kinds in self.role.shown.items() for kind in kinds}
            if lacking := wanted - set(marks):
                leaks.append(self._leak("whole", case, f"lacks {sorted(lacking)}"))
        return leaks

    def _content(self, case: Case, said: Outcome, shown: Mapping[str, frozenset[str]]) -> list[Leak]:
        named = {each for each in found(said.own) if each[1] != "id"}  # an id that one has taken for one's own
        seen = {*found(said.said), *named}
        foreign = sorted((owner, kind) for owner, kind in seen if kind not in shown.get(owner, frozenset()))
        leaks = [self._leak("content", case, f"{foreign} in {said.said}")] if foreign else []
        return [*leaks, self._leak("content", case, "a vector")] if said.vectors else leaks

    def _leak(self, kind: str, case: Case, detail: str) -> Leak:
        return Leak(kind, self.role.name, case.name, case.verb, detail)


def _changes(before: Rows, after: Rows, own: str) -> list[str]:
    """Say what happened to the rows of others: their number and content are to stay."""
    theirs = {name: row for name, row in before.items() if row[0] != own}
    still = {name: row for name, row in after.items() if row[0] != own}
    return [
        "gone" if name not in still else "new" if name not in theirs else "changed"
        for name in {*theirs, *still}
        if theirs.get(name) != still.get(name)
    ]
