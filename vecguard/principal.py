"""Who acts, and in whose space.

A principal is whoever makes a call; an owner is the space that is read and written. They differ as soon as a company
with fifty users is one owner and fifty principals. The application says who acts, either by binding
(`notes.acting_for("alice")`) or by context (`with vecguard.acting_for("alice"): ...`); a call where nobody acts is
refused, and so is a bound call inside the context of somebody else. One name is taken: that of the guard itself, under
which the audit log has what it does by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from vecguard.errors import AccessDenied
from vecguard.frameless import frameless, frameless_class

# One spelling per name: what looks alike must not be two owners, nor what differs be one. Visible ASCII has no
# combining marks, no confusable letters and no blanks; applications with other names pass their user key instead.
_NAME = re.compile(r"[!-~]{1,256}")

RESTORE = "pii:restore"
SYSTEM = "vecguard"
"""The name under which a guard acts by itself; nobody else goes by it, in whatever case."""


def checked_name(name: object, what: str) -> str:
    """Return the name of a principal, group or owner if it has the form of one, or raise `AccessDenied`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise AccessDenied(
            f"{what} must be 1 to 256 visible ASCII characters without blanks (pass the user's key, not a display name)"
        )
    return name


@frameless_class
@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever makes a call: `id`, the `groups` it belongs to, and the `permissions` it holds (`pii:restore`)."""

    id: str
    groups: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        checked_name(self.id, "a principal's id")
        for name in ("groups", "permissions"):
            given = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Iterable):  # frozenset("admin") would be five groups
                raise AccessDenied(f"{name} must be a collection of strings, not one string")
            object.__setattr__(self, name, frozenset(checked_name(each, f"each of {name}") for each in given))


@dataclass(frozen=True, slots=True)
class Acting:
    """One principal acting in one owner's space."""

    principal: Principal
    owner: str

    @classmethod
    def of(cls, principal: Principal | str, owner: str | None = None) -> Acting:
        """Accept a bare string where a principal is, and default the owner to the principal's own id."""
        whole = (
            principal if isinstance(principal, Principal) else Principal(checked_name(principal, "a principal's id"))
        )
        return cls(whole, whole.id if owner is None else checked_name(owner, "an owner"))

    @property
    def may_restore(self) -> bool:
        """Whether this principal may read originals of its own owner's records."""
        return RESTORE in self.principal.permissions


def claimed(acting: Acting) -> Acting:
    """Return who acts unless it calls itself, or its owner, what the guard calls itself: that is `AccessDenied`."""
    if SYSTEM in (acting.principal.id.lower(), acting.owner.lower()):
        raise AccessDenied(f'"{SYSTEM}" is the name of the guard itself: no principal and no owner goes by it')
    return acting


_CONTEXT: ContextVar[Acting | None] = ContextVar("vecguard_acting", default=None)


@frameless
def acting_for(principal: Principal | str, owner: str | None = None) -> AbstractContextManager[Acting]:
    """Let `principal` act in `owner`'s space (its own by default) for every guarded call inside the block."""
    return _during(claimed(Acting.of(principal, owner)))


@contextmanager
def _during(acting: Acting) -> Iterator[Acting]:
    token = _CONTEXT.set(acting)
    try:
        yield acting
    finally:
        _CONTEXT.reset(token)


def ambient() -> Acting | None:
    """Return who acts by context here, if anybody does."""
    return _CONTEXT.get()


def resolve(bound: Acting | None) -> Acting:
    """Return who acts now. Neither bound nor in a context, or both and different: `AccessDenied`."""
    context = _CONTEXT.get()
    if bound is None and context is None:
        raise AccessDenied("nobody acts here: call .acting_for(principal), or use `with vecguard.acting_for(...)`")
    if bound is not None and context is not None and bound != context:
        raise AccessDenied("this object is bound to one principal and the surrounding context names another")
    acting = bound if bound is not None else context
    assert acting is not None  # noqa: S101 - for the type checker; the first test above covers it
    return acting
