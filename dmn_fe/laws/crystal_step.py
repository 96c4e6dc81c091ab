"""The backward Euler step of a crystal: seven unknowns, of which the pressure is elastic."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from dmn_fe.laws.hardening import Hardening
from dmn_fe.laws.slip import SYSTEMS

__all__ = ["CrystalStep"]

_MAX_ITERATIONS = 100
_MAX_HALVINGS = 40
# Residual, relative to the elastic trial strain, after which one last Newton step gives round-off.
_TOLERANCE = 1e-10


class _At(NamedTuple):
    """A stress deviator ``[n, 5]`` and increment of Γ ``[n]``, their residuals and linearisation.

    ``flow`` ``[n, 5]`` is the increment of the plastic strain that the stress gives.
    ``strain`` ``[n, 5]`` and ``slip`` ``[n]`` are the residuals and ``norm`` that of both. With
    changes dσ and dΓ they change by ``matrix dσ − hardened dΓ`` and ``rise dΓ − slips · dσ``.
    """

    stress: Tensor
    increment: Tensor
    flow: Tensor
    strain: Tensor
    slip: Tensor
    norm: Tensor
    matrix: Tensor
    hardened: Tensor
    slips: Tensor
    rise: Tensor


@dataclass(frozen=True)
class CrystalStep:
    """The equations of a step from elastic trial strains ``trial`` ``[n, 5]``.

    Unknowns are the stress deviator σ and the increment ΔΓ of the accumulated slip ``slipped``
    ``[n]``. With the slips ``Δγ_i = slip |τ_i / g|^exponent sign τ_i`` of the systems, the elastic
    ``compliance`` S ``[5]`` and the resistance ``g = hardening(slipped + ΔΓ)``, the residuals are

        S σ + Σ Δγ_i P_i − trial = 0    and    ΔΓ − Σ |Δγ_i| = 0.

    ``slip`` is the time step times the reference rate.
    """

    trial: Tensor
    slipped: Tensor
    slip: float
    compliance: Tensor
    hardening: Hardening
    exponent: float

    def solve(self) -> tuple[_At, Tensor]:
        """The solution, and which points ``[n]`` did not converge.

        Newton with a line search: a step is halved until the norm of the residuals, which are
        strains both, falls. At a given Γ the first residual is the gradient of a convex function.
        """
        at = self._at(*self._start())
        size = self.trial.norm(dim=-1)
        # A trial strain that is not finite is none that an iteration could mend.
        active = torch.isfinite(at.norm)
        unfinished = ~active
        for _ in range(_MAX_ITERATIONS):
            last = at.norm <= _TOLERANCE * size
            change, more = self._newton_step(at)
            factor = torch.ones_like(size)
            new = self._at(at.stress + change, (at.increment + more).clamp_min(0.0))
            for _ in range(_MAX_HALVINGS):
                # Also where the powers of a long step are out of range.
                long = active & ~last & ~(new.norm <= (1.0 - 1e-4 * factor) * at.norm)
                if not long.any():
                    break
                factor = torch.where(long, 0.5 * factor, factor)
                stress = at.stress + factor[:, None] * change
                new = self._at(stress, (at.increment + factor * more).clamp_min(0.0))
            at = _where(active & ~long, new, at)
            unfinished = unfinished | long
            active = active & ~last & ~long
            if not active.any():
                break
        return at, unfinished | active

    def tangent(self, at: _At) -> Tensor:
        """Consistent tangent of the deviators ``[n, 5, 5]``, with Γ eliminated."""
        slips = at.slips / at.rise[:, None]
        return torch.linalg.inv(at.matrix - at.hardened[:, :, None] * slips[:, None, :])

    def _start(self) -> tuple[Tensor, Tensor]:
        """Stress along the elastic trial stress, and increment of Γ, to start from.

        A share x of the trial stress does the plastic work ``x^n W``, and the trial strain holds
        the work w. Both 1 and ``(w / W)^(1/n)`` bound x from above as in
        :class:`~dmn_fe.laws.Norton`; the start is the smaller, with the resistance after the slip
        that a first one, with the old resistance, leaves.
        """
        stress = self.trial / self.compliance
        if self.slip == 0.0:
            return stress, torch.zeros_like(self.slipped)
        n = self.exponent
        resolved = (stress @ SYSTEMS.mT).abs()
        largest = resolved.amax(-1).clamp_min(1e-300)
        work = (stress * self.trial).sum(-1)
        # Logarithms: powers of large stresses and of tiny steps are out of range.
        powers = ((resolved / largest[:, None]) ** (n + 1.0)).sum(-1)
        plastic = math.log(self.slip) + (n + 1.0) * largest.log() + powers.clamp_min(1e-300).log()
        bound = (work.clamp_min(1e-300).log() - plastic) / n

        def share(increment: Tensor) -> Tensor:
            resistance, _ = self.hardening(self.slipped + increment)
            return (resistance.log() + bound).clamp_max(0.0).exp()

        increment = (1.0 - share(torch.zeros_like(self.slipped))) * work / largest
        return share(increment)[:, None] * stress, increment

    def _at(self, stress: Tensor, increment: Tensor) -> _At:
        n = self.exponent
        resistance, slope = self.hardening(self.slipped + increment)
        ratio = (stress @ SYSTEMS.mT) / resistance[:, None]
        sign = ratio.sign()
        slips = self.slip * ratio.abs() ** n if self.slip else torch.zeros_like(ratio)
        flow = (slips * sign) @ SYSTEMS
        total = slips.sum(-1)
        strain = self.compliance * stress + flow - self.trial
        slip = increment - total
        norm = (strain.square().sum(-1) + slip.square()).sqrt()
        softness = n * self.slip * ratio.abs() ** (n - 1.0) / resistance[:, None]
        matrix = (SYSTEMS.mT * softness[:, None, :]) @ SYSTEMS + torch.diag(self.compliance)
        relative_slope = n * slope / resistance
        return _At(
            stress,
            increment,
            flow,
            strain,
            slip,
            norm,
            matrix,
            relative_slope[:, None] * flow,
            (softness * sign) @ SYSTEMS,
            1.0 + relative_slope * total,
        )

    def _newton_step(self, at: _At) -> tuple[Tensor, Tensor]:
        """Changes of stress and ΔΓ: two solutions with a symmetric positive definite matrix."""
        factor, _ = torch.linalg.cholesky_ex(at.matrix)
        solutions = torch.cholesky_solve(torch.stack([at.strain, at.hardened], -1), factor)
        plain, by_slip = solutions.unbind(-1)
        # dσ = −plain + by_slip dΓ, put into rise dΓ − slips · dσ = −slip
        more = -(at.slip + (at.slips * plain).sum(-1)) / (at.rise - (at.slips * by_slip).sum(-1))
        return by_slip * more[:, None] - plain, more


def _where(condition: Tensor, new: _At, old: _At) -> _At:
    parts = zip(new, old, strict=True)
    return _At(*(torch.where(condition.view(-1, *[1] * (a.ndim - 1)), a, b) for a, b in parts))
