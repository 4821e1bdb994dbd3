"""How a read goes past the watch: once when it is known whose rows it may see, and once before it hands them out.

A read in whose scope there is nobody else passes both without a look at anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from vecguard.arrays import Floats
from vecguard.errors import SharedRowsWithheldWarning
from vecguard.ranking.best import Ranked
from vecguard.shelf import View
from vecguard.watch.canary import Canaries
from vecguard.watch.watch import Allowance, Watch


@dataclass(frozen=True, slots=True)
class Watched:
    """A read that was let in: what it may see, and what the watch said of rows of others, None if there are none."""

    view: View
    allowance: Allowance | None = None


class SharedReads:
    """Keeps reads of other owners' rows within their budgets, and tells of canaries that they met."""

    def __init__(self, watch: Watch, canaries: Canaries) -> None:
        self._watch = watch
        self._canaries = canaries

    def enter(self, view: View, queries: Floats | None) -> Watched:
        """Let a read in. If its principal may see no rows of others now, one's own are left; none are an error."""
        if not view.sights:
            return Watched(view)
        allowance = self._watch.admit(view.acting, view.uid, queries)
        if allowance.shared:
            return Watched(view, allowance)
        alone = view.alone()
        if not alone.spaces:
            raise allowance.refusal()
        _tell("this read")
        return Watched(alone)

    def deliver(self, groups: Sequence[Sequence[Ranked]], watched: Watched) -> list[list[Ranked]]:
        """Leave out the rows of others that the budget has no room for; each counts once a day."""
        if watched.allowance is None:
            return [list(group) for group in groups]
        foreign = [
            [each.opened.backend_id for each in group if each.opened.owner_tag in watched.view.sights]
            for group in groups
        ]
        allowed = self._watch.deliver(watched.allowance, foreign)
        passed = {
            backend_id
            for ids, line in zip(foreign, allowed, strict=True)
            for backend_id, good in zip(ids, line, strict=True)
            if good
        }
        withheld = {each for ids in foreign for each in ids} - passed
        if withheld:
            _tell(f"{len(withheld)} of this read")
        if hits := self._canaries.among(watched.view, {each for ids in foreign for each in ids}):
            self._watch.canary(watched.view.acting, hits)
        return [[each for each in group if each.opened.backend_id not in withheld] for group in groups]


def _tell(what: str) -> None:
    warnings.warn(
        f"rows of other owners were withheld from {what}: the principal's budget for them is spent, or its queries "
        "look like probing (guard.watch.events tells which)",
        SharedRowsWithheldWarning,
        stacklevel=3,
    )
