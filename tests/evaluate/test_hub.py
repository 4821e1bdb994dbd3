"""BEIR sets by name. No hub can be reached from a test: what `ir_datasets` would return is played by a stand-in.

Only the download is played. The last test asks the real library, where it is installed, whether the names that we
build exist in its registry, which needs no network.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from vecguard.evaluate import BadCorpus, load
from vecguard.evaluate._hub import _find


class Fetched:
    """The part of an `ir_datasets.Dataset` that is used, with one document that has no title."""

    def has_qrels(self) -> bool:
        return True

    def docs_iter(self) -> list[Any]:
        return [SimpleNamespace(doc_id="d1", text="text", title="title"), SimpleNamespace(doc_id="d2", text="bare")]

    def queries_iter(self) -> list[Any]:
        return [SimpleNamespace(query_id="q1", text="query"), SimpleNamespace(query_id="q2", text="not judged")]

    def qrels_iter(self) -> list[Any]:
        return [SimpleNamespace(query_id="q1", doc_id="d1", relevance=2)]


class Unreachable(Fetched):
    """A set whose download fails."""

    def docs_iter(self) -> list[Any]:
        raise ConnectionError("SECRET address")


def hub(monkeypatch: pytest.MonkeyPatch, known: dict[str, Fetched]) -> None:
    module = ModuleType("ir_datasets")
    module.load = known.__getitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ir_datasets", module)


@pytest.mark.parametrize("name", ["scifact", "beir/scifact"])
def test_loads_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A name gives the same Corpus that a folder would."""
    hub(monkeypatch, {"beir/scifact/test": Fetched()})
    corpus = load(name)
    assert corpus.texts == ("title text", "bare")
    assert corpus.queries == ("query",)
    assert corpus.qrels == {"q1": {"d1": 2}}


def test_sets_with_one_split_have_no_split_in_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`arguana` is found for its only split, test, and for no other."""
    hub(monkeypatch, {"beir/arguana": Fetched()})
    assert load("arguana").name == "arguana"
    with pytest.raises(BadCorpus, match="split"):
        load("arguana", split="train")


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name says that a folder works offline."""
    hub(monkeypatch, {})
    with pytest.raises(BadCorpus, match="BEIR layout"):
        load("no-such-set")


def test_failed_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed download is a BadCorpus that carries nothing of the foreign error but its class."""
    hub(monkeypatch, {"beir/scifact/test": Unreachable()})
    with pytest.raises(BadCorpus, match=r"ConnectionError.*works offline") as caught:
        load("scifact")
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `ir_datasets` the error says what to install and that a folder works offline."""
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(ImportError, match=r"pip install ir-datasets.*works offline"):
        load("scifact")


@pytest.mark.parametrize("name", ["scifact", "arguana", "cqadupstack/android", "fiqa"])
def test_names_exist_in_the_real_registry(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The names that we build are those of the real library."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path))
    pytest.importorskip("ir_datasets", reason="ir-datasets is not installed")
    assert _find(name, "test").has_docs()
