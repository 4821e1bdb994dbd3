"""What every guarded object has in common: it holds nothing, shows nothing, and refuses whatever was not decided.

A guarded object has no attribute that leads to the native one: what it needs is kept beside it, in a table that only
this module and `vecguard.hazmat` read. It reports the class of what it wraps, so that frameworks' `isinstance` checks
hold. It never passes a call through: a name that no rule covers raises `Undecided`. Code in the same process that goes
looking can still find the native object; that is out of scope, and SECURITY.md says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar
from weakref import WeakKeyDictionary

from vecguard.embedding import Embedding
from vecguard.errors import AccessDenied, Undecided, VectorsWithheld, VectorsWithheldWarning
from vecguard.expiry import ambient_days
from vecguard.flow import Flow, adrive, drive
from vecguard.frameless import frameless, frameless_class
from vecguard.principal import Acting, Principal, resolve
from vecguard.records import Answer, Ask, Draft, Receipt, RecordId
from vecguard.shelf import Shelf
from vecguard.surface import Surface

if TYPE_CHECKING:
    from vecguard.guard import Guard

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Room:
    """What one guarded object works with. `shelf`, `store` and `embedding` belong to collections; a client has none."""

    guard: Guard
    native: Any = field(repr=False)
    bound: Acting | None = field(default=None, repr=False)
    shelf: Shelf | None = None
    store: Any = field(default=None, repr=False)
    embedding: Embedding | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


_ROOMS: WeakKeyDictionary[Guarded, Room] = WeakKeyDictionary()


def room_of(guarded: Guarded) -> Room:
    """Return what a guarded object works with. For adapters and `vecguard.hazmat`."""
    try:
        return _ROOMS[guarded]
    except (KeyError, TypeError):
        pass
    raise AccessDenied("this is not an object that VecGuard guards")


@frameless_class
class Guarded:
    """Base of every guarded object. Subclasses name their native `surface` and offer its guarded verbs."""

    __slots__ = ("__weakref__",)
    surface: ClassVar[Surface]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        frameless_class(cls)

    def __init__(self, room: Room) -> None:
        _ROOMS[self] = room

    def acting_for(self, principal: Principal | str, owner: str | None = None) -> Self:
        """Return a copy of this object that acts for `principal` in `owner`'s space (its own by default)."""
        copy = object.__new__(type(self))
        _ROOMS[copy] = replace(room_of(self), bound=Acting.of(principal, owner))
        return copy

    @property
    def __class__(self) -> Any:
        """Report the class of the wrapped object: frameworks check with isinstance."""
        return self.surface.native_type

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise Undecided("a guarded object keeps its class")

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse: there is nothing here but what a subclass defines. Nothing is ever passed through."""
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute of that name")
        raise self.surface.refusal(name)

    def __setattr__(self, name: str, value: object) -> None:
        raise Undecided(f"attributes of a {type(self).__name__} cannot be set")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise AccessDenied("guarded objects are not copied or pickled; .acting_for(...) makes bound copies")

    def __reduce__(self) -> NoReturn:
        self.__reduce_ex__(2)

    def __dir__(self) -> list[str]:
        return [*self.surface.offered, "acting_for"]


def acting(guarded: Guarded) -> Acting:
    """Return who acts in a call on this object, or raise `AccessDenied`."""
    return resolve(room_of(guarded).bound)


@frameless
def run(guarded: Guarded, flow: Flow[T]) -> T:
    """Drive a path against this object's synchronous store."""
    return drive(flow, room_of(guarded).store)


@frameless
async def arun(guarded: Guarded, flow: Flow[T]) -> T:
    """Drive a path against this object's asynchronous store."""
    return await adrive(flow, room_of(guarded).store)


def writing(room: Room, draft: Draft, who: Acting) -> Flow[Receipt]:
    """Return the write path of a draft, which is kept for as long as the context says (`vecguard.expiry`)."""
    draft = replace(draft, days=ambient_days())
    return room.guard.write(draft, _shelf(room), who, room.embedding or room.guard.embedding)


def reading(room: Room, ask: Ask, who: Acting) -> Flow[Answer]:
    """Return the read path of an ask."""
    return room.guard.read(ask, _shelf(room), who, room.embedding or room.guard.embedding)


def counting(room: Room, ask: Ask, who: Acting) -> Flow[int]:
    """Return the path that counts."""
    return room.guard.count(ask, _shelf(room), who)


def forgetting(room: Room, ask: Ask, who: Acting) -> Flow[int]:
    """Return the path that deletes."""
    return room.guard.forget(ask, _shelf(room), who)


def verifying(room: Room, ids: Sequence[RecordId], texts: Sequence[str], who: Acting) -> Flow[list[bool]]:
    """Return the path that compares texts with what was written."""
    return room.guard.verify(ids, texts, _shelf(room), who)


def shelf_of(guarded: Guarded) -> Shelf:
    """Return the collection behind a guarded object."""
    return _shelf(room_of(guarded))


def _shelf(room: Room) -> Shelf:
    if room.shelf is None:
        raise AccessDenied("this call needs a collection")
    return room.shelf


def withhold_vectors(room: Room) -> None:
    """Answer a request for stored vectors: one warning, or `VectorsWithheld` under a policy that refuses."""
    if room.guard.policy.reads.vectors == "refuse":
        raise VectorsWithheld("stored vectors are not returned to callers")
    warnings.warn(
        "stored vectors are not returned to callers: None stands in their place", VectorsWithheldWarning, stacklevel=5
    )


def refuse_unknown(surface: Surface, keywords: Mapping[str, Any]) -> None:
    """Refuse keyword arguments that a guarded verb does not know."""
    if keywords:
        raise Undecided(f"{len(keywords)} keyword argument(s) that no rule of {surface.name} covers")


class Passed:
    """A native name that says nothing of any owner's rows, offered as it is.

    Methods come back as functions that hold the guarded object: a native bound method would lead to the native one.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, guarded: Guarded | None, owner: type) -> Any:
        if guarded is None:
            return self
        name, found = self._name, getattr(room_of(guarded).native, self._name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            return getattr(room_of(guarded).native, name)(*args, **options)

        call.__name__ = name
        return call
