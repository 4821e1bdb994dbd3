"""Root keys, and everything that is derived from a key.

A keyring holds independent random roots, one per epoch. A root encrypts nothing but other keys: every owner and every
collection has a random data key of its own, wrapped by the root in the state, and only below a data key is anything
derived (HKDF-SHA256, RFC 5869). Deleting one wrapped key therefore forgets one owner for good.

Several roots are in a keyring while keys move from one to the next (`vecguard.state.rotation`), or where an old one is
kept for the sake of backups. `vecguard.keyfile` describes the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vecguard import keyfile
from vecguard.errors import KeyringError, WrongKey, shielded
from vecguard.frameless import frameless_class
from vecguard.keyfile import KEY_BYTES, Contents, Entry

_MAGIC = b"vg\x01\x01"  # magic, format version 1, algorithm 1 = AES-256-GCM-SIV (RFC 8452)
_NONCE = 12


class Secret:
    """Key material that shows itself to nobody by accident: no repr, no pickle, no copy, constant-time equality."""

    __slots__ = ("_bytes", "_cipher", "_derived", "_keyed")

    def __init__(self, material: bytes) -> None:
        if type(material) is not bytes or len(material) != KEY_BYTES:
            raise KeyringError(f"a key is bytes, {KEY_BYTES} of them")
        self._bytes = material
        self._cipher: AESGCMSIV | None = None
        self._derived: dict[str, Secret] = {}
        self._keyed: hmac.HMAC | None = None

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
        if self._keyed is None:
            self._keyed = hmac.new(self._bytes, digestmod="sha256")
        keyed = self._keyed.copy()  # to key it anew takes half as long again
        keyed.update(packed(*parts))
        return keyed.digest()

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
    """The root key of one epoch. `kept` says that a rotation left it in its file on purpose."""

    id: str
    secret: Secret = field(repr=False)
    kept: bool = False


@frameless_class
class Keyring:
    """The root keys of an application. Made by one of the class methods; keys are never created silently.

    A keyring that came from a file or a callable is read again when it is asked for a root that it does not hold: its
    process may have started before a rotation. `path` is that of the file, None for every other source.
    """

    __slots__ = ("_again", "_current", "_roots", "path", "source")

    def __init__(
        self,
        contents: Contents,
        source: str,
        *,
        path: Path | None = None,
        again: Callable[[], Contents] | None = None,
    ) -> None:
        self._again = again
        self.path = path
        self.source = source
        self._take(contents)

    def _take(self, contents: Contents) -> None:
        roots = {each.id: Root(each.id, Secret(each.material), each.kept) for each in contents.entries}
        if contents.current not in roots:
            raise KeyringError("the keyring names a current root that it does not hold")
        self._roots, self._current = roots, roots[contents.current]

    @property
    def current(self) -> Root:
        """The newest root: a new state is made under it, and a rotation moves all keys to it."""
        return self._current

    @property
    def roots(self) -> tuple[Root, ...]:
        """All roots, oldest first."""
        return tuple(self._roots.values())

    def root(self, id_: str) -> Root:
        """Return the root of an epoch, reading the keyring again if need be, or raise `WrongKey`."""
        if id_ not in self._roots:
            self.read_again()
        found = self._roots.get(id_)
        if found is None:
            raise WrongKey(f"this state has keys under a root key that the keyring does not hold{self._advice()}")
        return found

    def read_again(self) -> None:
        """Take over what the file or the callable says now. Other sources do not change while a process runs."""
        if self._again is not None:
            self._take(self._again())

    def _advice(self) -> str:
        if self.source != "environment":
            return ""
        return "; if it was rotated, put the newer keyring into the environment variable and start this process again"

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._roots)} root(s) from {self.source}>"

    def __reduce__(self) -> Any:
        raise KeyringError("keyrings are not pickled or copied")

    # -------------------------------------------------------------------------------------------------- where from

    @classmethod
    def generate(cls, path: str | os.PathLike[str]) -> Keyring:
        """Make one random root and write it to a new file that only its owner can read (mode 0600).

        An existing file is never overwritten: whatever was sealed with it would be lost.
        """
        keyfile.create(Path(path), _single(secrets.token_bytes(KEY_BYTES)))
        return cls.from_file(path)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Keyring:
        """Read a keyring file. Others must not be able to read it: any mode wider than 0600 is refused."""
        place = Path(path).absolute()
        return cls(keyfile.read(place), "file", path=place, again=lambda: keyfile.read(place))

    @classmethod
    def from_env(cls, name: str) -> Keyring:
        """Read an environment variable: the content of a keyring file, or the base64 of one root of 32 bytes."""
        text = os.environ.get(name, "")
        if not text:
            raise KeyringError("the environment variable for the key is not set")
        return cls(_of_text(text), "environment")

    @classmethod
    def from_callable(cls, fetch: Callable[[], str | bytes | Mapping[str, bytes]]) -> Keyring:
        """Ask a key management service: `fetch` returns the content of a keyring file, or 32 bytes of one root.

        It may also return a mapping of root ids to 32 bytes, oldest first; the last one is current. It is called again
        when a root is needed that it did not return: keep returning an old root until its rotation is over.
        """
        return cls(_fetched(fetch), "callable", again=lambda: _fetched(fetch))

    @classmethod
    def ephemeral(cls) -> Keyring:
        """Make a root that lives in this process only: for tests, demos and in-memory stores."""
        return cls(_single(secrets.token_bytes(KEY_BYTES)), "memory")

    # ---------------------------------------------------------------------------------------------------- rotation

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Change the keyring while no other process does, from what it says now. Only a file needs to be guarded."""
        with contextlib.nullcontext() if self.path is None else keyfile.alone(self.path):
            self.read_again()
            yield

    def renew(self) -> Root:
        """Write a new random root into the file, beside the others, and make it current; within `alone`.

        It is on disk, and was read back, when this returns.
        """
        if self.path is None:
            raise KeyringError(_RENEWING[self.source])
        held = keyfile.read(self.path)
        fresh = _single(secrets.token_bytes(KEY_BYTES))
        keyfile.replace(self.path, Contents(fresh.current, (*held.entries, *fresh.entries)))
        self.read_again()
        return self.current

    def retire(self, *, keep: bool) -> None:
        """Remove every root but the current one from the file, or mark them as kept; within `alone`."""
        if self.path is None:
            return
        held, stays = keyfile.read(self.path), self.current.id
        if held.current != stays:
            raise KeyringError("the key file was changed while keys were moved: nothing was removed; run it again")
        left = [replace(each, kept=each.id != stays) for each in held.entries if keep or each.id == stays]
        if tuple(left) != held.entries:
            keyfile.replace(self.path, Contents(held.current, tuple(left)))
            self.read_again()


_RENEWING = {
    "environment": (
        "the key comes from an environment variable, which no command can change: give the variable a keyring that "
        "holds its root and a newer one, start the guards again, and run this again (docs/keys.md)"
    ),
    "callable": (
        "the key comes from a callable: let the key service return a newer root after the one it returns now, and run "
        "this again (docs/keys.md)"
    ),
    "memory": "the key lives in this process only, and there is nothing that a new one would be kept in",
}


def _fetched(fetch: Callable[[], str | bytes | Mapping[str, bytes]]) -> Contents:
    got = shielded(lambda name: KeyringError(f"the key callable raised {name}"), fetch)
    match got:
        case bytes() if len(got) == KEY_BYTES:
            return _single(got)
        case str() | bytes():
            return _of_text(got if isinstance(got, str) else got.decode("utf-8", "replace"))
        case Mapping():
            if not got or not all(isinstance(id_, str) for id_ in got):
                raise KeyringError("the key callable returned a mapping that is empty or whose ids are not strings")
            return Contents(list(got)[-1], tuple(Entry(id_, raw) for id_, raw in got.items()))
    raise KeyringError("the key callable returned neither text, nor 32 bytes, nor a mapping of ids to 32 bytes")


def _of_text(text: str) -> Contents:
    return keyfile.parsed(text) if text.lstrip().startswith("{") else _single(keyfile.decoded(text))


def _single(material: bytes) -> Contents:
    """Return a keyring of one root, which is known by a digest of itself."""
    id_ = Secret(material).mac("root id").hex()[:16]
    return Contents(id_, (Entry(id_, material),))
