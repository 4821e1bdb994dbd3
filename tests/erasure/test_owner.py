"""Everything of an owner: after it nothing is left of what it wrote, and whoever else is there has lost nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import Policy, Scrub
from vecguard.erasure import ErasureReceipt, OfOwner, erase

from .conftest import COUNT
from .sites import POLICY, Site, bytes_of, canaries_of, texts_of

STRICT = Policy.strict().replace(scrub=Scrub(model="none"))


def erased(desk: Any, owner: str = "alice", **options: Any) -> ErasureReceipt:
    return erase(desk.guard, [desk.target], OfOwner(owner, **options))


def _keys_of(site: Site, owner_digest: str) -> list[bytes]:
    with sqlite3.connect(site.folder / "state" / "state.db") as database:
        keys = database.execute("SELECT wrapped FROM vg_keys WHERE subject = ?", (owner_digest,)).fetchall()
        vault = database.execute("SELECT sealed FROM vg_vault WHERE owner = ?", (owner_digest,)).fetchall()
    return [row[0][-30:] for row in (*keys, *vault)]


@pytest.mark.parametrize("texts", ["sealed", "clear"])
def test_nothing_of_an_erased_owner_is_left_in_any_file(kind: str, texts: Any, site_of: Callable[..., Site]) -> None:
    """Canaries in ids, texts and fields, seals, vectors, ids, tags, keys and originals: 0 bytes, however spelled."""
    site = site_of(kind, POLICY.replace(texts=texts))
    with site.opened() as desk:
        rows = desk.rows("alice")
        things = [*canaries_of("alice", COUNT), *bytes_of(rows[::4]), str(rows[0].fields["_vg_owner"]).encode()]
        things += _keys_of(site, desk.guard.state.digest("alice"))
        assert len(rows) == COUNT
    there = site.holding(things)
    assert len(there) > COUNT, "what this test looks for must be there before"
    with site.opened() as desk:
        before = desk.texts("bob")
        receipt = erased(desk)
        assert receipt.clean
        assert receipt.rows == COUNT
        assert receipt.counts["keys"] == 3  # of its records, its originals, its name in the audit log
        assert desk.texts("alice") == {}
        assert desk.search("alice", "canary") == []
        assert desk.texts("bob") == before
        assert len(desk.search("bob", texts_of("bob", COUNT)[3])) == 5
    assert site.holding(things) == []
    with site.opened() as desk:
        assert desk.texts("alice") == {}
        assert desk.texts("bob") == before
        assert len(before) == COUNT


def test_memory_that_chroma_never_set_is_not_left_in_its_files(site_of: Callable[..., Site]) -> None:
    """Under L2 its index writes such memory to length.bin, and vectors were found there."""
    site = site_of("chroma", space="l2")
    with site.opened() as desk:
        desk.write("alice", COUNT)
        things = [
            np.asarray(row.vector, "<f4")[at : at + 6].tobytes() for row in desk.rows("alice") for at in (0, 13, 26)
        ]
        assert erased(desk).clean
        lengths = [path for path in site.files() if path.name == "length.bin"]
        assert [any(path.read_bytes()) for path in lengths] == [False]
        assert site.holding(things[::3]) == []


def test_an_erased_owner_may_begin_again(kind: str, site_of: Callable[..., Site]) -> None:
    """A later write makes a new key: a new life, in which nothing of the old one is found."""
    site = site_of(kind)
    with site.opened() as desk:
        erased(desk)
        desk.write("alice", 3)
        assert len(desk.texts("alice")) == 3
        desk.save()
    with site.opened() as desk:
        assert len(desk.texts("alice")) == 3
        assert len(desk.texts("bob")) == COUNT
        receipt = erased(desk)
        assert receipt.rows == 3
        assert receipt.clean


def test_what_could_not_be_reached_cannot_be_read(kind: str, site_of: Callable[..., Site], tmp_path: Path) -> None:
    """The store as it was before, beside the state as it is now: alice's rows open for nobody, root key and all."""
    site = site_of(kind)
    backup = tmp_path / "backup"
    subprocess.run(["cp", "-r", str(site.folder / "store"), str(backup)], check=True)
    with site.opened() as desk:
        erased(desk)
    subprocess.run(["rm", "-r", str(site.folder / "store")], check=True)
    backup.rename(site.folder / "store")
    with site.opened() as desk:
        assert desk.texts("alice") == {}
        assert len(desk.rows("alice")) == COUNT
        assert len(desk.texts("bob")) == COUNT


OTHER = """
import sys
from pathlib import Path
from tests.erasure.sites import Site
from vecguard import Policy, Scrub
site = Site(sys.argv[1], Path(sys.argv[2]), Policy.strict().replace(scrub=Scrub(model="none")))
with site.opened() as desk:
    print(len(desk.search("alice", "canary")), len(desk.texts("bob")), flush=True)
    sys.stdin.readline()
    print(len(desk.search("alice", "canary")), len(desk.texts("alice")), len(desk.texts("bob")), flush=True)
"""


def test_a_guard_that_was_open_meanwhile_serves_nothing(site_of: Callable[..., Site]) -> None:
    """Another process has alice's rows and key in memory: after the erasure it answers as for one who never wrote."""
    site = site_of("chroma", STRICT)
    command = [sys.executable, "-c", OTHER, "chroma", str(site.folder)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    with subprocess.Popen(
        command, text=True, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline().split() == ["5", str(COUNT)]
        with site.opened() as desk:
            assert len(desk.search("alice", "canary")) == 5  # in this guard's memory too
            assert erased(desk).clean
            assert desk.search("alice", "canary") == []
        assert other.stdout is not None
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline().split() == ["0", "0", str(COUNT)]


def test_an_erasure_takes_rules_counters_and_canaries_along(site_of: Callable[..., Site]) -> None:
    """What alice shared is not shared any more, and what was shared with alice has no grantee; bob's own rules stay."""
    site = site_of("chroma")
    with site.opened() as desk:
        guard = desk.guard
        guard.rules.grant("alice", readers=["bob"])
        guard.rules.grant("bob", readers=["alice", "carol"])
        guard.canaries.mark(desk.guarded.acting_for("alice"), ["record-alice-canary-0001"])
        receipt = erased(desk)
        assert receipt.counts["grants given"] >= 1  # with the one by which alice herself acts in her space
        assert receipt.counts["grants received"] == 1
        assert receipt.counts["canaries"] == 1
        assert {str(each.grantee) for each in guard.rules.grants()} == {"user:bob", "user:carol"}


def test_a_row_that_does_not_authenticate_is_erased_too(kind: str, site_of: Callable[..., Site]) -> None:
    """Somebody changed rows of alice's on the shelf: they carry her tag and are hers."""
    from dataclasses import replace

    from vecguard.ports import Put
    from vecguard.records import Sealed, SealedRow

    site = site_of(kind)
    with site.opened() as desk:
        rows = desk.rows("alice")[:5]
        forged = [SealedRow(row.backend_id, None, {**row.fields, "place": "somewhere else entirely"}) for row in rows]
        desk.room().store.put(Put(Sealed(tuple(replace(each) for each in forged), ())))
        receipt = erased(desk)
        assert receipt.rows == COUNT
        assert desk.rows("alice") == ()
        assert receipt.clean


def test_collections_that_were_not_given_are_counted(site_of: Callable[..., Site]) -> None:
    """The state knows where an owner wrote: what was not given is said, and cannot be read any more."""
    import vecguard_chroma

    site = site_of("chroma")
    with site.opened() as desk:
        native = desk.client.create_collection("more", embedding_function=None)
        more = vecguard_chroma.wrap(native, desk.guard)
        more.acting_for("alice").add(ids=["a"], documents=["somewhere else"])
        more.acting_for("bob").add(ids=["a"], documents=["somewhere else"])
        receipt = erased(desk)
        assert receipt.elsewhere == 1
        assert more.acting_for("alice").get()["ids"] == []
        assert native.count() == 3  # the marker, and two rows of which one opens for nobody
        again = erase(desk.guard, [vecguard_chroma.wrap(desk.client, desk.guard)], OfOwner("alice"))
        assert again.elsewhere == 0
        assert again.rows == 1
        assert native.count() == 2
        assert more.acting_for("bob").get()["ids"] == ["a"]


def test_an_owner_who_never_wrote_leaves_a_receipt_of_nothing(site_of: Callable[..., Site]) -> None:
    """Nobody learns from an erasure that it is about somebody unknown; it is written down like any other."""
    site = site_of("chroma")
    with site.opened() as desk:
        receipt = erased(desk, "nobody")
        assert receipt.rows == 0
        assert receipt.clean
        assert dict(receipt.counts) == {}
        assert len(desk.texts("alice")) == COUNT


def test_an_erasure_is_in_the_audit_log_with_the_digest_of_its_receipt(site_of: Callable[..., Site]) -> None:
    """Two lines: what was forgotten, and which receipt came of it; the log holds."""
    import hashlib

    site = site_of("faiss")
    with site.opened() as desk:
        receipt = erased(desk)
        assert desk.guard.state.audit.verify() == []
    with sqlite3.connect(site.folder / "state" / "state.db") as database:
        details = [row[0] for row in database.execute("SELECT detail FROM vg_audit WHERE action = 'erase' ORDER BY at")]
    assert details == ["owner", hashlib.sha256(receipt.json().encode()).hexdigest()]


def test_the_root_key_does_not_bring_an_owner_back(site_of: Callable[..., Site]) -> None:
    """The keyring that wrapped alice's keys is at hand, and there is nothing left for it to unwrap."""
    site = site_of("faiss")
    with site.opened() as desk:
        erased(desk)
        state = desk.guard.state
        assert state.keystore.find("owner", state.digest("alice")) is None
        assert state.keystore.find("vault", state.digest("alice")) is None
