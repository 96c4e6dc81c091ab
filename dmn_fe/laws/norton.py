"""Isotropic elasticity with Norton power-law creep, integrated by backward Euler.

Lemaitre & Chaboche, Mechanics of Solid Materials (1990), section 6.4: with the von Mises stress q
and the deviator s of the stress,

    creep strain rate = (3/2) reference_rate (q / reference_stress)^exponent s / q
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Status, Update, check_points
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.mandel import DEVIATORIC, IDENTITY, VOLUMETRIC, deviator, trace

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

    reference_rate: float
    reference_stress: float
    exponent: float

    def __post_init__(self):
        super().__post_init__()
        for name in ("reference_rate", "reference_stress", "exponent"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)):
                raise InputError(f"Norton: {name} = {value!r} is not a number; give one.")
            if not math.isfinite(value):
                raise InputError(f"Norton: {name} = {value} must be finite.")
            object.__setattr__(self, name, float(value))
        if not self.reference_rate >= 0:
            raise InputError(f"Norton: reference_rate = {self.reference_rate} must be >= 0.")
        if not self.reference_stress > 0:
            raise InputError(
                f"Norton: reference_stress = {self.reference_stress} must be above zero."
            )
        if not self.exponent >= 1:
            raise InputError(f"Norton: exponent = {self.exponent} must be at least 1.")

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
        if not (math.isfinite(dt) and dt >= 0):
            raise InputError(f"Norton: dt = {dt} must be finite and >= 0.")
        trial = 2.0 * self.shear * deviator(strain - state)
        trial_norm = trial.square().sum(-1).sqrt()
        # theta scales the trial deviator, theta_t its change along itself; 1 where nothing creeps.
        theta, theta_t, unfinished = self._relaxed(math.sqrt(1.5) * trial_norm, dt)
        pressure = self.bulk * trace(strain)
        stress = theta[:, None] * trial + pressure[:, None] * IDENTITY
        new_state = state + (1.0 - theta)[:, None] * trial / (2.0 * self.shear)

        def tangent() -> Tensor:
            direction = trial / torch.where(trial_norm > 0, trial_norm, 1.0)[:, None]
            drop = 2.0 * self.shear * (theta - theta_t)
            shear_part = (2.0 * self.shear * theta)[:, None, None] * DEVIATORIC
            normal_part = (drop[:, None] * direction)[:, :, None] * direction[:, None, :]
            return 3.0 * self.bulk * VOLUMETRIC + shear_part - normal_part

        update = Update(stress, new_state, tangent)
        if not unfinished.any():
            return update
        failed = torch.tensor(Status.MAX_ITERATIONS, dtype=torch.int8)
        return Update(stress, new_state, tangent, torch.where(unfinished, failed, update.status))

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
