"""Statistics of an encoder's features that predict the properties of a section.

Effective properties depend on the volume fraction, on how two points are correlated, and on more
(Torquato, Random Heterogeneous Materials (2002), sec. 20). Means and second moments of convolved
images hold part of each, and do not depend on where things are or how large the section is.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction.square_group import CHARACTERS, transformed
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.feature_statistics import gram_matrix

__all__ = [
    "by_character",
    "check_images",
    "encoded_means",
    "group_sizes",
    "pooled_features",
    "standardised",
]

_POWERS = 3  # of the volume fraction
_AT_ONCE = 32  # images: few, so that their features stay in the cache of a processor


def pooled_features(encoder: Encoder, images: Tensor) -> Tensor:
    """Features ``[n, p]`` of images ``[n, h, h]`` of 0 and 1.

    Powers of the volume fraction; then of each block that counts the means of its channels and the
    mean products of pairs of them.
    """
    images = images.to(encoder.blocks[0][0].weight.dtype)
    fraction = images.mean((1, 2))
    parts = [torch.stack([fraction**power for power in range(1, _POWERS + 1)], dim=1)]
    for features in encoder.features(images[:, None], periodic=True):
        channels = features.shape[1]
        rows, columns = torch.triu_indices(channels, channels)
        parts += [features.mean((2, 3)), gram_matrix(features)[:, rows, columns]]
    return torch.cat(parts, dim=1)


def group_sizes(encoder: Encoder) -> list[int]:
    """How many of the features belong together, in their order."""
    sizes = [_POWERS]
    for number in encoder.outputs:
        channels = encoder.blocks[number][-1].weight.shape[0]
        sizes += [channels, channels * (channels + 1) // 2]
    return sizes


def by_character(pooled: Callable[[Tensor], Tensor], images: Tensor) -> dict[str, Tensor]:
    """Means of features over the symmetries of the square, with the signs of each character.

    Parameters
    ----------
    pooled : callable
        Features ``[m, p]`` of images ``[m, h, h]``.
    images : Tensor ``[n, h, h]``

    Returns
    -------
    dict of str to Tensor ``[n, p]``
        By the names of ``CHARACTERS``.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in CHARACTERS}
    with torch.no_grad():
        for part in images.split(_AT_ONCE):
            features = torch.stack([pooled(transformed(part, k)) for k in range(8)])
            for name, signs in CHARACTERS.items():
                mean = torch.einsum("g,gnp->np", signs.to(features), features) / 8.0
                found[name].append(mean)
    return {name: torch.cat(parts) for name, parts in found.items()}


def encoded_means(encoder: Encoder, images: Tensor) -> dict[str, Tensor]:
    """:func:`by_character` of the pooled features of images ``[n, h, h]``."""
    return by_character(lambda part: pooled_features(encoder, part), images)


def standardised(means: dict[str, Tensor], character: str, middle: Tensor, scale: Tensor) -> Tensor:
    """Means ``[n, p]`` of one character of features that are taken relative to ``middle``, scaled.

    The middle is the same for all images of a section: signs take it out of the other characters.
    """
    return (means[character] - middle if character == "A1" else means[character]) / scale


def check_images(images: Tensor, encoder: Encoder) -> None:
    """Raise ``InputError`` unless images have two phases and edges that the encoder can halve."""
    if images.ndim != 3 or images.shape[1] != images.shape[2] or not len(images):
        raise InputError(
            f"the images have shape {list(images.shape)}: give [n, voxels, voxels], square ones."
        )
    if not ((images == 0) | (images == 1)).all():
        raise InputError("the images have other values than 0 and 1: give the phase of each voxel.")
    halvings = max(encoder.outputs)
    fewest = 4 * 2**halvings
    if images.shape[1] % 2**halvings or images.shape[1] < fewest:
        raise InputError(
            f"the images have {images.shape[1]} voxels per edge: give a multiple of {2**halvings}, "
            f"at least {fewest}, for an encoder of {halvings + 1} blocks."
        )
