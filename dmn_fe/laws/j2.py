"""J2 plasticity with isotropic hardening, integrated by radial return (backward Euler).

Simo & Hughes, Computational Inelasticity (1998), box 3.2; the consistent tangent is eq. 3.3.12.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.laws.base import Update, check_points, local_status
from dmn_fe.laws.hardening import Hardening, check_hardening
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.laws.radial import ON_SURFACE, plastic_increment, radial_tangent
from dmn_fe.mandel import IDENTITY, deviator, trace

__all__ = ["J2", "radial_return"]


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

    symmetric_tangent = True

    def __post_init__(self):
        super().__post_init__()
        check_hardening(self, self.hardening)

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

    def kernel(self) -> Kernel | None:
        """The compiled twin, if the hardening has one."""
        hardening = kernel_of(self.hardening)
        if hardening is None:
            return None
        parameters = (self.bulk, self.shear, *hardening.parameters)
        return Kernel(f"J2<dmn::{hardening.type}>", ("laws/j2.hpp",), parameters)


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
    start = hardening(p)
    # Also where the state is not a number, which then is in the stress.
    flows = ~(trial_mises <= start[0] * (1.0 + ON_SURFACE))
    increment, slope, unfinished = plastic_increment(
        trial_mises, 3.0 * shear, hardening, p, start, flows
    )
    # theta scales the trial deviator back to the yield surface; 1 where the step is elastic.
    theta = torch.where(flows, 1.0 - 3.0 * shear * increment / trial_mises, 1.0)
    pressure = bulk * trace(strain)
    stress = theta[:, None] * trial + pressure[:, None] * IDENTITY
    flow = (1.0 - theta)[:, None] * trial / twice_shear
    new_state = torch.cat([plastic_strain + flow, (p + increment)[:, None]], dim=-1)

    def tangent() -> Tensor:
        direction = trial / torch.where(flows, trial_norm, 1.0)[:, None]
        theta_t = torch.where(flows, slope / (3.0 * shear + slope), theta)
        return radial_tangent(bulk, shear, theta, theta_t, direction)

    return Update(stress, new_state, tangent, local_status(stress, unfinished))
