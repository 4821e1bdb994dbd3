"""Whether the rows that a store shows of an owner are the ones that were acknowledged last, neither more nor less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vecguard.records import Opened
from vecguard.state.acknowledged import Acknowledged, Expected
from vecguard.state.digests import Tally


@dataclass(slots=True)
class Reading:
    """An owner's rows as they come in, and what was expected of them when the reading began."""

    expected: Expected
    acknowledged: Acknowledged = field(repr=False)
    tally: Tally = field(default_factory=Tally)
    _ids: set[str] = field(default_factory=set, repr=False)
    _twice: bool = False

    def add(self, genuine: Sequence[Opened]) -> None:
        """Count rows that authenticate, and whose vectors do; expired ones too."""
        ids = {each.backend_id for each in genuine}
        self._twice |= len(ids) < len(genuine) or not ids.isdisjoint(self._ids)
        self._ids |= ids
        self.tally += self.acknowledged.digests.of(
            each.tag for each in genuine if each.backend_id not in self.expected.busy
        )

    @property
    def whole(self) -> bool:
        """Whether they add up, as far as anybody counted them.

        No id may come twice: a row that was hidden while its record was written anew has been counted too.
        """
        return self.expected.tally is None or (self.tally == self.expected.tally and not self._twice)
