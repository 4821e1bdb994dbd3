"""Nothing leads from a guarded index to a vector or to the native index, and every native name is decided."""

from __future__ import annotations

import copy
import pickle

import faiss
import numpy as np
import pytest

import vecguard
import vecguard_faiss
from vecguard import AccessDenied, Undecided
from vecguard.surface import Denied
from vecguard_faiss._surface import INDEX
from vecguard_faiss._template import SUPPORTED


@pytest.fixture
def alice(guard, rows):
    """Alice's view of an index with rows in it."""
    made = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice")
    made.add(rows)
    return made


def names_of(cls) -> set[str]:
    """Public names of a class, and those that only its instances have."""
    instance = (
        cls(faiss.IndexFlatL2(8)) if "IDMap" in cls.__name__ else cls(8, 16) if "HNSW" in cls.__name__ else cls(8)
    )
    return {name for name in (*dir(cls), *dir(instance)) if not name.startswith("_")}


@pytest.mark.parametrize("cls", SUPPORTED, ids=lambda cls: cls.__name__)
def test_every_public_name_is_decided(cls):
    """A name that FAISS gains and nobody decided fails here."""
    assert INDEX.undecided(names_of(cls)) == []


def test_a_new_name_would_be_noticed():
    """A subclass with one more method has one undecided name."""

    class Next(faiss.IndexFlatL2):
        def export_vectors(self) -> None: ...

    assert INDEX.undecided(names_of(Next)) == ["export_vectors"]


def test_every_decision_is_what_it_says(alice):
    """Denied names raise Undecided, and everything that is offered exists."""
    for name, decision in INDEX.decisions.items():
        if isinstance(decision, Denied):
            with pytest.raises(Undecided):
                getattr(alice, name)
            assert not hasattr(alice, name)
        else:
            assert name in dir(alice)
            assert hasattr(alice, name)


@pytest.mark.parametrize(
    "hole",
    [
        lambda index: faiss.write_index(index, "never-written"),
        faiss.serialize_index,
        faiss.clone_index,
        faiss.downcast_index,
        lambda index: faiss.vector_to_array(index.codes),
        lambda index: faiss.rev_swig_ptr(index.get_xb(), 24),
        lambda index: faiss.IndexFlatL2(24).merge_from(index),
        faiss.IndexIDMap,
        lambda index: faiss.IndexFlat.reconstruct(index, 0),
        lambda index: faiss.IndexFlat.reconstruct_n(index, 0, 1),
        lambda index: faiss.IndexFlat.search(index, np.ones((1, 24), np.float32), 3),
        lambda index: faiss.IndexFlat.search_and_reconstruct(index, np.ones((1, 24), np.float32), 3),
        lambda index: faiss.IndexFlat.add(index, np.ones((1, 24), np.float32)),
        faiss.Index.ntotal.__get__,
        faiss.IndexFlat.get_xb,
        faiss.extract_index_ivf,
    ],
)
def test_swig_finds_nothing_to_unwrap(alice, hole):
    """No function of faiss takes a guarded index for a native one, bound, unbound or by pointer."""
    with pytest.raises((TypeError, AttributeError)):
        hole(alice)


def test_there_is_no_other_way_in(alice, guard):
    """No attribute, dictionary, copy or pickle leads to the native index; hazmat does, and says so in the audit."""
    with pytest.raises(TypeError):
        vars(alice)
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(AccessDenied):
            way(alice)
    with pytest.raises(Undecided):
        alice.verbose = True
    with pytest.raises(AttributeError):
        alice._native  # noqa: B018
    with pytest.raises(AccessDenied):
        vecguard.hazmat.unwrap(alice, reason=" ")
    assert type(vecguard.hazmat.unwrap(alice, reason="a test")) is faiss.IndexFlatL2


def test_the_wrapped_index_never_holds_a_row(alice, rows):
    """Rows lie in the owners' own indexes, masked; the template stays empty."""
    assert vecguard.hazmat.unwrap(alice, reason="a test").ntotal == 0


@pytest.mark.parametrize(
    "native", [faiss.IndexFlatIP(8), faiss.IndexHNSWFlat(8, 8), faiss.IndexIDMap2(faiss.IndexFlatL2(8))]
)
def test_frameworks_see_the_class_they_ask_for(guard, native):
    """Isinstance holds for the wrapped type and for faiss.Index, and facts of the template are offered."""
    index = vecguard_faiss.wrap(native, guard)
    assert isinstance(index, type(native))
    assert isinstance(index, faiss.Index)
    assert isinstance(index, vecguard_faiss.GuardedIndex)
    assert (index.d, index.is_trained, index.metric_type) == (8, True, native.metric_type)


def test_knobs_of_the_template_reach_every_owner(guard, rows, monkeypatch):
    """efSearch set before wrapping is that of each owner's graph."""
    native = faiss.IndexHNSWFlat(24, 16)
    native.hnsw.efSearch = 77
    index = vecguard_faiss.wrap(native, guard)
    made = []
    clone = faiss.clone_index
    monkeypatch.setattr(faiss, "clone_index", lambda native: made.append(clone(native)) or made[-1])
    index.acting_for("alice").add(rows)
    assert {each.hnsw.efSearch for each in made} == {77}
