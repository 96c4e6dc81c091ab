"""J2 plasticity with isotropic hardening, integrated by radial return (backward Euler).

Simo & Hughes, Computational Inelasticity (1998), box 3.2; the consistent tangent is eq. 3.3.12.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Status, Update, check_points
from dmn_fe.laws.hardening import Hardening
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.mandel import DEVIATORIC, IDENTITY, VOLUMETRIC, deviator, trace

__all__ = ["J2", "radial_return"]

# A trial stress this close to the yield surface (relative) is elastic: at a committed state the
# sign of the yield function is round-off, and the tangent must not depend on it.
_ON_SURFACE = 1e-12
_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class J2(Isotropic):
    """Von Mises plasticity with isotropic elasticity and isotropic hardening.

    State per point: plastic strain (Mandel, 6 numbers), equivalent plastic strain p (1 number).

    Parameters
    ----------
    young, poisson : float
        Elastic constants.
    hardening : Hardening
        Yield stress over p: :class:`LinearHardening`, :class:`VoceHardening`,
        :class:`PowerHardening` or any concave function of the same form.
    """

    hardening: Hardening

    def __post_init__(self):
        super().__post_init__()
        if not callable(self.hardening):
            raise InputError(
                f"J2: hardening = {self.hardening!r} is no hardening law; give one, "
                "e.g. LinearHardening(yield_stress, modulus)."
            )

    @property
    def state_size(self) -> int:
        """Plastic strain and equivalent plastic strain."""
        return 7

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, 7]``."""
        return torch.zeros(n, 7, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Radial return of strains ``[n, 6]``; see :class:`~dmn_fe.laws.base.MaterialLaw`."""
        check_points(self, strain, state)
        moduli = strain.new_tensor([self.bulk, self.shear])
        return radial_return(moduli[0], moduli[1], self.hardening, strain, state)


def radial_return(
    bulk: Tensor, shear: Tensor, hardening: Hardening, strain: Tensor, state: Tensor
) -> Update:
    """Radial return with bulk and shear modulus of all points, or ``[n]`` of each.

    ``strain`` ``[n, 6]``, ``state`` ``[n, 7]`` as of :class:`J2`.
    """
    plastic_strain, p = state[:, :6], state[:, 6]
    twice_shear = 2.0 * shear[..., None]
    trial = twice_shear * deviator(strain - plastic_strain)
    # Clamped for the derivative of the root at zero, of which nothing depends on.
    trial_norm = trial.square().sum(-1).clamp(min=1e-300).sqrt()
    trial_mises = math.sqrt(1.5) * trial_norm
    increment, slope, unfinished = _plastic_increment(shear, hardening, trial_mises, p)
    # theta scales the trial deviator back to the yield surface; 1 where the step is elastic.
    theta = torch.where(increment > 0, 1.0 - 3.0 * shear * increment / trial_mises, 1.0)
    pressure = bulk * trace(strain)
    stress = theta[:, None] * trial + pressure[:, None] * IDENTITY
    flow = (1.0 - theta)[:, None] * trial / twice_shear
    new_state = torch.cat([plastic_strain + flow, (p + increment)[:, None]], dim=-1)

    def tangent() -> Tensor:
        plastic = increment > 0
        direction = trial / torch.where(plastic, trial_norm, 1.0)[:, None]
        theta_t = slope / (3.0 * shear + slope)
        drop = 2.0 * shear * torch.where(plastic, theta - theta_t, 0.0)
        shear_part = (2.0 * shear * theta)[:, None, None] * DEVIATORIC
        normal_part = (drop[:, None] * direction)[:, :, None] * direction[:, None, :]
        return 3.0 * bulk[..., None, None] * VOLUMETRIC + shear_part - normal_part

    update = Update(stress, new_state, tangent)
    if not unfinished.any():
        return update
    failed = torch.tensor(Status.MAX_ITERATIONS, dtype=torch.int8)
    return Update(stress, new_state, tangent, torch.where(unfinished, failed, update.status))


def _plastic_increment(
    shear: Tensor, hardening: Hardening, trial_mises: Tensor, p: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Increment Δp ``[n]`` from ``q − 3GΔp = σ_y(p + Δp)``, the hardening slope there, and
    which points did not converge.

    The residual is convex and falls in Δp for concave hardening, so Newton from Δp = 0 rises
    monotonically to the root.
    """
    yield_stress, slope = hardening(p)
    plastic = trial_mises > yield_stress * (1.0 + _ON_SURFACE)
    increment = torch.zeros_like(p)
    round_off = 1e-15 * trial_mises / (3.0 * shear)
    for _ in range(_MAX_ITERATIONS):
        residual = trial_mises - 3.0 * shear * increment - yield_stress
        step = torch.where(plastic, residual / (3.0 * shear + slope), 0.0)
        increment = increment + step
        yield_stress, slope = hardening(p + increment)
        # Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
        unfinished = step > 1e-9 * increment + round_off
        if not unfinished.any():
            break
    return increment, slope, unfinished
