"""Root keys, and everything that is derived from a key.

A keyring holds independent random roots, one per epoch. A root encrypts nothing but other keys: every owner and every
collection has a random data key of its own, wrapped by the root in the state, and only below a data key is anything
derived (HKDF-SHA256, RFC 5869). Deleting one wrapped key therefore forgets one owner for good.

A keyring file is JSON: `{"vecguard": 1, "current": ID, "roots": [{"id": ID, "secret": BASE64 of 32 bytes}, ...]}`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vecguard.errors import KeyringError, WrongKey, shielded

KEY_BYTES = 32
_MAGIC = b"vg\x01\x01"  # magic, format version 1, algorithm 1 = AES-256-GCM-SIV (RFC 8452)
_NONCE = 12


class Secret:
    """Key material that shows itself to nobody by accident: no repr, no pickle, no copy, constant-time equality."""

    __slots__ = ("_bytes", "_cipher", "_derived")

    def __init__(self, material: bytes) -> None:
        if type(material) is not bytes or len(material) != KEY_BYTES:
            raise KeyringError(f"a key is bytes, {KEY_BYTES} of them")
        self._bytes = material
        self._cipher: AESGCMSIV | None = None
        self._derived: dict[str, Secret] = {}

    def reveal(self) -> bytes:
        """Return the bytes, for a primitive to use."""
        return self._bytes

    def derive(self, purpose: str, *context: str | bytes) -> Secret:
        """Derive the key for one purpose: HKDF-Expand with a typed, length-prefixed label. Without context, once."""
        if not context and purpose in self._derived:
            return self._derived[purpose]
        info = packed("vecguard.v1", purpose, *context)
        derived = Secret(HKDFExpand(SHA256(), KEY_BYTES, info).derive(self._bytes))
        if not context:
            self._derived[purpose] = derived
        return derived

    def cipher(self) -> AESGCMSIV:
        """Return AES-256-GCM-SIV under this key, made once: that takes about as long as using it."""
        if self._cipher is None:
            self._cipher = AESGCMSIV(self._bytes)
        return self._cipher

    def mac(self, *parts: str | bytes | int) -> bytes:
        """HMAC-SHA256 over typed, length-prefixed parts, so that no two lists of parts give one message."""
        return hmac.digest(self._bytes, packed(*parts), "sha256")

    def __repr__(self) -> str:
        return "<Secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other._bytes)

    def __hash__(self) -> int:
        return hash(hashlib.sha256(self._bytes).digest())

    def __reduce__(self) -> Any:
        raise KeyringError("keys are not pickled or copied")


def packed(*parts: str | bytes | int) -> bytes:
    """Encode parts so that types and borders stay apart: one type letter, eight bytes of length, the bytes."""
    pieces: list[bytes] = []
    for part in parts:
        if isinstance(part, str):
            raw = part.encode("utf-8", "surrogatepass")
            pieces += (b"s", len(raw).to_bytes(8, "big"), raw)
        elif isinstance(part, bytes):
            pieces += (b"b", len(part).to_bytes(8, "big"), part)
        else:
            raw = str(part).encode()
            pieces += (b"i", len(raw).to_bytes(8, "big"), raw)
    return b"".join(pieces)


def new_secret() -> Secret:
    """Draw a fresh random key from the operating system."""
    return Secret(secrets.token_bytes(KEY_BYTES))


# ------------------------------------------------------------------------------------------------------------ AEAD


def seal(key: Secret, plain: bytes, *associated: str | bytes | int) -> bytes:
    """Encrypt with AES-256-GCM-SIV: header (magic, version, algorithm, nonce), then the ciphertext.

    The header and the associated parts are authenticated. SIV keeps its promises even if a nonce ever repeats.
    """
    nonce = secrets.token_bytes(_NONCE)
    return _MAGIC + nonce + key.cipher().encrypt(nonce, plain, _MAGIC + packed(*associated))


def unseal(key: Secret, sealed: bytes, *associated: str | bytes | int) -> bytes:
    """Decrypt what `seal` made under the same key and associated parts, or raise `WrongKey`."""
    head = len(_MAGIC)
    if sealed[:head] == _MAGIC and len(sealed) > head + _NONCE:
        nonce, body = sealed[head : head + _NONCE], sealed[head + _NONCE :]
        try:
            return key.cipher().decrypt(nonce, body, _MAGIC + packed(*associated))
        except InvalidTag:
            pass
    raise WrongKey("this was not sealed with the key at hand, or was changed since")


# --------------------------------------------------------------------------------------------------------- keyring


@dataclass(frozen=True, slots=True)
class Root:
    """The root key of one epoch."""

    id: str
    secret: Secret = field(repr=False)


class Keyring:
    """The root keys of an application. Made by one of the class methods; keys are never created silently."""

    __slots__ = ("_current", "_roots", "source")

    def __init__(self, roots: Mapping[str, Secret], current: str, source: str) -> None:
        if current not in roots:
            raise KeyringError("the keyring names a current root that it does not hold")
        self._roots = {id_: Root(id_, secret) for id_, secret in roots.items()}
        self._current = current
        self.source = source

    @property
    def current(self) -> Root:
        """The root under which new keys are wrapped."""
        return self._roots[self._current]

    def root(self, id_: str) -> Root:
        """Return the root of another epoch, or raise `WrongKey`."""
        if id_ not in self._roots:
            raise WrongKey("this state was made with a root key that the keyring does not hold")
        return self._roots[id_]

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._roots)} root(s) from {self.source}>"

    def __reduce__(self) -> Any:
        raise KeyringError("keyrings are not pickled or copied")

    @classmethod
    def generate(cls, path: str | os.PathLike[str]) -> Keyring:
        """Make one random root and write it to a new file that only its owner can read (mode 0600).

        An existing file is never overwritten: whatever was sealed with it would be lost.
        """
        ring = cls.ephemeral()
        root = ring.current
        body = {
            "vecguard": 1,
            "current": root.id,
            "roots": [{"id": root.id, "secret": base64.b64encode(root.secret.reveal()).decode()}],
        }
        try:
            handle = os.open(Path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            handle = -1
        except OSError as failure:
            raise KeyringError(f"the key file could not be created: {failure.strerror}") from None
        if handle < 0:
            raise KeyringError("there is a file at that path already; a key file is never overwritten")
        with os.fdopen(handle, "w") as file:
            json.dump(body, file)
            file.flush()
            os.fsync(file.fileno())
        return cls.from_file(path)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Keyring:
        """Read a keyring file. Others must not be able to read it: any mode wider than 0600 is refused."""
        place = Path(path)
        try:
            mode = place.stat().st_mode
            text = place.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            text = ""
            mode = 0
        if not text:
            raise KeyringError("the key file cannot be read; make one with `vecguard keys new PATH`")
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise KeyringError("the key file is readable by others; `chmod 600` it")
        return cls._parse(text, "file")

    @classmethod
    def from_env(cls, name: str) -> Keyring:
        """Read an environment variable: the content of a keyring file, or the base64 of one root of 32 bytes."""
        text = os.environ.get(name, "")
        if not text:
            raise KeyringError("the environment variable for the key is not set")
        return cls._parse(text, "environment") if text.lstrip().startswith("{") else cls._single(text, "environment")

    @classmethod
    def from_callable(cls, fetch: Callable[[], str | bytes | Mapping[str, bytes]]) -> Keyring:
        """Ask a key management service: `fetch` returns the content of a keyring file, or 32 bytes of one root.

        It may also return a mapping of root ids to 32 bytes; the last one is current.
        """
        got = shielded(lambda name: KeyringError(f"the key callable raised {name}"), fetch)
        match got:
            case bytes() if len(got) == KEY_BYTES:
                return cls._of({_root_id(Secret(got)): Secret(got)}, "callable")
            case str() | bytes():
                text = got if isinstance(got, str) else got.decode("utf-8", "replace")
                return cls._parse(text, "callable") if text.lstrip().startswith("{") else cls._single(text, "callable")
            case Mapping():
                if not all(isinstance(id_, str) for id_ in got):
                    raise KeyringError("the key callable returned a mapping whose ids are not strings")
                return cls._of({id_: Secret(raw) for id_, raw in got.items()}, "callable")
        raise KeyringError("the key callable returned neither text, nor 32 bytes, nor a mapping of ids to 32 bytes")

    @classmethod
    def ephemeral(cls) -> Keyring:
        """Make a root that lives in this process only: for tests, demos and in-memory stores."""
        secret = new_secret()
        return cls._of({_root_id(secret): secret}, "memory")

    @classmethod
    def _of(cls, roots: Mapping[str, Secret], source: str) -> Keyring:
        if not roots:
            raise KeyringError("the keyring is empty")
        return cls(roots, list(roots)[-1], source)

    @classmethod
    def _single(cls, text: str, source: str) -> Keyring:
        secret = _decoded(text)
        return cls._of({_root_id(secret): secret}, source)

    @classmethod
    def _parse(cls, text: str, source: str) -> Keyring:
        try:
            body = json.loads(text)
            roots = {str(each["id"]): _decoded(each["secret"]) for each in body["roots"]}
            known = body["vecguard"] == 1 and len(roots) == len(body["roots"])
            current = str(body["current"])
        except (ValueError, KeyError, TypeError, RecursionError):
            known, roots, current = False, {}, ""
        if not known or not roots:
            raise KeyringError("this is not a keyring file of format 1")
        return cls(roots, current, source)


def _decoded(text: str) -> Secret:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise KeyringError(f"a root key is the base64 of {KEY_BYTES} random bytes")
    return Secret(raw)


def _root_id(secret: Secret) -> str:
    return secret.mac("root id").hex()[:16]
