"""Ranking in the guard: exact, from memory where nothing changed, and never from memory where something did."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import (
    Keyring,
    OwnerTooLargeWarning,
    Pending,
    Policy,
    Retention,
    RowsAmissWarning,
    Scrub,
    Tampered,
    Vectors,
)
from vecguard.filters import TEXT, Compare
from vecguard.flow import drive
from vecguard.ports import Fetch, Find, Put, Search
from vecguard.principal import Acting
from vecguard.records import Ask, Query, RecordId
from vecguard.testing import MemoryStore, word_hash

STRICT = Policy.strict().replace(scrub=Scrub(enabled=False))
WORDS = ["heart", "lung", "liver", "ward", "fever", "cough", "rash", "pain", "dose", "scan", "night", "clinic"]


def texts(count: int, seed: int = 3) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=5)) + f" {at}" for at in range(count)]


def filled(desk: Any, count: int = 40, who: str = "alice") -> list[str]:
    written = texts(count)
    desk.write([f"n{at}" for at in range(count)], written, [{"at": at} for at in range(count)], who=who)
    return written


def brute_force(desk: Any, written: dict[str, str], query: str, limit: int) -> list[str]:
    embed = desk.embedding
    exact, wanted = embed.texts(list(written.values()), None), embed.texts([query], None)[0]
    near = exact @ wanted / np.linalg.norm(exact, axis=1)
    return [list(written)[at] for at in np.argsort(-near, kind="stable")[:limit]]


def finds(desk: Any) -> int:
    return sum(isinstance(each, Find) and each.vectors for each in desk.store.requests)


@pytest.fixture
def strict(desk_of: Callable[..., Any]) -> Any:
    return desk_of(STRICT)


def test_the_first_search_reads_and_the_next_ones_do_not(strict: Any) -> None:
    """The store is asked for the rows once, for the winners each time, and never gets a query."""
    written = filled(strict)
    for query in ("heart fever", "night scan dose", "rash"):
        expected = brute_force(strict, {f"n{at}": text for at, text in enumerate(written)}, query, 5)
        assert strict.nearest(query, limit=5) == expected
    assert finds(strict) == 1
    assert not any(isinstance(each, Search) for each in strict.store.requests)


def test_it_answers_what_a_guard_without_memory_answers(desk_of: Callable[..., Any]) -> None:
    """Filters, thresholds, offsets, several queries: the same records with the same scores, cold and warm."""
    desk = desk_of(STRICT)
    filled(desk)
    asks = [
        Ask(query=Query(texts=("heart fever", "lung cough")), limit=4),
        Ask(query=Query(texts=("heart fever",)), limit=3, offset=4),
        Ask(query=Query(texts=("heart fever",)), limit=30, threshold=0.2),
        Ask(query=Query(texts=("heart fever",)), limit=10, where=Compare(("at",), "gte", 20)),
        Ask(query=Query(texts=("heart fever",)), limit=10, where=Compare(TEXT, "text", "lung")),
        Ask(query=Query(texts=("heart fever",)), limit=10, ids=tuple(map(RecordId.text, ("n3", "n9", "n12")))),
        Ask(query=Query(texts=("heart fever",))),
    ]
    cold = []
    for ask in asks:
        desk.guard.owners.cache.clear()
        cold.append(desk.read(ask))
    read = finds(desk)
    assert [desk.read(ask) for ask in asks] == cold
    assert finds(desk) == read
    assert [len(answer.groups[0]) for answer in cold][-3:] == [10, 3, 40] or len(cold[-3].groups[0]) < 10


@pytest.mark.parametrize("first", ["cold", "warm"])
def test_every_change_is_seen_by_the_next_search(strict: Any, first: str) -> None:
    """Insert, update of text, of fields alone, delete: what is kept follows, and equals what a fresh read gives."""
    written = {f"n{at}": text for at, text in enumerate(filled(strict, 20))}
    if first == "warm":
        strict.nearest("heart")

    def same() -> None:
        assert strict.nearest("heart fever", limit=8) == brute_force(strict, written, "heart fever", 8)

    strict.write(["new"], ["heart fever heart fever"])
    written["new"] = "heart fever heart fever"
    same()
    strict.write(["n3"], ["heart fever scan"], verb="update")
    written["n3"] = "heart fever scan"
    same()
    strict.write(["n3"], None, [{"at": 77}], verb="update")
    same()
    hits = strict.read(Ask(query=Query(texts=("heart",)), limit=9, where=Compare(("at",), "eq", 77))).hits
    assert [hit.record.id.given for hit in hits] == ["n3"]
    assert hits[0].record.text == "heart fever scan"
    assert strict.forget(["new", "n5"]) == 2
    del written["new"], written["n5"]
    same()
    assert finds(strict) == 1


def test_writes_of_this_guard_are_taken_over_without_reading_again(strict: Any) -> None:
    """A write brings what is kept up to date; the vectors in it are the ones that a read would unmask."""
    filled(strict, 10)
    strict.nearest("heart")
    strict.write(["x", "n2"], ["heart lung", "night night"], [{"a": 1}, None])
    strict.forget(["n0"])
    cache = strict.guard.owners.cache
    (key,) = cache._entries
    kept = cache.get(key).rows
    cache.drop(key)
    strict.nearest("heart")
    read = cache.get(key).rows
    assert [each.backend_id for each in kept.opened] == [each.backend_id for each in read.opened]
    assert kept.opened == read.opened
    np.testing.assert_allclose(kept.exact, read.exact, atol=1e-5)


def test_a_write_of_another_process_is_seen(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Two guards on one state and one store: neither answers from memory what the other has changed."""
    keys, state, store = Keyring.ephemeral(), f"sqlite:///{tmp_path}/state.db", MemoryStore()
    one = desk_of(STRICT, keys=keys, state=state, store=store)
    two = desk_of(STRICT, keys=keys, state=state, store=store)
    filled(one, 10)
    assert "x" not in one.nearest("heart lung", limit=3) + two.nearest("heart lung", limit=3)
    two.write(["x"], ["heart lung"])
    assert one.nearest("heart lung", limit=1) == ["x"]
    one.forget(["x"])
    assert "x" not in two.nearest("heart lung", limit=3)
    before = len(store.requests)
    one.nearest("heart")
    two.nearest("heart")
    assert all(isinstance(each, Fetch) for each in store.requests[before:])


def test_nothing_is_kept_while_a_write_is_open(strict: Any) -> None:
    """A write that was begun and not confirmed may have changed rows already: each search reads again."""
    filled(strict, 5)
    flow = strict.writing(strict.draft(["x"], ["heart lung"]))
    answer: Any = None
    while True:
        request = flow.send(answer)
        if isinstance(request, Put):
            break
        answer = request.on(strict.store)
    assert "x" not in strict.nearest("heart lung")
    request.on(strict.store)
    assert strict.nearest("heart lung", limit=1) == ["x"]
    assert strict.guard.owners.cache.nbytes == 0
    flow.close()
    strict.settle()
    strict.nearest("heart")
    assert strict.guard.owners.cache.nbytes > 0


def test_a_write_that_the_store_took_in_part_is_not_taken_over(desk_of: Callable[..., Any]) -> None:
    """What is kept is let go of by the epoch; the next search settles nothing and reads what there is."""
    store = MemoryStore()
    desk = desk_of(STRICT, store=store)
    filled(desk, 5)
    desk.nearest("heart")
    put = store.put

    def half(request: Put) -> None:
        put(replace(request, rows=replace(request.rows, rows=request.rows.rows[:1])))
        raise ConnectionError

    store.put = half  # type: ignore[method-assign]
    with pytest.raises(Pending):
        desk.write(["x", "y"], ["heart lung", "liver ward"])
    store.put = put  # type: ignore[method-assign]
    assert {"x", "y"} <= set(desk.nearest("heart lung liver", limit=7))


def _taken(desk: Any, name: str) -> None:
    """Take a record's row from the store by other means."""
    (kept,) = desk.guard.owners.cache._entries.values()
    (row,) = [each.backend_id for each in kept.rows.opened if each.record.id.given == name]
    del desk.store.rows[row]


def test_rows_taken_from_the_store_by_other_means_are_not_handed_out_of_memory(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(STRICT.replace(tampered="drop"))
    written = filled(desk, 10)
    assert desk.nearest(written[4], limit=1) == ["n4"]
    _taken(desk, "n4")
    with pytest.warns(RowsAmissWarning):
        assert "n4" not in desk.nearest(written[4], limit=10)
    assert len(desk.nearest(written[4], limit=10)) == 9


def test_a_strict_policy_answers_nothing_of_an_owner_with_a_row_missing(strict: Any) -> None:
    """As long as a row that is missing is not among the winners, what is kept is complete and answers."""
    written = filled(strict, 10)
    assert strict.nearest(written[4], limit=1) == ["n4"]
    _taken(strict, "n4")
    assert strict.nearest(written[5], limit=1) == ["n5"]
    with pytest.raises(Tampered, match="missing"):
        strict.nearest(written[4], limit=10)


def test_a_store_that_was_turned_back_does_not_turn_back_what_is_kept(strict: Any) -> None:
    """An older version that somebody put back by other means is not shown: what was acknowledged last is."""
    filled(strict, 20)
    older = dict(strict.store.rows)
    strict.write(["n3"], ["heart of another version"])
    assert strict.nearest("heart of another version", limit=1) == ["n3"]
    strict.store.rows.update(older)
    answer = strict.read(Ask(query=Query(texts=("heart of another version",)), limit=20))
    (shown,) = [hit.record.text for hit in answer.hits if hit.record.id.given == "n3"]
    assert shown == "heart of another version"


def test_a_row_that_expires_is_gone_although_it_is_kept(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(STRICT.replace(retention=Retention(days=1.0)))
    now = [1e9]
    desk.guard.clock = desk.guard._retrieval._clock = desk.guard.owners._clock = lambda: now[0]
    desk.write(["a"], ["heart lung"])
    now[0] += 0.5 * 86_400
    desk.write(["b"], ["heart lung scan"])
    assert desk.nearest("heart lung") == ["a", "b"]
    now[0] += 0.6 * 86_400
    assert desk.nearest("heart lung") == ["b"]


def test_owners_do_not_share_what_is_kept(strict: Any) -> None:
    filled(strict, 6, who="alice")
    filled(strict, 4, who="bob")
    assert len(strict.nearest("heart", who="alice", limit=99)) == 6
    assert len(strict.nearest("heart", who="bob", limit=99)) == 4
    assert strict.nearest("heart", who="carol", limit=99) == []
    assert len(strict.guard.owners.cache._entries) == 2


def test_an_owner_that_does_not_fit_is_read_in_pages_with_one_warning(
    desk_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact as ever, in bounded memory; the warning says what to do and is given once."""
    monkeypatch.setattr("vecguard.ranking.guard._PAGE", 50)
    embed = word_hash(64)
    policy = STRICT.replace(vectors=Vectors(noise=100.0, ranking="guard", cache_mb=1))
    desk = desk_of(policy, embedder=embed)
    desk.guard.owners.cache.limit = 150_000
    written = {f"n{at}": text for at, text in enumerate(filled(desk, 230))}
    expected = brute_force(desk, written, "heart fever", 12)
    with pytest.warns(OwnerTooLargeWarning, match="cache_mb") as caught:
        assert desk.nearest("heart fever", limit=12) == expected
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert desk.nearest("heart fever", limit=12) == expected
    assert desk.guard.owners.cache.nbytes == 0
    pages = [each for each in desk.store.requests if isinstance(each, Find) and each.vectors]
    assert max(each.limit or 10**9 for each in pages[-4:]) == 50
    desk.forget([f"n{at}" for at in range(10, 230)])
    assert len(desk.nearest("heart fever", limit=12)) == 10  # notices that it has shrunk
    assert len(desk.nearest("heart fever", limit=12)) == 10
    assert desk.guard.owners.cache.nbytes > 0


def test_a_store_that_changes_its_answers_cannot_make_a_search_go_on_for_ever(strict: Any) -> None:
    """A host that shows rows when they are listed and hides them when they are asked for gets two looks, not more."""
    filled(strict, 5)
    strict.nearest("heart")
    before = len(strict.store.requests)
    strict.store.fetch = lambda request: strict.store.requests.append(request) or []
    assert len(strict.nearest("heart", limit=5)) == 5
    assert len(strict.store.requests) - before < 6


def test_a_search_from_memory_is_audited_like_any_other(strict: Any) -> None:
    filled(strict, 3)
    for _ in range(3):
        strict.nearest("heart")
    assert strict.guard.state.audit.verify() == []
    from sqlalchemy import func, select

    from vecguard.state import tables

    counted = select(func.count()).select_from(tables.audit).where(tables.audit.c.action == "read")
    assert strict.guard.state.database.look(lambda connection: connection.execute(counted).scalar_one()) == 3


def test_concurrent_searches_and_writes_agree(strict: Any) -> None:
    """Eight threads search while one writes: every answer holds whole versions only, and the last one is right."""
    from threading import Thread

    filled(strict, 30)
    wrong: list[Any] = []

    def search() -> None:
        for _ in range(25):
            ask = Ask(query=Query(texts=("heart lung",)), limit=50)
            hits = drive(strict.guard.read(ask, strict.shelf, Acting.of("alice"), strict.embedding), strict.store)
            found = [hit.record.id.given for hit in hits.hits]
            if len(found) != len(set(found)) or len(found) < 30:
                wrong.append(found)

    threads = [Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        strict.write([f"w{turn}"], [f"heart lung {turn}"])
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(strict.nearest("heart lung", limit=99)) == 50


def test_what_a_caller_does_to_an_answer_does_not_change_what_is_kept(strict: Any) -> None:
    """Neither the answer of the first search nor that of a later one shares its fields with the next."""
    strict.write(["a"], ["heart lung"], [{"ward": {"bed": 1}, "list": [1]}])
    for _ in range(3):
        fields: Any = strict.read(Ask(query=Query(texts=("heart",)), limit=1)).hits[0].record.fields
        assert fields == {"ward": {"bed": 1}, "list": [1]}
        fields["ward"]["bed"] = 999
        fields["list"].append(2)
        fields["planted"] = True
