"""What a matrix is made of: cases, one call of one verb each, and the sites at which they are tried."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vecguard import Guard, Principal
from vecguard.qualified import qualified
from vecguard.records import RecordId

from .cast import notes

SCAN = frozenset({"filter", "recheck"})
BY_ID = frozenset({"names", "filter", "recheck"})
FETCH = frozenset({"names", "recheck"})
PUT = frozenset({"names"})
NOTHING: frozenset[str] = frozenset()

FOREIGN = ("theirs", "their backend id", "a hidden qualified id", "a shared qualified id")
"""What a caller may have learnt of another owner's record, and names in its place."""
WRITTEN = ("theirs", "a shared qualified id")
"""The same for writes, which take longer to try."""


@dataclass(frozen=True, slots=True)
class Names:
    """The ids that a case may use: two of one's own, those of others in every form, and one that nobody has."""

    own: Any
    common: Any
    missing: Any
    foreign: Mapping[str, Any] = field(default_factory=dict)


Call = Callable[[Any, Names], Any]
ById = Callable[[Any, Names, Any], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One call. `layers` stand between it and other owners' records; `whole` shows all that its role may see.

    `several` answers hold as many times what one may. `says` is part of every answer: counts are of one's own records.
    `target` is the foreign name that a call uses, `missing` the same call with an id that nobody has.
    """

    name: str
    verb: str
    layers: frozenset[str]
    call: Call
    writes: bool = False
    whole: bool = False
    several: bool = False
    says: str = ""
    target: str | None = None
    missing: Call | None = None


def by_id(
    name: str,
    verb: str,
    layers: frozenset[str],
    call: ById,
    *,
    writes: bool = False,
    aims: bool = False,
    compared: bool = True,
    targets: Sequence[str] | None = None,
) -> list[Case]:
    """Make the cases of a call with each foreign id, and beside each the same call with an id that nobody has.

    `aims`: the record is where a query starts from. `compared`: what is answered must not depend on which id it is.
    """
    made = []
    for target in targets or (WRITTEN if writes else FOREIGN):
        unnamed = layers - {"names"} if "qualified" in target and (aims or "filter" in layers) else layers
        made.append(
            Case(
                f"{name} {target}",
                verb,
                unnamed,
                _with(call, target),
                writes=writes,
                target=target,
                missing=_of_missing(call) if compared and layers != PUT else None,
            )
        )
    return made


def _of_missing(call: ById) -> Call:
    return lambda at, names: call(at, names, names.missing)


def _with(call: ById, target: str) -> Call:
    return lambda at, names: call(at, names, names.foreign[target])


class Site(Protocol):
    """One collection of one store, with a guard in front of it.

    `form` is that of ids of shared records (None: they are never shown), `missing` an id that nobody has.
    """

    guard: Guard
    form: Any
    missing: Any
    uid: str

    def cases(self) -> Sequence[Case]: ...
    def at(self, principal: Principal, owner: str) -> Any: ...
    def given(self, owner: str) -> Sequence[Any]: ...
    def named(self, given: Any) -> RecordId: ...
    def spelt(self, backend_id: str) -> Any: ...
    async def write(self, owner: str) -> None: ...
    async def clear(self, owner: str) -> None: ...
    async def native(self) -> dict[str, tuple[str, Any]]: ...


async def settled(answer: Any) -> Any:
    """Await what is to be awaited."""
    return await answer if inspect.isawaitable(answer) else answer


def names_at(site: Site, space: str, victim: str) -> Names:
    """Return the ids that whoever acts in a space may use against others at a site."""
    common, own, _ = site.given(space)
    return Names(own, common, site.missing, _foreign(site, victim) if site.form else {"theirs": site.given(victim)[1]})


def _foreign(site: Site, victim: str) -> Mapping[str, Any]:
    state = site.guard.state
    keys = state.collection_keys(site.uid)

    def behind(owner: str) -> str:
        return state.space(site.uid, owner, keys).backend_id(site.named(site.given(owner)[1]))

    def shown(owner: str) -> Any:
        return qualified(state.owner(owner).owner_keys.names, behind(owner), site.form).given

    return {
        "theirs": site.given(victim)[1],
        "their backend id": site.spelt(behind("dave")),
        "a hidden qualified id": shown("dave"),
        "a shared qualified id": shown("alice"),
    }


def text_of(owner: str) -> str:
    """Return the text of the note whose id others name."""
    return notes(owner)[1].text
