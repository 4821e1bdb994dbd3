"""Receipts: whoever has the public key sees that one was not changed, and nobody learns a name from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vecguard import BadInput, Tampered
from vecguard.erasure import ErasureReceipt
from vecguard.erasure.receipt import Cleared, Sought, signing_key
from vecguard.keys import Secret

KEY = signing_key(Secret(b"k" * 32))


@pytest.fixture
def receipt() -> ErasureReceipt:
    return ErasureReceipt(
        scope="owner",
        at="2026-11-21T20:00:00+00:00",
        state="ab" * 16,
        owner="cd" * 32,
        counts={"keys": 2, "originals": 7},
        collections=(Cleared("ef" * 16, "chroma", 100, ("queue emptied",)),),
        elsewhere=1,
        sought=(Sought("seal", 100, 100, 0),),
        files=9,
        bytes=1_000,
        unverified=("backups",),
    ).signed(KEY)


def test_a_receipt_survives_a_file_and_verifies(receipt: ErasureReceipt) -> None:
    read = ErasureReceipt.from_json(receipt.json())
    assert read == receipt
    read.verify(receipt.public_key)


def _altered(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every change of one value, however deep."""
    changed: list[dict[str, Any]] = []

    def walk(value: Any, put: Callable[[Any], None]) -> None:
        match value:
            case bool() | None:
                return
            case int():
                put(value + 1)
            case str():
                put(value[:-1] + ("0" if value[-1:] != "0" else "1"))
            case list():
                for at, each in enumerate(value):
                    walk(each, lambda new, at=at: put([*value[:at], new, *value[at + 1 :]]))
                put([*value, *value])
            case dict():
                for name, each in value.items():
                    walk(each, lambda new, name=name: put({**value, name: new}))

    walk(found, changed.append)
    return changed


def test_no_altered_receipt_verifies(receipt: ErasureReceipt) -> None:
    """Each value changed by itself, each list doubled: refused as no receipt, or by its signature."""
    altered = _altered(json.loads(receipt.json()))
    assert len(altered) > 20
    for each in altered:
        with pytest.raises((Tampered, BadInput, TypeError)):
            ErasureReceipt.from_json(json.dumps(each)).verify(receipt.public_key)


def test_another_state_signs_with_another_key(receipt: ErasureReceipt) -> None:
    other = replace(receipt).signed(signing_key(Secret(b"o" * 32)))
    other.verify(other.public_key)
    with pytest.raises(Tampered):
        other.verify(receipt.public_key)
    with pytest.raises(Tampered):
        replace(other, public_key=receipt.public_key).verify(receipt.public_key)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1}', "[" * 100_000])
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        ErasureReceipt.from_json(text)


def test_a_receipt_says_when_something_is_left(receipt: ErasureReceipt) -> None:
    assert receipt.clean
    assert not replace(receipt, sought=(Sought("seal", 100, 100, 1),)).clean


def test_a_receipt_that_says_a_thing_twice_is_refused(receipt: ErasureReceipt) -> None:
    """JSON readers take the last of two; a person may have read the first, which nobody signed."""
    text = receipt.json()
    for more in ('"files": 900, ', '"collections": [], '):
        with pytest.raises(BadInput):
            ErasureReceipt.from_json(text.replace("{", "{" + more, 1))
    with pytest.raises(BadInput):
        ErasureReceipt.from_json(text.replace('"keys": 2', '"keys": 2000, "keys": 2', 1))
