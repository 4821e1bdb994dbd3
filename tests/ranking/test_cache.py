"""The cache of owners' rows holds no more than it may, and never puts older rows over newer ones."""

from __future__ import annotations

import sys
from threading import Thread

import numpy as np
import pytest

from tests.ranking.test_best import rows_of
from vecguard.ranking.cache import OwnerCache


def test_the_least_recently_used_goes_first() -> None:
    rows = rows_of(np.ones((10, 8), dtype=np.float32))
    cache = OwnerCache(2 * rows.nbytes)
    cache.put(("c", "a"), rows, 1)
    cache.put(("c", "b"), rows, 1)
    assert cache.get(("c", "a")) is not None
    cache.put(("c", "c"), rows, 1)
    assert cache.get(("c", "b")) is None
    assert cache.get(("c", "a")) is not None
    assert cache.nbytes == 2 * rows.nbytes


def test_what_does_not_fit_is_not_kept_and_takes_nobodys_place() -> None:
    small, large = rows_of(np.ones((2, 8), dtype=np.float32)), rows_of(np.ones((50, 8), dtype=np.float32))
    cache = OwnerCache(large.nbytes - 1)
    cache.put(("c", "a"), small, 1)
    cache.put(("c", "b"), large, 1)
    assert cache.get(("c", "b")) is None
    assert cache.get(("c", "a")) is not None
    cache.put(("c", "a"), large, 2)  # grown beyond it
    assert cache.get(("c", "a")) is None
    assert cache.nbytes == 0


def test_older_rows_never_replace_newer_ones() -> None:
    cache = OwnerCache(1 << 20)
    cache.put(("c", "a"), rows_of(np.ones((3, 8), dtype=np.float32)), 5)
    cache.put(("c", "a"), rows_of(np.ones((2, 8), dtype=np.float32)), 4)
    kept = cache.get(("c", "a"))
    assert kept is not None
    assert (len(kept.rows), kept.epoch) == (3, 5)


def test_the_bound_holds_under_threads() -> None:
    rows = rows_of(np.ones((10, 8), dtype=np.float32))
    cache = OwnerCache(5 * rows.nbytes)
    over: list[int] = []

    def work(name: int) -> None:
        for turn in range(300):
            cache.put(("c", str((name * 7 + turn) % 11)), rows, turn)
            over.append(cache.nbytes)
            cache.drop(("c", str(turn % 11)))

    threads = [Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(over) <= cache.limit + rows.nbytes  # read without the lock, between putting and letting go
    for name in range(11):
        cache.drop(("c", str(name)))
    assert cache.nbytes == 0


@pytest.mark.parametrize("length", [0, 200, 20_000])
def test_what_is_counted_is_about_what_is_held(length: int) -> None:
    """Texts count as long as they are; a record's own objects by an estimate that does not flatter."""
    from dataclasses import replace

    rows = rows_of(np.ones((100, 64), dtype=np.float32))
    texts = [f"{at}" + "x" * length for at in range(100)]
    opened = [
        replace(each, record=replace(each.record, text=text)) for each, text in zip(rows.opened, texts, strict=True)
    ]
    grown = type(rows).of(opened, rows.exact)
    held = sum(map(sys.getsizeof, texts)) + rows.exact.nbytes
    assert held < grown.nbytes < 2.5 * held + 100 * 2_000
