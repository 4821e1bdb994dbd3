"""Verifying a log that is being written: no false alarm, and nobody waits."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vecguard import Keyring
from vecguard.principal import Acting
from vecguard.state import State, tables


def test_a_log_holds_while_others_write(chains: State, path: Path, keys: Keyring) -> None:
    """Two more guards write all the time; each look is at one moment of the log, heads and lines alike."""
    stop = threading.Event()

    def write() -> None:
        state = State(f"sqlite:///{path}", keys)
        while not stop.is_set():
            state.audit.append(Acting.of("p"), "read", "u", 1, shared={"0" * 64: 2})

    writers = [threading.Thread(target=write) for _ in range(2)]
    for each in writers:
        each.start()
    verdicts = [chains.audit.examined() for _ in range(20)]
    stop.set()
    for each in writers:
        each.join(20)
    assert [each.breaks for each in verdicts] == [()] * 20
    assert verdicts[-1].lines > verdicts[0].lines


def test_verifying_waits_for_no_writer(chains: State, path: Path) -> None:
    """Another process holds the write lock; the log is looked at all the same."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.perf_counter()
    assert chains.audit.verify() == []
    assert time.perf_counter() - started < 5
    other.execute("ROLLBACK")
    other.close()


def test_lines_of_one_read_stay_together(chains: State) -> None:
    """Eight threads at once: each read's own line is followed by those of the owners in its answer."""
    owners = {digit * 64: int(digit) for digit in "123"}

    def read(number: int) -> None:
        chains.audit.append(Acting.of(f"t{number}"), "read", "u", 0, shared=owners)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(160)))
    table = tables.audit
    query = table.select().where(table.c.writer == chains.writer, table.c.number > 25).order_by(table.c.number)
    lines = chains.database.look(lambda connection: connection.execute(query).all())
    assert len(lines) == 160 * 4
    for start in range(0, len(lines), 4):
        one = lines[start : start + 4]
        assert len({line.principal for line in one}) == 1
        assert [(line.detail, line.count) for line in one] == [("", 0), ("shared", 1), ("shared", 2), ("shared", 3)]
    assert chains.audit.verify() == []


def test_the_verdict_says_what_was_looked_at(chains: State) -> None:
    """Four chains of 25 lines, oldest first, with the times of their first and last line."""
    verdict = chains.audit.examined()
    assert [each.lines for each in verdict.chains] == [25] * 4
    assert verdict.lines == 100
    times = [(each.first or 0.0, each.last or 0.0) for each in verdict.chains]
    assert all(first <= last for first, last in times)
    assert times == sorted(times)
    assert verdict.chains[-1].writer == chains.writer
