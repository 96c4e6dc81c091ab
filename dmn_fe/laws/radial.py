"""What laws have in common whose flow follows the trial deviator."""

import torch
from torch import Tensor

from dmn_fe.laws.hardening import Hardening
from dmn_fe.mandel import DEVIATORIC, VOLUMETRIC

__all__ = ["ON_SURFACE", "plastic_increment", "radial_tangent"]

# A trial stress this close to the yield surface (relative) is elastic: at a committed state the
# sign of the yield function is round-off, and the tangent must not depend on it.
ON_SURFACE = 1e-12
_MAX_ITERATIONS = 100


def radial_tangent(
    bulk: Tensor | float,
    shear: Tensor | float,
    theta: Tensor,
    theta_t: Tensor,
    direction: Tensor,
) -> Tensor:
    """Consistent tangent ``[n, 6, 6]`` where the deviator of the stress is ``theta`` times that of
    the trial stress, and changes by ``theta_t`` times its change along itself.

    ``bulk`` and ``shear`` modulus of all points or ``[n]`` of each, ``theta`` and ``theta_t``
    ``[n]``, ``direction`` ``[n, 6]`` of the trial deviator, of length one.
    """
    volumetric = 3.0 * torch.as_tensor(bulk, dtype=theta.dtype)[..., None, None] * VOLUMETRIC
    shear_part = (2.0 * shear * theta)[:, None, None] * DEVIATORIC
    drop = 2.0 * shear * (theta - theta_t)
    normal_part = (drop[:, None] * direction)[:, :, None] * direction[:, None, :]
    return volumetric + shear_part - normal_part


def plastic_increment(
    trial: Tensor,
    stiffness: Tensor | float,
    hardening: Hardening,
    p: Tensor,
    start: tuple[Tensor, Tensor],
    flows: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Increment Δp ``[n]`` from ``trial − stiffness Δp = σ_y(p + Δp)`` where a point ``flows``, the
    hardening slope there, and which points did not converge.

    ``start`` is yield stress and slope at p. The residual is convex and falls in Δp for concave
    hardening, so Newton from Δp = 0 rises monotonically to the root.
    """
    yield_stress, slope = start
    increment = torch.zeros_like(p)
    round_off = 1e-15 * trial.abs() / stiffness
    for _ in range(_MAX_ITERATIONS):
        residual = trial - stiffness * increment - yield_stress
        step = torch.where(flows, residual / (stiffness + slope), 0.0)
        increment = increment + step
        yield_stress, slope = hardening(p + increment)
        # Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
        unfinished = step > 1e-9 * increment + round_off
        if not unfinished.any():
            break
    return increment, slope, unfinished
