"""Saving and opening: everything comes back, nothing is readable, and no altered byte reaches FAISS."""

from __future__ import annotations

import base64
import os
import random
import stat
from pathlib import Path

import faiss
import numpy as np
import pytest

import vecguard_faiss
from vecguard import (
    BadInput,
    Keyring,
    Policy,
    PolicyError,
    StateMismatch,
    StoreFailed,
    Tampered,
    VecGuardError,
    WrongKey,
)
from vecguard.state.backup import backup
from vecguard.state.database import Database
from vecguard.state.restore import restore
from vecguard_faiss import GuardedFaissCollection, GuardedIndex

SENTENCE = "Dr. Sarah Johnson saw John Smith about his diabetes in the blue room"
PLANTED = (
    "Sarah Johnson",
    "John Smith",
    "212-555-0187",
    "john.smith@example.com",
    SENTENCE,
    "note-of-alice-1",
    "alice-the-owner",
    "diabetes in the blue room",
)


@pytest.mark.parametrize("plain", [True, False], ids=["positions", "numbers"])
def test_an_index_comes_back(site, template, rows, queries, plain):
    """Rows, labels and order of every owner are the same for a fresh guard on the same state and key."""
    make = template if plain else lambda: faiss.IndexIDMap2(template())
    ids = np.arange(1000, 1040)
    index = vecguard_faiss.wrap(make(), site.guard(), path=site.folder / "index")
    for owner, part in (("alice", slice(0, 25)), ("bob", slice(25, 40))):
        mine = index.acting_for(owner)
        mine.add(rows[part]) if plain else mine.add_with_ids(rows[part], ids[part])
    index.acting_for("alice").remove_ids(np.array([3 if plain else 1003]))
    index.save()
    for opened in (
        GuardedIndex.open(site.folder / "index", site.guard()),
        vecguard_faiss.wrap(make(), site.guard(), path=site.folder / "index"),
    ):
        for owner in ("alice", "bob"):
            before, after = index.acting_for(owner).search(queries, 30), opened.acting_for(owner).search(queries, 30)
            np.testing.assert_array_equal(before[1], after[1])
            np.testing.assert_allclose(before[0], after[0], rtol=1e-6)
        mine = opened.acting_for("alice")
        mine.add(rows[30:32]) if plain else mine.add_with_ids(rows[30:32], np.array([1, 2]))
        assert mine.ntotal == 26
        assert mine.search(rows[31:32], 1)[1][0, 0] == (25 if plain else 2)


def test_a_collection_comes_back(site):
    """Documents, metadata and ids are there after opening, and what is written then is saved over the old file."""
    path = site.folder / "notes"
    notes = GuardedFaissCollection(faiss.IndexFlatIP(24), site.guard(), path)
    notes.acting_for("alice").add(["a", "b"], ["heart", "lung"], metadatas=[{"ward": "B2"}, {"long": "x" * 100}])
    notes.save()
    again = GuardedFaissCollection(faiss.IndexFlatIP(24), site.guard(), path)
    assert again.acting_for("alice").get() == notes.acting_for("alice").get()
    again.acting_for("bob").add(["a"], ["liver"])
    again.save()
    last = GuardedFaissCollection.open(path, site.guard())
    assert last.acting_for("bob").query("liver")["ids"] == [["a"]]
    assert last.acting_for("alice").get(where={"ward": "B2"})["documents"] == ["heart"]
    assert sorted(each.name for each in site.folder.iterdir() if "db" not in each.name) == ["key", "notes"]


@pytest.fixture
def saved(site) -> Path:
    """A saved collection of two owners with everything planted that must not be found."""
    path = site.folder / "notes"
    notes = GuardedFaissCollection(faiss.IndexFlatIP(24), site.guard(), path)
    notes.acting_for("alice-the-owner").add(
        ["note-of-alice-1", "note-2"],
        [SENTENCE, "call 212-555-0187 or write to john.smith@example.com"],
        metadatas=[{"doctor": "Sarah Johnson", "mail": "john.smith@example.com"}, {"phone": "212-555-0187"}],
    )
    notes.acting_for("bob").add(["b"], ["nothing personal in this one"])
    notes.save()
    return path


def forms(text: str) -> list[bytes]:
    """The ways in which a text could lie in a file."""
    raw = text.encode()
    shifted = [base64.b64encode(b"\0" * pad + raw)[4:-4] for pad in range(3)]
    return [
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        *shifted,
    ]


@pytest.mark.parametrize("planted", PLANTED)
def test_nothing_is_readable_in_the_files(site, saved, planted):
    """No name, number, address, id, owner or sentence lies in the file or the state, plain, base64, hex or UTF-16."""
    for file in (saved, *filter(Path.is_file, site.folder.glob("state.db*"))):
        content = file.read_bytes()
        assert not [form for form in forms(planted) if len(form) > 5 and form in content], file.name


def test_no_stored_vector_is_near_its_exact_one(site, rows):
    """The saved floats are masked: their cosine to the exact vectors is that of unrelated ones, whatever the offset."""
    index = vecguard_faiss.wrap(faiss.IndexFlatL2(256), site.guard())
    exact = np.random.default_rng(1).standard_normal((50, 256)).astype(np.float32)
    index.acting_for("alice").add(exact)
    index.save(site.folder / "index")
    content = (site.folder / "index").read_bytes()
    assert exact[0].tobytes()[:32] not in content
    bare = faiss.serialize_index(faiss.IndexFlatL2(256)).tobytes()
    start = content.rindex(b"IxF2") + len(bare)  # the template and the marker come first
    stored = np.frombuffer(content[start : start + 50 * 256 * 4], dtype="<f4").reshape(50, 256)
    cosine = (stored * exact).sum(1) / np.linalg.norm(stored, axis=1) / np.linalg.norm(exact, axis=1)
    assert np.isfinite(cosine).all()
    assert np.abs(cosine).max() < 0.3


def test_only_its_owner_may_read_the_file(saved):
    """The file has mode 0600, whatever the umask."""
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


@pytest.fixture
def watched(monkeypatch):
    """Counts what FAISS is given to read."""
    seen = []
    real = faiss.deserialize_index
    monkeypatch.setattr(faiss, "deserialize_index", lambda *args: seen.append(args) or real(*args))
    return seen


def test_every_flipped_byte_is_noticed_before_faiss_reads(site, saved, watched):
    """A bit flipped anywhere: headers, parts, manifest, MAC; FAISS is not given a byte."""
    whole, guard = saved.read_bytes(), site.guard()
    places = {*range(48), *range(len(whole) - 900, len(whole)), *random.Random(5).sample(range(len(whole)), 400)}
    for place in places:
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(Tampered):
            GuardedFaissCollection.open(saved, guard)
    assert watched == []
    saved.write_bytes(whole)
    assert GuardedFaissCollection.open(saved, guard).acting_for("bob").count() == 1


def test_a_file_that_is_cut_or_longer_is_noticed(site, saved, watched):
    """Truncated, emptied, extended, doubled, or cut in the middle."""
    whole, guard = saved.read_bytes(), site.guard()
    cuts = [whole[:size] for size in (0, 1, 7, 8, 79, 80, 100, len(whole) // 2, len(whole) - 1)]
    for altered in (*cuts, whole + b"\0", b"\0" + whole, whole + whole, whole[:200] + whole[240:], os.urandom(500)):
        saved.write_bytes(altered)
        with pytest.raises(Tampered):
            GuardedFaissCollection.open(saved, guard)
    assert watched == []


def test_parts_of_two_generations_do_not_mix(site, saved, watched):
    """The head of one generation and the tail of another, at any border, is neither of them."""
    guard = site.guard()
    one = saved.read_bytes()
    notes = GuardedFaissCollection.open(saved, guard)
    notes.acting_for("bob").upsert(["b"], ["nothing personal in that one"])
    notes.save()
    two = saved.read_bytes()
    watched.clear()
    size = min(len(one), len(two))
    for border in range(8, size - 8, 97):
        heads = (one[:border] + two[border:], two[:border] + one[border:])
        tails = (one[:-border] + two[-border:], two[:-border] + one[-border:])
        for mixed in {*heads, *tails} - {one, two}:
            saved.write_bytes(mixed)
            with pytest.raises(Tampered):
                GuardedFaissCollection.open(saved, guard)
    assert watched == []


def test_a_file_of_another_collection_does_not_pass_for_this_one(site, saved):
    """Parts of one collection under the manifest of another do not authenticate."""
    other = site.folder / "other"
    notes = GuardedFaissCollection(faiss.IndexFlatIP(24), site.guard())
    notes.acting_for("bob").add(["b"], ["nothing personal in this one"])
    notes.save(other)
    one, two = saved.read_bytes(), other.read_bytes()
    for tail in range(80, 600, 40):
        saved.write_bytes(one[:-tail] + two[-tail:])
        with pytest.raises(Tampered):
            GuardedFaissCollection.open(saved, site.guard())


def test_another_state_or_key_opens_nothing(site, saved, watched):
    """Another state database: StateMismatch. Another key to the same state: WrongKey. FAISS reads nothing."""
    elsewhere = site.guard(state=f"sqlite:///{site.folder / 'other.db'}")
    with pytest.raises(StateMismatch):
        GuardedFaissCollection.open(saved, elsewhere)
    with pytest.raises(StateMismatch):
        GuardedFaissCollection(faiss.IndexFlatIP(24), elsewhere, saved)
    with pytest.raises(WrongKey):
        site.guard(keys=Keyring.ephemeral())
    assert watched == []


def test_a_file_of_another_kind_is_refused(site, saved):
    """Another dimension, metric, type or face is said, not guessed; and what is no file of ours is no file."""
    guard = site.guard()
    for native in (faiss.IndexFlatIP(25), faiss.IndexFlatL2(24), faiss.IndexHNSWFlat(24, 8)):
        with pytest.raises(BadInput):
            GuardedFaissCollection(native, guard, saved)
    with pytest.raises(BadInput):
        vecguard_faiss.wrap(faiss.IndexFlatIP(24), guard, path=saved)
    with pytest.raises(BadInput):
        GuardedIndex.open(saved, guard)
    with pytest.raises(StoreFailed):
        GuardedIndex.open(site.folder / "missing", guard)
    with pytest.raises(StoreFailed):
        GuardedIndex.open(site.folder, guard)
    faiss.write_index(faiss.IndexFlatIP(24), str(site.folder / "bare"))
    with pytest.raises(Tampered):
        GuardedIndex.open(site.folder / "bare", guard)


def test_two_writers_do_not_undo_each_other(site, saved):
    """A save over a generation that was not opened here is refused. What it would have written is in the state."""
    one, two = (GuardedFaissCollection.open(saved, site.guard()) for _ in range(2))
    one.acting_for("bob").add(["c"], ["one"])
    one.save()
    two.acting_for("bob").add(["d"], ["two"])
    with pytest.raises(StoreFailed):
        two.save()
    two.save(site.folder / "aside")
    assert GuardedFaissCollection.open(saved, site.guard()).acting_for("bob").get()["ids"] == ["b", "c", "d"]
    one.save()


def test_a_save_that_fails_leaves_the_old_file(site, saved, monkeypatch):
    """Killed or refused in mid-write, the previous generation is whole and nothing is left beside it."""
    notes = GuardedFaissCollection.open(saved, site.guard())
    notes.acting_for("bob").add(["c"], ["one more"])
    before = saved.read_bytes()
    for name in ("fsync", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, _raise)
            with pytest.raises(StoreFailed) as failed:
                notes.save()
            assert failed.value.__context__ is None
        assert saved.read_bytes() == before
        assert not [*site.folder.glob("*.tmp"), *site.folder.glob(".*.tmp")]
    notes.save()
    assert GuardedFaissCollection.open(saved, site.guard()).acting_for("bob").count() == 2


def _raise(*_args, **_options):
    raise OSError(28, "No space left on device")


def test_without_a_path_there_is_nowhere_to_save(guard, rows):
    """Save wants a path once, and a collection that nobody wrote to makes no file."""
    index = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard)
    with pytest.raises(BadInput):
        index.save()


def test_nothing_written_is_no_file(site):
    """Nor does saving make one before the first write, and wrapping again starts from nothing."""
    path = site.folder / "index"
    for _ in range(2):
        index = vecguard_faiss.wrap(faiss.IndexFlatL2(24), site.guard(), path=path)
        index.save()
        assert not path.exists()


def test_an_exposing_policy_is_not_saved(site, rows):
    """Under a policy that leaves vectors exact, neither a path nor a save is accepted."""
    with pytest.raises(PolicyError):
        vecguard_faiss.wrap(faiss.IndexFlatL2(24), site.guard(Policy.transparent()), path=site.folder / "index")
    index = vecguard_faiss.wrap(faiss.IndexFlatL2(24), site.guard(Policy.transparent()))
    index.acting_for("alice").add(rows)
    with pytest.raises(PolicyError):
        index.save(site.folder / "index")
    assert not (site.folder / "index").exists()


def test_unguarded_rows_are_not_saved(site, rows):
    """Rows of the template that legacy="ignore" leaves invisible do not get into the file."""
    native = faiss.IndexFlatL2(24)
    native.add(rows)
    index = vecguard_faiss.wrap(native, site.guard(), path=site.folder / "index", legacy="ignore")
    index.acting_for("alice").add(rows[:1])
    index.save()
    content = (site.folder / "index").read_bytes()
    assert rows[20].tobytes()[:24] not in content
    assert len(content) < rows.nbytes


def test_a_write_that_was_never_saved_is_settled_from_the_state(site, rows, monkeypatch):
    """A write whose end was never confirmed is carried out when the older file is opened, behind the rows in it."""
    path = site.folder / "index"
    guard = site.guard()
    index = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard, path=path)
    index.acting_for("alice").add(rows[:3])
    index.save()
    monkeypatch.setattr(guard.state, "confirm", _raise)
    with pytest.raises(OSError, match="No space"):
        index.acting_for("alice").add(rows[3:5])
    alice = GuardedIndex.open(path, site.guard()).acting_for("alice")
    alice.add(rows[5:6])
    assert alice.search(rows[:6], 1)[1][:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_restored_state_deletes_again_and_writes_nothing_again(site, saved):
    """A backup cannot say which of its unsaved records were deleted since; those that were deleted then stay so."""
    guard = site.guard()
    bob = GuardedFaissCollection.open(saved, guard).acting_for("bob")
    bob.upsert(["b", "c"], ["written over", "never saved"])
    GuardedFaissCollection.open(saved, guard).acting_for("alice-the-owner").delete(ids=["note-2"])
    backup(guard.state.database, site.folder / "backup")
    state = f"sqlite:///{site.folder / 'restored.db'}"
    empty = Database(state, as_it_is=True)
    done = restore(site.folder / "backup", empty, Keyring.from_file(site.keys), lambda _: ())
    empty.close()
    assert done.dropped == 1
    again = GuardedFaissCollection.open(saved, site.guard(state=state))
    assert again.acting_for("bob").get()["documents"] == ["nothing personal in this one"]
    assert again.acting_for("alice-the-owner").get()["ids"] == ["note-of-alice-1"]


def test_errors_show_no_path_and_no_content(site, saved):
    """Whatever fails, the message has neither a path nor anything of the file."""
    saved.write_bytes(saved.read_bytes()[:-1])
    for call in (lambda: GuardedIndex.open(saved, site.guard()), lambda: GuardedIndex.open("/no/such", site.guard())):
        with pytest.raises(VecGuardError) as failed:
            call()
        assert str(site.folder) not in str(failed.value)
        assert "no/such" not in str(failed.value)
