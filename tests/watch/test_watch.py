"""The watch as a guard uses it: who is counted as whom, what a spent budget and a suspicion lead to, who is told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from vecguard import AccessDenied, OutOfOrder
from vecguard.arrays import Floats
from vecguard.errors import Throttled
from vecguard.principal import Acting, Principal
from vecguard.state.counters import Tally, Usage
from vecguard.watch.drift import drift
from vecguard.watch.events import BudgetSpent, CanaryHit, Denied, Event, Probing, VolumeDrift
from vecguard.watch.verdict import Verdict, strictest, verdict
from vecguard.watch.watch import Watch

from .conftest import Clock

UID = "c0ffee"
ALICE, BOB = Acting.of("alice.vance", "clinic"), Acting.of("bob", "clinic")
Making = Callable[..., Watch]


def directions(count: int) -> Floats:
    return np.random.default_rng(0).standard_normal((count, 64)).astype(np.float32)


def told(watch: Watch) -> list[Event]:
    seen: list[Event] = []
    watch.events.on(seen.append)
    return seen


def read(watch: Watch, acting: Acting, records: list[str], queries: Floats | None = None) -> list[bool]:
    """One read of rows of others, as a guard makes it."""
    allowance = watch.admit(acting, UID, queries)
    return watch.deliver(allowance, [records])[0] if allowance.shared else [False] * len(records)


def test_answers_come_back_in_the_shape_they_were_given(watching: Making) -> None:
    watch = watching(records_a_day=3)
    allowance = watch.admit(ALICE, UID, directions(3))
    assert watch.deliver(allowance, [["a", "b"], [], ["b", "c", "d"]]) == [[True, True], [], [True, True, False]]
    assert watch.deliver(allowance, [[], []]) == [[], []]


def test_one_id_in_two_collections_is_two_records(watching: Making) -> None:
    watch = watching(records_a_day=1)
    assert watch.deliver(watch.admit(ALICE, "one"), [["a"]]) == [[True]]
    assert watch.deliver(watch.admit(ALICE, "two"), [["a"]]) == [[False]]


def test_a_spent_budget_refuses_with_the_time_until_midnight_utc(watching: Making) -> None:
    watch = watching(queries_a_day=1)
    assert watch.admit(ALICE, UID).shared
    refused = watch.admit(ALICE, UID)
    assert not refused.shared
    assert refused.refusal().retry_after_s == 43_200
    assert isinstance(refused.refusal(), AccessDenied)
    with pytest.raises(OutOfOrder):
        watch.deliver(refused, [["a"]])


def test_principals_that_the_directory_does_not_know_share_one_budget(watching: Making) -> None:
    watch = watching(records_a_day=10, directory=lambda principal: principal.id in ("alice.vance", "bob"))
    given = [
        read(watch, Acting.of(f"made up {i}".replace(" ", "-")), [f"r{i}-{j}" for j in range(3)]) for i in range(9)
    ]
    assert sum(map(sum, given)) == 10
    assert read(watch, ALICE, [f"a{j}" for j in range(10)]) == [True] * 10
    assert read(watch, BOB, [f"b{j}" for j in range(11)]) == [True] * 10 + [False]


def test_principals_that_the_directory_does_not_know_are_watched_as_one(watching: Making) -> None:
    watch = watching(directory=lambda principal: False)
    seen = told(watch)
    for i, query in enumerate(directions(20)):
        watch.admit(Acting.of(f"name-{i}"), UID, query[None])
    assert [type(each) for each in seen] == [Probing]


@pytest.mark.parametrize("answer", [None, 1, "yes", np.True_])
def test_a_directory_that_answers_anything_but_true_or_false_is_no_directory(watching: Making, answer: Any) -> None:
    with pytest.raises(AccessDenied):
        watching(directory=lambda principal: answer).admit(ALICE, UID)


def test_a_directory_that_fails_refuses_the_read_and_shows_nothing_of_its_failure(watching: Making) -> None:
    def broken(principal: Principal) -> bool:
        raise LookupError(f"no row for {principal.id}")

    watch = watching(directory=broken)
    with pytest.raises(AccessDenied) as refusal:
        watch.admit(ALICE, UID)
    assert "LookupError" in str(refusal.value)
    assert "alice" not in str(refusal.value)
    assert refusal.value.__context__ is None
    assert watch.counters.usage(watch.counters.digest("alice.vance")).today == Tally()


def test_a_probing_session_is_told_once_and_before_the_read_is_answered(watching: Making) -> None:
    watch = watching()
    seen = told(watch)
    for i, query in enumerate(directions(40)):
        assert watch.admit(ALICE, UID, query[None]).shared
        assert len(seen) == (i >= 19)
    (event,) = seen
    assert isinstance(event, Probing)
    assert (event.signal, event.queries) == ("sweeping", 20)


def test_withholding_lasts_as_long_as_the_signal_and_no_longer(watching: Making) -> None:
    watch = watching(sweeping="withhold")
    probes = [watch.admit(ALICE, UID, query[None]).shared for query in directions(30)]
    assert probes == [True] * 19 + [False] * 11
    assert watch.counters.usage(watch.counters.digest("alice.vance")).today.denials == 11
    close = directions(1) + 0.5 * directions(60)
    after = [watch.admit(ALICE, UID, query[None]).shared for query in close]
    assert after[-1]
    assert after.index(True) < 40


def test_throttling_lets_one_read_through_per_pause_and_says_when_the_next_one_may_come(
    watching: Making, clock: Clock
) -> None:
    watch = watching(sweeping="throttle", pause_s=60)
    queries = directions(30)
    assert [watch.admit(ALICE, UID, query[None]).shared for query in queries[:21]] == [True] * 20 + [False]
    clock.now += 15
    assert watch.admit(ALICE, UID, queries[21:22]).retry_after_s == 45
    clock.now += 45
    assert watch.admit(ALICE, UID, queries[22:23]).shared
    assert not watch.admit(ALICE, UID, queries[23:24]).shared
    assert watch.admit(BOB, UID, queries[24:25]).shared


def test_denials_are_told_at_powers_of_two_and_spent_budgets_once_a_day(watching: Making, clock: Clock) -> None:
    watch = watching(queries_a_day=1)
    seen = told(watch)
    for _ in range(2):
        for _ in range(10):
            watch.admit(ALICE, UID)
        clock.days(1)
    denials = [each.denials for each in seen if isinstance(each, Denied)]
    assert denials == [1, 2, 4, 8] * 2
    assert [each.budget for each in seen if isinstance(each, BudgetSpent)] == ["queries_a_day"] * 2


def test_records_withheld_are_told_under_the_name_of_the_setting(watching: Making, clock: Clock) -> None:
    watch = watching(records_a_day=1, records_ever=2)
    seen = told(watch)
    for wanted in (["a", "b"], ["b", "c"], ["c"]):
        read(watch, ALICE, wanted)
        clock.days(1)
    spent = [each.budget for each in seen if isinstance(each, BudgetSpent)]
    assert spent == ["records_a_day", "records_ever", "records_ever"]


def test_what_the_rules_refuse_is_counted_and_told(watching: Making) -> None:
    watch = watching()
    seen = told(watch)
    watch.denied(ALICE)
    who = watch.counters.digest("alice.vance")
    assert watch.counters.usage(who).today.denials == 1
    assert seen == [Denied(who, 1, "rules")]


def test_a_volume_far_above_the_usual_day_is_told_once_and_acted_upon(watching: Making, clock: Clock) -> None:
    watch = watching(volume="withhold")
    seen = told(watch)
    for _ in range(10):
        for _ in range(4):
            watch.admit(ALICE, UID, directions(5)[:, :8])
        clock.days(1)
    assert not seen
    outcomes = [watch.admit(ALICE, UID, directions(5)[:, :8]).shared for _ in range(60)]
    assert outcomes[0]
    assert not outcomes[-1]
    assert [type(each) for each in seen].count(VolumeDrift) == 1


def test_drift_needs_a_past_and_a_volume_worth_speaking_of() -> None:
    settled = Usage(20, Tally(vectors=500), days=20, usual=np.log1p(20), spread=0.01)
    assert drift(settled) == pytest.approx(np.log(501 / 21) / 0.35)
    assert drift(Usage(20, Tally(vectors=500), days=6, usual=np.log1p(20), spread=0.01)) == 0
    assert drift(Usage(20, Tally(vectors=49), days=20, usual=np.log1p(1), spread=0.01)) == 0
    assert drift(Usage(20, Tally(vectors=500), days=20, usual=np.log1p(20), spread=4.0)) < 2


def test_a_canary_is_told_at_once_with_the_digest_that_the_audit_would_use(watching: Making) -> None:
    watch = watching()
    seen = told(watch)
    watch.canary(ALICE, 2)
    assert seen == [CanaryHit(watch.counters.digest("alice.vance"), 2)]


def test_no_event_or_log_line_contains_a_name_a_record_or_a_collection(
    watching: Making, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watching(records_a_day=1, queries_a_day=45)
    seen = told(watch)
    with caplog.at_level(logging.DEBUG):
        for query in directions(50):
            read(watch, ALICE, ["note-77", "note-78"], query[None])
        watch.canary(ALICE, 1)
        watch.denied(ALICE)
    assert {type(each) for each in seen} >= {Probing, Denied, BudgetSpent, CanaryHit}
    written = caplog.text + repr(seen) + repr([each.attributes() for each in seen])
    for secret in ("alice", "vance", "note-7", "clinic", UID):
        assert secret not in written


def test_threads_of_one_process_never_hand_out_more_than_the_budget(watching: Making) -> None:
    watch = watching(records_a_day=100)
    barrier = threading.Barrier(8)

    def take(number: int) -> int:
        barrier.wait()
        return sum(sum(read(watch, ALICE, [f"{number}-{i}-{j}" for j in range(5)])) for i in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 100


def test_the_strictest_response_wins() -> None:
    responses: Any = {"a": "log", "b": "throttle", "c": "withhold"}
    assert [strictest(each, responses) for each in ("", "a", "ab", "abc", "cb")] == [
        "log",
        "log",
        "throttle",
        "withhold",
        "withhold",
    ]


def test_a_verdict_follows_from_the_response_and_the_time_alone() -> None:
    assert verdict("log", since_s=0, pause_s=60) == Verdict(True)
    assert verdict("withhold", since_s=1e9, pause_s=60) == Verdict(False)
    assert verdict("throttle", since_s=60, pause_s=60) == Verdict(True)
    assert verdict("throttle", since_s=59.5, pause_s=60) == Verdict(False, 1)
    assert Throttled(None).retry_after_s is None
