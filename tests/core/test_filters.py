"""Filters: one meaning everywhere, never narrower on the shelf than in the guard, and fields that survive the trip."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecguard import BadInput, Metadata, ReservedField
from vecguard.fields import RESERVED, canonical, checked, clear_test, merged, reader, split
from vecguard.filters import EVERYTHING, All, AnyOf, Compare, Ids, Not, all_of, holds, mentions, pushable, relax
from vecguard.ports import Traits
from vecguard.records import Record, RecordId

NAMES = ["a", "b", "a.b", "long" * 20, "é"]
STRINGS = ["", "x", "y", "s" * 64, "s" * 65, "\x00", "\ud800", "é", "x y"]
NUMBERS = [0, 1, -1, 2, 1.0, 0.5, -0.0, 2**53 + 1, 2**63 - 1, -(2**63) + 1, 1e300]
SCALARS: Any = st.sampled_from([*STRINGS, *NUMBERS, True, False])
LISTS: Any = st.lists(SCALARS, max_size=3)
FLAT: Any = st.dictionaries(st.sampled_from(NAMES), st.one_of(SCALARS, LISTS, st.none()), max_size=4)
FIELDS: Any = st.dictionaries(
    st.sampled_from(NAMES), st.one_of(SCALARS, LISTS, st.none(), FLAT, st.lists(FLAT, max_size=2)), max_size=4
)
SETTINGS: Any = st.builds(
    Metadata, clear=st.sampled_from(["short", "none", "all"]), clear_chars=st.sampled_from([0, 1, 64])
)
TRAITS: Any = st.builds(
    Traits,
    st.just("any"),
    st.just("cosine"),
    st.none(),
    persistent=st.booleans(),
    lists=st.booleans(),
    nested=st.booleans(),
)
PATHS: Any = st.one_of(
    st.just(()), st.sampled_from(NAMES).map(lambda n: (n,)), st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
)
ONE: Any = st.one_of(
    st.builds(Compare, PATHS, st.sampled_from(["eq", "contains"]), SCALARS, each=st.booleans()),
    st.builds(
        Compare,
        PATHS,
        st.just("in"),
        st.lists(SCALARS, min_size=1, max_size=3).map(tuple),
        each=st.booleans(),
    ),
    st.builds(
        Compare, PATHS, st.sampled_from(["gt", "gte", "lt", "lte"]), st.sampled_from(NUMBERS), each=st.booleans()
    ),
    st.builds(Compare, PATHS, st.just("text"), st.sampled_from(STRINGS)),
    st.builds(Compare, PATHS, st.sampled_from(["exists", "null"])),
    st.builds(Ids, st.frozensets(st.sampled_from(["r1", "r2"]))),
)
PREDICATES: Any = st.recursive(
    ONE,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple), st.integers(0, 3)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def _on_the_shelf(fields: dict[str, Any]) -> Any:
    """Read clear fields as a store does."""
    return reader(Record(RecordId.text("r1"), None, "", fields))


@settings(max_examples=600, deadline=None)
@given(PREDICATES, FIELDS, st.one_of(st.none(), st.sampled_from(STRINGS)), SETTINGS, TRAITS)
def test_the_shelf_never_sees_less_than_the_whole(
    predicate: Any, fields: Any, text: str | None, settings: Metadata, traits: Traits
) -> None:
    """What is sent to the store holds wherever the whole holds; where it is sent whole, both say the same."""
    clear, _ = split(fields, settings, traits)
    test = clear_test(settings, traits)
    whole = holds(predicate, "r1", reader(Record(RecordId.text("r1"), text, "", fields)))
    native = holds(relax(predicate, test), "r1", _on_the_shelf(clear))
    if whole:
        assert native
    if pushable(predicate, test):
        assert native == whole


@given(FIELDS, SETTINGS, TRAITS)
def test_split_fields_merge_again(fields: Any, settings: Metadata, traits: Traits) -> None:
    """Nothing is lost or changed by dividing fields into clear and sealed ones and joining them."""
    clear, hidden = split(fields, settings, traits)
    assert merged(clear, hidden) == fields


@given(FIELDS, TRAITS)
def test_nothing_is_clear_under_none(fields: Any, traits: Traits) -> None:
    """A policy that seals metadata leaves not even a field's name readable."""
    clear, _ = split(fields, Metadata(clear="none"), traits)
    assert clear == {}


@given(FIELDS, TRAITS)
def test_no_long_string_stays_clear_under_short(fields: Any, traits: Traits) -> None:
    """Neither a value nor a name that is longer than the policy says is readable, however deep."""
    clear, _ = split(fields, Metadata(clear="short", clear_chars=8), traits)
    assert all(len(each) <= 8 for each in _strings(clear))


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for name, part in value.items() for each in (name, *_strings(part))]
    if isinstance(value, list):
        return [each for part in value for each in _strings(part)]
    return [value] if isinstance(value, str) else []


@given(FIELDS)
def test_checked_fields_are_equal_copies(fields: Any) -> None:
    """Admission changes nothing of fields that are JSON, and shares no container with the caller."""
    copy = checked(fields, 0)
    assert copy == fields
    for name, value in fields.items():
        if isinstance(value, dict | list):
            assert copy[name] is not value


REFUSED: dict[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "integer beyond 64 bits": 2**63,
    "negative beyond 64 bits": [-(2**63)],
    "bytes": b"x",
    "set": {1},
    "object": object(),
    "complex": 1j,
    "nested nan": {"a": [1, {"b": math.nan}]},
    "number key": {1: 2},
    "nested number key": {"a": {None: 2}},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_json_is_refused(what: str) -> None:
    """Values that cannot be sealed and read back as they were are BadInput, at any depth."""
    with pytest.raises(BadInput, match="record 3"):
        checked({"field": REFUSED[what]}, 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"_vg_owner": "x"},
        {"_vg_": 1},
        {"_vg_anything": None},
        {"a": {"_vg_owner": 1}},
        {"a": [{"_vg_tag": 1}]},
        {"a": [[{"b": {"_vg_seal": 1}}]]},
    ],
)
def test_reserved_names_are_refused_at_any_depth(fields: Any) -> None:
    """No caller's field can pass for one of the guard's own."""
    with pytest.raises(ReservedField):
        checked(fields, 0)


def test_bottomless_fields_are_refused() -> None:
    """Nesting is limited, and a structure that contains itself ends there too."""
    deep: Any = 1
    for _ in range(40):
        deep = {"a": deep}
    loop: list[Any] = []
    loop.append(loop)
    for each in (deep, loop):
        with pytest.raises(BadInput, match="nested"):
            checked({"f": each}, 0)


# --------------------------------------------------------------------------------------------------------- encoding

EQUAL = [
    ({"a": 1}, {"a": 1.0}),
    ({"a": 0}, {"a": -0.0}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": [1, 2.0]}, {"a": [1.0, 2]}),
    ({"a": (1, 2)}, {"a": [1, 2]}),
    ({"a": 10**18}, {"a": 1e18}),
]
DIFFERENT = [
    ({"a": 1}, {"a": True}),
    ({"a": 0}, {"a": False}),
    ({"a": 1}, {"a": "1"}),
    ({"a": None}, {}),
    ({"a": ""}, {"a": None}),
    ({"a": [1, 2]}, {"a": [2, 1]}),
    ({"a": {"b": 1}}, {"a.b": 1}),
    ({"a": [["b"], "c"]}, {"a": ["b", "c"]}),
    ({"a": "é"}, {"a": "e\u0301"}),
    ({"a": "1"}, {"a": '"1'}),
    ({"a": 0.1}, {"a": 0.1 + 1e-17 + 2e-17}),
    ({"a": 2**53}, {"a": 2**53 + 1}),
]


@pytest.mark.parametrize(("one", "two"), EQUAL)
def test_equal_fields_have_one_encoding(one: Any, two: Any) -> None:
    """What a store may give back differently, order and 1 against 1.0, authenticates."""
    assert canonical(one) == canonical(two)


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_different_fields_have_different_encodings(one: Any, two: Any) -> None:
    """What means something else does not."""
    assert canonical(one) != canonical(two)


@given(FLAT, FLAT)
def test_canonical_is_equality(one: Any, two: Any) -> None:
    """Two records of fields have one encoding exactly if they are equal, booleans apart from numbers."""
    assert (canonical(one) == canonical(two)) == (_typed(one) == _typed(two))


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _typed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    return (type(value) is bool, value)


# ---------------------------------------------------------------------------------------------------------- meaning


def _read(fields: dict[str, Any]) -> Any:
    return reader(Record(RecordId.text("r"), "the text", "body", fields))


MEANING: list[tuple[Any, dict[str, Any], bool]] = [
    (Compare(("n",), "eq", 1), {"n": 1.0}, True),
    (Compare(("n",), "eq", 1), {"n": True}, False),
    (Compare(("n",), "eq", True), {"n": 1}, False),
    (Compare(("n",), "in", (0, 1)), {"n": True}, False),
    (Compare(("n",), "eq", "x"), {"n": ["x"]}, False),
    (Compare(("n",), "eq", "x", each=True), {"n": ["y", "x"]}, True),
    (Compare(("n",), "contains", "x"), {"n": "x"}, False),
    (Compare(("n",), "contains", "x"), {"n": ["x"]}, True),
    (Compare(("n",), "gt", 0), {"n": True}, False),
    (Compare(("n",), "gt", 0), {"n": "1"}, False),
    (Compare(("n",), "gt", 0), {}, False),
    (Not(Compare(("n",), "gt", 0)), {}, True),
    (Not(Compare(("n",), "eq", 1)), {}, True),
    (Compare(("n",), "exists"), {"n": []}, False),
    (Compare(("n",), "exists"), {"n": None}, False),
    (Compare(("n",), "null"), {"n": []}, False),
    (Compare(("n",), "null"), {}, True),
    (Compare(("a", "b"), "eq", 1), {"a": {"b": 1}}, True),
    (Compare(("a", "b"), "eq", 1), {"a.b": 1}, False),
    (Compare(("a", "b"), "eq", 1), {"a": [{"b": 1}]}, False),
    (Compare((), "text", "text"), {}, True),
    (Compare((), "text", "Text"), {}, False),
    (Compare(("body",), "text", "the"), {"body": "other"}, True),
    (AnyOf((Compare(("n",), "eq", 1), Compare(("m",), "eq", 1)), 2), {"n": 1}, False),
    (AnyOf((Compare(("n",), "eq", 1), Compare(("m",), "eq", 1)), 2), {"n": 1, "m": 1}, True),
    (AnyOf(()), {}, False),
    (AnyOf((), 0), {}, True),
    (EVERYTHING, {}, True),
    (Not(EVERYTHING), {}, False),
    (Ids(frozenset({"r"})), {}, True),
    (Ids(frozenset()), {}, False),
]


@pytest.mark.parametrize(("predicate", "fields", "expected"), MEANING)
def test_what_filters_mean(predicate: Any, fields: dict[str, Any], expected: bool) -> None:
    """One table of meanings, which every adapter parses into and every store is measured by."""
    assert holds(predicate, "r", _read(fields)) is expected


def test_conjunctions_are_flattened_and_never_lost() -> None:
    """all_of() keeps every part: the owner scope cannot fall out of it."""
    one, two, three = (Compare((name,), "eq", 1) for name in "abc")
    assert all_of(one, None, All((two, three))) == All((one, two, three))
    assert all_of(one) == one
    assert all_of() == EVERYTHING
    assert all_of(one, AnyOf((two, three))) == All((one, AnyOf((two, three))))


@given(PREDICATES, st.sampled_from(["_vg_owner", "_vg_", "_vg_x"]))
def test_reserved_names_are_found_in_any_filter(predicate: Any, name: str) -> None:
    """However deep a filter hides a reserved field, it is seen."""
    hidden = Compare(("a", name), "eq", 1)
    wrapped = [All((predicate, Not(AnyOf((hidden, predicate))))), Not(Not(hidden)), AnyOf((All((hidden,)),), 0)]
    assert not mentions(predicate, RESERVED)
    assert all(mentions(each, RESERVED) for each in wrapped)
