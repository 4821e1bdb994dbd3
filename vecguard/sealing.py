"""Sealing and opening rows: the last stage before the shelf, and the first one after it.

A row on the shelf has the clear fields that its policy allows, and five of ours:

    _vg_scheme   1; what tells our rows from unguarded ones
    _vg_owner    the owner's tag in this collection
    _vg_stamp    scheme, policy fingerprint and row version
    _vg_expires  seconds since the epoch; far in the future without a retention rule
    _vg_seal     AES-256-GCM-SIV of everything else: id, text, long fields, what unmasks the vector
    _vg_tag      HMAC over all of these, the clear fields and the row's place (collection, backend id, owner)

All are scalars: list metadata of a deleted Chroma collection can turn up in a new one. The tag does not cover vector
bits, because stores normalise and round them; a swapped vector shows when it is unmasked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from vecguard.errors import Tampered, WrongKey
from vecguard.fields import RESERVED, canonical, merged, split
from vecguard.keys import seal, unseal
from vecguard.policy import Policy
from vecguard.ports import Traits
from vecguard.records import (
    Body,
    Fields,
    Opened,
    Protected,
    Record,
    RecordId,
    Row,
    Sealed,
    SealedRow,
    VectorSeal,
    made_by,
)
from vecguard.rules import OWNER_FIELD
from vecguard.scrub.tokens import tokens_of
from vecguard.space import Space

SCHEME_FIELD = "_vg_scheme"
STAMP_FIELD = "_vg_stamp"
EXPIRES_FIELD = "_vg_expires"
SEAL_FIELD = "_vg_seal"
TAG_FIELD = "_vg_tag"
SCHEME = 1
_HEAD = struct.Struct("<B16s16sddBB")  # flags, digests of the original and of the content, norm, scale, draw, sketch
_ALTERED, _ORIGINAL, _CALLER = 1, 2, 4
_COMPACT = json.JSONEncoder(separators=(",", ":"))
NEVER = 1e11
"""The expiry of rows that do not expire. Stores cannot ask for "later than now, or absent", so it is never absent."""


class Sealer:
    """Seals clean, masked records and opens rows, under one policy and for one kind of store."""

    def __init__(self, policy: Policy, traits: Traits) -> None:
        self._policy = policy
        self._traits = traits
        self._fingerprint = policy.fingerprint

    def __repr__(self) -> str:
        return f"<Sealer for {self._traits.kind}>"

    def seal(self, protected: Protected, space: Space, there: Sequence[Row], expires: float) -> Sealed:
        """Seal every record of a write. `there` are the rows that it replaces, believed or not: stores merge."""
        protected = made_by(Protected, protected)
        replaced = {row.backend_id: row for row in there}
        rows = tuple(
            self._row(body, vector, vector_seal, space, replaced.get(body.backend_id), expires)
            for body, vector, vector_seal in zip(protected.bodies, protected.vectors, protected.seals, strict=True)
        )
        return Sealed(rows, protected.originals)

    def _row(
        self, body: Body, vector: Any, vector_seal: VectorSeal, space: Space, there: Row | None, expires: float
    ) -> SealedRow:
        clear, hidden = split(body.fields, self._policy.metadata, self._traits)
        text = (body.text or None) if self._policy.texts == "clear" else None
        plain = _encode(body, hidden, vector_seal, with_text=text is None)
        ours: dict[str, Any] = {
            SCHEME_FIELD: SCHEME,
            OWNER_FIELD: space.owner_tag,
            STAMP_FIELD: f"{SCHEME}.{self._fingerprint}.{body.version}",
            EXPIRES_FIELD: expires,
            SEAL_FIELD: base64.b64encode(
                seal(space.owner_keys.seals, plain, "row", space.uid, body.backend_id, space.owner)
            ).decode(),
        }
        ours[TAG_FIELD] = _tag(space, body.backend_id, ours, clear, text)
        return SealedRow(
            backend_id=body.backend_id,
            vector=vector,
            fields={**clear, **ours},
            text="" if text is None and there is not None and there.text else text,  # a text that must go
            text_field=body.text_field,
            gone=tuple(name for name in (there.fields if there else ()) if name not in clear and name not in ours),
            version=body.version,
            tokens=frozenset(tokens_of(body.text)) | frozenset(tokens_of(body.fields)),
        )

    def open(self, rows: Sequence[Row], spaces: Mapping[str, Space], now: float) -> list[Opened | None]:
        """Authenticate rows against the spaces in scope, by owner tag. None stands for a row that does not exist.

        A row without our tag, of an owner out of scope, or expired does not exist. One that carries a tag in scope
        and does not authenticate is dropped too, or raises `Tampered` under a policy that says so.
        """
        return [self._open(row, spaces, now) for row in rows]

    def _open(self, row: Row, spaces: Mapping[str, Space], now: float) -> Opened | None:
        space = spaces.get(str(row.fields.get(OWNER_FIELD)))
        if space is None:
            return None
        opened = self._authentic(row, space)
        if opened is None and self._policy.tampered == "raise":
            raise Tampered("a row with our mark does not authenticate: it was changed, moved or forged")
        return None if opened is None or float(row.fields[EXPIRES_FIELD]) <= now else opened

    def _authentic(self, row: Row, space: Space) -> Opened | None:
        ours = {name: value for name, value in row.fields.items() if name.startswith(RESERVED)}
        clear = {name: value for name, value in row.fields.items() if not name.startswith(RESERVED)}
        try:
            tag = ours.pop(TAG_FIELD)
            if not hmac.compare_digest(str(tag), _tag(space, row.backend_id, ours, clear, row.text or None)):
                return None
            sealed = base64.b64decode(ours[SEAL_FIELD], validate=True)
            plain = unseal(space.owner_keys.seals, sealed, "row", space.uid, row.backend_id, space.owner)
        except (KeyError, TypeError, ValueError, binascii.Error, WrongKey):
            return None
        return _decode(plain, row, clear, str(ours[STAMP_FIELD]), str(tag))


def _encode(body: Body, hidden: Fields, vector: VectorSeal, *, with_text: bool) -> bytes:
    """Encode what is sealed: numbers and digests in a head of fixed size, names and texts as a JSON list behind it."""
    flags = _ALTERED * body.altered | _ORIGINAL * bool(body.original) | _CALLER * (vector.source == "caller")
    original = bytes.fromhex(body.original)
    head = _HEAD.pack(flags, original, vector.digest, vector.norm, vector.scale, vector.draw, len(vector.sketch))
    content: list[Any] = [body.id.kind, body.id.given, body.text_field, hidden]
    if with_text:
        content.append(body.text)
    return head + vector.sketch + _COMPACT.encode(content).encode()


def _decode(plain: bytes, row: Row, clear: Fields, stamp: str, tag: str) -> Opened:
    flags, original, digest, norm, scale, draw, sketched = _HEAD.unpack_from(plain)
    start = _HEAD.size + sketched
    kind, given, text_field, hidden, *text = json.loads(plain[start:])
    return Opened(
        # the canonical spelling of the id only served to find the row
        record=Record(RecordId(kind, given, ""), text[0] if text else row.text, text_field, merged(clear, hidden)),
        backend_id=row.backend_id,
        owner_tag=str(row.fields[OWNER_FIELD]),
        vector=VectorSeal(
            digest, norm, scale, "caller" if flags & _CALLER else "guard", draw, plain[_HEAD.size : start]
        ),
        altered=bool(flags & _ALTERED),
        version=int(stamp.rsplit(".", 1)[1]),
        clear=tuple(clear),
        tag=tag,
        original=original.hex() if flags & _ORIGINAL else "",
        expires=float(row.fields[EXPIRES_FIELD]),
    )


def _tag(space: Space, backend_id: str, ours: Fields, clear: Fields, text: str | None) -> str:
    parts: list[str | bytes | int] = ["row", space.uid, backend_id, space.owner]
    parts += [f"{name}={ours[name]}" for name in (SCHEME_FIELD, OWNER_FIELD, STAMP_FIELD)]
    parts.append(f"expires={float(ours[EXPIRES_FIELD])!r}")
    parts.append(hashlib.sha256(str(ours[SEAL_FIELD]).encode()).digest())
    parts.append(canonical(clear))
    parts.append("sealed text" if text is None else f"text={text}")
    return space.owner_keys.tags.mac(*parts).hex()[:32]
