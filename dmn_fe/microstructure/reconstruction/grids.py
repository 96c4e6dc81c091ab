"""From grid to grid: averages over pairs of voxels, and periodic interpolation back."""

from torch import Tensor
from torch.nn import functional

from dmn_fe.microstructure.smallest_edges import SMALLEST_EDGE

__all__ = ["coarser", "finer", "halvings"]

_SMALLEST_TARGET = 16  # edge of the coarsest image of the target
_MOST_GRIDS = 4


def halvings(shape: tuple[int, ...], smallest_target: int) -> int:
    """How often the edges of a grid can be halved to a useful coarsest one.

    Parameters
    ----------
    shape : tuple of int
        Of the finest grid.
    smallest_target : int
        Smallest edge of the images that are halved with it.
    """
    count = 0
    while (
        count < _MOST_GRIDS - 1
        and smallest_target >> (count + 1) >= _SMALLEST_TARGET
        and all(
            edge % 2 ** (count + 1) == 0 and edge >> (count + 1) >= SMALLEST_EDGE[len(shape)]
            for edge in shape
        )
    ):
        count += 1
    return count


def coarser(field: Tensor, times: int = 1) -> Tensor:
    """Means over 2 voxels of each edge of ``[n, k, …]`` in two or three dimensions."""
    for _ in range(times):
        field = (functional.avg_pool2d if field.ndim == 4 else functional.avg_pool3d)(field, 2)
    return field


def finer(field: Tensor) -> Tensor:
    """Linear interpolation of periodic ``[n, k, …]`` at twice as many voxels along each edge."""
    dimension = field.ndim - 2
    padded = functional.pad(field, (1,) * (2 * dimension), mode="circular")
    mode = "bilinear" if dimension == 2 else "trilinear"
    inside = (..., *(slice(2, -2),) * dimension)
    return functional.interpolate(padded, scale_factor=2, mode=mode)[inside]
