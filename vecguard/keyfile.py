"""The file that root keys lie in: read with care, replaced whole or not at all, changed by one process at a time.

    {"vecguard": 1, "current": ID, "roots": [{"id": ID, "secret": BASE64 of 32 bytes, "kept": true}, ...]}

`kept` is there only for a root that a rotation left in the file on purpose; without it, a root that is not the current
one belongs to a rotation that is still under way.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import glob
import json
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vecguard.errors import KeyringError

KEY_BYTES = 32
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Entry:
    """One root as it is written down."""

    id: str
    material: bytes = field(repr=False)
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What a key file holds: its roots, oldest first, and which of them is current."""

    current: str
    entries: tuple[Entry, ...]

    def written(self) -> str:
        """Return the text of the file."""
        roots = [
            {"id": each.id, "secret": base64.b64encode(each.material).decode()} | ({"kept": True} if each.kept else {})
            for each in self.entries
        ]
        return json.dumps({"vecguard": 1, "current": self.current, "roots": roots})


def parsed(text: str) -> Contents:
    """Read the text of a key file, or raise a `KeyringError` that shows nothing of it."""
    try:
        body = json.loads(text)
        entries = tuple(
            Entry(str(each["id"]), decoded(each["secret"]), each.get("kept") is True) for each in body["roots"]
        )
        known = body["vecguard"] == 1 and len({each.id for each in entries}) == len(entries)
        contents = Contents(str(body["current"]), entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        known, contents = False, Contents("", ())
    if not known or not contents.entries:
        raise KeyringError("this is not a keyring file of format 1")
    return contents


def decoded(text: str) -> bytes:
    """Return the 32 bytes of a root from their base64."""
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise KeyringError(f"a root key is the base64 of {KEY_BYTES} random bytes")
    return raw


def read(path: Path) -> Contents:
    """Read a key file. Others must not be able to read it: any mode wider than 0600 is refused."""
    try:
        with path.open("rb") as file:  # mode and text of one file, even while another one takes its place
            mode, text = os.fstat(file.fileno()).st_mode, file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        text, mode = "", 0
    if not text:
        raise KeyringError("the key file cannot be read; make one with `vecguard keys new PATH`")
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise KeyringError("the key file is readable by others; `chmod 600` it")
    return parsed(text)


def create(path: Path, contents: Contents) -> None:
    """Write a new key file. One that is there is never overwritten: whatever was sealed with it would be lost."""
    reason = ""
    try:
        _fill(path, contents)
        _sync_folder(path.parent)
    except FileExistsError:
        reason = "there is a file at that path already; a key file is never overwritten"
    except OSError as failure:
        reason = f"the key file could not be created: {failure.strerror}"
    if reason:
        raise KeyringError(reason)


def replace(path: Path, contents: Contents) -> None:
    """Put new contents in the place of a key file: whoever reads it, at any time and after any crash, reads either.

    Owner and mode stay. A link is followed: the file that it leads to is replaced, and the link stays.
    """
    place = path.resolve()
    beside = place.with_name(f".{place.name}.{secrets.token_hex(8)}.new")
    reason = ""
    try:
        _fill(beside, contents, like=place.stat())
        beside.replace(place)
        _sync_folder(place.parent)
    except OSError as failure:
        reason = f"the key file could not be replaced: {failure.strerror}"
    if reason:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise KeyringError(reason)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process from changing key files in this folder. The kernel lets go when this process ends.

    Also clears away what a killed process left half written beside the file.
    """
    place = path.resolve()
    handle = _locked(place.parent)
    try:
        for left in place.parent.glob(f".{glob.escape(place.name)}.{'?' * 16}.new"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def _locked(folder: Path) -> int:
    try:
        import fcntl  # noqa: PLC0415 - POSIX has it
    except ImportError:
        raise KeyringError("key files are changed on POSIX systems only: others cannot lock a folder") from None
    handle = -1
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        reason = "another process is changing it" if isinstance(failure, BlockingIOError) else failure.strerror
    else:
        return handle
    if handle >= 0:
        os.close(handle)
    raise KeyringError(f"the folder of the key file could not be locked: {reason}")


def _fill(path: Path, contents: Contents, like: os.stat_result | None = None) -> None:
    """Write a new file, on disk when this returns, with the owner and mode of another; remove it if that fails."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(handle, "w") as file:
            if like is not None:
                os.fchmod(handle, stat.S_IMODE(like.st_mode) & _MODE)
                if like.st_uid != os.geteuid() or like.st_gid != os.getegid():
                    os.fchown(handle, like.st_uid, like.st_gid)
            file.write(contents.written())
            file.flush()
            os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
