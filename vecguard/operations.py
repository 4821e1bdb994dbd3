"""What an operator does with a guard, beside the two paths: erase, look, mend, measure. Nobody acts in these calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from vecguard import facade
from vecguard.embedding import Embedding
from vecguard.frameless import frameless_class
from vecguard.state import State
from vecguard.state.vault import mentions_any

if TYPE_CHECKING:
    from vecguard.calibration import Calibration
    from vecguard.erasure import ErasureReceipt
    from vecguard.erasure.erasing import Tell
    from vecguard.examination import Examined
    from vecguard.guard import Guard


@frameless_class
class Operations:
    """The operator's half of `vecguard.Guard`. A guarded object is what an adapter's `wrap` returns."""

    state: State
    embedding: Embedding

    # ------------------------------------------------------------------------------------------------- forgetting

    def shred(self, owner: str, subject: Sequence[str] | None = None) -> int:
        """Erase originals behind an owner's tokens for good; return how many. The tokens stay and mean nothing.

        With a `subject`, the names and numbers that one person goes by, only originals that contain one of them (whole
        words, any case and spacing) are erased; what is written afterwards is kept again.
        """
        return self.state.shred(owner, None if subject is None else mentions_any(subject))

    def erase(
        self,
        *guarded: Any,
        owner: str,
        ids: Iterable[Any] | None = None,
        subject: Sequence[str] | None = None,
        records: bool = False,
        tell: Tell | None = None,
    ) -> ErasureReceipt:
        """Erase everything of an owner, records by `ids`, or what is known of a person; return a signed receipt.

        In every guarded collection given (a client stands for all of its collections) rows are overwritten, deleted and
        compacted away, and the files are then searched for their bytes; so is the state's. Of an owner the keys go too,
        and with them whatever of it lies elsewhere. A `subject`, the names and numbers that one person goes by, loses
        its originals, and with `records=True` the records that held its tokens. The receipt says what could not be
        verified. Run again after a crash, it ends what it began. `tell` is called with the stage, and with how much of
        it is done, of how much. Raises `StoreFailed` or `StateError`; docs/erasure.md says more.
        """
        from vecguard.erasure import OfOwner, erase  # noqa: PLC0415 - most guards never erase

        return erase(self._guard, guarded, OfOwner(owner, ids, subject, records), tell)

    async def aerase(
        self,
        *guarded: Any,
        owner: str,
        ids: Iterable[Any] | None = None,
        subject: Sequence[str] | None = None,
        records: bool = False,
        tell: Tell | None = None,
    ) -> ErasureReceipt:
        """Do the same in collections and clients that are asynchronous."""
        from vecguard.erasure import OfOwner, aerase  # noqa: PLC0415 - as above

        return await aerase(self._guard, guarded, OfOwner(owner, ids, subject, records), tell)

    def purge(self, *guarded: Any, owners: Iterable[str] | None = None, tell: Tell | None = None) -> ErasureReceipt:
        """Erase what has expired in guarded collections, of all owners or of these; it was invisible already.

        All are those whose names the state keeps. The receipt says of how many owners it has none, because they wrote
        before names were kept: name them, and the state keeps their names from then on. Raises `ClockBehind` if the
        machine's clock is far behind the time that the state has seen.
        """
        from vecguard.erasure import Expired, erase  # noqa: PLC0415 - as above

        return erase(self._guard, guarded, Expired(owners), tell)

    async def apurge(
        self, *guarded: Any, owners: Iterable[str] | None = None, tell: Tell | None = None
    ) -> ErasureReceipt:
        """Do the same in collections and clients that are asynchronous."""
        from vecguard.erasure import Expired, aerase  # noqa: PLC0415 - as above

        return await aerase(self._guard, guarded, Expired(owners), tell)

    # ------------------------------------------------------------------------------------------------- looking

    def known_owners(self) -> Iterator[str]:
        """Return the names of all owners that the state keeps names of, some hundred in memory at a time, unordered.

        `guard.state.owners.nameless()` counts those that it has none of.
        """
        return self.state.owners.names()

    def examine(self, guarded: Any, owner: str) -> Examined:
        """Read all of an owner's rows in a guarded collection and compare them with what was acknowledged.

        Ranking in the guard does so whenever it reads an owner's rows; a store that ranks shows its best rows only.
        """
        from vecguard.examination import examine  # noqa: PLC0415 - as above

        return examine(guarded, owner)

    async def aexamine(self, guarded: Any, owner: str) -> Examined:
        """Do the same for a guarded collection of an asynchronous client."""
        from vecguard.examination import aexamine  # noqa: PLC0415 - as above

        return await aexamine(guarded, owner)

    def calibrate(
        self,
        texts: Sequence[str],
        queries: Sequence[str],
        grades: Mapping[int, Mapping[int, float]] | None = None,
        **options: Any,
    ) -> Calibration:
        """Measure the most noise that a store can rank these texts through, scrubbed and embedded as by this guard.

        `grades`: position of a query -> position of a text -> grade; without them the exact top ten is what counts.
        Options and result are those of `vecguard.calibration.calibrate`; `result.policy(guard.policy)` is the policy.
        """
        from vecguard.calibration import Task, calibrate  # noqa: PLC0415 - most guards never measure

        documents, asked = (self.embedding.texts(self._guard.scrubbed(each), None) for each in (texts, queries))
        return calibrate(Task.of(documents, asked, grades=grades), **options)

    # ------------------------------------------------------------------------------------------------- mending

    def reconcile(self, guarded: Any) -> int:
        """Settle what a crash left open in a guarded collection; return how many writes and deletes that were.

        Every guarded object does this on first touch. Raises `StoreFailed` if the store is still away.
        """
        return facade.run(guarded, self._guard.settle(facade.shelf_of(guarded)))

    async def areconcile(self, guarded: Any) -> int:
        """Do the same for a guarded collection of an asynchronous client."""
        return await facade.arun(guarded, self._guard.settle(facade.shelf_of(guarded)))

    @property
    def _guard(self) -> Guard:
        return cast("Guard", self)
