"""Who acts where no principal does: the guard itself, and whoever opens a hole with nobody bound.

A name says nothing about who bears it: a tenant may be called what the system calls itself. So these are principals of
a type of their own, which no name that an application gives becomes, and the audit log digests them apart from names.
"""

from __future__ import annotations

from typing import Final

from vecguard.principal import Acting, Principal


class SystemPrincipal(Principal):
    """A part of VecGuard that acts by itself. It has no groups and no permissions."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Take the id as it is: it was not given by an application."""


NOWHERE: Final = ""
"""The owner of acts that concern no owner, or many; no name is empty."""
GUARD: Final = SystemPrincipal("vecguard")
"""Guards that carry out what was left open, and operators who stand above owners."""
HAZMAT: Final = SystemPrincipal("hazmat")
"""Whoever uses `vecguard.hazmat` where nobody acts."""


def by_guard(owner: str = NOWHERE) -> Acting:
    """Return the guard as acting in an owner's space, or in nobody's."""
    return Acting(GUARD, owner)
