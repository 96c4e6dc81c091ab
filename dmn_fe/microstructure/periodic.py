"""Distances in a periodic cube whose edge is measured in voxels."""

import math
from collections.abc import Callable

import numpy as np

__all__ = ["nearest_image", "signed_distances"]

# Distances are computed this far beyond each surface; the surfaces move by much less when the
# volume fraction is hit.
_MARGIN = 2.0


def nearest_image(offset: np.ndarray, edge: float) -> np.ndarray:
    """Shortest periodic image of vectors."""
    return offset - edge * np.round(offset / edge)


def signed_distances(
    centres: np.ndarray,
    reach: np.ndarray,
    edge: int,
    signed_distance: Callable[[int, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each voxel's centre to the surface of the nearest particle, negative inside.

    Parameters
    ----------
    centres : array ``[count, dimension]``
        Centres of the particles, in voxels.
    reach : array ``[count, dimension]``
        Largest distance of a point of the particle from its centre along each axis, less than
        half the edge.
    edge : int
        Voxels per edge.
    signed_distance : callable
        ``signed_distance(i, offset)`` of particle i for offsets ``[..., dimension]`` from its
        centre.

    Returns
    -------
    distance : array ``[edge, ...]``
        Infinite where no surface is near.
    nearest : integer array ``[edge, ...]``
        Which particle it is.
    """
    shape = (edge,) * centres.shape[1]
    distance, nearest = np.full(shape, np.inf), np.zeros(shape, dtype=np.int32)
    for i, centre in enumerate(centres):
        # A box around the particle, at most the cube: no voxel occurs twice in it.
        box = [_positions(*pair, edge) for pair in zip(centre, reach[i] + _MARGIN, strict=True)]
        window = np.ix_(*(positions % edge for positions in box))
        offsets = [positions + 0.5 - c for positions, c in zip(box, centre, strict=True)]
        offset = np.stack(np.meshgrid(*offsets, indexing="ij"), axis=-1)
        own = signed_distance(i, offset)
        closer = own < distance[window]
        distance[window] = np.where(closer, own, distance[window])
        nearest[window] = np.where(closer, i, nearest[window])
    return distance, nearest


def _positions(centre: float, reach: float, edge: int) -> np.ndarray:
    """Voxels along an axis, not yet wrapped, whose centres lie within reach."""
    half = min(reach, 0.5 * edge)
    first = math.ceil(centre - half - 0.5)
    return np.arange(first, min(math.floor(centre + half - 0.5) + 1, first + edge))
