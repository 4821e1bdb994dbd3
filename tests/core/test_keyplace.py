"""Where a key file must not lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from vecguard import Keyring, KeyringError
from vecguard.keyplace import beside_state, exchangeable, refuse_in_store, state_file


def test_the_file_of_a_state_is_known_by_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, relative and as a URI; memory and servers have no file."""
    monkeypatch.chdir(tmp_path)
    assert state_file("sqlite:////var/lib/app/vecguard.db") == Path("/var/lib/app/vecguard.db")
    assert state_file("sqlite+pysqlite:////a/b.db") == Path("/a/b.db")
    assert state_file("sqlite:///v.db") == tmp_path / "v.db"
    assert state_file("sqlite:///file:/a/b.db?uri=true") == Path("/a/b.db")
    for url in (
        ":memory:",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "postgresql://host/name",
    ):
        assert state_file(url) is None


@pytest.mark.parametrize(
    ("key", "state", "beside"),
    [
        ("app/key", "app/v.db", True),
        ("app/deep/down/key", "app/v.db", True),
        ("keys/key", "app/v.db", False),
        ("key", "app/v.db", False),
        ("app2/key", "app/v.db", False),
        ("app/../keys/key", "app/v.db", False),
        ("keys/key", "linked/v.db", True),
    ],
)
def test_a_key_in_the_folder_of_the_state_is_beside_it(key: str, state: str, beside: bool, tmp_path: Path) -> None:
    """In the folder or below it, by where links lead and not by how paths are spelt."""
    for name in ("app/deep/down", "app2", "keys"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "keys")
    ring = Keyring.generate(tmp_path / key)
    assert beside_state(ring, f"sqlite:///{tmp_path}/{state}") is beside
    assert not beside_state(ring, ":memory:")
    assert not beside_state(Keyring.ephemeral(), f"sqlite:///{tmp_path}/{state}")


def test_a_key_in_the_folder_of_a_store_is_refused(tmp_path: Path) -> None:
    """And beside it, or in memory, or with a store that has no folder, it is not."""
    (tmp_path / "chroma").mkdir()
    inside, outside = Keyring.generate(tmp_path / "chroma" / "key"), Keyring.generate(tmp_path / "key")
    with pytest.raises(KeyringError, match="store's folder") as caught:
        refuse_in_store(inside, str(tmp_path / "chroma"))
    assert "chroma" not in str(caught.value)
    refuse_in_store(outside, str(tmp_path / "chroma"))
    refuse_in_store(Keyring.ephemeral(), str(tmp_path))
    refuse_in_store(inside, None)


@pytest.mark.parametrize(
    ("mode", "open_"), [(0o700, False), (0o755, False), (0o775, True), (0o757, True), (0o1777, False)]
)
def test_a_folder_that_others_write_to_lets_them_exchange_the_file(mode: int, open_: bool, tmp_path: Path) -> None:
    """Group and others; where only owners of files may rename them, they cannot."""
    folder = tmp_path / "keys"
    folder.mkdir()
    Keyring.generate(folder / "key")
    folder.chmod(mode)
    assert exchangeable(folder / "key") is open_
