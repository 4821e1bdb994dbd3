"""A FAISS collection is acknowledged when the call returns: what a process did not save, the next one has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import func, select

from vecguard import Guard, Keyring
from vecguard.cleaning import scrubber_for
from vecguard.entry import MARKER
from vecguard.ports import Scrubber
from vecguard.state import tables

from .life import POLICIES
from .sites import EMBED, ChromaSite, FaissSite, named
from .world import OWNERS, Call

ALICE = OWNERS[0]


@cache
def _scrubber() -> Scrubber:
    return scrubber_for(POLICIES["scrubbed"])


@contextmanager
def _opened(folder: Path) -> Iterator[FaissSite]:
    """Be a process: what is not saved at the end is gone from memory."""
    keys, state = Keyring.from_file(folder / "keys" / "key"), f"sqlite:///{folder}/state/state.db"
    guard = Guard(POLICIES["scrubbed"], keys=keys, state=state, embedder=EMBED, scrubber=_scrubber())
    yield FaissSite(folder, guard)
    guard.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "state").mkdir()
    Keyring.generate(tmp_path / "keys" / "key")
    return tmp_path


def _write(site: FaissSite, number: int, text: str, *, save: bool = True) -> None:
    call = Call("upsert", ALICE, (number,), (text,), ({},))
    ChromaSite.change(site, site.guarded.acting_for(named(ALICE)), call)
    if save:
        site.guarded.save()


def _originals(site: FaissSite) -> int:
    with site.guard.state.database.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.vault)).scalar_one())


def test_what_was_saved_is_there_and_what_was_not_is_there_too(folder: Path) -> None:
    """Also what was written over something that was saved: it is as the last call left it, not as the file has it."""
    with _opened(folder) as site:
        _write(site, 1, "the first text")
        _write(site, 2, "a second text", save=False)
        _write(site, 1, "the first text, anew", save=False)
    with _opened(folder) as site:
        assert [text for _, text, _ in site.listed(named(ALICE))] == ["the first text, anew", "a second text"]


def test_a_version_that_was_not_saved_keeps_its_originals(folder: Path) -> None:
    """It is what the next process finds, with the name in it; the name that it was written over is forgotten."""
    with _opened(folder) as site:
        _write(site, 1, "Eleanor Vance called")
        _write(site, 1, "Theodore Crain called", save=False)
    with _opened(folder) as site:
        assert [text for _, text, _ in site.listed(named(ALICE))] == ["Theodore Crain called"]
        assert _originals(site) == 1


def test_every_original_in_the_vault_has_a_record(folder: Path) -> None:
    """Also of a record that no file has had."""
    with _opened(folder) as site:
        _write(site, 1, "Eleanor Vance called")
        _write(site, 2, "Theodore Crain called", save=False)
    with _opened(folder) as site:
        assert len(site.listed(named(ALICE))) == _originals(site) == 2


def test_a_saved_record_whose_deletion_was_not_saved_stays_deleted(folder: Path) -> None:
    """The file has it, and nobody sees it again."""
    with _opened(folder) as site:
        _write(site, 1, "Eleanor Vance called")
        site.guarded.acting_for(named(ALICE)).delete(ids=[site.name(1)])
    with _opened(folder) as site:
        assert site.listed(named(ALICE)) == []
        assert set(site.raw()) == {MARKER}
        assert _originals(site) == 0
