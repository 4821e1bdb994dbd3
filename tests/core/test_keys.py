"""Keys: made on purpose, kept to themselves, derived as the standards say, and never taken for one another."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from hypothesis import given
from hypothesis import strategies as st

from vecguard import Keyring, KeyringError, WrongKey
from vecguard.keys import KEY_BYTES, Secret, new_secret, packed, seal, unseal

RAW = bytes(range(32))
SECRET64 = base64.b64encode(RAW).decode()


def _file(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def _body(**changes: Any) -> str:
    whole = {"vecguard": 1, "current": "r1", "roots": [{"id": "r1", "secret": SECRET64}]}
    return json.dumps(whole | changes)


# --------------------------------------------------------------------------------------------------------- files


def test_a_generated_file_is_its_owners_alone(tmp_path: Path) -> None:
    """A new key file has mode 0600 whatever the umask, holds 32 random bytes, and reads back as the same root."""
    before = os.umask(0)
    try:
        ring = Keyring.generate(tmp_path / "k")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    again = Keyring.from_file(tmp_path / "k")
    assert again.current.secret == ring.current.secret
    assert again.current.id == ring.current.id
    assert Keyring.generate(tmp_path / "k2").current.secret != ring.current.secret


@pytest.mark.parametrize("content", ["", "anything", _body()])
def test_an_existing_file_is_never_overwritten(content: str, tmp_path: Path) -> None:
    """Generating over a file refuses and leaves its bytes and its mode."""
    path = _file(tmp_path / "k", content, 0o640)
    with pytest.raises(KeyringError, match="never overwritten"):
        Keyring.generate(path)
    assert path.read_text() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_generating_does_not_follow_a_dangling_link(tmp_path: Path) -> None:
    """A link planted at the path is not written through."""
    target = tmp_path / "elsewhere"
    (tmp_path / "k").symlink_to(target)
    with pytest.raises(KeyringError):
        Keyring.generate(tmp_path / "k")
    assert not target.exists()


def test_a_key_file_that_could_not_be_written_whole_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is one typed error, and the next attempt finds the path free."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyringError, match="No space") as caught:
        Keyring.generate(tmp_path / "k")
    assert caught.value.__context__ is None
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    Keyring.generate(tmp_path / "k")


def test_generating_into_no_folder_is_a_keyring_error(tmp_path: Path) -> None:
    """A folder that is not there is one typed error that does not show the path."""
    with pytest.raises(KeyringError) as caught:
        Keyring.generate(tmp_path / "nowhere" / "k")
    assert "nowhere" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o610, 0o601, 0o644, 0o666, 0o700 | 0o010])
def test_a_file_that_others_can_touch_is_refused(mode: int, tmp_path: Path) -> None:
    """Any bit for group or others refuses the file."""
    with pytest.raises(KeyringError, match="readable by others"):
        Keyring.from_file(_file(tmp_path / "k", _body(), mode))


MALFORMED: dict[str, str | bytes] = {
    "empty": "",
    "not json": "secret",
    "not utf-8": b"\xff\xfe\x00",
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "no roots": _body(roots=[]),
    "roots are a string": _body(roots="r1"),
    "roots are a number": _body(roots=1),
    "a root is a string": _body(roots=["r1"]),
    "a root without id": _body(roots=[{"secret": SECRET64}]),
    "a root without secret": _body(roots=[{"id": "r1"}]),
    "a secret that is a number": _body(roots=[{"id": "r1", "secret": 5}]),
    "a secret that is null": _body(roots=[{"id": "r1", "secret": None}]),
    "a short secret": _body(roots=[{"id": "r1", "secret": base64.b64encode(RAW[:31]).decode()}]),
    "a long secret": _body(roots=[{"id": "r1", "secret": base64.b64encode(RAW + b"x").decode()}]),
    "an empty secret": _body(roots=[{"id": "r1", "secret": ""}]),
    "not base64": _body(roots=[{"id": "r1", "secret": "!" * 44}]),
    "not ascii": _body(roots=[{"id": "r1", "secret": "é" * 44}]),
    "unknown current": _body(current="r2"),
    "no current": json.dumps({"vecguard": 1, "roots": [{"id": "r1", "secret": SECRET64}]}),
    "another format": _body(vecguard=2),
    "no format": json.dumps({"current": "r1", "roots": [{"id": "r1", "secret": SECRET64}]}),
    "one id twice": _body(roots=[{"id": "r1", "secret": SECRET64}, {"id": "r1", "secret": SECRET64}]),
    "bottomless": "[" * 100_000,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_file_is_refused(what: str, tmp_path: Path) -> None:
    """Whatever is wrong with a key file is a KeyringError that shows nothing of it."""
    path = _file(tmp_path / "k", MALFORMED[what])
    with pytest.raises(KeyringError) as caught:
        Keyring.from_file(path)
    assert SECRET64[:8] not in repr(caught.value)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    """No file and a folder in its place are the same typed error."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyringError, match="cannot be read"):
            Keyring.from_file(path)


def test_a_file_may_hold_several_roots(tmp_path: Path) -> None:
    """The named root is current, and the others are found by id and not by trial."""
    other = base64.b64encode(b"o" * 32).decode()
    body = _body(current="r2", roots=[{"id": "r1", "secret": SECRET64}, {"id": "r2", "secret": other}])
    ring = Keyring.from_file(_file(tmp_path / "k", body))
    assert ring.current.secret == Secret(b"o" * 32)
    assert ring.root("r1").secret == Secret(RAW)
    with pytest.raises(WrongKey):
        ring.root("r3")


def test_a_file_is_read_again_for_a_root_that_it_did_not_hold(tmp_path: Path) -> None:
    """The file of a running process was rotated: one more look, and only for a root that is missing."""
    other = base64.b64encode(b"o" * 32).decode()
    path = _file(tmp_path / "k", _body())
    ring = Keyring.from_file(path)
    roots = [{"id": "r1", "secret": SECRET64}, {"id": "r2", "secret": other, "kept": True}]
    _file(path, _body(current="r2", roots=roots))
    assert ring.root("r1").secret == Secret(RAW)
    assert ring.current.id == "r1"
    assert ring.root("r2").secret == Secret(b"o" * 32)
    assert [(each.id, each.kept) for each in ring.roots] == [("r1", False), ("r2", True)]
    assert ring.current.id == "r2"


def test_a_file_that_is_gone_leaves_the_keyring_as_it_was(tmp_path: Path) -> None:
    """Reading again fails with a typed error, and what was read before stays."""
    path = _file(tmp_path / "k", _body())
    ring = Keyring.from_file(path)
    path.write_text("half a fi")
    for _ in range(2):
        with pytest.raises(KeyringError):
            ring.root("r2")
        path.unlink(missing_ok=True)
    assert ring.current.secret == Secret(RAW)


def test_a_file_is_found_again_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means what it meant when the keyring was made."""
    _file(tmp_path / "k", _body())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    ring = Keyring.from_file("k")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(WrongKey):
        ring.root("r2")


# ------------------------------------------------------------------------------------------------- other sources


@pytest.mark.parametrize("text", [SECRET64, f"  {SECRET64}\n", _body()])
def test_the_environment_holds_a_root_or_a_file(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is the base64 of 32 bytes, or the content of a key file."""
    monkeypatch.setenv("VG_TEST_KEY", text)
    assert Keyring.from_env("VG_TEST_KEY").current.secret == Secret(RAW)


@pytest.mark.parametrize("text", [None, "", " ", "short", SECRET64[:-4], SECRET64 + "AAAA", "{", "{}"])
def test_a_bad_variable_is_refused(text: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset, empty and malformed variables are KeyringErrors."""
    monkeypatch.delenv("VG_TEST_KEY", raising=False)
    if text is not None:
        monkeypatch.setenv("VG_TEST_KEY", text)
    with pytest.raises(KeyringError):
        Keyring.from_env("VG_TEST_KEY")


@pytest.mark.parametrize("got", [RAW, SECRET64, SECRET64.encode(), _body(), _body().encode(), {"r1": RAW}])
def test_a_callable_may_answer_in_every_form(got: Any) -> None:
    """Bytes, base64, a key file and a mapping all give the root."""
    assert Keyring.from_callable(lambda: got).current.secret == Secret(RAW)


def test_the_last_root_of_a_mapping_is_current() -> None:
    """A mapping lists epochs, oldest first."""
    ring = Keyring.from_callable(lambda: {"r1": RAW, "r2": b"n" * 32})
    assert ring.current.id == "r2"
    assert ring.root("r1").secret == Secret(RAW)


WRONG: list[Any] = [
    None,
    5,
    [RAW],
    b"",
    RAW[:31],
    "",
    "hunter2",
    {},
    {"r1": RAW[:31]},
    {"r1": "x" * 32},
    {"r1": list(RAW)},
    {"r1": None},
    {"r1": 32},
    {5: RAW},
]


@pytest.mark.parametrize("got", WRONG, ids=range(len(WRONG)))
def test_a_callable_that_answers_wrongly_is_refused(got: Any) -> None:
    """Whatever a key service returns that is not 32 bytes is a KeyringError."""
    with pytest.raises(KeyringError):
        Keyring.from_callable(lambda: got)


def test_a_callable_that_raises_is_refused_without_its_message() -> None:
    """What a key service prints into its exception goes no further."""

    def fetch() -> bytes:
        raise RuntimeError(f"no such key {SECRET64}")

    with pytest.raises(KeyringError, match="RuntimeError") as caught:
        Keyring.from_callable(fetch)
    assert SECRET64 not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_ephemeral_roots_are_fresh() -> None:
    """Two keyrings in memory share nothing."""
    one, two = Keyring.ephemeral(), Keyring.ephemeral()
    assert one.current.secret != two.current.secret
    assert one.current.id != two.current.id


# ----------------------------------------------------------------------------------------------- showing nothing


@pytest.mark.parametrize("shown", [repr, str, "{!r:>9}".format, lambda x: f"{x}"])
def test_keys_are_not_shown(shown: Callable[[Any], str]) -> None:
    """No way of printing a secret, a root or a keyring shows key bytes in any spelling."""
    ring = Keyring.from_callable(lambda: RAW)
    for thing in (Secret(RAW), ring, ring.current):
        text = shown(thing)
        assert not [form for form in (SECRET64, RAW.hex(), repr(RAW), str(RAW)[2:20]) if form in text]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps, lambda x: x.__reduce_ex__(4)])
@pytest.mark.parametrize("which", ["secret", "ring"])
def test_keys_are_not_copied(copied: Callable[[Any], Any], which: str) -> None:
    """Copies and pickles of anything that holds a key are refused."""
    ring = Keyring.from_callable(lambda: RAW)
    thing = {"secret": Secret(RAW), "ring": ring}[which]
    with pytest.raises(KeyringError):
        copied(thing)


def test_secrets_have_no_dictionary() -> None:
    """There is nothing for vars() to show, and formatting tools find no field."""
    with pytest.raises(TypeError):
        vars(Secret(RAW))
    with pytest.raises(TypeError):
        json.dumps(Secret(RAW))


def test_secrets_are_equal_by_content_only_to_secrets() -> None:
    """Equality is by bytes, hashes agree, and a secret is never equal to its own bytes."""
    assert Secret(RAW) == Secret(bytes(bytearray(RAW)))
    assert hash(Secret(RAW)) == hash(Secret(bytes(RAW)))
    assert Secret(RAW) != Secret(b"n" * 32)
    assert Secret(RAW) != RAW


@pytest.mark.parametrize("material", [b"", RAW[:31], RAW + b"x", "x" * 32, None, 32, list(RAW)], ids=range(7))
def test_a_key_is_thirty_two_bytes(material: Any) -> None:
    """Anything else is refused with a typed error."""
    with pytest.raises(KeyringError):
        Secret(material)


# ------------------------------------------------------------------------------------------------- known answers


def test_packing_is_as_documented() -> None:
    """One type letter, eight bytes of length, the bytes: computed here by hand."""
    assert packed() == b""
    assert (
        packed("a", b"bc", 7)
        == b"s" + b"\0" * 7 + b"\x01a" + b"b" + b"\0" * 7 + b"\x02bc" + b"i" + b"\0" * 7 + b"\x017"
    )
    assert packed("é")[9:] == "é".encode()


def test_macs_are_hmac_sha256_of_the_packed_parts() -> None:
    """Computed with the standard library, and pinned: a change would orphan every stored row."""
    message = b"s" + (1).to_bytes(8, "big") + b"a" + b"i" + (2).to_bytes(8, "big") + b"12"
    expected = hmac.new(RAW, message, hashlib.sha256).digest()
    assert Secret(RAW).mac("a", 12) == expected
    assert expected.hex() == "49c64b12a492963875536501bfc6b38ed669fdba2368a46de768fbea48fc674f"


def test_derivation_is_hkdf_expand() -> None:
    """Computed with the standard library (RFC 5869, one block), and pinned."""
    info = b"".join(b"s" + len(p).to_bytes(8, "big") + p for p in (b"vecguard.v1", b"seals"))
    expected = hmac.new(RAW, info + b"\x01", hashlib.sha256).digest()
    assert Secret(RAW).derive("seals") == Secret(expected)
    assert expected.hex() == "e0b2867f4459b7f2761e2dd2cbbffb42214861875ab6a6e071c3b55c0efd992f"


def test_derived_keys_differ_by_purpose_and_context() -> None:
    """No two purposes, contexts or parents give one key."""
    parents = [Secret(RAW), Secret(b"n" * 32)]
    labels: list[tuple[Any, ...]] = [("ids",), ("tags",), ("ids", ""), ("ids", b""), ("ids", "x"), ("i", "dsx")]
    derived = {parent.derive(*label).reveal() for parent in parents for label in labels}
    assert len(derived) == len(parents) * len(labels)


PARTS = st.lists(st.one_of(st.text(), st.binary(), st.integers()), max_size=5)


@given(PARTS, PARTS)
def test_no_two_lists_of_parts_collide(one: list[Any], two: list[Any]) -> None:
    """Packing is injective over types, borders and order."""
    same = [(type(x), x) for x in one] == [(type(x), x) for x in two]
    assert (packed(*one) == packed(*two)) == same


@given(PARTS.filter(bool), st.integers(0, 4))
def test_moving_a_border_changes_the_packing(parts: list[Any], at: int) -> None:
    """Joining two neighbouring strings, or splitting one, never gives the same bytes."""
    texts = [str(part) for part in parts] + ["z"]
    at %= len(texts) - 1
    joined = [*texts[:at], texts[at] + texts[at + 1], *texts[at + 2 :]]
    assert packed(*joined) != packed(*texts)


# ---------------------------------------------------------------------------------------------------------- AEAD


def test_seals_are_aes_gcm_siv() -> None:
    """What seal() makes opens with the cryptography library under the documented header, and the other way round."""
    sealed = seal(Secret(RAW), b"plain", "row", 7)
    head, nonce, body = sealed[:4], sealed[4:16], sealed[16:]
    assert head == b"vg\x01\x01"
    assert AESGCMSIV(RAW).decrypt(nonce, body, head + packed("row", 7)) == b"plain"
    made = head + nonce + AESGCMSIV(RAW).encrypt(nonce, b"other", head + packed("row", 7))
    assert unseal(Secret(RAW), made, "row", 7) == b"other"


def test_a_seal_tampered_at_any_byte_does_not_open() -> None:
    """Header, nonce, ciphertext and tag: every single bit of every byte counts."""
    key = new_secret()
    sealed = seal(key, b"a diagnosis", "row")
    for position in range(len(sealed)):
        for bit in (0x01, 0x80):
            changed = bytearray(sealed)
            changed[position] ^= bit
            with pytest.raises(WrongKey):
                unseal(key, bytes(changed), "row")


def test_a_seal_cut_short_or_made_longer_does_not_open() -> None:
    """Every truncation and extension is refused, empty input included."""
    key = new_secret()
    sealed = seal(key, b"a diagnosis", "row")
    for cut in [*(sealed[:n] for n in range(len(sealed))), sealed + b"\0", sealed[1:], b"x" + sealed]:
        with pytest.raises(WrongKey):
            unseal(key, cut, "row")


@pytest.mark.parametrize("associated", [(), ("ro", "w"), ("row", ""), (b"row",), ("row ",), ("Row",)])
def test_a_seal_opens_only_in_its_place(associated: tuple[Any, ...]) -> None:
    """Other associated parts, and another key, are WrongKey."""
    key = new_secret()
    sealed = seal(key, b"x", "row")
    with pytest.raises(WrongKey):
        unseal(key, sealed, *associated)
    with pytest.raises(WrongKey) as caught:
        unseal(new_secret(), sealed, "row")
    assert caught.value.__context__ is None


def test_sealing_twice_gives_two_ciphertexts() -> None:
    """Equal contents are not seen to be equal."""
    key = Secret(b"k" * KEY_BYTES)
    assert len({seal(key, b"same", "row") for _ in range(50)}) == 50
