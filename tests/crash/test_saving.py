"""A FAISS collection is acknowledged when it is saved: what a process had written since is lost with it, and what of it
the state knows must not harm what is in the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import func, select

from vecguard import Guard, Keyring
from vecguard.cleaning import scrubber_for
from vecguard.ports import Scrubber
from vecguard.state import tables

from .life import POLICIES
from .sites import EMBED, ChromaSite, FaissSite, named
from .world import OWNERS, Call

ALICE = OWNERS[0]
UNSAVED = "the state confirms a call when the index in memory has it, and not when the file has"


@cache
def _scrubber() -> Scrubber:
    return scrubber_for(POLICIES["scrubbed"])


@contextmanager
def _opened(folder: Path) -> Iterator[FaissSite]:
    """Be a process: what is not saved at the end is gone."""
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


def test_what_was_saved_is_there_and_what_was_not_is_not(folder: Path) -> None:
    """Also what was written over something that was saved: the file is as the last save left it."""
    with _opened(folder) as site:
        _write(site, 1, "the first text")
        _write(site, 2, "a second text", save=False)
    with _opened(folder) as site:
        assert [text for _, text, _ in site.listed(named(ALICE))] == ["the first text"]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason=UNSAVED)
def test_what_was_saved_keeps_its_originals(folder: Path) -> None:
    """A text that was written over, unsaved, is what the next process finds: with the name in it, not its token."""
    with _opened(folder) as site:
        _write(site, 1, "Eleanor Vance called")
        _write(site, 1, "Theodore Crain called", save=False)
    with _opened(folder) as site:
        assert [text for _, text, _ in site.listed(named(ALICE))] == ["Eleanor Vance called"]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason=UNSAVED)
def test_no_original_stays_of_what_was_not_saved(folder: Path) -> None:
    """A record that went with its process leaves no name behind in the vault."""
    with _opened(folder) as site:
        _write(site, 1, "Eleanor Vance called")
        _write(site, 2, "Theodore Crain called", save=False)
    with _opened(folder) as site:
        assert _originals(site) == 1


@pytest.mark.xfail(strict=True, raises=AssertionError, reason=UNSAVED)
def test_a_saved_record_whose_deletion_was_not_saved_keeps_its_originals(folder: Path) -> None:
    """It is there again, as after any crash before a save, and it is whole."""
    with _opened(folder) as site:
        _write(site, 1, "Eleanor Vance called")
        site.guarded.acting_for(named(ALICE)).delete(ids=[site.name(1)])
    with _opened(folder) as site:
        assert [text for _, text, _ in site.listed(named(ALICE))] in ([], ["Eleanor Vance called"])
