"""Budgets: counted exactly, by the UTC day and for ever, by all processes together."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import StateError
from vecguard.keys import Secret
from vecguard.state import tables
from vecguard.state.counters import Ceiling, Counters, Tally
from vecguard.state.database import Database

from .conftest import KEY, Clock

REQUESTS = int(os.environ.get("VECGUARD_WATCH_REQUESTS", "1000"))
"""Per process; a slow machine may take less, from 25 on: VECGUARD_WATCH_REQUESTS=250 pytest tests/watch."""
NO_LIMIT = Ceiling()


@pytest.fixture
def counting(database: Database, clock: Clock) -> Callable[..., Counters]:
    def make(daily: Ceiling = NO_LIMIT, ever: Ceiling = NO_LIMIT) -> Counters:
        return Counters(database, KEY, daily=daily, ever=ever, clock=clock)

    return make


def names(start: int, stop: int) -> list[str]:
    return [f"record {i}" for i in range(start, stop)]


def test_a_call_with_five_query_vectors_counts_as_five_vectors_and_one_query(counting: Any) -> None:
    counters = counting()
    counters.ask("a", 5)
    counters.ask("a", 2)
    counters.ask("b", 1)
    assert counters.usage("a").today == counters.usage("a").ever == Tally(queries=2, vectors=7)
    assert counters.usage("b").today == Tally(queries=1, vectors=1)


def test_distinct_records_are_given_up_to_the_limit_the_best_first(counting: Any) -> None:
    counters = counting(Ceiling(records=10))
    assert counters.deliver("a", names(0, 8)).allowed == (True,) * 8
    cut = counters.deliver("a", names(6, 14))
    assert cut.allowed == (True,) * 4 + (False,) * 4
    assert cut.withheld == 4
    assert counters.usage("a").today == Tally(records=10, denials=1)


def test_a_record_given_today_costs_nothing_again_even_when_the_budget_is_spent(counting: Any) -> None:
    counters = counting(Ceiling(records=3))
    counters.deliver("a", names(0, 3))
    for _ in range(5):
        assert counters.deliver("a", [*names(0, 3), "record 0"]).allowed == (True,) * 4
    assert counters.usage("a").today == Tally(records=3)


def test_a_record_named_twice_in_one_call_is_one_record(counting: Any) -> None:
    counters = counting(Ceiling(records=1))
    assert counters.deliver("a", ["x", "x", "y"]).allowed == (True, True, False)


def test_thousands_of_records_in_one_call_are_cut_at_the_limit(counting: Any) -> None:
    counters = counting(Ceiling(records=3_000))
    assert counters.deliver("a", names(0, 5_000)).withheld == 2_000
    assert counters.deliver("a", names(0, 5_000)).allowed.count(True) == 3_000


def test_principals_do_not_spend_each_others_budget(counting: Any) -> None:
    counters = counting(Ceiling(records=2, queries=1))
    counters.deliver("a", names(0, 2))
    counters.ask("a", 1)
    assert counters.deliver("b", names(0, 2)).withheld == 0
    assert counters.ask("b", 1).spent is None


@pytest.mark.parametrize(("limit", "vectors"), [(Ceiling(queries=2), 1), (Ceiling(vectors=6), 3)])
def test_a_call_over_the_limit_is_refused_and_counts_as_a_denial_only(
    counting: Any, limit: Ceiling, vectors: int
) -> None:
    counters = counting(limit)
    assert counters.ask("a", vectors).spent is None
    assert counters.ask("a", vectors).spent is None
    refused = counters.ask("a", vectors)
    assert refused.spent in ("queries", "vectors")
    assert refused.retry_after_s == 43_200
    assert counters.usage("a").today == Tally(queries=2, vectors=2 * vectors, denials=1)


def test_a_new_day_gives_a_fresh_budget_and_counts_what_was_given_before_again(counting: Any, clock: Clock) -> None:
    counters = counting(Ceiling(records=3, queries=1))
    counters.deliver("a", names(0, 3))
    counters.ask("a", 1)
    clock.days(1)
    assert counters.usage("a").today == Tally()
    assert counters.ask("a", 1).spent is None
    assert counters.deliver("a", names(1, 5)).allowed == (True, True, True, False)
    assert counters.usage("a").ever == Tally(queries=2, vectors=2, records=4, denials=1)


def test_a_clock_that_goes_backwards_gives_no_fresh_budget(counting: Any, clock: Clock) -> None:
    counters = counting(Ceiling(records=3, queries=1))
    counters.deliver("a", names(0, 3))
    counters.ask("a", 1)
    for step in (-1, -30, 30.9, 0.05):  # the last two end on the same day again
        clock.days(step)
        assert counters.deliver("a", names(3, 6)).withheld == 3, step
        assert counters.ask("a", 1).spent == "queries", step
        assert counters.deliver("a", names(0, 3)).withheld == 0, step


def test_a_limit_for_ever_does_not_grow_back_and_says_of_no_time_when(counting: Any, clock: Clock) -> None:
    counters = counting(Ceiling(records=4), Ceiling(records=6, queries=3))
    assert counters.deliver("a", names(0, 4)).withheld == 0
    clock.days(1)
    assert counters.deliver("a", names(0, 2)).withheld == 0  # given before: costs today's budget, not the other
    last = counters.deliver("a", names(4, 8))
    assert last.allowed == (True, True, False, False)
    clock.days(400)
    later = counters.deliver("a", [*names(8, 9), *names(0, 4)])
    assert later.allowed == (False, True, True, True, True)
    assert later.retry_after_s is None
    assert counters.usage("a").ever.records == 6
    assert [counters.ask("a", 0).spent for _ in range(4)] == [None, None, None, "queries"]


def test_records_of_past_days_are_forgotten_unless_there_is_a_limit_for_ever(
    counting: Any, clock: Clock, tmp_path: Path
) -> None:
    kept, swept = counting(ever=Ceiling(records=10**6)), counting()

    def held() -> int:
        with sqlite3.connect(tmp_path / "state.db") as connection:
            return int(connection.execute(f"SELECT count(*) FROM {tables.returned.name}").fetchone()[0])

    kept.deliver("a", names(0, 100))
    for _ in range(3):
        clock.days(1)
        kept.deliver("a", names(0, 1))
    assert held() == 100
    clock.days(2)
    swept.deliver("a", names(0, 5))
    assert held() == 5


def test_a_principal_who_is_forgotten_starts_anew(counting: Any) -> None:
    counters = counting(Ceiling(queries=1))
    counters.ask("a", 1)
    assert counters.ask("a", 1).spent == "queries"
    counters.forget("a")
    assert counters.ask("a", 1).spent is None


def test_what_is_usual_follows_the_days_on_which_somebody_asked(counting: Any, clock: Clock) -> None:
    counters = counting()
    for _ in range(10):
        counters.ask("a", 20)
        clock.days(3)
    usage = counters.usage("a")
    assert usage.days == 10
    assert usage.usual == pytest.approx(3.0445, abs=1e-3)  # log(1 + 20)
    assert usage.spread == pytest.approx(0, abs=1e-12)


def test_nothing_readable_lies_in_the_database(counting: Any, database: Database, tmp_path: Path) -> None:
    counters = counting(Ceiling(records=1))
    counters.ask(counters.digest("eleanor.vance@example.com"), 3)
    counters.deliver(counters.digest("eleanor.vance@example.com"), ["note-77-eleanor", "note-78-eleanor"])
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"eleanor", b"note-7", b"eleanor".hex().encode(), KEY.reveal()):
        assert secret not in found
    assert counters.digest("eleanor.vance@example.com").encode() in found  # so the search would have found it


def test_two_principals_who_were_given_one_record_share_no_digest_of_it(counting: Any, tmp_path: Path) -> None:
    counters = counting()
    counters.deliver("a", names(0, 50))
    counters.deliver("b", names(0, 50))
    with sqlite3.connect(tmp_path / "state.db") as connection:
        rows = connection.execute(f"SELECT count(DISTINCT id) FROM {tables.returned.name}").fetchone()
    assert rows == (100,)


def test_a_state_that_cannot_be_written_refuses(counting: Any, tmp_path: Path) -> None:
    counters = counting()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute(f"DROP TABLE {tables.counters.name}")
    with pytest.raises(StateError):
        counters.ask("a", 1)


def _spend(url: str, number: int, requests: int, results: Any) -> None:
    """One process: ask and take ten records at a time, half of which the next process wants too."""
    counters = Counters(Database(url), Secret(b"k" * 32), daily=Ceiling(queries=requests * 4, records=1_000))
    asked, given = 0, set()
    for i in range(requests):
        asked += counters.ask("one principal", 1).spent is None
        start = (i * 8 + number) * 5
        wanted = names(start, start + 10)
        delivered = counters.deliver("one principal", wanted)
        given |= {name for name, allowed in zip(wanted, delivered.allowed, strict=True) if allowed}
    results.put((asked, given))


def test_eight_processes_together_never_hand_out_more_than_the_budget(url: str, database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_spend, args=(url, n, REQUESTS, results)) for n in range(8)]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=300) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert sum(asked for asked, _ in outcomes) == REQUESTS * 4
    assert len(set().union(*(given for _, given in outcomes))) == 1_000
    usage = Counters(database, KEY, daily=Ceiling()).usage("one principal")
    assert usage.today.records == 1_000
    assert usage.today.queries == REQUESTS * 4
