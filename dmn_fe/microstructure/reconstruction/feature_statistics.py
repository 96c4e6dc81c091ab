"""Statistics of features that do not depend on where the features are."""

import torch
from torch import Tensor

__all__ = [
    "gram_error",
    "gram_matrix",
    "sorted_projections",
    "transport_error",
]


def gram_matrix(features: Tensor) -> Tensor:
    """Mean products of all pairs of channels, ``[n, c, c]`` of features ``[n, c, h, w]``.

    References
    ----------
    L. Gatys, A. Ecker, M. Bethge, Texture synthesis using convolutional neural networks,
    NeurIPS (2015), Eq. (1).
    """
    flat = features.flatten(2)
    return flat @ flat.mT / flat.shape[-1]


def gram_error(gram: Tensor, target: Tensor) -> Tensor:
    """``|G − T|²`` of Gram matrices ``[n, c, c]`` and ``[1, c, c]``: ``[n]``."""
    return (gram - target).square().sum((-2, -1))


def sorted_projections(features: Tensor, directions: Tensor) -> Tensor:
    """Sorted values ``[n, h·w, p]`` of features ``[n, c, h, w]`` along directions ``[c, p]``.

    Of the distribution of the features a Gram matrix knows the second moments only; the
    distributions along many directions determine all of it (Cramér and Wold).

    References
    ----------
    E. Heitz, K. Vanhoey, T. Chambon, L. Belcour, A sliced Wasserstein loss for neural texture
    synthesis, CVPR (2021).
    """
    return (features.flatten(2).mT @ directions).sort(dim=1).values


def transport_error(values: Tensor, target: Tensor) -> Tensor:
    """Squared sliced Wasserstein distance: ``[n]``.

    ``values [n, a, p]`` and ``target [1, b, p]`` are sorted; where a and b differ, values are
    compared with those of the same rank in the target.
    """
    a, b = values.shape[1], target.shape[1]
    # In double precision: in single, ranks of some million pixels would pass the last one.
    rank = ((torch.arange(a, device=values.device, dtype=torch.float64) + 0.5) * (b / a)).long()
    return (values - target[:, rank]).square().mean((-2, -1))
