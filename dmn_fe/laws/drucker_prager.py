"""Drucker–Prager plasticity with isotropic hardening, integrated by backward Euler.

De Souza Neto, Perić & Owen, Computational Methods for Plasticity (2008), section 8.3. With the von
Mises stress q, the deviator s, the mean stress m (tension positive) and the equivalent plastic
strain p,

    q + friction m = σ_y(p),    plastic strain rate = dp ((3/2) s / q + (dilatancy / 3) I).

It is Mohr–Coulomb's law with cohesion c and angle of friction φ under triaxial compression if
``friction = 6 sin φ / (3 − sin φ)`` and ``σ_y = 6 c cos φ / (3 − sin φ)``.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Update, check_points, local_status
from dmn_fe.laws.checks import store_number
from dmn_fe.laws.hardening import Hardening, check_hardening
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.laws.radial import ON_SURFACE, plastic_increment, radial_tangent
from dmn_fe.mandel import IDENTITY, deviator, trace

__all__ = ["DruckerPrager"]


@dataclass(frozen=True)
class DruckerPrager(Isotropic):
    """Drucker–Prager plasticity with isotropic elasticity and isotropic hardening.

    State per point: plastic strain (Mandel, 6 numbers), equivalent plastic strain p (1 number).
    On the smooth cone dp is ``√(2/3)`` times the norm of the deviatoric plastic strain rate. At the
    apex what the volume grows beyond the flow of the cone adds ``1 / friction`` times itself, so
    that its plastic work is σ_y dp.

    Parameters
    ----------
    young, poisson : float
        Elastic constants.
    hardening : Hardening
        Von Mises stress σ_y of the yield surface without mean stress, over p, concave.
    friction : float
        Slope ≥ 0 of the yield surface; zero is :class:`~dmn_fe.laws.J2`.
    dilatancy : float
        Volume per deviatoric plastic strain, from 0 (isochoric) to ``friction`` (associated).
    """

    hardening: Hardening
    friction: float
    dilatancy: float

    def __post_init__(self):
        super().__post_init__()
        check_hardening(self, self.hardening)
        store_number(self, "friction", at_least=0)
        store_number(self, "dilatancy", at_least=0)
        if self.dilatancy > self.friction:
            raise InputError(
                f"DruckerPrager: dilatancy = {self.dilatancy} must be at most friction = "
                f"{self.friction}; above it the flow would gain energy under pressure."
            )

    @property
    def symmetric_tangent(self) -> bool:
        """With associated flow."""
        return self.friction == self.dilatancy

    @property
    def state_size(self) -> int:
        """Plastic strain and equivalent plastic strain."""
        return 7

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, 7]``."""
        return torch.zeros(n, 7, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Return to the cone or its apex from strains ``[n, 6]``; see
        :class:`~dmn_fe.laws.base.MaterialLaw`.

        On the cone ``q_trial − 3GΔp + friction (m_trial − K dilatancy Δp) = σ_y(p + Δp)``. Where
        this needs more than ``Δp_0 = q_trial / 3G``, which leaves no deviator, the return is to the
        apex: ``friction (m_trial − K dilatancy Δp_0 − K friction (Δp − Δp_0)) = σ_y(p + Δp)``. Both
        are equations of :func:`~dmn_fe.laws.radial.plastic_increment`, the second one from Δp_0.
        """
        check_points(self, strain, state)
        plastic_strain, p = state[:, :6], state[:, 6]
        friction, dilatancy, thrice_shear = self.friction, self.dilatancy, 3.0 * self.shear
        trial = 2.0 * self.shear * deviator(strain - plastic_strain)
        trial_norm = trial.square().sum(-1).sqrt()
        trial_mises = math.sqrt(1.5) * trial_norm
        trial_mean = self.bulk * trace(strain - plastic_strain)
        yield_stress, _ = self.hardening(p)
        on_surface = ON_SURFACE * (yield_stress + friction * trial_mean.abs())
        flows = ~(trial_mises + friction * trial_mean - yield_stress <= on_surface)

        to_apex = trial_mises / thrice_shear
        apex_mean = trial_mean - self.bulk * dilatancy * to_apex
        at_apex = flows & (friction * apex_mean > self.hardening(p + to_apex)[0])
        first = torch.where(at_apex, to_apex, 0.0)
        stiffness = _either(
            at_apex, self.bulk * friction**2, thrice_shear + self.bulk * friction * dilatancy
        )
        driving = torch.where(at_apex, friction * apex_mean, trial_mises + friction * trial_mean)
        beyond, slope, unfinished = plastic_increment(
            driving, stiffness, self.hardening, p + first, self.hardening(p + first), flows
        )
        increment = first + beyond
        cone = flows & ~at_apex
        # theta scales the trial deviator; 1 where the step is elastic, 0 at the apex.
        theta = 1.0 - thrice_shear * increment / torch.where(cone, trial_mises, 1.0)
        theta = torch.where(cone, theta, _either(at_apex, 0.0, 1.0))
        growth = torch.where(at_apex, dilatancy * first + friction * beyond, dilatancy * increment)
        mean = trial_mean - self.bulk * growth
        stress = theta[:, None] * trial + mean[:, None] * IDENTITY
        flow = (1.0 - theta)[:, None] * trial / (2.0 * self.shear)
        flow = flow + (growth / 3.0)[:, None] * IDENTITY
        new_state = torch.cat([plastic_strain + flow, (p + increment)[:, None]], dim=-1)

        def tangent() -> Tensor:
            direction = trial / torch.where(trial_norm > 0, trial_norm, 1.0)[:, None]
            along = _either(at_apex, 0.0, 1.0)
            radial = radial_tangent(self.bulk, self.shear, theta, along, direction)
            # What Δp takes away, times its derivative by the strain; in parts along the direction
            # of the deviator and along the identity.
            shear, bulk, excess = math.sqrt(6.0) * self.shear, self.bulk, dilatancy - friction
            away = _either(at_apex, 0.0, shear), _either(at_apex, bulk, bulk * dilatancy)
            rises = (
                torch.where(at_apex, math.sqrt(2.0 / 3.0) * excess * slope, shear),
                _either(at_apex, bulk * friction**2, bulk * friction),
            )
            left, right = (u[:, None] * direction + v[:, None] * IDENTITY for u, v in (away, rises))
            right = right * torch.where(flows, 1.0 / (stiffness + slope), 0.0)[:, None]
            return radial - left[:, :, None] * right[:, None, :]

        return Update(stress, new_state, tangent, local_status(stress, unfinished))

    def kernel(self) -> Kernel | None:
        """The compiled twin, if the hardening has one."""
        hardening = kernel_of(self.hardening)
        if hardening is None:
            return None
        kind = f"DruckerPrager<dmn::{hardening.type}, {str(self.symmetric_tangent).lower()}>"
        parameters = (self.bulk, self.shear, self.friction, self.dilatancy)
        headers = ("laws/drucker_prager.hpp",)
        return Kernel(kind, headers, (*parameters, *hardening.parameters))


def _either(where: Tensor, there: float, elsewhere: float) -> Tensor:
    """One of two numbers, in float64, which ``torch.where`` of two would not be."""
    return torch.where(where, torch.tensor(there, dtype=torch.float64), elsewhere)
