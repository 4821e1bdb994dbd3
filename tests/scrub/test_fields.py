"""Scrubbing nested fields: every string at every depth, keys and JSON in strings included."""

from __future__ import annotations

import datetime
import json
import uuid

import pytest

from vecguard.errors import ScrubFailed
from vecguard.scrub import restore

NAME = "John Smith"


def scrub(scrubber, fields, mint):
    """Scrub one record: (fields, originals, whether anything changed)."""
    (clean,) = scrubber.scrub_fields([fields], mint)
    return clean.fields, clean.originals, clean.changed


@pytest.fixture
def token(mint):
    return mint("PERSON", NAME)


def test_values_keys_and_lists_at_any_depth(scrubber, mint, token):
    """Strings in mappings, lists and tuples are scrubbed, keys as well, and the rest stays as it is."""
    fields = {"ward": "B2", "n": 3, "deep": {"people": [NAME, {"who": (NAME, None)}]}, NAME: True}
    scrubbed, originals, changed = scrub(scrubber, fields, mint)
    assert scrubbed == {"ward": "B2", "n": 3, "deep": {"people": [token, {"who": (token, None)}]}, token: True}
    assert originals == ((token, NAME),)
    assert changed
    assert fields["deep"]["people"][0] == NAME


def test_json_inside_strings_is_opened(scrubber, mint, token):
    """JSON in a string is scrubbed leaf by leaf, also when it escapes the name or lies in JSON itself."""
    inner = json.dumps({"text": f"seen by {NAME}", "n": 1})
    content = json.dumps({"node": inner, "list": [NAME]}).replace("John Smith", "\\u004aohn Smith")
    scrubbed, originals, _ = scrub(scrubber, {"_node_content": content}, mint)
    node = json.loads(scrubbed["_node_content"])
    assert json.loads(node["node"]) == {"text": f"seen by {token}", "n": 1}
    assert node["list"] == [token]
    assert dict(originals) == {token: NAME}


@pytest.mark.parametrize(
    "content",
    [f'{{"a": "{NAME}", "a": "x"}}', f'{{"a": "{NAME}"', f"[{NAME}]", f'{{"a": 1}} {NAME}'],
    ids=["repeated key", "unfinished", "no JSON", "followed by text"],
)
def test_what_is_not_json_is_text(scrubber, mint, token, content):
    """A string that only resembles JSON, or hides a value behind a repeated key, is scrubbed as text."""
    scrubbed, originals, _ = scrub(scrubber, {"a": content}, mint)
    assert scrubbed["a"] == content.replace(NAME, token)
    assert restore(scrubbed["a"], dict(originals)) == content


def test_what_has_no_findings_comes_back_as_it_was(scrubber, mint):
    """Numbers, dates, ids and JSON that nothing was found in keep their value and their very spelling."""
    fields = {
        "a": '{ "x":1.0 }',
        "b": 1.5,
        "c": None,
        "d": datetime.date(2024, 1, 2),
        "e": uuid.UUID(int=7),
        "f": "550e8400-e29b-41d4-a716-446655440000",
        "g": [],
        "h": "",
    }
    assert scrub(scrubber, fields, mint) == (fields, (), False)


@pytest.mark.parametrize(
    ("field", "value", "entity"),
    [
        ("ssn", "219099999", "US_SSN"),
        ("patientName", "Kumar", "PERSON"),
        ("patient", "Stable", None),
        ("patient", "Kumar", "PERSON"),
        ("dob", "1975-03-14", "DATE_OF_BIRTH"),
    ],
)
def test_a_fields_name_is_context(scrubber, mint, field, value, entity):
    """What a value stands under says what it is; the same value under another name is none of that."""
    scrubbed, _, changed = scrub(scrubber, {field: value, "note": [{"code": value}]}, mint)
    assert scrubbed[field] == (value if entity is None else mint(entity, value))
    assert scrubbed["note"] == [{"code": value}]
    assert changed == (entity is not None)


def nested(levels, wrap):
    value = NAME
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: {"a": v}, lambda v: [v], lambda v: (v,)], ids=["mapping", "list", "tuple"])
@pytest.mark.parametrize("close", [lambda v: v, json.dumps], ids=["as it is", "as JSON in a string"])
def test_depth_is_capped(scrubber, mint, token, wrap, close):
    """A few levels are walked; more than 32 are refused, and JSON in a string counts."""
    scrubbed, _, changed = scrub(scrubber, {"a": close(nested(31, wrap))}, mint)
    assert changed
    assert token in str(scrubbed)
    assert NAME not in str(scrubbed)
    with pytest.raises(ScrubFailed, match="32 levels"):
        scrub(scrubber, {"a": close(nested(32, wrap))}, mint)


def test_deep_json_is_refused(scrubber, mint):
    """Ten thousand levels of JSON in a string are refused, not walked."""
    with pytest.raises(ScrubFailed) as caught:
        scrub(scrubber, {"a": "[" * 100_000 + "]" * 100_000}, mint)
    assert caught.value.__context__ is None


def test_keys_that_become_one_are_refused(scrubber, mint):
    """Two keys with one token would lose a value."""
    with pytest.raises(ScrubFailed, match="two field names"):
        scrub(scrubber, {"John Smith": 1, "JOHN SMITH": 2}, mint)


@pytest.mark.parametrize("value", [b"John Smith", {"John Smith"}, object()])
def test_what_cannot_be_looked_into_is_refused(scrubber, mint, value):
    """A value of a type that may hold text unseen is refused, and not shown."""
    with pytest.raises(ScrubFailed) as caught:
        scrub(scrubber, {"a": value}, mint)
    assert "John" not in str(caught.value)


@pytest.mark.parametrize("spread", [lambda n: {f"k{i}": "x" for i in range(n)}, lambda n: {"all": ["x"] * n}])
def test_a_record_of_endless_fields_is_refused(scrubber, mint, spread):
    """One record cannot keep the detector busy for minutes, however its values are spread."""
    with pytest.raises(ScrubFailed, match="5,000"):
        scrub(scrubber, spread(20_000), mint)


def test_numbers_and_dates_are_read_beside_their_name(scrubber, mint):
    """A number or a date is personal as a whole, by what its field is called, and else keeps its type."""
    fields = {
        "ssn": 219099999,
        "phone": 5551234567.0,
        "dob": datetime.date(1975, 3, 14),
        "born": datetime.datetime(1975, 3, 14, 8, 30),
        "count": 219099999,
        "created": datetime.date(2024, 1, 2),
        "ts": 1700000000,
        "price": 12.5,
        "ok": True,
    }
    scrubbed, originals, _ = scrub(scrubber, fields, mint)
    assert {name for name in fields if scrubbed[name] != fields[name]} == {"ssn", "phone", "dob", "born"}
    assert restore(str(scrubbed["ssn"]), dict(originals)) == "219099999"
    assert restore(str(scrubbed["born"]), dict(originals)) == "1975-03-14 08:30:00"
    assert scrubbed["count"] is fields["count"]
