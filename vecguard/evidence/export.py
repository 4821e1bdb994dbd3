"""The audit log as a file of JSON lines, so that it can be kept, handed over, and verified without the state.

The first line has the ends of all chains and the key that checks them, sealed under the root; each other line is one of
the log. Whoever holds the root can verify the file. The names behind the digests are not in it, nor the key to them.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection

from vecguard.errors import BadInput
from vecguard.evidence.anchors import Anchor
from vecguard.evidence.chains import Head, Log, Row, Verdict, check
from vecguard.evidence.log import log_of
from vecguard.keys import Keyring, Secret, unseal
from vecguard.state import State

FORMAT = "vecguard.audit-export/1"


def export(state: State, keyring: Keyring, path: Path) -> int:
    """Write the whole log to a new file that only its owner can read; return how many lines. Raises `BadInput`."""
    root = keyring.current
    header = {
        "format": FORMAT,
        "state": state.id,
        "root": root.id,
        "key": base64.b64encode(state.audit.sealed_key(root, state.id)).decode(),
    }
    with _created(path) as file:
        return state.database.look(lambda connection: _written(file, header, connection))


def verify_export(path: Path, keyring: Keyring, anchors: Iterable[Anchor] = ()) -> tuple[str, Verdict]:
    """Check an exported log; return the id of the state that it says it is from, and the verdict.

    Raises `WrongKey` if the keyring cannot open it, `BadInput` if it is not such a file.
    """
    with _opened(path) as file:
        exported = _Exported.of(next(file, ""))
        root = keyring.root(exported.root)
        key = Secret(unseal(root.secret.derive("audit export"), exported.key, exported.state, root.id))
        return exported.state, check(key, Log(_lines(file), exported.heads, exported.writers), anchors)


@dataclass(frozen=True, slots=True)
class _Exported:
    """The first line of an export."""

    state: str
    root: str
    key: bytes = field(repr=False)
    heads: Mapping[object, Head]
    writers: object

    @classmethod
    def of(cls, text: str) -> _Exported:
        given = _object(text, 1)
        heads = given.get("heads")
        known = given.get("format") == FORMAT and isinstance(heads, dict)
        if not known or not all(isinstance(given.get(name), str) for name in ("state", "root", "key")):
            raise BadInput(f"this is not a file of the format {FORMAT}")
        return cls(
            given["state"],
            given["root"],
            _from_base64(given["key"]),
            {writer: Head(*_pair(head)) for writer, head in given["heads"].items()},
            given.get("writers"),
        )


def _written(file: IO[str], header: Mapping[str, Any], connection: Connection) -> int:
    log = log_of(connection)
    heads = {str(writer): [head.number, _plain(head.mac)] for writer, head in log.heads.items()}
    print(json.dumps({**header, "writers": log.writers, "heads": heads}), file=file)
    count = 0
    for line in log.lines:
        print(json.dumps({name: _plain(value) for name, value in line.items()}), file=file)
        count += 1
    return count


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _lines(file: Iterable[str]) -> Iterator[Row]:
    for number, text in enumerate(file, start=2):
        line = _object(text, number)
        if not {"number", "at", "mac"} <= line.keys() or not isinstance(line.get("writer"), str):
            raise BadInput(f"line {number} of the export is not one of a log")
        yield {**line, "mac": _from_hex(line["mac"])}


def _object(text: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"line {number} of the export cannot be read")
    return found


def _pair(head: object) -> tuple[object, object]:
    return (head[0], _from_hex(head[1])) if isinstance(head, list) and len(head) == 2 else (None, None)


def _from_hex(text: object) -> object:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        return text  # it fits nothing, and the check says where


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _created(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except FileExistsError:
        reason = "there is a file at that path already, and evidence is never overwritten"
    except OSError as failure:
        reason = f"the file could not be created: {failure.strerror}"
    raise BadInput(reason)


def _opened(path: Path) -> IO[str]:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as failure:
        reason = f"the file cannot be read: {failure.strerror}"
    raise BadInput(reason)
