"""Sealing and opening rows: the last stage before the shelf, and the first one after it.

A row on the shelf has the clear fields that its policy allows, and as few of ours as can be, because stores keep and
index each by itself (docs/adr/0017):

    _vg_owner    the owner's tag in this collection
    _vg_expires  seconds since the epoch; `NEVER` without a retention rule
    _vg_seal     stamp | tag | AES-256-GCM-SIV of everything else: id, text, long fields, what unmasks the vector
    _vg_scheme   2, in rows that expire only: `_vg_expires` tells the others from unguarded ones

The stamp is scheme, policy fingerprint and row version. The tag is an HMAC over all of these, the clear fields and the
row's place (collection, backend id, owner). It does not cover vector bits, because stores normalise and round them; a
swapped vector shows when it is unmasked. All fields are scalars: list metadata of a deleted Chroma collection can turn
up in a new one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from vecguard.errors import Tampered, WrongKey
from vecguard.fields import RESERVED, canonical, merged, split
from vecguard.filters import AnyOf, Compare, Not, Predicate, all_of
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
EXPIRES_FIELD = "_vg_expires"
SEAL_FIELD = "_vg_seal"
SCHEME = 2
WHENEVER = float("-inf")
"""A time at which no row has expired."""
NEVER = 1e11
"""The expiry of rows that do not expire. Stores cannot ask for "later than now, or absent", so it is never absent."""

_MARKS = (Compare((EXPIRES_FIELD,), "eq", NEVER), Compare((SCHEME_FIELD,), "eq", SCHEME))
GUARDED: Predicate = AnyOf(_MARKS, 1)
"""Rows that look like ours. Whether they are is said by their tag alone."""
UNGUARDED: Predicate = all_of(*(Not(each) for each in _MARKS))
"""All others. Every store takes a row without a field for one in which it is not equal to anything."""

_STAMP = struct.Struct(">B4sHI")  # scheme, policy fingerprint, version in 48 bits
_TAG_BYTES = 16
_TAG_CHARS = 36  # base64 of the stamp and the tag, 27 bytes: the rest of a seal is base64 of its own
_HEAD = struct.Struct("<B16sddBB")  # flags, digest of the content, norm, scale, draw, length of the sketch
_ALTERED, _ORIGINAL, _CALLER, _KIND = 1, 2, 4, 8
_KINDS: tuple[Literal["str", "int", "uuid"], ...] = ("str", "int", "uuid")
_DIGEST = 16
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def tag_of(fields: Fields) -> str:
    """Return what tells a version of a row from every other, believed or not: its stamp and tag, as they are stored."""
    return str(fields.get(SEAL_FIELD, ""))[:_TAG_CHARS]


def version_of(fields: Fields) -> int:
    """Return the version that a row says it is, believed or not; 0 where it says nothing."""
    try:
        return _version(_bytes(tag_of(fields)))
    except (ValueError, struct.error):
        return 0


class Sealer:
    """Seals clean, masked records and opens rows, under one policy and for one kind of store."""

    def __init__(self, policy: Policy, traits: Traits) -> None:
        self._policy = policy
        self._traits = traits
        self._fingerprint = bytes.fromhex(policy.fingerprint)

    def __repr__(self) -> str:
        return f"<Sealer for {self._traits.kind}>"

    def seal(
        self,
        protected: Protected,
        space: Space,
        there: Sequence[Row],
        expires: Mapping[str, float],
        genuine: Collection[str] = frozenset(),
    ) -> Sealed:
        """Seal every record of a write. `there` are the rows that it replaces, believed or not: stores merge.

        `genuine` names those of them that authenticated, expired ones too. `expires` says by backend id when each
        record expires, in seconds since the epoch.
        """
        protected = made_by(Protected, protected)
        replaced = {row.backend_id: row for row in there}
        rows = tuple(
            self._row(
                body, vector, vector_seal, space, replaced.get(body.backend_id), expires[body.backend_id], genuine
            )
            for body, vector, vector_seal in zip(protected.bodies, protected.vectors, protected.seals, strict=True)
        )
        return Sealed(rows, protected.originals)

    def _row(
        self,
        body: Body,
        vector: Any,
        vector_seal: VectorSeal,
        space: Space,
        there: Row | None,
        expires: float,
        genuine: Collection[str],
    ) -> SealedRow:
        clear, hidden = split(body.fields, self._policy.metadata, self._traits)
        text = (body.text or None) if self._policy.texts == "clear" else None
        plain = _encode(body, hidden, vector_seal, with_text=text is None)
        ours: dict[str, Any] = {OWNER_FIELD: space.owner_tag, EXPIRES_FIELD: expires}
        if expires != NEVER:
            ours[SCHEME_FIELD] = SCHEME
        sealed = _text(seal(space.owner_keys.seals, plain, "row", space.uid, body.backend_id, space.owner))
        stamp = _STAMP.pack(SCHEME, self._fingerprint, *divmod(body.version, 1 << 32))
        found = "" if there is None else tag_of(there.fields)
        ours[SEAL_FIELD] = _text(stamp + _tag(space, body.backend_id, ours, stamp, sealed, clear, text)) + sealed
        return SealedRow(
            backend_id=body.backend_id,
            vector=vector,
            fields={**clear, **ours},
            text="" if text is None and there is not None and there.text else text,  # a text that must go
            text_field=body.text_field,
            gone=tuple(name for name in (there.fields if there else ()) if name not in clear and name not in ours),
            version=body.version,
            tokens=frozenset(tokens_of((body.text, body.fields))),
            found=found,
            replaces=found if body.backend_id in genuine else "",
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
        clear = {name: value for name, value in row.fields.items() if not name.startswith(RESERVED)}
        try:
            tagged, sealed = row.fields[SEAL_FIELD][:_TAG_CHARS], row.fields[SEAL_FIELD][_TAG_CHARS:]
            stamp, tag = (raw := _bytes(tagged))[: _STAMP.size], raw[_STAMP.size :]
            expected = _tag(space, row.backend_id, row.fields, stamp, sealed, clear, row.text or None)
            if not hmac.compare_digest(tag, expected):
                return None
            plain = unseal(space.owner_keys.seals, _bytes(sealed), "row", space.uid, row.backend_id, space.owner)
        except (KeyError, TypeError, ValueError, WrongKey):
            return None
        return _decode(plain, row, clear, stamp)


def _encode(body: Body, hidden: Fields, vector: VectorSeal, *, with_text: bool) -> bytes:
    """Encode what is sealed: numbers and digests in a head, names and texts as a JSON list behind it."""
    flags = _ALTERED * body.altered | _ORIGINAL * bool(body.original) | _CALLER * (vector.source == "caller")
    flags |= _KIND * _KINDS.index(body.id.kind)
    head = _HEAD.pack(flags, vector.digest, vector.norm, vector.scale, vector.draw, len(vector.sketch))
    content: list[Any] = [body.id.given, body.text_field, hidden]
    if with_text:
        content.append(body.text)
    else:
        while not content[-1] and len(content) > 1:
            content.pop()
    names = _COMPACT.encode(content).encode("utf-8", "surrogatepass")
    return head + bytes.fromhex(body.original) + vector.sketch + names


def _decode(plain: bytes, row: Row, clear: Fields, stamp: bytes) -> Opened:
    flags, digest, norm, scale, draw, sketched = _HEAD.unpack_from(plain)
    sketch = _HEAD.size + (_DIGEST if flags & _ORIGINAL else 0)
    names = sketch + sketched
    content: list[Any] = json.loads(plain[names:].decode("utf-8", "surrogatepass"))
    absent: tuple[Any, ...] = ("", {}, row.text)
    given, text_field, hidden, text = (*content, *absent[len(content) - 1 :])
    return Opened(
        # the canonical spelling of the id only served to find the row
        record=Record(RecordId(_KINDS[flags // _KIND], given, ""), text, text_field, merged(clear, hidden)),
        backend_id=row.backend_id,
        owner_tag=str(row.fields[OWNER_FIELD]),
        vector=VectorSeal(digest, norm, scale, "caller" if flags & _CALLER else "guard", draw, plain[sketch:names]),
        altered=bool(flags & _ALTERED),
        version=_version(stamp),
        clear=tuple(clear),
        tag=tag_of(row.fields),
        original=plain[_HEAD.size : sketch].hex(),
        expires=float(row.fields[EXPIRES_FIELD]),
    )


def _tag(
    space: Space, backend_id: str, ours: Fields, stamp: bytes, sealed: str, clear: Fields, text: str | None
) -> bytes:
    """Return the tag of a row: what the stamp says is under it like everything else."""
    return space.owner_keys.tags.mac(
        "row",
        space.uid,
        backend_id,
        space.owner,
        ours[OWNER_FIELD],
        stamp,
        f"expires={float(ours[EXPIRES_FIELD])!r}, marked={ours.get(SCHEME_FIELD)!r}",
        sealed,
        canonical(clear),
        "sealed text" if text is None else f"text={text}",
    )[:_TAG_BYTES]


def _version(stamp: bytes) -> int:
    _, _, high, low = _STAMP.unpack_from(stamp)
    return int(high << 32 | low)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return binascii.a2b_base64(text, strict_mode=True)
