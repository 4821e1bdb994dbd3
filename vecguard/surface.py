"""A surface: every public name of a native class, each decided. What is not decided is refused.

An adapter lists its native classes here in data. A test walks the installed client and fails on any name that is
missing, so a client that gains a method gains a refusal, not a hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from vecguard.errors import Undecided


class Verdict(Enum):
    """What becomes of a native name."""

    GUARDED = "guarded"  # offered with the guard's own implementation
    ALLOWED = "allowed"  # offered as it is: says nothing of any owner's rows


@dataclass(frozen=True, slots=True)
class Denied:
    """A native name that is refused, why, and what to use instead."""

    reason: str
    instead: str = ""


Decision: TypeAlias = Verdict | Denied
GUARDED = Verdict.GUARDED
ALLOWED = Verdict.ALLOWED


@dataclass(frozen=True, slots=True)
class Surface:
    """The decisions for one native class. `native_type` is what guarded objects report as their class."""

    name: str
    native_type: type
    decisions: Mapping[str, Decision]

    @property
    def offered(self) -> list[str]:
        """Names that a guarded object has."""
        return [name for name, decision in self.decisions.items() if not isinstance(decision, Denied)]

    def undecided(self, native_names: Iterable[str]) -> list[str]:
        """Return the public names of a native class that nobody decided."""
        return sorted(name for name in native_names if not name.startswith("_") and name not in self.decisions)

    def refusal(self, name: str) -> Undecided:
        """Return the error for a name that is not offered."""
        decision = self.decisions.get(name)
        if isinstance(decision, Denied):
            instead = f"; {decision.instead}" if decision.instead else ""
            return Undecided(f"{self.name}.{name} is denied: {decision.reason}{instead}")
        known = name if name.isidentifier() and len(name) <= 64 else "that name"
        return Undecided(f"no rule of {self.name} covers {known}; it offers {', '.join(sorted(self.offered))}")
