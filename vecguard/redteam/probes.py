"""Classifiers from vector to class: what an attribute attack trains.

Both see rows centred and at length sqrt(d), and choose how hard to hold back by a fifth of the texts, which they were
not trained on: an attacker that overfits flatters a defence. Several rows may be of one text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats
from vecguard.redteam.judging import unit

Classes: TypeAlias = NDArray[np.intp]
Numbers: TypeAlias = NDArray[np.intp]
_TUNING = 0.2  # of the texts, held out
_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_HIDDEN, _BATCH, _RATE, _DECAY, _DROPOUT = 256, 128, 1e-3, 1e-2, 0.5
_EPOCHS, _PATIENCE = 60, 8


@dataclass(frozen=True, slots=True)
class Layer:
    """A linear layer: weights (d, k) and bias (k,)."""

    weights: Floats | Doubles = field(repr=False)
    bias: Floats | Doubles = field(repr=False)

    def __call__(self, rows: Floats | Doubles) -> Floats | Doubles:
        """Return what the layer makes of rows (n, d): (n, k)."""
        return rows @ self.weights + self.bias


@dataclass(frozen=True, slots=True)
class Probe:
    """A trained classifier: linear layers with max(0, .) between them. `mean` (d,) is that of its inputs."""

    mean: Floats = field(repr=False)
    layers: Sequence[Layer] = field(repr=False)

    def classes(self, rows: Floats) -> Classes:
        """Return the likeliest class of each row (n, d): (n,)."""
        *hidden, last = self.layers
        active: Floats | Doubles = _inputs(rows) - self.mean
        for layer in hidden:
            active = np.maximum(layer(active), 0)
        return np.asarray(last(active).argmax(axis=1), dtype=np.intp)


def logistic(rows: Floats, classes: Classes, *, count: int, of: Numbers, seed: int) -> Probe:
    """Fit multinomial logistic regression by L-BFGS: rows (n, d), their classes (n,), numbers below `count`.

    `of` (n,) numbers the text of each row.

    The penalty on squared weights is the one of five with the least log-loss on held-out rows; then all rows are used.
    """
    inputs = _inputs(rows)
    mean = inputs.mean(axis=0)
    centred = (inputs - mean).astype(np.float64)
    training, tuning = _divided(of, seed)
    layer = Layer(np.zeros((rows.shape[1], count)), np.zeros(count))
    tried: list[tuple[float, float]] = []
    for penalty in reversed(_PENALTIES):  # each starts from the one before it, which is near
        layer = _descended(layer, centred[training], classes[training], penalty)
        tried.append((_log_loss(layer(centred[tuning]), classes[tuning]), penalty))
    return Probe(mean, (_descended(layer, centred, classes, min(tried)[1]),))


def perceptron(rows: Floats, classes: Classes, *, count: int, of: Numbers, seed: int) -> Probe:
    """Train one hidden layer of 256 units by Adam, and keep the epoch with the least log-loss on held-out rows.

    The arguments are those of `logistic`.
    Raises `ImportError` without torch.
    """
    torch = _torch()
    generator = torch.Generator().manual_seed(seed)
    inputs = _inputs(rows)
    mean = inputs.mean(axis=0)
    training, tuning = _divided(of, seed)
    given, wanted = torch.from_numpy(inputs - mean), torch.from_numpy(classes)
    parameters = [
        _uniform(torch, generator, rows.shape[1], _HIDDEN),
        torch.zeros(_HIDDEN),
        _uniform(torch, generator, _HIDDEN, count),
        torch.zeros(count),
    ]
    for each in parameters:
        each.requires_grad_()
    optimiser = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    best, kept, since = np.inf, _layers(parameters), 0
    for _ in range(_EPOCHS):
        for part in torch.from_numpy(training)[torch.randperm(len(training), generator=generator)].split(_BATCH):
            active = torch.relu(given[part] @ parameters[0] + parameters[1])
            active = active * (torch.rand(active.shape, generator=generator) >= _DROPOUT) / (1 - _DROPOUT)
            loss = torch.nn.functional.cross_entropy(active @ parameters[2] + parameters[3], wanted[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        now = _layers(parameters)
        error = _log_loss(now[1](np.maximum(now[0](inputs[tuning] - mean), 0)), classes[tuning])
        best, kept, since = (error, now, 0) if error < best else (best, kept, since + 1)
        if since == _PATIENCE:
            break
    return Probe(mean, kept)


def _inputs(rows: Floats) -> Floats:
    return unit(rows) * np.float32(np.sqrt(rows.shape[1]))


def _divided(of: Numbers, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide rows into those to train on and those to tune with, none of the same text; one text is both."""
    texts = np.unique(of)
    held = np.random.default_rng(seed).permutation(texts)[: max(1, int(_TUNING * len(texts)))]
    tuning = np.isin(of, held)
    if tuning.all():
        return np.flatnonzero(tuning), np.flatnonzero(tuning)
    return np.flatnonzero(~tuning), np.flatnonzero(tuning)


def _descended(layer: Layer, rows: Doubles, classes: Classes, penalty: float) -> Layer:
    from scipy.optimize import minimize  # noqa: PLC0415 - half a second that most attacks do not need

    d, count = layer.weights.shape
    hot = np.eye(count)[classes]

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        weights, bias = flat[: d * count].reshape(d, count), flat[d * count :]
        logs = _log_softmax(rows @ weights + bias)
        error = (np.exp(logs) - hot) / len(rows)
        value = -float(np.sum(logs * hot)) / len(rows) + penalty * float(np.sum(weights**2)) / 2
        return value, np.concatenate([(rows.T @ error + penalty * weights).ravel(), error.sum(axis=0)])

    start = np.concatenate([layer.weights.ravel(), layer.bias])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return Layer(found[: d * count].reshape(d, count), found[d * count :])


def _log_softmax(logits: Doubles) -> Doubles:
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs: Doubles = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _log_loss(logits: Floats | Doubles, classes: Classes) -> float:
    return -float(np.mean(_log_softmax(logits.astype(np.float64))[np.arange(len(classes)), classes]))


def _layers(parameters: Sequence[Any]) -> tuple[Layer, Layer]:
    first, first_bias, last, last_bias = (each.detach().numpy().copy() for each in parameters)
    return Layer(first, first_bias), Layer(last, last_bias)


def _uniform(torch: Any, generator: Any, rows: int, columns: int) -> Any:
    return (torch.rand(rows, columns, generator=generator) * 2 - 1) / np.sqrt(rows)


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415 - an optional dependency that takes seconds to load
    except ImportError as missing:
        raise ImportError("the MLP probe needs torch: `pip install 'vecguard[redteam]'`") from missing
    return torch
