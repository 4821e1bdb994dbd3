"""Published test vectors: docs/keys.md says what each derivation gives, and a change of any of them is noticed here.

The values were computed without this library, with the standard library's HMAC and the primitive alone. Of the
primitive itself other people's vectors are run: RFC 8452's and Wycheproof's.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from vecguard import Keyring
from vecguard.entry import _marker_tag
from vecguard.keys import Root, Secret, packed, unseal
from vecguard.protect.mask import Mask
from vecguard.protect.noise import _keystream, standard_normals
from vecguard.records import RecordId
from vecguard.space import CollectionKeys, OwnerKeys, Space, owner_tag
from vecguard.state import State
from vecguard.state.keystore import key_check

DOCUMENT = Path(__file__).parents[2] / "docs" / "keys.md"
K, K2 = Secret(bytes(range(32))), Secret(bytes(range(32, 64)))
UID = "0123456789abcdef" * 2
IN_K, IN_K2 = CollectionKeys.of(K), OwnerKeys.of(K2)
SPACE = Space(UID, "alice", "", IN_K, IN_K2)
PUBLISHED = {
    name: bytes.fromhex(value)
    for name, value in re.findall(r"^\| ([a-z ]+) \|.*\| `([0-9a-f]+)` \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
}


def _seed() -> bytes:
    """The seed that the mask draws its noise from: the published one, if noise drawn from that is the mask's."""
    seed = PUBLISHED["noise seed"]
    drawn = Mask(noise=1.0, turned=False)._noise_of([PUBLISHED["backend id"].hex()], [bytes(16)], [0], 4, SPACE)
    return seed if np.array_equal(drawn, standard_normals(IN_K2.noise, [seed], 4) * (1.0 / np.sqrt(4))) else b""


MADE: dict[str, Callable[[], bytes]] = {
    "packed": lambda: packed("id", b"\x00\xff", -7, ""),
    "mac": lambda: K.mac("owner", "alice"),
    "derived": lambda: K.derive("seals").reveal(),
    "derived in context": lambda: K.derive("seals", "c", b"\x01").reveal(),
    "root id": lambda: bytes.fromhex(Keyring.from_callable(K.reveal).current.id),
    "key check": lambda: bytes.fromhex(key_check(Root("r1", K), UID)),
    "owner tag": lambda: bytes.fromhex(owner_tag(IN_K, "alice")),
    "backend id": lambda: bytes.fromhex(SPACE.backend_id(RecordId.text("n1"))),
    "marker": lambda: bytes.fromhex(_marker_tag(IN_K, UID, UID, "layout")),
    "noise seed": _seed,
    "noise keystream": lambda: _keystream(IN_K2.noise, [PUBLISHED["noise seed"]], 2).tobytes(),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_derived_is_what_is_published(name: str) -> None:
    """A change of any derivation would orphan stored rows; here it is noticed."""
    assert MADE[name]() == PUBLISHED[name]


def test_a_published_seal_opens() -> None:
    """A seal that was made elsewhere opens with its key and parts."""
    assert unseal(K, PUBLISHED["sealed"], "row", 7) == b"plain"


def test_a_published_wrapped_key_unwraps_in_a_state(tmp_path: Path) -> None:
    """A data key that was wrapped elsewhere is found in the table of keys."""
    keyring = Keyring.from_callable(lambda: {"r1": K.reveal()})
    state = State(f"sqlite:///{tmp_path}/state.db", keyring)
    row = ("owner", "alice", "r1", PUBLISHED["wrapped"], 0.0)
    with sqlite3.connect(tmp_path / "state.db") as raw:
        raw.execute("insert into vg_keys (kind, subject, root, wrapped, created) values (?, ?, ?, ?, ?)", row)
    assert state.keystore.find("owner", "alice") == K2


def test_every_published_vector_is_tested() -> None:
    """The document publishes these and no others."""
    assert set(PUBLISHED) == {*MADE, "sealed", "wrapped"}


# ------------------------------------------------------------------------------------------------- the primitive


def _opened(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes | None:
    """Decrypt with the primitive that seals are made of; None if it does not authenticate."""
    from cryptography.exceptions import InvalidTag

    try:
        return Secret(key).cipher().decrypt(nonce, sealed, associated)
    except InvalidTag:
        return None


def _rfc_8452() -> Iterator[dict[str, bytes]]:
    """The 256-bit vectors of RFC 8452, appendix C, as the package `cryptography-vectors` has them."""
    vectors = pytest.importorskip(
        "cryptography_vectors", reason="RFC 8452 NOT RUN: `pip install cryptography-vectors` brings its vectors"
    )
    text = vectors.open_vector_file("ciphers/AES/GCM-SIV/openssl.txt", "r").read()
    for block in re.split(r"\n\s*\n", text):
        lines = re.findall(r"^(Key|IV|Tag|AAD|Plaintext|Ciphertext) = ([0-9a-f]*)$", block, re.MULTILINE)
        found = {name: bytes.fromhex(value) for name, value in lines}
        if len(found.get("Key", b"")) == 32:
            yield found


def test_the_primitive_passes_rfc_8452() -> None:
    """Every vector encrypts to what the RFC says, decrypts, and does not once a bit of its tag is turned."""
    count = 0
    for each in _rfc_8452():
        plain, associated = each.get("Plaintext", b""), each.get("AAD", b"")
        sealed = each.get("Ciphertext", b"") + each["Tag"]
        assert Secret(each["Key"]).cipher().encrypt(each["IV"], plain, associated) == sealed
        assert _opened(each["Key"], each["IV"], sealed, associated) == plain
        assert _opened(each["Key"], each["IV"], sealed[:-1] + bytes([sealed[-1] ^ 1]), associated) is None
        count += 1
    assert count >= 20


def test_the_primitive_passes_wycheproof() -> None:
    """Every valid vector opens to its text and every invalid one does not open."""
    folder = os.environ.get("VECGUARD_WYCHEPROOF")
    if folder is None:
        pytest.skip("Wycheproof NOT RUN: VECGUARD_WYCHEPROOF names the folder of aes_gcm_siv_test.json")
    document = json.loads((Path(folder) / "aes_gcm_siv_test.json").read_text("utf-8"))
    counted = {"valid": 0, "invalid": 0}
    for group in document["testGroups"]:
        if group["keySize"] != 256:
            continue
        for test in group["tests"]:
            key, nonce, plain, associated, body, tag = (
                bytes.fromhex(test[name]) for name in ("key", "iv", "msg", "aad", "ct", "tag")
            )
            expected = plain if test["result"] == "valid" else None
            assert _opened(key, nonce, body + tag, associated) == expected, test["tcId"]
            if expected is not None:
                assert Secret(key).cipher().encrypt(nonce, plain, associated) == body + tag, test["tcId"]
            counted[test["result"]] += 1
    assert counted["valid"] > 40
    assert counted["invalid"] > 20
