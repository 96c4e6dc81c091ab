"""The eight symmetries of the square: of images, and of the numbers that describe a property.

A property in the plane is described by numbers of which every symmetry keeps or changes the sign,
as a *character* of the group says. The mean over the eight images of a section, each with its sign,
is therefore exactly equivariant: mirrored images have the mirrored property.
"""

from itertools import product

import torch
from torch import Tensor

__all__ = ["CHARACTERS", "COMPONENTS", "EVEN", "components_of", "matrices_of", "transformed"]

#: Diagonal mirrored or not, e1 mirrored or not, e2 mirrored or not.
_ELEMENTS = tuple(product((0, 1), repeat=3))

#: Signs ``[8]`` of each one-dimensional representation, in the order of the elements.
CHARACTERS: dict[str, Tensor] = {
    "A1": torch.ones(8, dtype=torch.float64),
    "A2": torch.tensor([(-1.0) ** (d + a + b) for d, a, b in _ELEMENTS], dtype=torch.float64),
    "B1": torch.tensor([(-1.0) ** d for d, a, b in _ELEMENTS], dtype=torch.float64),
    "B2": torch.tensor([(-1.0) ** (a + b) for d, a, b in _ELEMENTS], dtype=torch.float64),
}

#: The representation of each of the nine numbers: six of the stiffness, three of the conductivity.
COMPONENTS = ("A1", "A1", "A1", "B1", "B2", "A2", "A1", "B1", "B2")

#: 1 for the numbers that no symmetry changes, else 0, ``[9]``: only these can have an intercept,
#: since the mean of the signs of the others is zero.
EVEN: Tensor = torch.tensor([name == "A1" for name in COMPONENTS], dtype=torch.float64)


def transformed(images: Tensor, element: int) -> Tensor:
    """Images ``[..., h, w]`` under one of the eight symmetries, 0 being the identity."""
    diagonal, first, second = _ELEMENTS[element]
    axes = [axis for axis, mirrored in ((-2, first), (-1, second)) if mirrored]
    images = images.flip(axes) if axes else images
    return images.mT if diagonal else images


def matrices_of(components: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric matrices ``[n, 3, 3]`` (11, 22, 12) and ``[n, 2, 2]`` of numbers ``[n, 9]``."""
    mean, coupling, shear, contrast, sum_, difference, k_mean, k_contrast, k_12 = components.unbind(
        -1
    )
    upper, lower = sum_ + difference, sum_ - difference
    stiffness = torch.stack(
        [mean + contrast, coupling, upper, coupling, mean - contrast, lower, upper, lower, shear],
        dim=-1,
    )
    conductivity = torch.stack([k_mean + k_contrast, k_12, k_12, k_mean - k_contrast], dim=-1)
    return stiffness.unflatten(-1, (3, 3)), conductivity.unflatten(-1, (2, 2))


def components_of(stiffness: Tensor, conductivity: Tensor) -> Tensor:
    """Numbers ``[n, 9]`` of two symmetric matrices: the inverse of :func:`matrices_of`."""
    s, k = stiffness, conductivity
    return torch.stack(
        [
            (s[:, 0, 0] + s[:, 1, 1]) / 2,
            s[:, 0, 1],
            s[:, 2, 2],
            (s[:, 0, 0] - s[:, 1, 1]) / 2,
            (s[:, 0, 2] + s[:, 1, 2]) / 2,
            (s[:, 0, 2] - s[:, 1, 2]) / 2,
            (k[:, 0, 0] + k[:, 1, 1]) / 2,
            (k[:, 0, 0] - k[:, 1, 1]) / 2,
            k[:, 0, 1],
        ],
        dim=-1,
    )
