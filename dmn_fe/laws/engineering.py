"""Stiffnesses from engineering constants (Jones, Mechanics of Composite Materials, 1999, ch. 2).

The Poisson's ratio ν_ij is the contraction along j under tension along i, ``ν_ij E_j = ν_ji E_i``.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.mandel import rotation_matrix

__all__ = ["ORTHOTROPIC_CONSTANTS", "orthotropic_stiffness", "transversely_isotropic_stiffness"]

_PAIRS = ((1, 2), (1, 3), (2, 3))
#: The constants of an orthotropic stiffness.
ORTHOTROPIC_CONSTANTS = (
    *(f"young_{i}" for i in (1, 2, 3)),
    *(f"{kind}_{i}{j}" for kind in ("poisson", "shear") for i, j in _PAIRS),
)


def orthotropic_stiffness(who: str, constants: Mapping[str, float]) -> Tensor:
    """Stiffness ``[6, 6]`` (Mandel) from ``young_i``, ``poisson_ij`` and ``shear_ij``, with the
    pairs ij 12, 13 and 23.

    Raises
    ------
    InputError
        For ``who`` unless it is positive definite.
    """
    _check(who, constants)
    young = [constants[f"young_{i}"] for i in (1, 2, 3)]
    poisson = [constants[f"poisson_{i}{j}"] for i, j in _PAIRS]
    for (i, j), ratio in zip(_PAIRS, poisson, strict=True):
        bound = math.sqrt(young[i - 1] / young[j - 1])
        if not abs(ratio) < bound:
            raise InputError(
                f"{who}: poisson_{i}{j} = {ratio} must lie between -{bound:.4g} and {bound:.4g}, "
                f"the root of young_{i} / young_{j}."
            )
    compliance = _compliance(young, poisson, [constants[f"shear_{i}{j}"] for i, j in _PAIRS])
    scale = torch.tensor(young, dtype=torch.float64).sqrt()
    determinant = torch.linalg.det(scale[:, None] * compliance[:3, :3] * scale)
    if not determinant > 0:
        raise InputError(
            f"{who}: poisson_12 = {poisson[0]}, poisson_13 = {poisson[1]}, poisson_23 = "
            f"{poisson[2]} are too large together: 1 - v12 v21 - v13 v31 - v23 v32 - 2 v12 v23 v31 "
            f"is {determinant:.3g} and must be above zero."
        )
    return _inverse(compliance)


def transversely_isotropic_stiffness(who: str, constants: Mapping[str, float], axis: int) -> Tensor:
    """Stiffness ``[6, 6]`` (Mandel) from ``young_axial``, ``young_transverse``, ``poisson_axial``,
    ``poisson_transverse`` and ``shear_axial``, with the axis of symmetry e_axis.

    Raises
    ------
    InputError
        For ``who`` unless it is positive definite, and ``axis`` 1, 2 or 3.
    """
    _check(who, constants)
    if axis not in (1, 2, 3):
        raise InputError(f"{who}: axis = {axis!r} must be 1, 2 or 3.")
    axial, transverse, ratio, in_plane, shear = constants.values()
    if not abs(in_plane) < 1:
        raise InputError(
            f"{who}: poisson_transverse = {in_plane} must lie between -1 and 1 (exclusive)."
        )
    bound = math.sqrt(0.5 * (1.0 - in_plane) * axial / transverse)
    if not abs(ratio) < bound:
        raise InputError(
            f"{who}: poisson_axial = {ratio} must lie between -{bound:.4g} and {bound:.4g}, the "
            "root of (1 - poisson_transverse) / 2 * young_axial / young_transverse."
        )
    shears = [shear, shear, transverse / (2.0 * (1.0 + in_plane))]
    compliance = _compliance([axial, transverse, transverse], [ratio, ratio, in_plane], shears)
    # The columns are the axis and the two that follow it.
    turn = rotation_matrix(torch.eye(3, dtype=torch.float64).roll(axis - 1, 0))
    return turn @ _inverse(compliance) @ turn.mT


def _check(who: str, constants: Mapping[str, float]) -> None:
    for name, value in constants.items():
        if not isinstance(value, (int, float)):
            raise InputError(f"{who}: {name} = {value!r} is not a number; give one.")
        if not math.isfinite(value):
            raise InputError(f"{who}: {name} = {value} must be finite.")
        if not (value > 0 or name.startswith("poisson")):
            raise InputError(f"{who}: {name} = {value} must be above zero.")


def _compliance(young: list[float], poisson: list[float], shear: list[float]) -> Tensor:
    """Compliance ``[6, 6]`` (Mandel); ``poisson`` and ``shear`` of the pairs 12, 13, 23."""
    compliance = torch.diag(torch.tensor([1.0 / e for e in young] + [0.0] * 3, dtype=torch.float64))
    for (i, j), ratio, modulus in zip(_PAIRS, poisson, shear, strict=True):
        compliance[i - 1, j - 1] = compliance[j - 1, i - 1] = -ratio / young[i - 1]
        row = 8 - i - j  # the Mandel entries 23, 13, 12 are the rows 3, 4, 5
        compliance[row, row] = 1.0 / (2.0 * modulus)
    return compliance


def _inverse(compliance: Tensor) -> Tensor:
    stiffness = torch.linalg.inv(compliance)
    return 0.5 * (stiffness + stiffness.mT)
