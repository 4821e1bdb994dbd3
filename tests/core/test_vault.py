"""The vault: originals live as long as a record refers to them, and not a call longer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from vecguard import BadInput, Keyring, Policy, Principal, Scrub, StateError, StoreFailed
from vecguard.flow import drive
from vecguard.records import Ask, RecordId
from vecguard.state import tables
from vecguard.testing import MemoryStore

SCRUBBED = Policy(scrub=Scrub(model="none", entities=("EMAIL_ADDRESS", "US_SSN")))
ANN, BEN = "ann@example.com", "ben@example.com"
DOCTOR = Principal("alice", permissions=frozenset({"pii:restore"}))


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    return desk_of(SCRUBBED)


def kept(desk: Any) -> tuple[int, int]:
    """How many originals and references the state holds."""

    def count(connection: Any) -> tuple[int, int]:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.vault, tables.references)
        )

    return desk.guard.state.database.run(count)


def test_an_original_goes_with_the_last_record_that_holds_it(desk: Any) -> None:
    """Two records share a token: deleting one keeps the original, deleting both erases it."""
    desk.write(["a", "b"], [f"write to {ANN}", f"{ANN} and {BEN}"])
    assert kept(desk) == (2, 3)
    desk.forget(["a"])
    assert kept(desk) == (2, 2)
    assert desk.texts(DOCTOR) == {"b": f"{ANN} and {BEN}"}
    desk.forget(["b"])
    assert kept(desk) == (0, 0)


def test_an_original_goes_when_its_record_is_overwritten(desk: Any) -> None:
    """A version that no longer holds a token lets go of it; one that still does keeps it."""
    desk.write(["a"], [f"{ANN} and {BEN}"], [{"from": ANN}])
    desk.write(["a"], [f"only {BEN}"])
    assert kept(desk) == (2, 2)
    assert desk.fields(DOCTOR) == {"a": {"from": ANN}}
    desk.write(["a"], fields=[{"from": None}])
    assert kept(desk) == (1, 1)
    assert desk.texts(DOCTOR) == {"a": f"only {BEN}"}


def test_a_token_that_is_written_back_is_still_referred_to(desk: Any) -> None:
    """A text that came back with tokens and was edited keeps what its tokens stand for."""
    desk.write(["a"], [f"write to {ANN}"])
    desk.write(["a"], [desk.texts()["a"] + " today"])
    assert kept(desk) == (1, 1)
    assert desk.texts(DOCTOR) == {"a": f"write to {ANN} today"}


def test_owners_do_not_share_originals(desk: Any) -> None:
    """The same value of two owners is two originals; one owner's delete leaves the other's."""
    desk.write(["a"], [ANN])
    desk.write(["a"], [ANN], who="bob")
    assert kept(desk) == (2, 2)
    desk.forget(["a"])
    assert desk.texts(Principal("bob", permissions=frozenset({"pii:restore"}))) == {"a": ANN}


class Refusing(MemoryStore):
    """Takes nothing while `away`."""

    away = False

    def put(self, request: Any) -> None:
        if self.away:
            raise ConnectionError
        super().put(request)


def test_a_refused_write_leaves_no_original(desk_of: Callable[..., Any]) -> None:
    """What the store took none of is struck out with its references and originals; the version before stays whole."""
    desk = desk_of(SCRUBBED, store=Refusing())
    desk.write(["a"], [f"write to {ANN}"])
    desk.store.away = True
    with pytest.raises(StoreFailed):
        desk.write(["a", "b"], [f"now {BEN}", f"{ANN} again"])
    assert kept(desk) == (1, 1)
    assert desk.texts(DOCTOR) == {"a": f"write to {ANN}"}


@pytest.mark.parametrize("steps", range(8))
def test_a_kill_loses_no_original(desk_of: Callable[..., Any], tmp_path: Any, steps: int) -> None:
    """Killed at any step, either version restores whole, and once settled exactly its originals are kept."""
    keys, store, url = Keyring.ephemeral(), MemoryStore(), f"sqlite:///{tmp_path}/state.db"
    first = desk_of(SCRUBBED, keys=keys, state=url, store=store)
    first.write(["a"], [f"write to {ANN}"])
    flow, answer = first.writing(first.draft(["a"], [f"now {BEN}"])), None
    try:
        for _ in range(steps):
            answer = flow.send(answer).on(store)
        flow.close()
    except StopIteration:
        pass
    after = desk_of(SCRUBBED, keys=keys, state=url, store=store)
    after.settle()
    assert after.texts(DOCTOR)["a"] in {f"write to {ANN}", f"now {BEN}"}
    assert kept(after) == (1, 1)


def test_a_late_settling_keeps_the_newer_versions_originals(desk_of: Callable[..., Any], tmp_path: Any) -> None:
    """A write that hung in one process and was settled before another wrote on: it takes nothing of the new one."""
    keys, store, url = Keyring.ephemeral(), MemoryStore(), f"sqlite:///{tmp_path}/state.db"
    one, two = (desk_of(SCRUBBED, keys=keys, state=url, store=store) for _ in range(2))
    one.write(["a"], ["nothing yet"])
    two.write(["z"], ["nothing either"])
    hanging, answer = one.writing(one.draft(["a"], [f"write to {ANN}"])), None
    while not one.open_intents():
        answer = hanging.send(answer).on(store)
    hanging.close()
    two.write(["a"], [f"now {BEN}"])
    two.write(["a"], [f"still {BEN}"])
    two.settle()
    assert two.texts(DOCTOR)["a"] == f"still {BEN}"
    assert kept(two) == (1, 1)


def test_two_values_never_share_a_token(desk: Any) -> None:
    """A token that already stands for something else is refused, and nothing is written."""
    desk.write(["a"], [ANN])
    token = desk.texts()["a"]
    space = desk.guard.state.space(desk.shelf.collection.uid, "alice", desk.shelf.collection.keys)
    key = desk.guard.state.keystore.get("vault", space.owner_digest)
    with pytest.raises(StateError, match="two different values"):
        desk.guard.state.database.run(
            lambda connection: desk.guard.state.vault.keep(connection, space.owner_digest, key, [(token, BEN)])
        )
    assert desk.texts(DOCTOR) == {"a": ANN}


def test_shredding_an_owner_leaves_tokens_that_mean_nothing(desk: Any) -> None:
    """All of an owner's originals and their key go; others' stay; later writes are kept under a new key."""
    desk.write(["a"], [ANN])
    desk.write(["a"], [ANN], who="bob")
    token = desk.texts()["a"]
    assert desk.guard.shred("alice") == 1
    assert desk.texts(DOCTOR) == {"a": token}
    assert kept(desk) == (1, 1)
    assert desk.guard.shred("alice") == 0
    desk.write(["b"], [ANN])
    assert desk.texts(DOCTOR)["b"] == ANN


def test_shredding_a_data_subject_takes_what_names_it(desk: Any) -> None:
    """Originals that contain a name or number of the subject go, in any spelling; those of others stay."""
    desk.write(["a", "b"], [f"{ANN} and ANN@EXAMPLE.COM", f"{BEN}, ssn 219-09-9999"])
    assert desk.guard.shred("alice", ["Ann@example.com", "219-09-9999"]) == 2
    texts = desk.texts(DOCTOR)
    assert texts["b"].startswith(BEN)
    assert "@" not in texts["a"]
    assert "219" not in texts["b"]


@pytest.mark.parametrize("subject", ["Ann", [""], ["  "], []])
def test_an_unclear_subject_is_refused(desk: Any, subject: Any) -> None:
    """A bare string would be read letter by letter, and an empty name is in everything."""
    with pytest.raises(BadInput, match="subject"):
        desk.guard.shred("alice", subject)


def test_shredding_leaves_no_bytes(desk_of: Callable[..., Any], tmp_path: Any) -> None:
    """What another process still has the key of is gone from the file, and that process notices at its next write."""
    keys, url, store = Keyring.ephemeral(), f"sqlite:///{tmp_path}/state.db", MemoryStore()
    one, two = (desk_of(SCRUBBED, keys=keys, state=url, store=store) for _ in range(2))
    one.write(["a"], [ANN])
    assert two.texts(DOCTOR) == {"a": ANN}
    raw = sqlite3.connect(tmp_path / "state.db")
    (sealed,) = raw.execute("select sealed from vg_vault").fetchone()
    two.guard.shred("alice")
    raw.execute("pragma wal_checkpoint(truncate)")
    assert sealed not in (tmp_path / "state.db").read_bytes()
    one.write(["b"], [BEN])
    assert two.texts(DOCTOR)["b"] == BEN


def test_verify_knows_the_text_that_was_written(desk: Any) -> None:
    """The original text verifies, its scrubbed form and anything else do not, nor does a missing or foreign record."""
    text = f"write to {ANN}"
    desk.write(["a"], [text])

    def verify(ids: list[str], texts: list[str], who: str = "alice") -> list[bool]:
        from vecguard.principal import Acting

        wanted = [RecordId.text(each) for each in ids]
        return drive(desk.guard.verify(wanted, texts, desk.shelf, Acting.of(who)), desk.store)

    assert verify(["a", "a", "a", "none"], [text, desk.texts()["a"], text.upper(), text]) == [True, False, False, False]
    assert verify(["a"], [text], who="bob") == [False]
    desk.write(["a"], fields=[{"n": 1}])
    assert verify(["a"], [text]) == [True]
    with pytest.raises(BadInput):
        verify(["a"], [])
    assert desk.read(Ask()).hits[0].record.text != text
