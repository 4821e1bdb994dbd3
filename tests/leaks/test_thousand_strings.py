"""A thousand planted strings go through every door; none is in a file, a log, an error, a warning or an audit line."""

from __future__ import annotations

import logging
import sqlite3
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from vecguard import Guard, Keyring, Policy, Principal

from .desks import DESKS, EMBED, Desk
from .spelling import STEM, Planted, files, found_in, spellings

BATCHES, ROWS = 22, 10
LONG = "a field of more than sixty-four characters, which no policy but an exposing one leaves in clear: {}"
NOTE = "the swelling over the left wrist of {} had gone down overnight"


class Heard(logging.Handler):
    """Everything that anybody logs, arguments and traceback included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.args!r} {record.exc_text} {vars(record)!r}")


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, root = Heard(), logging.getLogger()
    level, root.level = root.level, logging.DEBUG
    root.addHandler(handler)
    loud = [logging.getLogger(name) for name in ("vecguard", "vecguard.watch", "sqlalchemy.engine", "sqlalchemy.pool")]
    before = [each.level for each in loud]
    for each in loud:
        each.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    for each, was in zip(loud, before, strict=True):
        each.setLevel(was)


def said(error: BaseException) -> str:
    """An error as the most talkative reporter shows it: its chain, and all variables of the library's own frames."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True, lookup_lines=False)
    shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
    links: list[traceback.TracebackException | None] = [told]
    for link in links:
        if link is not None:
            links += [link.__cause__, link.__context__]
            shown += [str(frame.locals) for frame in link.stack if Path(frame.filename).parent != Path(__file__).parent]
            shown += list(link.format_exception_only())
    return "\n".join(shown)


def live(desk: Desk, planted: Planted, *, keys: bool) -> None:
    """Plant strings in ids, texts, values, names of fields, queries and filters, through every verb."""
    for batch in range(BATCHES):
        ids = [planted() for _ in range(ROWS)]
        fields = [
            {planted() if keys else "kind": planted(within=LONG), "batch": batch, "remark": planted(within=LONG)}
            for _ in ids
        ]
        texts = [planted(within=NOTE) for _ in ids]
        desk.write(ids, texts, fields)
        desk.change(ids[:3], [planted(within=NOTE) for _ in range(3)], [{"remark": planted(within=LONG)}] * 3)
        assert any(STEM in each or "<" in each or "[" in each for each in desk.search(texts[4], {"batch": batch}))
        desk.search(planted(within=NOTE), {"remark": fields[5]["remark"]})
        desk.search(planted(within=NOTE), {planted() if keys else "remark": planted()})
        desk.delete(ids[-2:])


def leaks(folder: Path) -> dict[str, list[str]]:
    return {name: forms for name, content in files(folder) if (forms := found_in(content))}


def audit_lines(state: Path) -> bytes:
    with sqlite3.connect(state) as connection:
        return repr(connection.execute("SELECT * FROM vg_audit").fetchall()).encode()


@pytest.mark.parametrize("store", DESKS)
@pytest.mark.parametrize("profile", ["balanced", "strict"])
def test_none_of_a_thousand_planted_strings_comes_to_light(
    profile: str, store: str, tmp_path: Path, heard: Heard
) -> None:
    """Names of fields are among them under `strict`, which seals those too; `balanced` seals long values."""
    policy: Policy = getattr(Policy, profile)()
    policy = policy.replace(scrub=policy.scrub.replace(model="none"))
    guard = Guard(policy, keys=Keyring.ephemeral(), state=f"sqlite:///{tmp_path / 'state.db'}", embedder=EMBED)
    planted = Planted()
    told: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        desk = DESKS[store](tmp_path, guard)
        live(desk, planted, keys=profile == "strict")
        for name, call in desk.refused().items():
            with pytest.raises(Exception) as caught:  # noqa: PT011 - of whatever kind, it is looked through
                call(planted())
            told.append(f"{name}: {said(caught.value)}")
        guard.shred("alice", [planted()])
        guard.scrubbed([planted(within=NOTE)], Principal("alice"))
    assert planted.count >= 1_000
    assert not leaks(tmp_path)
    assert not [each for each in told if found_in(each.encode())]
    assert not [str(each.message) for each in warned if found_in(str(each.message).encode())]
    assert len(heard.lines) > 10
    assert not [each for each in heard.lines if found_in(each.encode())]
    assert not found_in(audit_lines(tmp_path / "state.db"))
    guard.close()
    desk.close()
    assert not leaks(tmp_path)


def test_the_search_finds_every_spelling_wherever_it_stands(tmp_path: Path) -> None:
    """What the test above would have seen: each spelling, behind any number of other bytes."""
    for form, spelt in spellings(f"{STEM}0042").items():
        for before in range(4):
            (tmp_path / "file").write_bytes(b"\x80" * before + spelt + b"\x81")
            assert [each for _, content in files(tmp_path) for each in found_in(content)], (form, before)


def test_the_search_looks_into_the_frames_of_the_library() -> None:
    def library(text: str) -> None:
        raise ValueError("unusable")

    namespace: dict[str, object] = {"library": library}
    exec(compile("def call(text):\n    library(text)", "/elsewhere/library.py", "exec"), namespace)
    with pytest.raises(ValueError, match="unusable") as caught:
        namespace["call"](f"{STEM}0042")  # type: ignore[operator]
    assert "plain" in found_in(said(caught.value).encode())
