"""IMN: the interaction-based, rotation-free parametrisation of a material network in 3D.

Weight of a leaf: softplus ``w = ln(1 + exp(s z)) / s`` with s = 10. Normal of a laminate:
``n = [cos 2πφ sin πθ, sin 2πφ sin πθ, cos πθ]``. (Nguyen & Noels, EJMSolA 91 (2022) 104384.)
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = ["imn_normals", "imn_weights", "initial_parameters", "parameter_count"]

_SHARPNESS = 10.0


def parameter_count(depth: int) -> int:
    """Number of parameters: one a leaf, two a laminate."""
    return 2**depth + 2 * (2**depth - 1)


def initial_parameters(depth: int, generator: torch.Generator) -> Tensor:
    """Random start ``[parameter_count]``: z ~ U(0.2, 0.8), angles φ, θ ~ U(0, 1)."""
    leaves = 2**depth
    parameters = torch.rand(parameter_count(depth), generator=generator, dtype=torch.float64)
    parameters[:leaves] = 0.2 + 0.6 * parameters[:leaves]
    return parameters


def imn_weights(parameters: Tensor) -> Tensor:
    """Leaf weights ``[leaves]`` > 0 of a parameter vector."""
    return softplus(parameters[: _leaves(parameters)], beta=_SHARPNESS)


def imn_normals(parameters: Tensor) -> Tensor:
    """Unit normals ``[leaves - 1, 3]`` of a parameter vector."""
    phi, theta = parameters[_leaves(parameters) :].unflatten(0, (2, -1))
    azimuth, polar = 2.0 * math.pi * phi, math.pi * theta
    sine = torch.sin(polar)
    return torch.stack([torch.cos(azimuth) * sine, torch.sin(azimuth) * sine, torch.cos(polar)], -1)


def _leaves(parameters: Tensor) -> int:
    """Leaves L of a vector of length ``L + 2 (L − 1)``."""
    return (parameters.shape[0] + 2) // 3
