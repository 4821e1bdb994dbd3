"""A shared gradient of one example is the example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.redteam.adapter_gradients import recovered, recovered_direction

Cloud = Callable[..., Floats]


def _gradients(rows: Floats, loss: Any) -> tuple[Floats, Floats]:
    """What torch makes of a linear adapter's gradients for a batch: (32, d) and (32,)."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    adapter = torch.nn.Linear(rows.shape[1], 32)
    loss(adapter(torch.from_numpy(rows))).backward()
    return adapter.weight.grad.numpy(), adapter.bias.grad.numpy()


@pytest.mark.parametrize(
    "loss", [lambda y: (y**2).sum(), lambda y: -y.log_softmax(dim=1)[:, 3].mean(), lambda y: y.tanh().sum()]
)
def test_a_vector_comes_back_from_its_gradient(cloud: Cloud, loss: Any) -> None:
    """Whatever the loss, to float32's own rounding; without the bias up to its sign."""
    rows = cloud(1, dimension=384)
    weights, bias = _gradients(rows, loss)
    assert np.abs(recovered(weights, bias) - rows[0]).max() < 1e-5
    direction = recovered_direction(weights)
    assert np.abs(direction * np.sign(direction @ rows[0]) - rows[0]).max() < 1e-5


def test_a_batch_of_two_is_not_attacked_and_said(cloud: Cloud) -> None:
    """No vector is made up for the gradient of two examples."""
    weights, bias = _gradients(cloud(2), lambda y: (y**2).sum())
    with pytest.raises(BadInput, match="more than one"):
        recovered(weights, bias)
    with pytest.raises(BadInput, match="more than one"):
        recovered_direction(weights)


@pytest.mark.parametrize(
    ("weights", "bias"),
    [
        (np.zeros((3, 4)), np.ones(3)),
        (np.ones((3, 4)), np.zeros(3)),
        (np.ones((3, 4)), np.ones(4)),
        (np.full((3, 4), np.nan), np.ones(3)),
        (np.ones(4), np.ones(1)),
    ],
)
def test_gradients_that_are_none_are_refused(weights: Any, bias: Any) -> None:
    """Zero, not finite, or of the wrong shape."""
    with pytest.raises(BadInput):
        recovered(weights, bias)
