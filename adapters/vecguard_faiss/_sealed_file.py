"""One file that holds one generation of a collection, and is believed only after its MAC was checked.

    magic | part | part | ... | manifest | length of the manifest, SHA-256 of it, HMAC of it | magic

The manifest is JSON: the collection's uid, which face wrote it, a random name for this generation, and name, length and
SHA-256 of every part. Its key belongs to the collection and comes from the state. FAISS loads most corrupted files
without a word, so it gets no byte that was not authenticated, and the very bytes that were: the file is read once.

A save writes a new file beside the old one and renames it, so a reader finds the old generation or the new one, whole.
Whoever puts an older generation back in its place is not found out here: it is authentic.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecguard import StateMismatch, StoreFailed, Tampered
from vecguard.errors import shielded
from vecguard.keys import Secret
from vecguard.state import State

_MAGIC = b"vgfaiss\x01"
_TRAILER = struct.Struct(">Q32s32s8s")
_ALTERED = "the file does not authenticate: it was changed, cut or put together from several"


@dataclass(frozen=True, slots=True)
class Generation:
    """What one file holds: authenticated."""

    uid: str
    form: str
    name: str
    parts: Mapping[str, memoryview] = field(repr=False)


def file_key(state: State, uid: str) -> Secret:
    """Return the key of a collection's files, if this state guards that collection."""
    if not state.knows(uid):
        raise StateMismatch("this file was saved under another state database")
    return state.collection_keys(uid).marker.derive("faiss file")


def write(path: Path, state: State, uid: str, form: str, parts: Iterable[tuple[str, bytes]]) -> str:
    """Save a generation, atomically and readable by its owner only; return its name."""
    name = secrets.token_hex(16)
    body: list[bytes] = [_MAGIC]
    listed: list[tuple[str, int, str]] = []
    for part, raw in parts:
        listed.append((part, len(raw), hashlib.sha256(raw).hexdigest()))
        body.append(raw)
    manifest = json.dumps({"uid": uid, "form": form, "name": name, "parts": listed}, separators=(",", ":")).encode()
    digest = hashlib.sha256(manifest).digest()
    body += [manifest, _TRAILER.pack(len(manifest), digest, file_key(state, uid).mac(manifest), _MAGIC)]
    shielded(_unwritable, lambda: _replace(path, body))
    return name


def read(path: Path, state: State) -> Generation:
    """Read a generation and authenticate all of it: `Tampered`, `StateMismatch`, or `StoreFailed` without a file."""
    raw = memoryview(shielded(_unreadable, path.read_bytes))
    manifest, start = _manifest(raw, state)
    parts: dict[str, memoryview] = {}
    at = len(_MAGIC)
    for name, length, digest in manifest["parts"]:
        part = raw[at : at + length]
        if at + length > start or not hmac.compare_digest(hashlib.sha256(part).hexdigest(), digest):
            raise Tampered(_ALTERED)
        parts[name] = part
        at += length
    if at != start:
        raise Tampered(_ALTERED)
    return Generation(manifest["uid"], manifest["form"], manifest["name"], parts)


def name_at(path: Path, state: State) -> str:
    """Return the name of the generation that a file holds now."""
    raw = memoryview(shielded(_unreadable, path.read_bytes))
    return str(_manifest(raw, state)[0]["name"])


def _manifest(raw: memoryview, state: State) -> tuple[dict[str, Any], int]:
    """Return the authenticated manifest and where it starts."""
    if len(raw) < len(_MAGIC) + _TRAILER.size or raw[: len(_MAGIC)] != _MAGIC:
        raise Tampered("this is not a file that vecguard_faiss saved, or its beginning was changed")
    length, digest, mac, magic = _TRAILER.unpack(raw[-_TRAILER.size :])
    start = len(raw) - _TRAILER.size - length
    if magic != _MAGIC or start < len(_MAGIC):
        raise Tampered(_ALTERED)
    manifest = bytes(raw[start : start + length])
    # this digest needs no key: it tells a damaged file from one of another state
    if not hmac.compare_digest(hashlib.sha256(manifest).digest(), digest):
        raise Tampered(_ALTERED)
    listed = _decoded(manifest)
    if not hmac.compare_digest(file_key(state, str(listed.get("uid"))).mac(manifest), mac):
        raise Tampered(_ALTERED)
    return listed, start


def _decoded(manifest: bytes) -> dict[str, Any]:
    try:
        listed = json.loads(manifest)
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, dict):
        raise Tampered(_ALTERED)
    return listed


def _replace(path: Path, body: list[bytes]) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)


def _unwritable(name: str) -> StoreFailed:
    return StoreFailed(f"the file could not be written ({name}); the previous one is as it was", name)


def _unreadable(name: str) -> StoreFailed:
    return StoreFailed(f"the file could not be read ({name})", name)
