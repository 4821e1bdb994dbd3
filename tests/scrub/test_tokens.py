"""Tokens: stable under a key, unlinkable across keys, and reversible."""

from __future__ import annotations

import pytest

from vecguard.scrub import TOKEN, mint_token, restore, tokens_in

ALICE, BOB = b"a" * 32, b"b" * 32


@pytest.mark.parametrize("spelling", ["John Smith", "john  smith", "JOHN\tSMITH ", "\uff2aohn Smith"])
def test_one_value_has_one_token(spelling):
    """Case, width and white space do not change which token stands for a value."""
    assert mint_token(ALICE, "PERSON", spelling) == mint_token(ALICE, "PERSON", "John Smith")


def test_tokens_differ_by_key_entity_and_value():
    """Another owner, another type or another value is another token, and nothing of it is shared."""
    tokens = [
        mint_token(key, entity, value)
        for key in (ALICE, BOB)
        for entity in ("PERSON", "PERSONJ")
        for value in ("ohn", "john", "j ohn")
    ]
    assert len({token.rpartition("_")[2] for token in tokens}) == len(tokens)


def test_a_token_has_its_type_and_eighty_bits():
    """A token names its type, is found by the pattern, and carries at least 80 bits of digest."""
    token = mint_token(ALICE, "EMAIL_ADDRESS", "a@example.com")
    digits = token.removeprefix("<EMAIL_ADDRESS_").removesuffix(">")
    assert TOKEN.fullmatch(token)
    assert len(digits) * 5 >= 80
    assert set(digits) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_restore_puts_back_what_it_knows_and_only_once():
    """Known tokens become their originals, unknown ones stay, and an original that looks like a token stays as well."""
    one, two = mint_token(ALICE, "PERSON", "one"), mint_token(ALICE, "PERSON", "two")
    assert list(tokens_in(f"{one} and {two}, {one}")) == [one, two, one]
    assert restore(f"{one}, {two}", {one: two}) == f"{two}, {two}"


@pytest.mark.parametrize(
    "text", ["<PERSON>", "<person_aaaaaaaaaaaaaaaaaaaa>", "<PERSON_aaaa>", "<PERSON_AAAAAAAAAAAAAAAAAAAA>"]
)
def test_lookalikes_are_no_tokens(text):
    """Only the exact form is a token."""
    assert list(tokens_in(text)) == []
