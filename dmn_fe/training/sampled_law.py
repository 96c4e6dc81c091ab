"""J2 plasticity and elasticity whose parameters differ from point to point."""

import torch
from torch import Tensor

from dmn_fe.laws import Update, check_points
from dmn_fe.laws.hardening import Hardening
from dmn_fe.laws.j2 import radial_return
from dmn_fe.laws.kernel import Kernel

__all__ = ["SampledJ2"]


class SampledJ2:
    """J2 with linear hardening; the parameters of every point are part of its state.

    State per point: plastic strain (6), equivalent plastic strain, Young's modulus, Poisson's
    ratio, yield stress (infinite: elastic) and hardening modulus. A network whose points have
    different materials is then evaluated in one batch.
    """

    is_isotropic = True
    symmetric_tangent = True
    state_size = 11

    def initial_state(self, n: int) -> Tensor:
        """Virgin state of an elastic material with Young's modulus one."""
        parameters = torch.tensor([[1.0, 0.3, torch.inf, 0.0]], dtype=torch.float64)
        return self.state_of(parameters.expand(n, 4))

    def state_of(self, parameters: Tensor) -> Tensor:
        """Virgin state ``[n, 11]`` of materials ``[n, 4]``."""
        return torch.cat([parameters.new_zeros(len(parameters), 7), parameters], dim=-1)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Radial return; see :class:`~dmn_fe.laws.base.MaterialLaw`."""
        check_points(self, strain, state)
        parameters = state[:, 7:].detach()
        young, poisson, yield_stress, modulus = parameters.unbind(-1)
        bulk = young / (3.0 * (1.0 - 2.0 * poisson))
        shear = young / (2.0 * (1.0 + poisson))
        update = radial_return(bulk, shear, _linear(yield_stress, modulus), strain, state[:, :7])
        new_state = torch.cat([update.state, parameters], dim=-1)
        return Update(update.stress, new_state, lambda: update.tangent)

    def kernel(self) -> Kernel:
        """The compiled twin."""
        return Kernel("SampledJ2", ("laws/sampled_j2.hpp",))


def _linear(yield_stress: Tensor, modulus: Tensor) -> Hardening:
    def hardening(plastic_strain: Tensor) -> tuple[Tensor, Tensor]:
        return yield_stress + modulus * plastic_strain, modulus

    return hardening
