"""What has expired, on every store: invisible at once, and purged without anybody naming owners."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from vecguard import BadInput, Retention, retain_for
from vecguard.erasure import Expired, erase
from vecguard.erasure.receipt import ErasureReceipt
from vecguard.state import tables

from .sites import POLICY, Site, bytes_of, canaries_of

COUNT = 8
LATER = 400 * 86_400.0
FIELD = POLICY.replace(retention=Retention(field="until"))


def purged(desk: Any, owners: Any = None, after: float = LATER) -> ErasureReceipt:
    return erase(desk.guard, [desk.target], Expired(owners, time.time() + after))


def forget_names(desk: Any, *owners: str) -> None:
    """Make these owners what they are in a state from before names were kept."""
    gone = delete(tables.owners).where(tables.owners.c.owner.in_([desk.guard.state.digest(each) for each in owners]))
    desk.guard.state.database.run(lambda connection: connection.execute(gone))


@pytest.fixture
def site(kind: str, tmp_path: Path) -> Site:
    return Site(kind, tmp_path / "site", FIELD)


def written(site: Site, desk: Any, owner: str, moments: list[Any]) -> None:
    """Write records of an owner by the store's own verbs, each with the moment that it gives itself in its field."""
    texts = [f"a note of {owner} number {n}" for n in range(len(moments))]
    fields = [{} if each is None else {"until": each} for each in moments]
    ids = [f"{owner}-{n}" for n in range(len(moments))]
    if site.kind == "qdrant":
        vectors = desk.guard.embedding.texts(texts, None)
        points = [
            desk.models.PointStruct(id=n, vector=vector.tolist(), payload={"document": text, **own})
            for n, (text, own, vector) in enumerate(zip(texts, fields, vectors, strict=True))
        ]
        desk.target.acting_for(owner).upsert("notes", points)
    else:
        desk.guarded.acting_for(owner).upsert(ids=ids, documents=texts, metadatas=[each or None for each in fields])


# ------------------------------------------------------------------------------------------------------- retention


def test_a_record_expires_at_the_moment_that_its_own_field_says(site: Site) -> None:
    """Written by the store's own verbs; the field comes back as it went in, and the record goes when it says."""
    soon = time.time() + 3_600
    with site.opened() as desk:
        written(site, desk, "alice", [soon, "2999-01-01", None])
        assert len(desk.texts("alice")) == 3
        desk.guard.clock._wall = lambda: soon + 1
        assert len(desk.texts("alice")) == 2
        assert len(desk.search("alice", "a note of alice number 0")) == 2
        assert len(desk.rows("alice")) == 3


@pytest.mark.parametrize("said", ["soon", 1.0, -5, True])
def test_a_moment_that_is_none_or_over_writes_nothing(said: Any, site: Site) -> None:
    with site.opened() as desk:
        with pytest.raises(BadInput):
            written(site, desk, "alice", ["2999-01-01", said])
        assert desk.texts("alice") == {}


def test_an_owner_s_retention_and_a_block_s_hold_on_every_store(site: Site) -> None:
    """Alice's records are kept a day, those of the block two; what is left after three days is what nobody limited."""
    with site.opened() as desk:
        desk.guard.retention.set("alice", days=1)
        desk.write("alice", 2)
        with retain_for(days=2):
            desk.write("bob", 2)
        desk.write("carol", 2)
        now = time.time()
        desk.guard.clock._wall = lambda: now + 1.5 * 86_400
        assert [len(desk.texts(owner)) for owner in ("alice", "bob", "carol")] == [0, 2, 2]
        desk.guard.clock._wall = lambda: now + 3 * 86_400
        assert [len(desk.texts(owner)) for owner in ("alice", "bob", "carol")] == [0, 0, 2]


# ------------------------------------------------------------------------------------------------------- purging


def test_a_purge_without_names_takes_what_expired_of_everybody(kind: str, tmp_path: Path) -> None:
    """Two owners with rows that expire, one whose rows stay: the first two have nothing left, in no file either."""
    site = Site(kind, tmp_path / "site", POLICY)
    with site.opened() as desk:
        with retain_for(days=30):
            for owner in ("alice", "bob"):
                desk.write(owner, COUNT)
        desk.write("carol", COUNT)
        desk.save()
        things = [each for owner in ("alice", "bob") for each in bytes_of(desk.rows(owner))]
        assert len(site.holding(things)) >= len(things) / 3
        receipt = purged(desk)
        assert receipt.clean
        assert receipt.rows == 2 * COUNT
        assert receipt.counts == {}
        assert [len(desk.rows(owner)) for owner in ("alice", "bob", "carol")] == [0, 0, COUNT]
        assert len(desk.texts("carol")) == COUNT
        assert desk.guard.state.audit.verify() == []
    assert site.holding([*things, *canaries_of("alice", COUNT), *canaries_of("bob", COUNT)]) == []
    with site.opened() as desk:
        assert purged(desk).rows == 0
        assert len(desk.texts("carol")) == COUNT


def test_owners_without_a_name_are_counted_and_their_rows_left(kind: str, tmp_path: Path) -> None:
    """The receipt says how many they are. Once named their names are known, and the next purge needs none."""
    site = Site(kind, tmp_path / "site", POLICY)
    with site.opened() as desk:
        with retain_for(days=30):
            for owner in ("alice", "bob"):
                desk.write(owner, COUNT)
        forget_names(desk, "alice")
        receipt = purged(desk)
        assert receipt.rows == COUNT
        assert receipt.counts == {"owners without a name": 1, "expired rows left": COUNT}
        assert any("of 1 owner(s)" in each for each in receipt.unverified)
        assert len(desk.rows("alice")) == COUNT
        assert purged(desk, ["alice"], after=0.0).counts == {}  # nothing has expired yet; but now the name is known
        receipt = purged(desk)
        assert (receipt.rows, receipt.counts) == (COUNT, {})
        assert len(desk.rows("alice")) == 0


def test_of_owners_who_are_named_only_theirs_go(kind: str, tmp_path: Path) -> None:
    site = Site(kind, tmp_path / "site", POLICY)
    with site.opened() as desk:
        with retain_for(days=30):
            for owner in ("alice", "bob"):
                desk.write(owner, COUNT)
        receipt = purged(desk, ["alice", "nobody"])
        assert (receipt.rows, receipt.counts) == (COUNT, {"expired rows left": COUNT})
        assert len(desk.rows("bob")) == COUNT


def test_a_host_cannot_have_rows_purged_by_calling_them_expired(site_of: Callable[..., Site]) -> None:
    """Without names as with them: a row that says so under nobody's key is left, whatever owner it names."""
    from vecguard.ports import Put
    from vecguard.records import Sealed, SealedRow

    site = site_of("faiss")
    with site.opened() as desk:
        first, second, *_ = desk.rows("alice")
        forged = {**first.fields, "_vg_expires": 1.0}
        stranger = {**second.fields, "_vg_expires": 1.0, "_vg_owner": "f" * 32}
        store = desk.room().store
        for row, fields in ((first, forged), (second, stranger)):
            store.put(Put(Sealed((SealedRow(row.backend_id, None, fields),), ())))
        receipt = purged(desk, after=0.0)
        assert (receipt.rows, receipt.counts) == (0, {"expired rows left": 2})


def test_a_store_that_calls_everything_expired_has_nothing_purged(
    site_of: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers as if every row had expired, with rows that authenticate: what they say themselves decides."""
    from dataclasses import replace

    from vecguard.filters import EVERYTHING

    site = site_of("faiss")
    with site.opened() as desk:
        kind = type(desk.room().store)
        find = kind.find

        def lying(self: Any, ask: Any) -> Any:
            return find(self, replace(ask, where=EVERYTHING) if "_vg_expires" in str(ask.where) else ask)

        with monkeypatch.context() as patched:
            patched.setattr(kind, "find", lying)
            assert purged(desk, after=0.0).rows == 0
        assert [len(desk.texts(owner)) for owner in ("alice", "bob")] == [100, 100]


def test_an_owner_that_is_erased_while_a_purge_runs_is_no_obstacle(kind: str, tmp_path: Path) -> None:
    """Its keys are gone when it is its turn: the others' rows are purged, and its own are the erasure's to take."""
    from vecguard.erasure import OfOwner, expired

    site = Site(kind, tmp_path / "site", POLICY)
    with site.opened() as desk:
        with retain_for(days=30):
            for owner in ("alice", "bob"):
                desk.write(owner, COUNT)
        swept = expired._erased

        def first(run: Any, doomed: Any) -> Any:
            if desk.rows("alice"):
                erase(desk.guard, [desk.target], OfOwner("alice"))
            return swept(run, doomed)

        expired._erased = first  # type: ignore[assignment]
        try:
            receipt = purged(desk)
        finally:
            expired._erased = swept
        assert receipt.rows == COUNT
        assert [len(desk.rows(owner)) for owner in ("alice", "bob")] == [0, 0]
