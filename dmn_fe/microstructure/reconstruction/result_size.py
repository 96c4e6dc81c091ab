"""How many voxels a reconstruction has, and how much memory it takes."""

import math
from collections.abc import Sequence
from numbers import Integral

import torch

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.sections import Section
from dmn_fe.microstructure.smallest_edges import SMALLEST_EDGE
from dmn_fe.resources import memory

__all__ = ["check_memory", "needed_bytes", "result_shape"]

_DEFAULT_EDGE = {2: 128, 3: 64}
_MULTIPLE = 8  # of the edges, so that they can be halved three times
# Copies of its features that an evaluation holds: padded, filtered, rectified, and gradients.
_COPIES = 6.0
_COPIES_OF_RESULT = 60.0  # corrections of L-BFGS and what they are made from
_COPIES_OF_IMAGE = 1.5  # of its features; there are no gradients of them
_NUMBERS_OF_START = 60.0  # for each pixel: complex transforms of twice its edges
_BASE_BYTES = 300e6  # Python and torch


def result_shape(
    size: int | Sequence[int] | None, dimension: int, sections: tuple[Section, ...]
) -> tuple[int, ...]:
    """Voxels along each edge of a result.

    By default half of the smallest edge of the images, at most 128 in the plane and 64 in space:
    a result as large as the image could not be judged by parts of it.

    Raises
    ------
    InputError
        If the size is no multiple of 8, too small, or has too many edges.
    """
    if dimension not in (2, 3):
        raise InputError(f"dimension = {dimension}: give 2 or 3")
    smallest = SMALLEST_EDGE[dimension]
    if size is None:
        half = min(min(each.phase.shape) for each in sections) // 2
        edge = min(_DEFAULT_EDGE[dimension], half // _MULTIPLE * _MULTIPLE)
        return (max(edge, smallest),) * dimension
    given = tuple(size) if isinstance(size, Sequence) else (size,) * dimension
    shape = tuple(int(edge) for edge in given if isinstance(edge, Integral))
    right = [edge % _MULTIPLE == 0 and edge >= smallest for edge in shape]
    if len(shape) != len(given) or len(shape) != dimension or not all(right):
        raise InputError(
            f"size = {size}: give one edge or {dimension}, in voxels, multiples of {_MULTIPLE} "
            f"from {smallest} on"
        )
    return shape


def needed_bytes(
    shape: tuple[int, ...], pixels: int, phases: int, encoder: Encoder, levels: int, batch: int
) -> float:
    """Estimate of the memory that a reconstruction takes.

    Parameters
    ----------
    shape : tuple of two or three int
        Voxels of a result.
    pixels : int
        Of the largest image.
    phases : int
    encoder : Encoder
    levels : int
        Of the image pyramid.
    batch : int
        Results that are made side by side.
    """
    voxels = math.prod(shape)
    seen = 1 if phases == 2 else phases
    per_pixel = sum(
        layer.weight.shape[0] / 4.0**number
        for number, block in enumerate(encoder.blocks[: max(encoder.outputs) + 1])
        for layer in block
    ) * sum(4.0**-level for level in range(levels))
    # Of a volume the slices of one direction are evaluated at once, those of one result.
    features = _COPIES * voxels * seen * per_pixel * (batch if len(shape) == 2 else 1)
    of_image = pixels * (_COPIES_OF_IMAGE * seen * per_pixel + _NUMBERS_OF_START)
    of_result = features + _COPIES_OF_RESULT * voxels * phases * batch
    return _BASE_BYTES + 4.0 * (of_image + of_result)


def check_memory(needed: float, what: str, device: str = "cpu") -> None:
    """Raise ``InputError`` where a device has less memory than is needed."""
    if torch.device(device).type == "cuda":
        free: float | None = torch.cuda.mem_get_info(device)[0]
    else:
        found = memory()
        free = None if found is None else found.available
        free = found.total if found is not None and free is None else free
    if free is not None and needed > free:
        raise InputError(
            f"{what} needs about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are "
            "free: take a smaller size, or fewer side by side"
        )
