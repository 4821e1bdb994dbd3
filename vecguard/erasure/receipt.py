"""The receipt of an erasure: what was erased, where it was looked for afterwards, and what nobody could look at.

No name, id, value or text is in it. The owner is the keyed digest that the state knows it by: whoever has the state can
check a name against it, and nobody else learns one. It is signed with Ed25519 (RFC 8032) under a key that is derived
from the state's own; the public key that a verifier trusts must have come to it another way than with the receipt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, Self, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vecguard.errors import BadInput, Tampered
from vecguard.frameless import frameless_class
from vecguard.keys import Secret

FORMAT: Final = "vecguard.erasure/1"
Scope: TypeAlias = Literal["owner", "records", "subject", "expired"]


@dataclass(frozen=True, slots=True)
class Cleared:
    """One collection: its uid, the kind of its store, rows erased, and what was done to its files."""

    uid: str
    kind: str
    rows: int
    done: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """One kind of thing: how many were sought, how many of them the files held before and hold now.

    `before` of 0 says that this search would not have found them anyway, in the form in which this store keeps them.
    """

    kind: str
    things: int
    before: int
    after: int


@frameless_class
@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """What an erasure did. `clean` says that nothing that was sought is left in any file that was looked at.

    `at` is the time of its end in UTC. `counts` are what left the state. `elsewhere` counts collections in which the
    owner has, or may have, rows, and that were not given. `unverified` says in words what could not be looked at.
    `nonce` is random: nobody finds out by guessing whose receipt has the digest that stands in the audit log.
    """

    scope: Scope
    at: str
    state: str
    owner: str
    counts: Mapping[str, int]
    collections: tuple[Cleared, ...]
    elsewhere: int
    sought: tuple[Sought, ...]
    files: int
    bytes: int
    unverified: tuple[str, ...]
    nonce: str = ""
    public_key: str = ""
    signature: str = field(default="", repr=False)
    format: str = FORMAT

    @property
    def clean(self) -> bool:
        """Whether nothing of what was sought was found afterwards."""
        return not any(each.after for each in self.sought)

    @property
    def rows(self) -> int:
        """How many rows were erased."""
        return sum(each.rows for each in self.collections)

    def json(self) -> str:
        """Return the receipt as JSON, for a file."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `json` wrote, or raise `BadInput`. Nothing is believed of it before `verify`."""
        try:
            found: dict[str, Any] = json.loads(text, object_pairs_hook=_once)
            cleared = [{**each, "done": tuple(each["done"])} for each in found["collections"]]
            found["collections"] = tuple(Cleared(**each) for each in cleared)
            found["sought"] = tuple(Sought(**each) for each in found["sought"])
            receipt = cls(**{**found, "unverified": tuple(found["unverified"])})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            receipt = None
        if receipt is None or receipt.format != FORMAT:
            raise BadInput("this is not a receipt of an erasure, or it is of another version")
        return receipt

    def verify(self, public_key: str) -> None:
        """Check the signature against a public key (64 hexadecimal digits); raise `Tampered` if it does not hold."""
        holds = False
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(
                bytes.fromhex(self.signature), _content(self)
            )
            holds = self.public_key == public_key.lower()
        except (InvalidSignature, ValueError, TypeError):
            pass
        if not holds:
            raise Tampered("the receipt was changed, or another state signed it")

    def signed(self, key: Ed25519PrivateKey) -> Self:
        """Return the receipt with the public key and the signature."""
        named = replace(self, public_key=public_key(key), signature="")
        return replace(named, signature=key.sign(_content(named)).hex())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands there twice: who reads the file might believe the one that is not signed."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _content(receipt: ErasureReceipt) -> bytes:
    """Return what is signed: canonical JSON of every field but the signature, behind the name of the format."""
    parts = asdict(receipt)
    del parts["signature"]
    if not receipt.nonce:  # there was none in receipts that were made first
        del parts["nonce"]
    return f"{FORMAT}\n{json.dumps(parts, separators=(',', ':'), sort_keys=True)}".encode()


def signing_key(state_key: Secret) -> Ed25519PrivateKey:
    """Derive the key that signs receipts from a state's own key."""
    return Ed25519PrivateKey.from_private_bytes(state_key.derive("erasure receipts").reveal())


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public key in hexadecimal digits."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
