"""J2 viscoplasticity with an overstress, integrated by backward Euler.

Perzyna, Adv. Appl. Mech. 9 (1966) 243: with the von Mises stress q, the deviator s of the stress
and the equivalent plastic strain p,

    dp/dt = reference_rate <(q − σ_y(p)) / σ_y(p)>^exponent
    plastic strain rate = (3/2) dp/dt s / q
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.laws.base import Update, check_points, local_status
from dmn_fe.laws.checks import check_time_step, store_number
from dmn_fe.laws.hardening import Hardening, check_hardening
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.laws.radial import ON_SURFACE, radial_tangent
from dmn_fe.mandel import IDENTITY, deviator, trace

__all__ = ["Perzyna"]

_MAX_ITERATIONS = 100
# A plastic increment below this is none: powers of it are out of range.
_NO_FLOW = 1e-200


@dataclass(frozen=True)
class Perzyna(Isotropic):
    """Von Mises viscoplasticity with isotropic elasticity and isotropic hardening.

    Slow loading follows :class:`~dmn_fe.laws.J2` with the same hardening; fast loading is elastic,
    and so is ``dt = 0``. State per point: plastic strain (Mandel, 6 numbers), equivalent plastic
    strain p (1 number).

    Parameters
    ----------
    young, poisson : float
        Elastic constants.
    hardening : Hardening
        Yield stress over p, concave.
    reference_rate : float
        Rate of p where the von Mises stress is twice the yield stress, in 1 / (unit of ``dt``).
    exponent : float
        Exponent n ≥ 1 of the overstress.
    """

    hardening: Hardening
    reference_rate: float
    exponent: float

    symmetric_tangent = True

    def __post_init__(self):
        super().__post_init__()
        check_hardening(self, self.hardening)
        store_number(self, "reference_rate", at_least=0)
        store_number(self, "exponent", at_least=1)

    @property
    def state_size(self) -> int:
        """Plastic strain and equivalent plastic strain."""
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
        plastic_strain, p = state[:, :6], state[:, 6]
        trial = 2.0 * self.shear * deviator(strain - plastic_strain)
        trial_norm = trial.square().sum(-1).sqrt()
        trial_mises = math.sqrt(1.5) * trial_norm
        increment, slope, unfinished = self._increment(trial_mises, p, dt)
        flows = ~(increment <= 0)
        # theta scales the trial deviator, theta_t its change along itself; 1 where nothing flows.
        stiffness = 3.0 * self.shear
        theta = torch.where(flows, 1.0 - stiffness * increment / trial_mises, 1.0)
        theta_t = torch.where(flows, 1.0 - stiffness / (stiffness + slope), 1.0)
        stress = theta[:, None] * trial + (self.bulk * trace(strain))[:, None] * IDENTITY
        flow = (1.0 - theta)[:, None] * trial / (2.0 * self.shear)
        new_state = torch.cat([plastic_strain + flow, (p + increment)[:, None]], dim=-1)

        def tangent() -> Tensor:
            direction = trial / torch.where(flows, trial_norm, 1.0)[:, None]
            return radial_tangent(self.bulk, self.shear, theta, theta_t, direction)

        return Update(stress, new_state, tangent, local_status(stress, unfinished))

    def kernel(self) -> Kernel | None:
        """The compiled twin, if the hardening has one."""
        hardening = kernel_of(self.hardening)
        if hardening is None:
            return None
        flow = (self.reference_rate, self.exponent, *hardening.parameters)
        kind = f"Perzyna<dmn::{hardening.type}>"
        return Kernel(kind, ("laws/perzyna.hpp",), (self.bulk, self.shear, *flow))

    def _increment(
        self, trial_mises: Tensor, p: Tensor, dt: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Increment Δp ``[n]``, the slope of ``σ_y (1 + v)`` there, and which points did not
        converge.

        With the overstress ``v(Δp) = (Δp / (dt rate))^(1/n)`` the equation is

            r(Δp) = (q_trial − 3GΔp) / σ_y(p + Δp) − 1 − v(Δp) = 0.

        Its first term falls and is convex for concave hardening, −v too. So Newton rises
        monotonically to the root from any point below it. Zero is none, since v' is infinite there.
        The start shares the elastic overstress v_e = r(0): its part c = n / (n + 1) is more than v,
        and the rest more than what the first term loses. It is below the root by at most a factor
        of about n, whatever dt is.
        """
        stiffness, n = 3.0 * self.shear, self.exponent
        yield_stress, slope = self.hardening(p)
        elastic = trial_mises / yield_stress - 1.0
        time = dt * self.reference_rate
        if time == 0.0:
            return p - p, slope, torch.zeros_like(p, dtype=torch.bool)
        share = n / (n + 1.0)
        log_time = math.log(time)
        most = torch.where(elastic > ON_SURFACE, elastic, 1.0)
        by_rate = (log_time + n * (share * most).log()).clamp_max(600.0).exp()
        by_stress = (1.0 - share) * most * yield_stress
        by_stress = by_stress / (stiffness + (1.0 + share * most) * slope)
        start = torch.minimum(by_rate, by_stress)
        # Also where the state is not a number, which then is in the stress.
        flows = ~(elastic <= ON_SURFACE) & ~(start <= _NO_FLOW)
        increment = torch.where(flows, start, 1.0)
        for _ in range(_MAX_ITERATIONS + 1):
            yield_stress, slope = self.hardening(p + increment)
            overstress = ((increment.log() - log_time) / n).exp()
            stress = (trial_mises - stiffness * increment) / yield_stress
            overstress_slope = overstress / (n * increment)
            residual = stress - 1.0 - overstress
            fall = (stiffness + stress * slope) / yield_stress + overstress_slope
            step = torch.where(flows, residual / fall, 0.0)
            # Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
            unfinished = step > 1e-9 * increment
            increment = increment + step
            if not unfinished.any():
                break
        total_slope = slope * (1.0 + overstress) + yield_stress * overstress_slope
        return torch.where(flows, increment, 0.0), total_slope, unfinished
