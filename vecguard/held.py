"""What a shelf holds under the ids of a call: what a write replaces, and what texts are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from vecguard.cleaning import written_as
from vecguard.errors import BadInput
from vecguard.flow import Flow
from vecguard.ports import Fetch
from vecguard.records import Opened, RecordId, Row
from vecguard.sealing import WHENEVER
from vecguard.shelf import View


@dataclass(frozen=True, slots=True)
class Held:
    """Rows as the shelf handed them over, and those of them that authenticate, expired or not, by backend id."""

    rows: Sequence[Row] = field(repr=False)
    genuine: Mapping[str, Opened] = field(repr=False)

    @classmethod
    def of(cls, rows: Sequence[Row], view: View) -> Self:
        """Authenticate rows in a view's spaces; may raise `Tampered`."""
        opened = view.shelf.sealer.open(rows, view.spaces, WHENEVER)
        return cls(rows, {each.backend_id: each for each in opened if each is not None})

    def alive(self, now: float) -> dict[str, Opened]:
        """Return the records that there are: what has expired is none any more."""
        return {name: each for name, each in self.genuine.items() if each.expires > now}


def checked_texts(ids: Sequence[RecordId], texts: Sequence[str]) -> None:
    """Refuse anything but one text per id."""
    if len(ids) != len(texts) or not all(isinstance(text, str) for text in texts):
        raise BadInput("verify takes one text per id")


def compared(ids: Sequence[RecordId], texts: Sequence[str], view: View, clock: Callable[[], float]) -> Flow[list[bool]]:
    """Say of each of a view's own records whether this is the text that was written to it."""
    wanted = [view.space.backend_id(each) for each in ids]
    held = Held.of((yield Fetch(tuple(dict.fromkeys(wanted)))), view).alive(clock())
    return [each in held and written_as(held[each], text, view.space) for each, text in zip(wanted, texts, strict=True)]
