"""Ids of records that others share: a keyed permutation of the backend id, so that nothing about them needs a table.

A caller's own ids are its own; a shared record may have the same one. It is known to all its readers by 128 bits that
say nothing of the owner, of the id that the owner gave it, or of the row's name in the store: AES-256 of the backend
id under a key of the owner. In stores with ids in text it carries the reserved prefix; where ids are UUIDs, it is
one. Such an id names the record in reads; a write never finds it.
"""

from __future__ import annotations

from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vecguard.fields import RESERVED
from vecguard.keys import Secret
from vecguard.ports import IdForm
from vecguard.records import RecordId

_HEX = frozenset("0123456789abcdef")


def qualified(key: Secret, backend_id: str, form: IdForm) -> RecordId:
    """Return the id by which readers know a shared record."""
    block = _cipher(key).encryptor().update(bytes.fromhex(backend_id)).hex()
    return RecordId("uuid", str(UUID(block)), block) if form == "uuid" else RecordId.text(RESERVED + block)


def backend_id_of(key: Secret, record: RecordId) -> str | None:
    """Return the backend id behind a qualified id, None for an id that cannot be one."""
    digits = record.canonical if record.kind == "uuid" else str(record.given).removeprefix(RESERVED)
    if record.kind == "str" and not is_qualified(record):
        return None
    if record.kind == "int" or len(digits) != 32 or not _HEX.issuperset(digits):
        return None
    return _cipher(key).decryptor().update(bytes.fromhex(digits)).hex()


def is_qualified(record: RecordId) -> bool:
    """Whether a text id has the reserved prefix: no record of one's own has."""
    return record.kind == "str" and str(record.given).startswith(RESERVED)


def _cipher(key: Secret) -> Cipher[modes.ECB]:
    # one block of 128 bits under one key is a permutation, which is all that is wanted here
    return Cipher(algorithms.AES256(key.reveal()), modes.ECB())  # noqa: S305
