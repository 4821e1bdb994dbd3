"""The eraser takes what a linear classifier reads, and says that it takes no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vecguard import BadInput, BadVector
from vecguard.protect.eraser import AttributeEraser, Fitter

CLASSES = 3


def _people(rows: int, dimension: int = 24, seed: int = 0) -> tuple[Any, Any]:
    """Vectors whose class shifts the mean of some directions and the spread of others, far from the origin."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(CLASSES, size=rows, p=[0.5, 0.3, 0.2])
    shape = np.random.default_rng(99)
    mixing = shape.standard_normal((dimension, dimension))
    shift = shape.standard_normal((CLASSES, dimension))
    spread = np.ones((CLASSES, dimension))
    spread[1, :8] = 3.0
    spread[2, 8:16] = 3.0
    rows_ = (rng.standard_normal((rows, dimension)) * spread[labels] + shift[labels]) @ mixing + 50.0
    return rows_.astype(np.float32), labels


def _fitted(vectors: Any, labels: Any) -> AttributeEraser:
    fitter = Fitter(dimension=vectors.shape[1], classes=CLASSES)
    fitter.update(vectors, labels)
    return fitter.fit()


def _logistic(vectors: Any, labels: Any) -> tuple[float, float]:
    """Train a multinomial logistic probe to convergence; return its accuracy and cross-entropy on what it saw."""
    from scipy.optimize import minimize

    scaled = (vectors - vectors.mean(0)) / vectors.std(0)
    inputs = np.concatenate([scaled, np.ones((len(vectors), 1))], axis=1).astype(np.float64)
    target = np.eye(CLASSES)[labels]

    def loss(flat: Any) -> Any:
        logits = inputs @ flat.reshape(-1, CLASSES)
        logits -= logits.max(1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return -np.mean(logs[target == 1]), (inputs.T @ (np.exp(logs) - target) / len(inputs)).ravel()

    found = minimize(loss, np.zeros(inputs.shape[1] * CLASSES), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return float(np.mean((inputs @ found.x.reshape(-1, CLASSES)).argmax(1) == labels)), float(found.fun)


def _quadratic(train: Any, labels: Any, test: Any) -> Any:
    """Classify by a Gaussian per class: mean and full covariance."""
    scores = []
    for each in range(CLASSES):
        mine = train[labels == each].astype(np.float64)
        covariance = np.cov(mine.T) + 1e-3 * np.eye(train.shape[1])
        centred = test - mine.mean(0)
        fit = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(covariance), centred)
        scores.append(-0.5 * (fit + np.linalg.slogdet(covariance)[1]) + np.log(len(mine)))
    return np.argmax(scores, axis=0)


def test_no_linear_probe_beats_the_constant_answer() -> None:
    """On what it was fitted to, the best logistic probe has the loss of the class frequencies; before, far less."""
    vectors, labels = _people(3000)
    shares = np.bincount(labels) / len(labels)
    constant = float(-np.sum(shares * np.log(shares)))
    accuracy, loss = _logistic(vectors, labels)
    assert accuracy > 0.85  # a probe that finds nothing would prove nothing
    assert loss < constant / 2
    accuracy, loss = _logistic(_fitted(vectors, labels).erase(vectors), labels)
    assert loss == pytest.approx(constant, abs=1e-4)
    assert accuracy <= shares.max() + 0.01


def test_a_linear_probe_finds_next_to_nothing_in_fresh_vectors() -> None:
    """Erased by a fit on other rows of the same kind, class means differ by no more than chance leaves."""
    eraser = _fitted(*_people(20_000))
    vectors, labels = _people(3000, seed=1)
    shares = np.bincount(labels) / len(labels)
    assert _logistic(eraser.erase(vectors), labels)[0] < shares.max() + 0.03


def test_a_quadratic_probe_still_reads_the_attribute() -> None:
    """What is not linear stays: the docstring promises nothing against it, and here it is."""
    eraser = _fitted(*_people(6000))
    train, labels = _people(6000, seed=2)
    test, truth = _people(2000, seed=3)
    found = _quadratic(eraser.erase(train), labels, eraser.erase(test))
    shares = np.bincount(truth) / len(truth)
    assert np.mean(found == truth) > shares.max() + 0.2
    assert "nothing against any other" in AttributeEraser.guarantee


def test_class_means_become_one() -> None:
    """After erasing, the means of all classes are the mean of all rows: what a linear probe would need."""
    vectors, labels = _people(3000)
    erased = _fitted(vectors, labels).erase(vectors).astype(np.float64)
    spread = erased.std(0)
    for each in range(CLASSES):
        assert np.abs((erased[labels == each].mean(0) - erased.mean(0)) / spread).max() < 1e-4
    assert np.allclose(erased.mean(0), vectors.mean(0), rtol=1e-5)


def test_nothing_else_changes_and_nothing_smaller_would_do() -> None:
    """Only a subspace of one dimension less than there are classes changes, by less than a plain projection would."""
    vectors, labels = _people(5000)
    eraser = _fitted(vectors, labels)
    erased = eraser.erase(vectors)
    moved = (erased - vectors).astype(np.float64)
    sizes = np.linalg.svd(moved, compute_uv=False)
    assert eraser.rank == CLASSES - 1
    assert sizes[CLASSES - 1] < 1e-4 * sizes[0]
    centred = vectors.astype(np.float64) - vectors.mean(0)
    means = np.stack([centred[labels == each].mean(0) for each in range(CLASSES)])
    basis = np.linalg.svd(means, full_matrices=False)[2][: CLASSES - 1]
    assert np.sum(moved**2) < np.sum((centred @ basis.T) ** 2) * 0.9
    assert np.allclose(eraser.erase(erased), erased, atol=1e-3)  # erasing twice is erasing once


def test_batches_are_as_good_as_one() -> None:
    """Any split of the rows gives the same eraser, an empty batch included, far from the origin as well."""
    vectors, labels = _people(1000)
    whole = _fitted(vectors, labels)
    fitter = Fitter(dimension=24, classes=CLASSES)
    for part in np.split(np.arange(1000), [1, 2, 300, 300, 999]):
        fitter.update(vectors[part], labels[part])
    assert np.allclose(fitter.fit().erase(vectors), whole.erase(vectors), atol=1e-3)
    with pytest.raises(ValueError, match="read-only"):
        whole.read[0, 0] = 1.0


def test_dependent_dimensions_do_no_harm() -> None:
    """A coordinate that repeats another and one that never changes make the covariance singular, not the fit wrong."""
    vectors, labels = _people(2000)
    odd = np.concatenate([vectors, vectors[:, :1], np.full((2000, 1), 3.0, np.float32)], axis=1)
    erased = _fitted(odd, labels).erase(odd)
    assert np.allclose(erased[:, 24], erased[:, 0], atol=1e-2)
    assert np.allclose(erased[:, 25], 3.0, atol=1e-4)
    assert _logistic(erased[:, :24], labels)[0] <= np.bincount(labels).max() / 2000 + 0.01


def test_bad_input_is_refused() -> None:
    """Labels out of range, of the wrong number or kind, one class only, and vectors of another dimension."""
    vectors, labels = _people(10)
    fitter = Fitter(dimension=24, classes=CLASSES)
    with pytest.raises(BadInput):
        fitter.fit()
    for bad in (labels[:-1], labels + 3, labels - 3, labels.astype(float), labels[:, None]):
        with pytest.raises(BadInput):
            fitter.update(vectors, bad)
    with pytest.raises(BadVector):
        fitter.update(vectors[:, :5], labels)
    fitter.update(vectors, np.zeros(10, dtype=int))
    with pytest.raises(BadInput):
        fitter.fit()
    for options in ({"dimension": 0, "classes": 2}, {"dimension": 5, "classes": 1}):
        with pytest.raises(BadInput):
            Fitter(**options)
    with pytest.raises(BadVector):
        _fitted(*_people(100)).erase(vectors[:, :5])
