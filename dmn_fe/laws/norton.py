"""Isotropic elasticity with Norton power-law creep, integrated by backward Euler.

Lemaitre & Chaboche, Mechanics of Solid Materials (1990), section 6.4: with the von Mises stress q
and the deviator s of the stress,

    creep strain rate = (3/2) reference_rate (q / reference_stress)^exponent s / q
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.laws.base import Update, check_points, local_status
from dmn_fe.laws.checks import check_time_step, store_number
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.laws.kernel import Kernel
from dmn_fe.laws.radial import radial_tangent
from dmn_fe.mandel import IDENTITY, deviator, trace

__all__ = ["Norton"]

_MAX_ITERATIONS = 100
# A trial stress below this part of the reference stress stands for none: the ratios that the
# tangent needs at zero stress are those of a stress that is as good as zero.
_NO_STRESS = 1e-100


@dataclass(frozen=True)
class Norton(Isotropic):
    """Isotropic elasticity with creep by Norton's power law (secondary creep, no hardening).

    State per point: creep strain (Mandel, 6 numbers). With ``dt = 0`` nothing creeps.

    Parameters
    ----------
    young, poisson : float
        Elastic constants.
    reference_rate : float
        Equivalent creep strain rate at the reference stress, in 1 / (unit of ``dt``).
    reference_stress : float
        Von Mises stress at which the creep rate is ``reference_rate``.
    exponent : float
        Stress exponent n ≥ 1; ``1`` is a Maxwell fluid in shear.
    """

    symmetric_tangent = True

    reference_rate: float
    reference_stress: float
    exponent: float

    def __post_init__(self):
        super().__post_init__()
        store_number(self, "reference_rate", at_least=0)
        store_number(self, "reference_stress", above=0)
        store_number(self, "exponent", at_least=1)

    @property
    def state_size(self) -> int:
        """Creep strain."""
        return 6

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, 6]``."""
        return torch.zeros(n, 6, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Backward Euler step to strains ``[n, 6]``; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        Raises
        ------
        InputError
            Also if ``dt`` is negative or not finite.
        """
        check_points(self, strain, state)
        check_time_step(self, dt)
        trial = 2.0 * self.shear * deviator(strain - state)
        trial_norm = trial.square().sum(-1).sqrt()
        # theta scales the trial deviator, theta_t its change along itself; 1 where nothing creeps.
        theta, theta_t, unfinished = self._relaxed(math.sqrt(1.5) * trial_norm, dt)
        pressure = self.bulk * trace(strain)
        stress = theta[:, None] * trial + pressure[:, None] * IDENTITY
        new_state = state + (1.0 - theta)[:, None] * trial / (2.0 * self.shear)

        def tangent() -> Tensor:
            direction = trial / torch.where(trial_norm > 0, trial_norm, 1.0)[:, None]
            return radial_tangent(self.bulk, self.shear, theta, theta_t, direction)

        return Update(stress, new_state, tangent, local_status(stress, unfinished))

    def kernel(self) -> Kernel:
        """The compiled twin."""
        flow = (self.reference_rate, self.reference_stress, self.exponent)
        return Kernel("Norton", ("laws/norton.hpp",), (self.bulk, self.shear, *flow))

    def _relaxed(self, trial_mises: Tensor, dt: float) -> tuple[Tensor, Tensor, Tensor]:
        """Share ``q / q_trial`` ``[n]`` of the trial stress that is left, ``dq / dq_trial``, and
        which points did not converge.

        The equation is ``q + 3G dt rate (q / reference_stress)^n = q_trial``. Let q̄ be the stress
        whose second term alone is q_trial. In shares, x = q / q_trial and x̄ = q̄ / q_trial,

            r(x) = x + (x / x̄)^n − 1 = 0.

        Both terms are positive, so that 1 and x̄ are above the root; from the smaller of the two,
        where r ≤ 1, Newton falls monotonically to the root, for r rises and is convex. The root
        is no smaller than half of this start, whatever dt is.
        """
        speed = 3.0 * self.shear * dt * self.reference_rate / self.reference_stress
        if speed == 0.0:
            one = torch.ones_like(trial_mises)
            return one, one, torch.zeros_like(trial_mises, dtype=torch.bool)
        # Logarithms: powers of large stresses and of tiny steps are out of range.
        level = (trial_mises / self.reference_stress).clamp_min(_NO_STRESS).log()
        log_bound = (level - math.log(speed)) / self.exponent
        bound = (log_bound - level).clamp(-600.0, 600.0).exp()
        share = bound.clamp_max(1.0)
        for _ in range(_MAX_ITERATIONS):
            creep = (share / bound) ** self.exponent
            slope = 1.0 + self.exponent * creep / share
            step = (share + creep - 1.0) / slope
            share = share - step
            # Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
            unfinished = step > 1e-9 * share
            if not unfinished.any():
                break
        creep = (share / bound) ** self.exponent
        return share, share / (share + self.exponent * creep), unfinished
