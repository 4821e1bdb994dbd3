"""The order of the paths: every wrong order raises, and only `vecguard.protect` makes what a store may hold."""

from __future__ import annotations

import ast
import dataclasses
import typing
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vecguard
from vecguard import OutOfOrder, Policy, Vectors
from vecguard.admission import admit, admit_ask, against
from vecguard.arrays import Floats
from vecguard.flow import drive
from vecguard.ports import Drop, Fetch, Find, Pages, Put, Search
from vecguard.principal import Acting
from vecguard.protect import masked
from vecguard.protect.mask import Mask, Unmasked
from vecguard.protect.masked import Masked, RotatedQuery
from vecguard.records import (
    Admitted,
    Answer,
    Ask,
    Draft,
    Embedded,
    Hit,
    Protected,
    Query,
    Receipt,
    Record,
    RecordId,
    Row,
    Scoped,
    Scrubbed,
    Sealed,
)
from vecguard.shelf import View

PACKAGE = Path(vecguard.__file__).parent


def _values() -> dict[type, Any]:
    empty = np.empty((0, 0), dtype=np.float32)
    record = RecordId.text("a")
    draft = Draft("upsert", (record,), ("text",), ({},), None, ("",))
    return {
        Draft: draft,
        Admitted: Admitted(draft, ("id",), None),
        Scrubbed: Scrubbed((), (), None, (), {}, ()),
        Embedded: Embedded((), (), empty, (), (), {}, ()),
        Protected: Protected((), (), (), ()),
        Sealed: Sealed((), ()),
        Ask: Ask(),
        Scoped: Scoped(vecguard.filters.EVERYTHING, vecguard.filters.EVERYTHING, True, None, 0, None),
        Row: Row("id", {}),
        Record: Record(record, None, "", {}),
        Answer: Answer(()),
        Receipt: Receipt(()),
        dict: {},
        type(None): None,
    }


STAGES: dict[str, type] = {
    "admit": Draft,
    "against": Admitted,
    "scrub": Admitted,
    "embed": Scrubbed,
    "mask": Embedded,
    "unmasked": Embedded,
    "seal": Protected,
    "admit_ask": Ask,
    "scope": Ask,
    "listed": Scoped,
    "count": Scoped,
    "rank": Scoped,
}


@pytest.fixture
def stages(desk: Any) -> dict[str, Callable[[Any], Any]]:
    desk.write(["a"], ["text"])
    guard = desk.guard
    view: View = drive(guard.entry.to_write(desk.shelf, Acting.of("alice")), desk.store)
    space = view.space
    retrieval, cleaning = guard._retrieval, guard._cleaning
    return {
        "admit": lambda value: admit(value, space, 16),
        "against": lambda value: against(value, {}),
        "scrub": lambda value: cleaning.scrub(value, space, can_embed=True),
        "embed": lambda value: guard.embedding.embed(value, 16),
        "mask": lambda value: Mask(noise=1.0, turned=True).protect(value, space),
        "unmasked": lambda value: Unmasked().protect(value, space),
        "seal": lambda value: desk.shelf.sealer.seal(value, space, (), defaultdict(lambda: 1e11)),
        "admit_ask": admit_ask,
        "scope": lambda value: retrieval.scope(value, view, None),
        "listed": lambda value: drive(retrieval.listed(value, view), desk.store),
        "count": lambda value: drive(retrieval.count(value, view), desk.store),
        "rank": lambda value: drive(retrieval.rank(value, view), desk.store),
    }


@pytest.mark.parametrize("given", list(_values()), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_takes_only_what_its_predecessor_made(
    stage: str, given: type, stages: dict[str, Callable[[Any], Any]]
) -> None:
    """Every stage refuses every type but its own, and takes its own."""
    value = _values()[given]
    if given is STAGES[stage]:
        if stage == "rank":  # its own type, but ranking needs query vectors
            value = dataclasses.replace(value, vectors=np.ones((1, 16), dtype=np.float32), limit=1)
        stages[stage](value)
    else:
        with pytest.raises(OutOfOrder):
            stages[stage](value)


def test_a_subclass_of_a_stage_is_not_the_stage(stages: dict[str, Callable[[Any], Any]]) -> None:
    """Deriving from a stage's type does not pass for it."""

    class Forged(Protected):
        pass

    with pytest.raises(OutOfOrder):
        stages["seal"](Forged((), (), (), ()))


@pytest.mark.parametrize("kind", [Masked, RotatedQuery])
@pytest.mark.parametrize("mint", [None, object(), "mint", masked], ids=["none", "object", "str", "module"])
def test_nobody_constructs_what_a_store_may_hold(kind: type, mint: object) -> None:
    """The constructors of both vector types refuse whoever has not the package's own token."""
    with pytest.raises(OutOfOrder):
        kind(np.ones(4, dtype=np.float32), mint)
    with pytest.raises(OutOfOrder):
        kind(np.ones(4, dtype=np.float32))


def test_a_masked_vector_does_not_change() -> None:
    """A minted vector cannot be set, written into, copied by pickle, or shown."""
    (minted,) = masked.mint_masked(np.ones((1, 4), dtype=np.float32))
    with pytest.raises(OutOfOrder):
        minted.values = np.zeros(4, dtype=np.float32)
    with pytest.raises(ValueError, match="read-only"):
        minted.values[0] = 2.0
    with pytest.raises(OutOfOrder):
        minted.__reduce__()
    assert repr(minted) == "<Masked (4,)>"


MINTS = {"mint_masked", "mint_query", "mint_marker", "replayed", "_MINT"}
MAY_NAME = {"entry.py": {"mint_marker"}, "erasure/rows.py": {"mint_marker"}, "state/intents.py": {"replayed"}}


def _named(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def test_only_protect_names_the_mints() -> None:
    """No module outside vecguard.protect names a minting function, but for the marker, erasure and replayed intents."""
    roots = [PACKAGE, *PACKAGE.parent.glob("adapters/vecguard_*"), *PACKAGE.parent.glob("vecguard_*")]
    seen = 0
    for root in roots:
        for path in root.rglob("*.py"):
            where = path.relative_to(PACKAGE).as_posix() if root == PACKAGE else path.name
            if root == PACKAGE and where.startswith("protect/"):
                continue
            seen += 1
            allowed = MAY_NAME.get(where, set()) if root == PACKAGE else set()
            assert not (_named(ast.parse(path.read_text("utf-8"))) & MINTS) - allowed, path.name
    assert seen > 30


@pytest.mark.parametrize("kind", [Record, Hit, Answer, Receipt])
def test_nothing_that_reaches_a_caller_can_hold_a_vector(kind: type) -> None:
    """No field of a type that is handed out is an array or a minted vector, and none can be added."""
    hints = typing.get_type_hints(kind, vars(vecguard.records))
    for name, hint in hints.items():
        if name == "fields":  # JSON values only: what is not JSON is refused at admission
            continue
        assert not {np.ndarray, Masked, RotatedQuery, Floats} & set(_within(hint)), name
        assert "vector" not in name
        assert "embedding" not in name
    with pytest.raises((AttributeError, TypeError)):
        object.__setattr__(object.__new__(kind), "vector", 1)


def _within(hint: Any) -> list[Any]:
    origin = typing.get_origin(hint)
    return [hint, origin, *(each for part in typing.get_args(hint) for each in _within(part))]


def test_answers_hold_plain_values(desk: Any) -> None:
    """The answer to every kind of read holds plain values only, at any depth."""
    desk.write(["a", "b"], ["one text", "two texts"], [{"n": 1}, {"m": [1, 2]}])
    answers = [desk.read(Ask()), desk.read(Ask(query=Query(texts=("one",)), limit=2))]
    for value in _flat([dataclasses.asdict(answer) for answer in answers]):
        assert isinstance(value, str | int | float | bool | None), type(value)
        assert not isinstance(value, np.generic)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for part in value.values() for each in _flat(part)]
    if isinstance(value, list | tuple):
        return [each for part in value for each in _flat(part)]
    return [value]


def _kinds(requests: list[Any]) -> list[str]:
    return [type(each).__name__ for each in requests]


def test_the_write_path_asks_the_store_for_fetch_put_fetch(desk: Any) -> None:
    """Once a collection is marked, a write is: fetch what is held, put, read back."""
    desk.write(["a"], ["text"])
    desk.store.requests.clear()
    desk.write(["a", "b"], ["text", "another"])
    assert _kinds(desk.store.requests) == ["Fetch", "Put", "Fetch"]
    assert desk.store.requests[0] == Fetch(desk.store.requests[1].rows.ids)


def test_the_first_write_looks_before_it_marks(desk: Any) -> None:
    """On first touch the marker is looked for and unguarded rows are counted before anything is put."""
    desk.write(["a"], ["text"])
    kinds = _kinds(desk.store.requests)
    assert kinds[0] == "Fetch"
    assert "Find" in kinds[: kinds.index("Put")]


@pytest.mark.parametrize("verb", ["insert", "upsert", "update"])
def test_nothing_is_put_before_it_is_written_down(verb: str, desk: Any) -> None:
    """Whenever records are on their way to the store, an intent that holds exactly them is in the state."""
    if verb == "update":
        desk.write(["a", "b"], ["first", "first"])
    flow = desk.writing(desk.draft(["a", "b"], ["text", "more"], verb=verb))
    answer, puts = None, 0
    while True:
        try:
            request = flow.send(answer)
        except StopIteration:
            break
        if isinstance(request, Put) and len(request.rows.rows) == 2:
            puts += 1
            (intent,) = desk.guard.state.intents.open(desk.shelf.collection.uid)
            assert intent.action == "put"
            assert intent.rows.ids == request.rows.ids
            assert [dict(row.fields) for row in intent.rows.rows] == [dict(row.fields) for row in request.rows.rows]
        answer = request.on(desk.store)
    assert puts == 1
    assert desk.open_intents() == 0


def test_nothing_is_dropped_before_it_is_written_down(desk: Any) -> None:
    """Whenever rows are being deleted, an intent that names exactly them is in the state."""
    desk.write(["a", "b"], ["text", "more"])
    flow = desk.forgetting()
    answer, drops = None, 0
    while True:
        try:
            request = flow.send(answer)
        except StopIteration:
            break
        if isinstance(request, Drop):
            drops += 1
            (intent,) = desk.guard.state.intents.open(desk.shelf.collection.uid)
            assert intent.action == "drop"
            assert set(intent.rows.ids) == set(request.ids)
        answer = request.on(desk.store)
    assert drops == 1
    assert desk.count() == 0


def test_the_embedder_never_sees_what_scrubbing_takes_out(desk_of: Callable[..., Any]) -> None:
    """The embedder is called with scrubbed texts only, in writes and in queries."""
    seen: list[str] = []
    base = desk_of().guard.embedding._embedder

    def spy(texts: Any) -> Any:
        seen.extend(texts)
        return base(texts)

    desk = desk_of(Policy(), embedder=spy)
    desk.write(["a"], ["Call John Smith at 415-555-0133 about the ward"])
    desk.nearest("the number of John Smith is 415-555-0133")
    assert len(seen) >= 3
    assert not [text for text in seen if "Smith" in text or "0133" in text]


def test_reads_for_a_caller_ask_the_store_for_vectors_only_to_rank(desk: Any) -> None:
    """Listing and counting never fetch a vector, and what does fetch one hands none out."""
    desk.write(["a"], ["text"])
    desk.store.requests.clear()
    desk.read(Ask())
    desk.count()
    assert not [each for each in desk.store.requests if isinstance(each, Fetch | Find | Pages) and each.vectors]
    desk.nearest("text")
    brought = [each for each in desk.store.requests if isinstance(each, Search) or getattr(each, "vectors", False)]
    assert [type(each) for each in brought] == [Find]


def test_a_store_that_ranks_is_asked_for_vectors_by_a_search(desk_of: Any) -> None:
    """With ranking in the store only the search itself brings vectors, and a count brings none."""
    desk = desk_of(Policy(vectors=Vectors(ranking="store")))
    desk.write(["a"], ["text"])
    desk.store.requests.clear()
    desk.nearest("text")
    assert isinstance(desk.store.requests[-1], Search)
    assert not [each for each in desk.store.requests[:-1] if isinstance(each, Fetch | Find | Pages) and each.vectors]


def test_the_guard_is_short_enough_to_read() -> None:
    """The two paths stay in one file that fits one sitting, and write() on one screen."""
    source = (PACKAGE / "guard.py").read_text("utf-8")
    assert len(source.splitlines()) < 300
    write = next(
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == "write"
    )
    assert write.end_lineno is not None
    assert write.end_lineno - write.lineno < 25
