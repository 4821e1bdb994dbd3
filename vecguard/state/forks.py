"""What must not go on in two processes at once: connections and chains, when a process forks.

A child that inherits an open SQLite connection believes that it holds locks which its parent has. Whatever it opens
itself, the parent may take the log away under it, with all that the child has committed (sqlite.org/howtocorrupt.html,
section 2.6). So connections are closed before a fork, and what is left of them is never touched in the child.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakValueDictionary


class Forks(Protocol):
    """Something that lets go before its process forks, and starts afresh in the child."""

    def before_fork(self) -> None:
        """Let go, in the process that is about to fork."""

    def after_fork(self) -> None:
        """Start afresh, in the child."""


_KNOWN: WeakValueDictionary[int, Forks] = WeakValueDictionary()
_LEFT: list[object] = []


def follow(each: Forks) -> None:
    """Tell this object of every fork for as long as it lives."""
    _KNOWN[id(each)] = each


def leave(thing: object) -> None:
    """Keep for good what a child inherited and must not even close."""
    _LEFT.append(thing)


def _before() -> None:
    for each in _living():
        each.before_fork()


def _after() -> None:
    for each in _living():
        each.after_fork()


def _living() -> list[Forks]:
    return [each for reference in _KNOWN.valuerefs() if (each := reference()) is not None]


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_child=_after)
