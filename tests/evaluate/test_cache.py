"""The embedding cache: embeds once, survives a kill, keeps its file to its user."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vecguard.errors import EmbedderFailed
from vecguard.evaluate import Cached, CacheUnusable, default_folder
from vecguard.evaluate.cache import FILE


class Counting:
    """Embeds a text as (its length, its first code point), and remembers what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)


def test_second_run_does_not_embed(tmp_path: Path) -> None:
    """A second object over the same folder gives the same vectors without asking the embedder."""
    texts = ["one", "three", "one"]
    first = Cached(Counting(), tmp_path)(texts)
    inner = Counting()
    second = Cached(inner, tmp_path)(texts)
    assert inner.asked == []
    assert second.dtype == np.float32
    np.testing.assert_array_equal(first, [[3, 111], [5, 116], [3, 111]])
    np.testing.assert_array_equal(second, first)


def test_only_new_texts_are_embedded_in_batches(tmp_path: Path) -> None:
    """Repeated and known texts are left out, the rest comes in batches, and progress counts distinct texts."""
    Cached(Counting(), tmp_path)(["a"])
    inner, seen = Counting(), list[tuple[int, int]]()
    Cached(inner, tmp_path, batch=2, on_progress=lambda *step: seen.append(step))(["a", "b", "c", "b", "d"])
    assert inner.asked == [["b", "c"], ["d"]]
    assert seen == [(1, 4), (3, 4), (4, 4)]


def test_many_texts(tmp_path: Path) -> None:
    """More texts than one SELECT takes come back in their order."""
    texts = [f"{i}" * 2 for i in range(1200)]
    Cached(Counting(), tmp_path)(texts)
    rows = Cached(Counting(), tmp_path)(texts[::-1])
    assert rows.shape == (1200, 2)
    assert rows[0, 0] == len(texts[-1])


def test_names_do_not_share_vectors(tmp_path: Path) -> None:
    """Two names keep two entries, also where name and text together read the same."""
    Cached(Counting(), tmp_path, name="ab")(["c"])
    inner = Counting()
    Cached(inner, tmp_path, name="a")(["bc", "c"])
    assert inner.asked == [["bc", "c"]]


def test_a_name_is_needed(tmp_path: Path) -> None:
    """An embedder without a name is refused: its vectors could be taken for another's."""
    with pytest.raises(ValueError, match="name"):
        Cached(lambda texts: np.zeros((len(texts), 2), dtype=np.float32), tmp_path)


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """A process killed while a batch is being written leaves the batches before it, and a usable file."""
    script = """
        import os, signal, sys
        from tests_counting import Counting
        from vecguard.evaluate import Cached, cache

        def killed(database, rows):
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO embedding VALUES (x'00', x'00')")
            os.kill(os.getpid(), signal.SIGKILL)

        write, calls = cache._write, []
        def sometimes(database, rows):
            calls.append(1)
            (killed if len(calls) == 3 else write)(database, rows)

        cache._write = sometimes
        Cached(Counting(), sys.argv[1], batch=2)(["aa", "bb", "cc", "dd", "ee", "ff"])
    """
    (tmp_path / "tests_counting.py").write_text(
        "import numpy as np\nclass Counting:\n    name = 'counting'\n"
        "    def __call__(self, texts):\n"
        "        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)\n"
    )
    (tmp_path / "run.py").write_text(textwrap.dedent(script))
    folder = tmp_path / "cache"
    ended = subprocess.run([sys.executable, "run.py", str(folder)], cwd=tmp_path, check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr.decode()
    inner = Counting()
    rows = Cached(inner, folder)(["aa", "bb", "cc", "dd", "ee", "ff"])
    assert inner.asked == [["ee", "ff"]]
    assert rows[:, 1].tolist() == [97, 98, 99, 100, 101, 102]
    with sqlite3.connect(folder / FILE) as database:
        assert database.execute("SELECT count(*) FROM embedding").fetchone() == (6,)
    database.close()


def test_an_embedder_that_fails_keeps_what_was_done(tmp_path: Path) -> None:
    """Batches finished before the embedder raised are not embedded again."""

    class Failing(Counting):
        def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if len(self.asked) == 1:
                raise RuntimeError
            return super().__call__(texts)

    with pytest.raises(RuntimeError):
        Cached(Failing(), tmp_path, batch=1)(["a", "b"])
    inner = Counting()
    Cached(inner, tmp_path)(["a", "b"])
    assert inner.asked == [["b"]]


def test_only_the_user_may_read(tmp_path: Path) -> None:
    """The file is 0600 and its new folder 0700."""
    folder = tmp_path / "new"
    Cached(Counting(), folder)(["a"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


def test_texts_are_not_in_the_file(tmp_path: Path) -> None:
    """The file holds digests and vectors, no text."""
    Cached(Counting(), tmp_path)(["a sentence to look for"])
    assert b"sentence" not in (tmp_path / FILE).read_bytes()


def test_no_texts(tmp_path: Path) -> None:
    """No texts, no rows, no file."""
    assert Cached(Counting(), tmp_path / "new")([]).shape[0] == 0
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("rows", [np.zeros((1, 2)), np.zeros(2), np.full((2, 2), np.nan)])
def test_refuses_what_is_not_one_vector_per_text(tmp_path: Path, rows: NDArray[np.float64]) -> None:
    """A wrong number of rows, a flat array and NaN are refused and not kept."""
    with pytest.raises(EmbedderFailed):
        Cached(lambda texts: rows.astype(np.float32), tmp_path, name="bad")(["a", "b"])
    inner = Counting()
    Cached(inner, tmp_path, name="bad")(["a", "b"])
    assert inner.asked == [["a", "b"]]


def test_refuses_two_dimensions_under_one_name(tmp_path: Path) -> None:
    """A model that changed under its name is noticed when old and new vectors meet."""
    Cached(Counting(), tmp_path, name="m")(["a"])
    with pytest.raises(CacheUnusable, match="dimension"):
        Cached(lambda texts: np.ones((len(texts), 3), dtype=np.float32), tmp_path, name="m")(["a", "b"])


def test_refuses_a_file_that_is_no_cache(tmp_path: Path) -> None:
    """A damaged file is refused with the advice to delete it."""
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to be read as a header" * 40)
    with pytest.raises(CacheUnusable, match="deleting"):
        Cached(Counting(), tmp_path)(["a"])


def test_default_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`VECGUARD_CACHE` wins over the home directory."""
    monkeypatch.setenv("VECGUARD_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("VECGUARD_CACHE")
    assert default_folder() == Path.home() / ".cache" / "vecguard"
