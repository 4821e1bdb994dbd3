"""What another owner has and what nobody has cost exactly the same work, whoever asks, on every store.

Times differ from run to run, work does not. So what is compared here is the work itself: every request to the store
with the number of rows that came back, every native call, every SQL statement, and every function of ours that ran, in
order. One loose bound on time is beside it; the full protocol with its strict one is `benchmarks/indistinguishable.py`,
whose stores and principals these are.
"""

from __future__ import annotations

import gc
import importlib.util
import random
import sys
from collections.abc import Iterator, Sized
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import process_time_ns
from typing import Any
from unittest import mock

import numpy as np
import pytest
from sqlalchemy import event

import vecguard
import vecguard_chroma
import vecguard_faiss
import vecguard_qdrant
from vecguard import audit, flow, steps
from vecguard.state import epochs, intents, keystore
from vecguard.state.direct import Direct, executed

_FILE = Path(__file__).parents[2] / "benchmarks" / "indistinguishable.py"
_SPEC = importlib.util.spec_from_file_location("indistinguishable", _FILE)
assert _SPEC is not None
assert _SPEC.loader is not None
protocol = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = protocol  # dataclasses look their module up
_SPEC.loader.exec_module(protocol)

ROWS = 12
PACKAGES = (vecguard, vecguard_chroma, vecguard_qdrant, vecguard_faiss)
OURS = tuple(str(Path(str(each.__file__)).parent) for each in PACKAGES)
ATTEMPTS = 3
LOOSE = 0.5  # of the median CPU time: the machine that runs the tests may be busy

pytestmark = pytest.mark.filterwarnings("ignore:Local mode is not recommended")


@pytest.fixture(scope="module", params=list(protocol.STORES))
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One store with the rows, rules and principals of the protocol."""
    made = protocol.scene(request.param, tmp_path_factory.mktemp(request.param), ROWS)
    yield made
    made.guard.close()


# ------------------------------------------------------------------------------------------------------ what was done


@contextmanager
def recorded(guard: Any) -> Iterator[list[Any]]:
    """Write down what is done inside: requests and rows, native calls and results, statements, and our functions."""
    done: list[Any] = []

    def request(step: Any, store: Any, *, call: Any = flow._outcome) -> Any:
        answer = call(step, store)
        done.append(("request", type(step).__name__, _shape(step), _size(answer[0])))
        return answer

    def native(step: Any, target: Any, *, call: Any = steps.Native.on) -> Any:
        answer = call(step, target)
        done.append(("native", step._name, _shape(step._arguments), _size(answer)))
        return answer

    def rows(direct: Any, query: Any, values: Any, *, call: Any = Direct.rows) -> Any:
        found = call(direct, query, values)
        done.append(("sql", query.text, len(found)))
        return found

    def write(direct: Any, work: Any, *, call: Any = Direct.write) -> Any:
        done.append(("sql", *((each.text, len(rows)) for each, rows in work)))
        return call(direct, work)

    def statement(_c: Any, _cursor: Any, text: str, _values: Any, _context: Any, _many: Any) -> None:
        done.append(("sql", text))

    def ran(frame: Any, what: str, _value: Any) -> None:
        code = frame.f_code
        if what == "call" and code.co_filename.startswith(OURS):
            done.append(("ran", Path(code.co_filename).name, code.co_qualname))

    def past(connection: Any, step: Any, values: Any, *, call: Any = executed) -> Any:
        done.append(("sql", step.text))
        return call(connection, step, values)

    engine = guard.state.database._engine
    event.listen(engine, "before_cursor_execute", statement)
    before = sys.getprofile()
    with (
        mock.patch.object(flow, "_outcome", request),
        mock.patch.object(steps.Native, "on", native),
        mock.patch.object(Direct, "rows", rows),
        mock.patch.object(Direct, "write", write),
        ExitStack() as stack,
    ):
        for each in (audit, epochs, intents, keystore):  # all that send statements past SQLAlchemy
            stack.enter_context(mock.patch.object(each, "executed", past))
        gc.disable()  # a collection may run functions of ours, whoever's turn it is
        sys.setprofile(ran)
        try:
            yield done
        finally:
            sys.setprofile(before)
            gc.enable()
            event.remove(engine, "before_cursor_execute", statement)


def _shape(value: Any) -> Any:
    """Return a value with its words and numbers taken out: what it is made of, and how many of each."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [type(value).__name__, len(value), *sorted(map(repr, map(_shape, value)))]
    if hasattr(type(value), "__dataclass_fields__"):
        return {name: _shape(getattr(value, name)) for name in type(value).__dataclass_fields__}
    return type(value).__name__, len(value) if isinstance(value, str) else 0


def _size(answer: Any) -> Any:
    """Return how much came back."""
    if isinstance(answer, dict):
        return {name: _size(each) for name, each in answer.items()}
    if isinstance(answer, Sized):
        return len(answer)
    count = getattr(answer, "count", None)
    return count if isinstance(count, int) else 0


def _work(scene: Any, verb: str, who: str, id_: Any, *, cold: bool) -> list[Any]:
    if cold:
        scene.guard.owners.cache.clear()
    with recorded(scene.guard) as done:
        protocol.outcome(scene.store.verbs[verb], scene.bound[who], id_)
    return done


# --------------------------------------------------------------------------------------------------------- the tests


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
@pytest.mark.parametrize("who", protocol.ASKING)
def test_foreign_and_missing_are_the_same_work(scene: Any, who: str, cold: bool) -> None:
    """Get, query and delete by an id do the same, step by step, for a record of another owner and for none."""
    for verb in scene.store.verbs:
        protocol.outcome(scene.store.verbs[verb], scene.bound[who], scene.missing[who][0])  # what is done once
        for at in range(1, 5):
            foreign, missing = _both(scene, verb, who, at, cold=cold)
            assert foreign == missing, (verb, _first(foreign, missing))
            assert any(each[0] == "sql" for each in foreign)


def _both(scene: Any, verb: str, who: str, at: int, *, cold: bool) -> tuple[list[Any], list[Any]]:
    """Return the work for a foreign and for a missing id. What falls due by the clock is done once, and not again."""
    ids = scene.foreign[who][at], scene.missing[who][at]
    foreign, missing = (_work(scene, verb, who, each, cold=cold) for each in ids)
    for _ in range(ATTEMPTS - 1):
        if foreign != missing:
            foreign, missing = (_work(scene, verb, who, each, cold=cold) for each in ids)
    return foreign, missing


def _first(left: list[Any], right: list[Any]) -> Any:
    return next((pair for pair in zip(left, right, strict=False) if pair[0] != pair[1]), (len(left), len(right)))


@pytest.mark.parametrize("who", protocol.ASKING)
def test_no_request_names_a_row_of_another_owner(scene: Any, who: str) -> None:
    """An engine may work longer for an id that exists, whatever else is asked: Chroma does. So it is sent none."""
    sent: set[str] = set()

    def request(step: Any, store: Any, *, call: Any = flow._outcome) -> Any:
        sent.add(repr(step))
        return call(step, store)

    rows = _backend_ids(scene, "carol")
    assert len(rows) == ROWS
    with mock.patch.object(flow, "_outcome", request):
        for call in scene.store.verbs.values():
            for id_ in scene.foreign[who]:
                protocol.outcome(call, scene.bound[who], id_)
    assert not [each for each in rows if any(each in words for words in sent)]
    assert len(sent) > 0 or who == "outsider"


def _backend_ids(scene: Any, owner: str) -> set[str]:
    """Return the names that the store has for an owner's rows, as the owner's own listing brings them up."""
    found: set[str] = set()

    def request(step: Any, store: Any, *, call: Any = flow._outcome) -> Any:
        answer = call(step, store)
        found.update(each.backend_id for each in getattr(answer[0], "rows", ()))
        return answer

    with mock.patch.object(flow, "_outcome", request):
        scene.store.listed(scene.store.bound(owner))
    return found


@pytest.mark.parametrize("who", protocol.ASKING)
def test_the_answers_are_the_same_word_for_word(scene: Any, who: str) -> None:
    """Type, text and shape; and a record that is there does answer otherwise, so the comparison can fail."""
    for call in scene.store.verbs.values():
        found = {protocol.outcome(call, scene.bound[who], id_) for id_ in (*scene.foreign[who], *scene.missing[who])}
        assert len(found) == 1
    get = scene.store.verbs["get"]
    mine = scene.store.listed(scene.store.bound("carol"))[0]
    assert protocol.outcome(get, scene.store.bound("carol"), mine) != protocol.outcome(
        get, scene.store.bound("carol"), scene.missing["stranger"][0]
    )


@pytest.mark.parametrize("who", ["stranger", "revoked"])
def test_the_time_is_about_the_same(scene: Any, who: str) -> None:
    """A bound that only a gross difference breaks; the strict one is the benchmark's."""
    rng = random.Random(1)
    for verb in scene.store.verbs:
        protocol.timings(scene, verb, who, cold=False, pairs=5, rng=rng)
        foreign, missing, same = protocol.timings(
            scene, verb, who, cold=False, pairs=60, rng=rng, clock=process_time_ns
        )
        assert same
        assert abs(np.median(foreign) / np.median(missing) - 1) < LOOSE
