"""Who stands behind a line: everybody's lines are found by name until they are erased, and by nobody afterwards.

The attacker has the state's file and the root key, guesses names, and computes whatever the state ever computed of a
name under any key that it can open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from vecguard import Keyring, Principal, hazmat
from vecguard.erasure import ErasureReceipt, OfOwner, erase
from vecguard.evidence.log import Line, Wanted, find
from vecguard.facade import Guarded, Room
from vecguard.principal import Acting
from vecguard.records import Ask
from vecguard.state import State, tables
from vecguard.state.database import Database
from vecguard.state.epochs import Epochs
from vecguard.state.keystore import unwrapped
from vecguard.surface import Surface
from vecguard.system import GUARD, HAZMAT

NAMES = ("alice", "bob", "carol")
DOMAINS = ("principal", "owner", "system", "grantee", "pseudonym", "lookup")


class Handle(Guarded):
    """A guarded object with no verbs of its own: an erasure is given one."""

    __slots__ = ()


Handle.surface = Surface("Handle", Handle, {})


@pytest.fixture
def keys() -> Keyring:
    return Keyring.ephemeral()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture
def ward(desk_of: Callable[..., Any], keys: Keyring, url: str) -> Any:
    """Alice read before she wrote, wrote, shared, and read again; bob and carol read what she shared."""
    desk = desk_of(keys=keys, state=url)
    desk.write(["b"], ["a note of bob"], who="bob")
    desk.guard.rules.grant("bob", readers=["alice", "carol"])
    assert len(desk.read(Ask(), "alice").hits) == 1
    desk.write(["a"], ["a note of alice"])
    desk.guard.rules.grant("alice", readers=["bob", "carol"], by="alice")
    for who in NAMES:
        desk.read(Ask(), who)
    desk.forget(who="bob")
    return desk


def erased(desk: Any, owner: str, **options: Any) -> ErasureReceipt:
    handle = Handle(Room(desk.guard, None, None, desk.shelf, desk.store, desk.guard.embedding))
    return erase(desk.guard, [handle], OfOwner(owner, **options))


def lines(state: State, **wanted: frozenset[str]) -> list[Line]:
    return state.database.look(lambda connection: find(connection, Wanted(**wanted), 1_000))[0]


def guessed(url: str, keys: Keyring, name: str) -> set[str]:
    """Every digest of a guessed name under every key that the state holds and the root opens, and under those below."""
    database = Database(url)
    rows = database.look(lambda connection: connection.execute(select(tables.keys)).all())
    database.close()
    spelled = [(name,), *((domain, name) for domain in DOMAINS), ("grantee", "user", name)]
    found: set[str] = set()
    for row in rows:
        top = unwrapped(keys, row)
        for key in (top, *(top.derive(each) for each in ("lookup", "audit", "grants", "owner digests"))):
            found |= {key.mac(*parts).hex() for parts in spelled}
    own = {row.subject: unwrapped(keys, row) for row in rows if row.kind == "pseudonym"}
    # keys that belong to somebody else's name say nothing of this one
    return found | {own[each].mac(role).hex() for each in found & own.keys() for role in ("principal", "owner")}


def tied(state: State, url: str, keys: Keyring, name: str) -> Counter[str]:
    """What the attacker finds of a name, by action."""
    digests = guessed(url, keys, name)
    return Counter(each.action for each in lines(state) if {each.principal, each.owner} & digests)


# ------------------------------------------------------------------------------------------------- after an erasure


def test_no_line_is_tied_to_an_erased_name_by_state_and_root(ward: Any, url: str, keys: Keyring) -> None:
    """All of alice's, as owner and as principal, are before; afterwards only those that tell of the erasure."""
    state = ward.guard.state
    assert tied(state, url, keys, "alice") == Counter(read=6, write=1, grant=1)
    others = {name: tied(state, url, keys, name) for name in ("bob", "carol")}
    erased(ward, "alice")
    assert tied(state, url, keys, "alice") == Counter(erase=2)
    assert {name: tied(state, url, keys, name) for name in others} == others
    assert state.audit.verify() == []


def test_a_reader_who_never_owned_anything_is_erased_from_the_log_too(ward: Any, url: str, keys: Keyring) -> None:
    """Carol has no data key: her reads are hers until she is erased."""
    state = ward.guard.state
    assert tied(state, url, keys, "carol") == Counter(read=3)
    assert erased(ward, "carol").counts["keys"] == 1
    assert tied(state, url, keys, "carol") == Counter(erase=2)


def test_a_new_life_has_new_pseudonyms(ward: Any, url: str, keys: Keyring) -> None:
    """What comes after the erasure is found by name, and is tied to nothing from before."""
    state = ward.guard.state
    erased(ward, "alice")
    ward.write(["a"], ["another note"])
    assert Counter(each.action for each in lines(state, owner=state.pseudonyms.owner("alice"))) == Counter(
        erase=2, write=1
    )
    assert tied(state, url, keys, "alice") == Counter(erase=2, write=1)


def test_the_epoch_of_an_erased_owner_does_not_tell_how_often_it_wrote(ward: Any) -> None:
    """Else the owner, whom its digest in the epochs names to a guess, would be known by the number of its lines."""
    state = ward.guard.state
    uid, digest = ward.shelf.collection.uid, state.digest("alice")
    before = Epochs(state.database).epoch(uid, digest)
    erased(ward, "alice")
    assert Epochs(state.database).epoch(uid, digest) > before + (1 << 32)


def test_a_receipt_cannot_be_guessed_by_its_digest(ward: Any) -> None:
    """Two receipts that say the same differ: the digest in a line of the log does not name the owner to a guess."""
    one, other = (erased(ward, "nobody") for _ in range(2))
    assert len(one.nonce) == 32
    assert one.nonce != other.nonce


# ---------------------------------------------------------------------------------------------- until an erasure


def test_all_lines_of_a_living_name_are_found(ward: Any) -> None:
    """As a principal and as an owner, before its first write and after."""
    state = ward.guard.state
    by = lines(state, principal=state.pseudonyms.principal("alice"))
    about = lines(state, owner=state.pseudonyms.owner("alice"))
    assert Counter(each.action for each in by) == Counter(read=4, write=1, grant=1)
    assert Counter((each.action, each.detail) for each in about) == Counter(
        {("read", ""): 2, ("read", "shared"): 2, ("write", ""): 1, ("grant", ""): 1}
    )


def test_lines_of_old_logs_are_found_with_those_of_today(
    ward: Any, url: str, keys: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests under the lookup key: nothing of them changes, the chains hold, all names are found."""
    state = ward.guard.state
    counts = {name: len(lines(state, principal=state.pseudonyms.principal(name))) for name in NAMES}
    old = State(url, keys)

    def as_it_was(_: object, acting: Acting, __: object) -> tuple[str, str]:
        return state.names.mac("principal", acting.principal.id).hex(), state.names.mac("owner", acting.owner).hex()

    monkeypatch.setattr(type(old.pseudonyms), "of", as_it_was)
    for name in NAMES:
        old.audit.append(Acting.of(name), "read", "u", 1)
        old.audit.append(Acting.of("vecguard", name), "shred", "", 1)
    monkeypatch.undo()
    assert {name: len(lines(state, principal=state.pseudonyms.principal(name))) for name in NAMES} == {
        name: count + 1 for name, count in counts.items()
    }
    assert len(lines(state, owner=state.pseudonyms.owner("carol"), principal=state.pseudonyms.system(GUARD))) == 1
    assert state.audit.verify() == []


@pytest.mark.parametrize("part", [GUARD, HAZMAT], ids=lambda part: part.id)
def test_a_tenant_that_is_called_as_a_part_of_vecguard_is_somebody_else(part: Principal, ward: Any) -> None:
    """Neither finds lines of the other."""
    state = ward.guard.state
    state.audit.append(Acting(Principal(part.id), part.id), "read", "u", 1)
    state.audit.append(Acting(part, ""), "shred", "", 1)
    (by_part,) = (each for each in lines(state, principal=state.pseudonyms.system(part)) if each.action == "shred")
    (by_tenant,) = lines(state, principal=state.pseudonyms.principal(part.id))
    assert by_tenant.action == "read"
    assert {by_part.principal, by_part.owner}.isdisjoint({by_tenant.principal, by_tenant.owner})


def test_a_hole_that_nobody_opened_is_not_a_tenants(ward: Any) -> None:
    """`hazmat` with nobody acting is a part of VecGuard, whatever a tenant is called."""
    state = ward.guard.state
    hazmat.permit_exposed_store(ward.guard, reason="a test")
    assert lines(state, principal=state.pseudonyms.principal("hazmat")) == []
    assert [each.action for each in lines(state, principal=state.pseudonyms.system(HAZMAT))] == ["expose"]


# -------------------------------------------------------------------------------------------------- several guards


def test_another_guard_with_an_old_key_in_memory_writes_lines_of_the_new_life(
    ward: Any, desk_of: Callable[..., Any], keys: Keyring, url: str
) -> None:
    """Alice was erased by one guard; what she reads through the other from then on is found by her name."""
    other = desk_of(keys=keys, state=url, store=ward.store)
    other.read(Ask(), "alice")
    erased(ward, "alice")
    ward.guard.rules.grant("bob", readers=["alice"])
    ward.write(["b"], ["another note of bob"], who="bob")
    assert len(other.read(Ask(), "alice").hits) == 1
    found = lines(ward.guard.state, principal=ward.guard.state.pseudonyms.principal("alice"))
    assert [each.action for each in found] == ["read", "read"]  # her own rows, of which there are none, and bob's


def test_a_line_without_a_read_before_it_looks_for_erasures_as_well(ward: Any, keys: Keyring, url: str) -> None:
    """A grant in a process that has read nothing since somebody else erased its maker."""
    other = State(url, keys)
    other.audit.append(Acting.of("alice"), "grant", "", 1)
    erased(ward, "alice")
    other.audit.append(Acting.of("alice"), "grant", "", 1)
    state = ward.guard.state
    assert len(lines(state, principal=state.pseudonyms.principal("alice"))) == 1


def test_a_key_whose_transaction_failed_is_not_used_again(keys: Keyring, url: str) -> None:
    """Else lines would be under a key that is nowhere, and nobody would ever find them."""
    state = State(url, keys)

    def fails(connection: Any) -> None:
        state.audit.append_in(connection, Acting.of("zoe"), "write", "u", 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        state.audit.guarded(fails)
    state.audit.append(Acting.of("zoe"), "write", "u", 1)
    again = State(url, keys)
    assert [each.count for each in lines(again, principal=again.pseudonyms.principal("zoe"))] == [1]


# ------------------------------------------------------------------------------------------------------- what it costs


def test_a_warm_read_asks_the_state_once_and_writes_once(
    desk_of: Callable[..., Any], keys: Keyring, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look at epochs and one transaction for the line: pseudonyms add nothing to either."""
    desk = desk_of(keys=keys, state=url)
    desk.write(["a"], ["text"])
    desk.texts()
    calls: Counter[str] = Counter()
    for verb in ("look", "rows", "run", "write"):
        monkeypatch.setattr(Database, verb, _counting(verb, getattr(Database, verb), calls))
    assert desk.texts() == {"a": "text"}
    assert calls == Counter(rows=1, write=1)


def _counting(verb: str, whole: Any, calls: Counter[str]) -> Any:
    def counting(self: Database, *args: Any, **options: Any) -> Any:
        calls[verb] += 1
        return whole(self, *args, **options)

    return counting
