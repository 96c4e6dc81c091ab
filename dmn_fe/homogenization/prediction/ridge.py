"""Ridge regression whose strength the left-out samples choose."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Ridge", "fit_ridge"]

_STRENGTHS = torch.logspace(-7, 2, 19, dtype=torch.float64)  # relative to the mean eigenvalue


class Ridge(NamedTuple):
    """A linear map of features.

    Attributes
    ----------
    weight : Tensor ``[p, t]``
    intercept : Tensor ``[t]``
    error : Tensor ``[t]``
        Mean squared error of samples that were left out one by one.
    """

    weight: Tensor
    intercept: Tensor
    error: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Values ``[n, t]`` of features ``[n, p]``."""
        return features.double() @ self.weight + self.intercept


def fit_ridge(features: Tensor, targets: Tensor, has_intercept: bool = True) -> Ridge:
    """Least squares with a penalty of the squared weights.

    Each target has the strength with the least error of samples that are left out one by one, which
    one decomposition gives for all strengths. Features may be many more than samples.

    Parameters
    ----------
    features : Tensor ``[n, p]``
    targets : Tensor ``[n, t]``
    has_intercept : bool
        Whether the map has a constant, which is not penalised.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2009), Eqs. (7.64)
    and (18.13).
    """
    features, targets, n = features.double(), targets.double(), len(features)
    middle = features.mean(0) if has_intercept else features.new_zeros(features.shape[1])
    level = targets.mean(0) if has_intercept else targets.new_zeros(targets.shape[1])
    x, y = features - middle, targets - level
    vector, value = _directions(x)
    turned = vector.mT @ y
    constant = 1.0 / n if has_intercept else 0.0
    errors, strengths = [], _STRENGTHS * value.mean().clamp(min=torch.finfo(value.dtype).tiny)
    for strength in strengths:
        kept = value / (value + strength)
        leverage = (vector.square() @ kept + constant).clamp(max=1.0 - 1e-9)
        left_out = (y - vector @ (kept[:, None] * turned)) / (1.0 - leverage)[:, None]
        errors.append(left_out.square().mean(0))
    error, best = torch.stack(errors).min(0)
    weight = x.mT @ (vector @ (turned / (value[:, None] + strengths[best])))
    return Ridge(weight, level - middle @ weight, error)


def _directions(x: Tensor) -> tuple[Tensor, Tensor]:
    """Left singular vectors ``[n, k]`` and squared singular values ``[k]`` of ``[n, p]``."""
    if x.shape[1] < len(x):
        vector, size, _ = torch.linalg.svd(x, full_matrices=False)
        return vector, size.square()
    value, vector = torch.linalg.eigh(x @ x.mT)
    return vector, value.clamp(min=0.0)
