"""J2 plasticity with isotropic and kinematic hardening, integrated by backward Euler.

Chaboche, Int. J. Plasticity 5 (1989) 247; one backstress is the law of Armstrong & Frederick
(1966), and with no recovery that of Prager. Hartmann & Haupt, Int. J. Numer. Meth. Engng 36 (1993)
3801, reduce the step to one equation. With the equivalent plastic strain p and the sum X of the
backstresses,

    √(3/2) |s − X| = σ_y(p),    dX_k = (2/3) modulus_k dε_p − recovery_k X_k dp
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Update, check_points, local_status
from dmn_fe.laws.checks import store_number
from dmn_fe.laws.hardening import Hardening, check_hardening
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.laws.radial import ON_SURFACE, radial_tangent
from dmn_fe.mandel import IDENTITY, deviator, trace

__all__ = ["Backstress", "Chaboche"]

_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class Backstress:
    """One part of the backstress; under tension it tends to ``modulus / recovery``.

    Parameters
    ----------
    modulus : float
        Initial slope C of the axial backstress over the axial plastic strain.
    recovery : float
        Recovery γ ≥ 0, without unit; zero is linear kinematic hardening (Prager).
    """

    modulus: float
    recovery: float = 0.0

    def __post_init__(self):
        store_number(self, "modulus", at_least=0)
        store_number(self, "recovery", at_least=0)


@dataclass(frozen=True)
class Chaboche(Isotropic):
    """Von Mises plasticity with isotropic elasticity, isotropic and kinematic hardening.

    State per point: plastic strain (Mandel, 6 numbers), equivalent plastic strain p (1 number), and
    each backstress (Mandel, 6 numbers).

    Parameters
    ----------
    young, poisson : float
        Elastic constants.
    hardening : Hardening
        Radius σ_y of the yield surface over p, concave; ``LinearHardening(yield_stress)`` is purely
        kinematic hardening.
    backstresses : sequence of Backstress
        At least one.
    """

    hardening: Hardening
    backstresses: tuple[Backstress, ...]

    def __post_init__(self):
        super().__post_init__()
        check_hardening(self, self.hardening)
        given = self.backstresses
        parts = tuple(given) if isinstance(given, Sequence) else ()
        if not parts or not all(isinstance(part, Backstress) for part in parts):
            raise InputError(
                f"Chaboche: backstresses = {given!r}; give at least one in a tuple, "
                "e.g. (Backstress(modulus, recovery),)."
            )
        object.__setattr__(self, "backstresses", parts)

    @property
    def symmetric_tangent(self) -> bool:
        """Without recovery."""
        return all(part.recovery == 0 for part in self.backstresses)

    @property
    def state_size(self) -> int:
        """Plastic strain, equivalent plastic strain and backstresses."""
        return 7 + 6 * len(self.backstresses)

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        return torch.zeros(n, self.state_size, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Return to the yield surface from strains ``[n, 6]``; see
        :class:`~dmn_fe.laws.base.MaterialLaw`.
        """
        check_points(self, strain, state)
        plastic_strain, p = state[:, :6], state[:, 6]
        backstress = state[:, 7:].unflatten(-1, (-1, 6))  # [n, k, 6]
        trial = 2.0 * self.shear * deviator(strain - plastic_strain)
        increment, unfinished = self._increment(trial, backstress, p)
        flows, new_p = increment > 0, p + increment
        at = self._at(trial, backstress, p, increment)
        flow = math.sqrt(1.5) * increment[:, None] * at.direction
        stress = trial - 2.0 * self.shear * flow + (self.bulk * trace(strain))[:, None] * IDENTITY
        drawn = (2.0 / 3.0) * at.moduli[..., None] * flow[:, None, :]
        new_backstress = at.kept[..., None] * backstress + drawn
        new_state = torch.cat(
            [plastic_strain + flow, new_p[:, None], new_backstress.flatten(1)], dim=-1
        )

        def tangent() -> Tensor:
            theta = 1.0 - 3.0 * self.shear * increment / torch.where(flows, at.mises, 1.0)
            theta_t = torch.where(flows, 1.0 - 3.0 * self.shear / at.fall, 1.0)
            radial = radial_tangent(self.bulk, self.shear, theta, theta_t, at.direction)
            # The direction of the flow turns, too, as Δp takes away the old backstresses.
            aside = at.turn - (at.turn * at.direction).sum(-1)[:, None] * at.direction
            aside = (math.sqrt(6.0) * self.shear * (1.0 - theta) / at.fall)[:, None] * aside
            return radial - aside[:, :, None] * at.direction[:, None, :]

        return Update(stress, new_state, tangent, local_status(stress, unfinished))

    def kernel(self) -> Kernel | None:
        """The compiled twin, if the hardening has one."""
        hardening = kernel_of(self.hardening)
        if hardening is None:
            return None
        parts = [n for part in self.backstresses for n in (part.modulus, part.recovery)]
        symmetric = str(self.symmetric_tangent).lower()
        kind = f"Chaboche<dmn::{hardening.type}, {len(self.backstresses)}, {symmetric}>"
        parameters = (self.bulk, self.shear, *hardening.parameters, *parts)
        return Kernel(kind, ("laws/chaboche.hpp",), parameters)

    def _increment(self, trial: Tensor, backstress: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """Increment Δp ``[n]`` and which points did not converge.

        With ``kept_k = 1 / (1 + recovery_k Δp)`` and ``Z = s_trial − Σ kept_k X_k``, the relative
        stress s − X lies along Z, and the equation is

            r(Δp) = √(3/2) |Z| − Δp (3G + Σ modulus_k kept_k) − σ_y(p + Δp) = 0.

        A backstress never exceeds its limit, √(3/2) |X_k| ≤ modulus_k / recovery_k. With those r
        is convex and falls at least by 3G, so Newton from Δp = 0 rises monotonically to the root.
        """
        increment = torch.zeros_like(p)
        at = self._at(trial, backstress, p, increment)
        flows = ~(at.residual <= ON_SURFACE * at.mises)
        round_off = 1e-15 * at.mises / (3.0 * self.shear)
        for _ in range(_MAX_ITERATIONS):
            step = torch.where(flows, at.residual / at.fall, 0.0)
            increment = increment + step
            # Newton converges quadratically: after a relative step of 1e-9 the error is round-off.
            unfinished = step.abs() > 1e-9 * increment + round_off
            if not unfinished.any():
                break
            at = self._at(trial, backstress, p, increment)
        return increment, unfinished

    def _at(self, trial: Tensor, backstress: Tensor, p: Tensor, increment: Tensor) -> "_Trial":
        """What there is to know at Δp ``[n]``."""
        recovery = increment.new_tensor([part.recovery for part in self.backstresses])
        modulus = increment.new_tensor([part.modulus for part in self.backstresses])
        kept = 1.0 / (1.0 + recovery * increment[:, None])
        moduli = modulus * kept
        relative = trial - (kept[..., None] * backstress).sum(1)
        length = relative.norm(dim=-1)
        direction = relative / torch.where(length > 0, length, 1.0)[:, None]
        turn = ((recovery * kept**2)[..., None] * backstress).sum(1)
        yield_stress, slope = self.hardening(p + increment)
        mises = math.sqrt(1.5) * length
        residual = mises - increment * (3.0 * self.shear + moduli.sum(-1)) - yield_stress
        kinematic = (moduli * kept).sum(-1) - math.sqrt(1.5) * (turn * direction).sum(-1)
        # The kinematic part is negative for backstresses above their limit alone.
        fall = 3.0 * self.shear + kinematic.clamp_min(0.0) + slope
        return _Trial(kept, moduli, direction, turn, mises, residual, fall)


class _Trial(NamedTuple):
    """A trial Δp of n points with k backstresses.

    ``kept`` ``[n, k]`` is the share that is left of the old backstresses and ``moduli`` ``[n, k]``
    is modulus times kept; ``direction`` ``[n, 6]`` and ``mises`` ``[n]`` are those of Z, ``turn``
    ``[n, 6]`` is dZ/dΔp; ``residual`` ``[n]`` falls by ``fall`` ``[n]`` per Δp.
    """

    kept: Tensor
    moduli: Tensor
    direction: Tensor
    turn: Tensor
    mises: Tensor
    residual: Tensor
    fall: Tensor
