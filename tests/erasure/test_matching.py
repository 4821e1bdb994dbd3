"""Looking for many strings at once: what is there is found wherever it lies, and what is not there is not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from vecguard.erasure import files, matching
from vecguard.erasure.matching import SHORTEST, Matcher, Pattern, search
from vecguard.erasure.needles import Needles
from vecguard.ports import SqliteFile


def test_a_pattern_is_found_at_every_place_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every length from the shortest on, at every alignment, across the border of chunks, and at both ends."""
    monkeypatch.setattr(matching, "_CHUNK", 256)
    draws = random.Random(1)
    raw = draws.randbytes(1_021)
    path = tmp_path / "file"
    path.write_bytes(raw)
    parts = [raw[at : at + size] for size in (SHORTEST, 16, 31, 64) for at in range(len(raw) - size + 1)]
    patterns = [Pattern(part, number) for number, part in enumerate(parts)]
    matcher = Matcher(patterns, len(patterns))
    assert search(matcher, path) == len(raw)
    assert matcher.found.all()


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Nor what is there but for its first or last byte."""
    draws = random.Random(2)
    raw = draws.randbytes(100_000)
    path = tmp_path / "file"
    path.write_bytes(raw)
    nearly = [raw[at : at + 20] + b"\0" for at in range(0, 90_000, 100) if raw[at + 20] != 0]
    nearly += [bytes([raw[at] ^ 1]) + raw[at + 1 : at + 24] for at in range(0, 90_000, 100)]
    matcher = Matcher([Pattern(each, number) for number, each in enumerate(nearly)], len(nearly))
    search(matcher, path)
    assert not matcher.found.any()


@pytest.mark.parametrize("form", ["utf-8", "utf-16-le", "utf-16-be", "hex", "base64 0", "base64 1", "base64 2"])
def test_a_needle_is_found_however_it_is_spelled(form: str, tmp_path: Path) -> None:
    """A string of the owner's in the middle of something that a program has encoded as a whole."""
    import base64

    canary = "canary-of-alice-number-17"
    around = f"before {canary} behind".encode()
    spelled = {
        "utf-8": around,
        "utf-16-le": around.decode().encode("utf-16-le"),
        "utf-16-be": around.decode().encode("utf-16-be"),
        "hex": around.hex().encode(),
        **{f"base64 {shift}": base64.b64encode(b"x" * shift + around) for shift in range(3)},
    }[form]
    path = tmp_path / "file"
    path.write_bytes(b"\xff" * 13 + spelled + b"\xff" * 13)
    needles = Needles()
    needles.add("field", canary)
    needles.add("field", "canary-of-alicf-number-17")
    found = files.search([path], needles)
    assert found.found == frozenset({0})
    assert found.files == 1


def test_a_file_that_is_missing_or_unreadable_is_no_reason_to_stop(tmp_path: Path) -> None:
    """What went away has nothing in it; what cannot be read is counted."""
    there = tmp_path / "there"
    there.write_bytes(b"a canary that is in this file")
    needles = Needles()
    needles.add("text", "a canary that is in this file")
    found = files.search([tmp_path / "gone", tmp_path, there], needles)
    assert (found.files, found.failed, found.found) == (1, 1, frozenset({0}))


def test_a_database_that_is_locked_is_not_said_to_be_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds a transaction open: the rewriting gives up and says so."""
    import sqlite3

    monkeypatch.setattr(files, "_WAIT_S", 0.2)
    path = tmp_path / "db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (1)")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert files.rewrite(SqliteFile(path)) == "OperationalError"
    holder.execute("ROLLBACK")
    assert files.rewrite(SqliteFile(path)) == ""
    holder.close()
