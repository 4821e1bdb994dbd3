"""What lies in the files, what survives a kill, and what collections are to their owners."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest

import vecguard_chroma
from vecguard import Guard, Keyring, Policy, PolicyError, Principal, Scrub, UnprotectedRows, hazmat
from vecguard.testing import word_hash

D = 64
NAMES = ["Eleanor Vance", "Theodore Crain"]
PLANTED = [
    *NAMES,
    "415-555-0133",
    "eleanor.vance@example.com",
    "note-4711-a",
    "owner-of-record",
    "clinician-on-duty",
    "the swelling over the left wrist had gone down overnight",
]


def _forms(text: str) -> dict[str, bytes]:
    raw = text.encode()
    found = {
        "plain": raw,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        found[f"base64+{shift}"] = coded[4 if shift else 0 : -4]
    return found


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("policy", [Policy(), Policy.strict()], ids=["balanced", "strict"])
def test_the_files_of_store_and_state_say_nothing(policy: Policy, tmp_path: Path) -> None:
    """No planted name, number, address, id, owner or sentence is in any file in any spelling, nor an exact vector."""
    embed = word_hash(D)
    url = f"sqlite:///{tmp_path / 'state.db'}"
    guard = Guard(policy, keys=Keyring.ephemeral(), state=url, embedder=embed)
    client = chromadb.PersistentClient(str(tmp_path / "store"))
    native = client.create_collection("notes", embedding_function=None)
    collection = vecguard_chroma.wrap(native, guard)
    text = f"{PLANTED[7]}. {PLANTED[0]} and {PLANTED[1]}, {PLANTED[2]}, {PLANTED[3]}"
    notes = collection.acting_for(Principal("clinician-on-duty"), owner="owner-of-record")
    for _ in range(2):
        notes.upsert(
            ids=["note-4711-a", "note-4711-ab"],
            documents=[text, "nothing in here"],
            metadatas=[{"patient": PLANTED[0], "mail": PLANTED[3]}, {"ward": "B2"}],
        )
    notes.query(query_texts=[text], n_results=1)
    notes.get(where={"patient": PLANTED[0]})
    notes.delete(ids=["note-4711-ab"])
    content = _files(tmp_path)
    assert b"_vg_seal" in content
    for planted in PLANTED:
        for form, spelled in _forms(planted).items():
            assert spelled not in content, (planted, form)

    stored = [np.asarray(each) for each in native.get(include=["embeddings"])["embeddings"]]
    (clean,) = guard._cleaning.texts([text])
    for exact in embed([clean.embedded, text]):
        for vector in stored:
            assert abs(vector @ exact) / np.linalg.norm(vector) < 0.5
    guard.close()


def test_an_exposing_policy_is_refused_for_a_folder(tmp_path: Path, guard_of: Callable[..., Guard]) -> None:
    """Policy.transparent() starts on a client in memory, and on a folder only through hazmat."""
    native = chromadb.PersistentClient(str(tmp_path)).create_collection("notes", embedding_function=None)
    guard = guard_of(Policy.transparent())
    with pytest.raises(PolicyError, match="hazmat"):
        vecguard_chroma.wrap(native, guard)
    hazmat.permit_exposed_store(guard, reason="a measurement")
    vecguard_chroma.wrap(native, guard).acting_for("alice").add(ids=["a"], documents=["text"])


WRITER = """
import sys, chromadb, vecguard_chroma
from vecguard import Guard, Keyring, Policy, Scrub
from vecguard.testing import word_hash
folder = sys.argv[1]
guard = Guard(Policy(scrub=Scrub(enabled=False)), keys=Keyring.from_file(folder + "/key"),
              state="sqlite:///" + folder + "/state.db", embedder=word_hash(16))
client = chromadb.PersistentClient(folder + "/store")
native = client.get_or_create_collection("notes", embedding_function=None)
notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
for step in range(100000):
    ids = [f"{step}.{n}" for n in range(3)]
    notes.upsert(ids=ids + ["always"], documents=[f"text of {i}" for i in ids] + [f"version {step}"])
    print("put", step, flush=True)
    if step % 3 == 2:
        notes.delete(ids=[f"{step - 1}.0", f"{step - 1}.1"])
        print("gone", step - 1, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("after", [0.11, 0.37])
def test_a_killed_process_loses_nothing_that_it_acknowledged(after: float, tmp_path: Path) -> None:
    """SIGKILL in mid-write: reopened, every acknowledged write and delete holds and the rest is whole or absent."""
    keys = Keyring.generate(tmp_path / "key")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first == "put 0\n", process.stderr and process.stderr.read()
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.readlines()]
    whole = [line.split() for line in lines if line.endswith("\n")]
    done = {int(step) for word, step in whole if word == "put"}
    gone = {int(step) for word, step in whole if word == "gone"}

    url = f"sqlite:///{tmp_path / 'state.db'}"
    guard = Guard(Policy(scrub=Scrub(enabled=False)), keys=keys, state=url, embedder=word_hash(16))
    client = chromadb.PersistentClient(str(tmp_path / "store"))
    native = client.get_collection("notes", embedding_function=None)
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
    answer = notes.get()
    found = dict(zip(answer["ids"], answer["documents"], strict=True))
    last = max(done)
    for step in done:
        for n in range(3):
            if step in gone and n < 2:
                assert f"{step}.{n}" not in found
            elif step not in {last - 1, last, last + 1}:
                assert found[f"{step}.{n}"] == f"text of {step}.{n}"
    unacknowledged = {f"{last + 1}.{n}" for n in range(3)} & set(found)
    assert len(unacknowledged) in (0, 3)
    assert found["always"] in (f"version {last}", f"version {last + 1}")
    assert native.count() == len(found) + 1
    assert guard.state.audit.verify() == []
    notes.upsert(ids=["later"], documents=["works on"])
    assert notes.query(query_texts=["works on"], n_results=1)["ids"] == [["later"]]
    guard.close()


# ---------------------------------------------------------------------------------------------------- collections


@pytest.fixture
def client(memory: Any, guard_of: Callable[..., Guard]) -> Any:
    return vecguard_chroma.wrap(memory, guard_of(Policy(scrub=Scrub(enabled=False))))


@pytest.fixture
def name(memory: Any, request: pytest.FixtureRequest) -> Any:
    made = f"coll-{abs(hash(request.node.name)) % 10**9}"
    yield made
    if made in [each.name for each in memory.list_collections()]:
        memory.delete_collection(made)


def test_collections_come_out_guarded(client: Any, name: str) -> None:
    """Created, got, got or created and listed: each is guarded, bound as the client is, and of the native class."""
    alice = client.acting_for("alice")
    made = alice.create_collection(name, embedding_function=None)
    made.add(ids=["a"], documents=["text"])
    listed = next(each for each in alice.list_collections() if each.name == name)
    for each in (
        made,
        alice.get_collection(name, embedding_function=None),
        alice.get_or_create_collection(name, embedding_function=None),
        listed,
    ):
        assert type(each) is vecguard_chroma.GuardedCollection
        assert isinstance(each, chromadb.Collection)
        assert each.get()["ids"] == ["a"]
        assert each.name == name
    assert client.acting_for("bob").get_collection(name, embedding_function=None).count() == 0
    assert client.count_collections() >= 1
    assert client.get_max_batch_size() > 0


def test_a_collection_goes_when_its_last_owner_leaves(client: Any, memory: Any, name: str) -> None:
    """delete_collection takes one's own records; the native collection goes with the last of them."""
    client.create_collection(name, embedding_function=None)
    for owner in ("alice", "bob"):
        client.acting_for(owner).get_collection(name, embedding_function=None).add(ids=["n"], documents=[owner])
    client.acting_for("alice").delete_collection(name)
    bob = client.acting_for("bob").get_collection(name, embedding_function=None)
    assert bob.get()["documents"] == ["bob"]
    assert client.acting_for("alice").get_collection(name, embedding_function=None).count() == 0
    client.acting_for("carol").delete_collection(name)
    assert bob.count() == 1
    client.acting_for("bob").delete_collection(name)
    assert name not in [each.name for each in memory.list_collections()]
    again = client.acting_for("alice").create_collection(name, embedding_function=None)
    again.add(ids=["n"], documents=["a new life"])
    assert again.get()["documents"] == ["a new life"]


def test_a_collection_with_unguarded_rows_is_not_deleted(memory: Any, guard_of: Any, name: str) -> None:
    """Rows of no owner keep a collection: refused, or left alone under legacy="ignore"."""
    memory.create_collection(name, embedding_function=None).add(ids=["old"], embeddings=[[1.0, 2.0]])
    with pytest.raises(UnprotectedRows):
        vecguard_chroma.wrap(memory, guard_of()).acting_for("alice").delete_collection(name)
    vecguard_chroma.wrap(memory, guard_of(), legacy="ignore").acting_for("alice").delete_collection(name)
    assert memory.get_collection(name, embedding_function=None).count() == 1


def test_deleting_needs_a_principal(client: Any, memory: Any, name: str) -> None:
    """Nobody deletes nothing."""
    from vecguard import AccessDenied

    client.create_collection(name, embedding_function=None)
    with pytest.raises(AccessDenied):
        client.delete_collection(name)
    assert name in [each.name for each in memory.list_collections()]
