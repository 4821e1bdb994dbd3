"""Where a key file lies. Keys beside what they open are worth little: whoever takes the folder has both.

The worst place is the state's: it holds the data keys, wrapped by the root, and the originals behind tokens. A store
holds none of the data keys, so that its files and the root together open nothing; but folders of stores are what is
mounted into servers, copied and shared, and a key has no business there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from vecguard.errors import KeyringError
from vecguard.keys import Keyring


def state_file(url: str) -> Path | None:
    """Return the file of a state in SQLite, None for any other."""
    try:
        parts = make_url(url)
    except ArgumentError:  # ":memory:" is no URL
        return None
    name = parts.database or ""
    if parts.get_backend_name() != "sqlite" or name in ("", ":memory:") or "mode=memory" in url:
        return None
    return Path(name.removeprefix("file:").partition("?")[0]).absolute()


def beside_state(keyring: Keyring, url: str) -> bool:
    """Whether the key file lies in the folder of the state."""
    file = state_file(url)
    return file is not None and lies_in(keyring, file.parent)


def lies_in(keyring: Keyring, folder: Path) -> bool:
    """Whether the key file lies in a folder, however deep; links are followed, for a stolen link opens nothing."""
    if keyring.path is None:
        return False
    outer = folder.resolve()
    return outer in keyring.path.resolve().parents and outer != Path(outer.anchor)


def refuse_in_store(keyring: Keyring, folder: str | None) -> None:
    """Refuse a key file in the folder of a store."""
    if folder is not None and lies_in(keyring, Path(folder)):
        raise KeyringError(
            "the key file lies in the store's folder: whoever copies or mounts the store would take the key along; "
            "move it to a folder of its own"
        )


def exchangeable(path: Path) -> bool:
    """Whether others may put another file in the place of this one: its folder is writable by them, and not sticky."""
    mode = path.resolve().parent.stat().st_mode
    return os.name == "posix" and bool(mode & 0o022) and not mode & stat.S_ISVTX
