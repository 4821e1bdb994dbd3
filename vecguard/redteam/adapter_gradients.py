"""The server of a federated training: reads a vector out of the gradient that a client shares of a linear adapter.

Teams that fine-tune an adapter on their embeddings, y = W x + b, sometimes share gradients in place of vectors. For one
example, with g the gradient of the loss with respect to y, of any loss,

    dL/dW = g x^T,  dL/db = g   =>   x = (dL/dW)^T g / |g|^2

exactly: sharing the gradient is sharing the vector (Phong et al. 2018, "Privacy-Preserving Deep Learning via Additively
Homomorphic Encryption"; the simplest case of Geiping et al. 2020, "Inverting Gradients"). Without a bias, the gradient
has rank 1 all the same, and gives x up to length and sign.

Not attacked: a batch of two or more. Its gradient is a sum of such products, and taking that apart needs an iterative
search; that this file does not do it says nothing about whether it can be done.
"""

from __future__ import annotations

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput

_SINGLE = 1e-4  # second singular value over the first, up to which a gradient is of one example


def recovered(weights: Floats | Doubles, bias: Floats | Doubles) -> Doubles:
    """Return the vector x (d,) behind the gradients of weights (k, d) and bias (k,) of a batch of one.

    Raises `BadInput` for other shapes, for gradients that are zero or not finite, and for those of a larger batch.
    """
    of_weights, of_bias = _checked(weights), np.asarray(bias, dtype=np.float64)
    if of_bias.shape != of_weights.shape[:1] or not of_bias.any() or not np.isfinite(of_bias).all():
        raise BadInput("the gradient of the bias has one finite number for each row of that of the weights, not all 0")
    found: Doubles = of_weights.T @ of_bias / float(of_bias @ of_bias)
    # of two examples, no vector explains both gradients, unless they are multiples of each other
    _refuse_many(float(np.linalg.norm(of_weights - np.outer(of_bias, found))), float(np.linalg.norm(of_weights)))
    return found


def recovered_direction(weights: Floats | Doubles) -> Doubles:
    """Return x / |x| (d,), or its negative, behind the gradient of weights (k, d) of a batch of one, without a bias.

    Raises `BadInput` as `recovered` does.
    """
    _, values, right = np.linalg.svd(_checked(weights), full_matrices=False)
    _refuse_many(float(values[1]) if len(values) > 1 else 0.0, float(values[0]))
    direction: Doubles = right[0]
    return direction


def _checked(weights: Floats | Doubles) -> Doubles:
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.ndim != 2 or not np.isfinite(matrix).all() or not matrix.any():
        raise BadInput("the gradient of the weights is a finite matrix (k, d) that is not all 0")
    return matrix


def _refuse_many(rest: float, all_of_it: float) -> None:
    if rest > _SINGLE * all_of_it:
        raise BadInput("this is the gradient of more than one example, which is not attacked here")
