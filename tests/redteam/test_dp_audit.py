"""An audit stays below what a mechanism states, comes near where that is tight, and catches a wrong formula."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest

from vecguard import BadInput
from vecguard.keys import Secret
from vecguard.protect.draws import KeyedDraws
from vecguard.protect.gaussian import Gaussian
from vecguard.protect.laplace import Laplace
from vecguard.protect.metric import L2Metric
from vecguard.protect.purkayastha import Purkayastha
from vecguard.redteam.dp_audit import audit, laplace_ratio, stated


class Counted:
    """Draws that the test can repeat: every call has seeds of its own."""

    def __init__(self) -> None:
        self._calls = 0

    def _next(self, rows: int) -> KeyedDraws:
        self._calls += 1
        key = Secret(self._calls.to_bytes(32, "big"))
        return KeyedDraws(key, [i.to_bytes(12, "big") for i in range(rows)])

    def uniforms(self, rows: int, columns: int) -> Any:
        return self._next(rows).uniforms(rows, columns)

    def normals(self, rows: int, columns: int) -> Any:
        return self._next(rows).normals(rows, columns)


@pytest.mark.parametrize(
    ("mechanism", "dimension", "delta"),
    [
        (Gaussian.analytic(epsilon=1.0, delta=1e-3), 384, 1e-3),
        (Gaussian.analytic(epsilon=3.0, delta=1e-3), 8, 1e-3),
        (Laplace.private(epsilon=2.0, dimension=1), 1, 0.0),
        (Laplace.private(epsilon=2.0, dimension=64), 64, 0.0),
        (L2Metric(epsilon=1.0), 2, 0.0),
        (Purkayastha(epsilon=1.0), 2, 0.0),
    ],
    ids=repr,
)
def test_no_audit_refutes_a_mechanism_of_ours(mechanism: Any, dimension: int, delta: float) -> None:
    """What is found is something, and below what is stated."""
    found = audit(mechanism, dimension, Counted(), delta=delta)
    assert found.epsilon > 0.0
    assert not found.refutes(stated(mechanism.guarantee(dimension), delta=delta or 1e-5))


@pytest.mark.parametrize(
    ("mechanism", "delta"),
    [(Gaussian.analytic(epsilon=2.0, delta=1e-2), 1e-2), (Laplace.private(epsilon=2.0, dimension=1), 0.0)],
    ids=repr,
)
def test_an_audit_is_near_where_a_guarantee_is_tight(mechanism: Any, delta: float) -> None:
    """Seven tenths of the stated epsilon at least, so a mechanism with half the noise that it needs would be caught."""
    found = audit(mechanism, 1, Counted(), delta=delta)
    assert found.epsilon > 0.7 * stated(mechanism.guarantee(1), delta=delta or 1e-5)


def test_the_usual_laplace_code_does_not_keep_its_epsilon() -> None:
    """Scale 2 / epsilon per coordinate, the L2 number: nominal 1 in 384 dimensions is refuted, and is sqrt(384)."""
    nominal, dimension = 1.0, 384
    wrong = Laplace(scale=2.0 / nominal)
    found = audit(wrong, dimension, Counted(), statistic=laplace_ratio(2.0 / nominal, dimension))
    assert found.refutes(1.3 * nominal)
    assert wrong.guarantee(dimension).epsilon == pytest.approx(nominal * sqrt(dimension))
    assert not found.refutes(wrong.guarantee(dimension).epsilon)


def test_the_right_laplace_is_not_refuted_by_the_best_test() -> None:
    """The same test on the scale that the L1 distance asks for."""
    right = Laplace.private(epsilon=1.0, dimension=384)
    assert not audit(right, 384, Counted(), statistic=laplace_ratio(right.scale, 384)).refutes(1.0)


def test_an_audit_of_nothing_much_is_refused() -> None:
    """Few draws, or a delta that is none."""
    with pytest.raises(BadInput):
        audit(Gaussian(sigma=1.0), 2, Counted(), count=10)
    with pytest.raises(BadInput):
        audit(Gaussian(sigma=1.0), 2, Counted(), delta=1.0)
