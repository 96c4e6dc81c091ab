"""Rate-dependent plasticity of face-centred cubic crystals at small strains, by backward Euler.

Peirce, Asaro & Needleman, Acta Metall. 31 (1983) 1951. With the resolved shear stress τ of a slip
system, one slip resistance g of all systems and the accumulated slip Γ,

    slip rate = reference_rate |τ / g(Γ)|^exponent sign τ,    dΓ/dt = Σ |slip rate|
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Update, check_points, local_status
from dmn_fe.laws.checks import check_time_step, store_number
from dmn_fe.laws.crystal_step import CrystalStep
from dmn_fe.laws.hardening import Hardening, check_hardening
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.laws.slip import DEVIATORS, SYSTEMS
from dmn_fe.mandel import IDENTITY, VOLUMETRIC, trace

__all__ = ["CrystalPlasticity"]


@dataclass(frozen=True)
class CrystalPlasticity:
    """A face-centred cubic crystal in its axes, with the 12 slip systems {111}<110>.

    :class:`~dmn_fe.laws.Oriented` and networks with leaf rotations turn it. State per point:
    plastic strain (Mandel, 6 numbers), accumulated slip Γ (1 number). With ``dt = 0`` nothing
    slips.

    Parameters
    ----------
    c11, c12, c44 : float
        Elastic constants of the crystal; ``c44`` is a shear modulus.
    hardening : Hardening
        Slip resistance g over the accumulated slip, concave. The usual law with the saturated
        resistance g_s and the slope h_0 is ``VoceHardening(g_0, g_s − g_0, h_0 / (g_s − g_0))``.
    reference_rate : float
        Slip rate where the resolved shear stress is the resistance, in 1 / (unit of ``dt``).
    exponent : float
        Stress exponent n ≥ 1.
    """

    c11: float
    c12: float
    c44: float
    hardening: Hardening
    reference_rate: float
    exponent: float

    is_isotropic = False

    def __post_init__(self):
        store_number(self, "c11", above=0)
        store_number(self, "c12")
        store_number(self, "c44", above=0)
        if not -0.5 * self.c11 < self.c12 < self.c11:
            raise InputError(
                f"CrystalPlasticity: c12 = {self.c12} must lie between -c11 / 2 = "
                f"{-0.5 * self.c11} and c11 = {self.c11} (exclusive)."
            )
        check_hardening(self, self.hardening)
        store_number(self, "reference_rate", at_least=0)
        store_number(self, "exponent", at_least=1)

    @property
    def symmetric_tangent(self) -> bool:
        """Without hardening: a concave resistance without slope at zero has none later."""
        return not self.hardening(torch.zeros(1, dtype=torch.float64))[1].any()

    @property
    def state_size(self) -> int:
        """Plastic strain and accumulated slip."""
        return 7

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, 7]``."""
        return torch.zeros(n, 7, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Backward Euler step to strains ``[n, 6]``; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        Raises
        ------
        InputError
            Also if ``dt`` is negative or not finite.
        """
        check_points(self, strain, state)
        check_time_step(self, dt)
        plastic_strain, slipped = state[:, :6], state[:, 6]
        tension, shear = 1.0 / (self.c11 - self.c12), 0.5 / self.c44
        compliance = strain.new_tensor([tension] * 2 + [shear] * 3)
        trial = (strain - plastic_strain) @ DEVIATORS.mT
        step = CrystalStep(
            trial, slipped, dt * self.reference_rate, compliance, self.hardening, self.exponent
        )
        at, unfinished = step.solve()
        bulk = (self.c11 + 2.0 * self.c12) / 3.0
        stress = at.stress @ DEVIATORS + (bulk * trace(strain))[:, None] * IDENTITY
        new_plastic_strain = plastic_strain + at.flow @ DEVIATORS
        new_state = torch.cat([new_plastic_strain, (slipped + at.increment)[:, None]], dim=-1)

        def tangent() -> Tensor:
            return 3.0 * bulk * VOLUMETRIC + DEVIATORS.mT @ step.tangent(at) @ DEVIATORS

        return Update(stress, new_state, tangent, local_status(stress, unfinished))

    def kernel(self) -> Kernel | None:
        """The compiled twin, if the hardening has one."""
        hardening = kernel_of(self.hardening)
        if hardening is None:
            return None
        kind = f"CrystalPlasticity<dmn::{hardening.type}, {str(self.symmetric_tangent).lower()}>"
        own = (self.c11, self.c12, self.c44, self.reference_rate, self.exponent)
        parameters = (*own, *SYSTEMS.flatten().tolist(), *hardening.parameters)
        return Kernel(kind, ("laws/crystal.hpp",), parameters)
