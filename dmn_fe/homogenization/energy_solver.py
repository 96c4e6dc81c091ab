"""Solving until the energy is certain: single precision first, double where that is not enough.

What is wanted is an energy to six digits or so, in which an error of the field counts squared.
Single precision gives that in half the time, with the same number of iterations, unless stiff
phases drown the forces of soft ones in round-off. So the true residual is computed in double
precision: its difference from the one that the conjugate gradients have carried along bounds what
round-off has done to the energy. Where that is too much, what is left of the load is solved for in
double precision (iterative refinement).
"""

import torch
from torch import Tensor

from dmn_fe.homogenization.conjugate_gradients import (
    Balance,
    NotConverged,
    conjugate_gradients,
    dot,
)
from dmn_fe.homogenization.stopping import NO_ENERGY, EnergyBound, EnergyEstimate, StoppingRule

__all__ = ["solve_to_energy"]

# Single precision is tried from this tolerance and this lower bound of the spectrum on. With errors
# ε of the conjugate gradients and δ of round-off, that of the energy is at most (√ε + √δ)².
_SINGLE_PRECISION = 1e-7
_SMALLEST_EIGENVALUE = 3e-5
_SHARE_OF_ITERATION, _SHARE_OF_ROUND_OFF = 1.0 / 2.0, 1.0 / 16.0  # of the tolerance
_SPECTRUM_MARGIN = 0.99  # keeps the Gauss–Radau rule away from its pole


def solve_to_energy(
    system: Balance,
    load: Tensor,
    energy: Tensor,
    lower: Tensor,
    has_voids: bool,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor]:
    """Solve ``system u = load`` until the energy is within the tolerance of its least value.

    Parameters
    ----------
    system : Balance
        In double precision.
    load : Tensor ``[samples, loads, components, nx, ny, nz]``
    energy : Tensor ``[samples, loads]``
        Energy of ``u = 0``, positive.
    lower : Tensor ``[samples]``
        Lower bound of the preconditioned spectrum, voids apart.
    has_voids : bool
        Whether there are voids: then the energy error is estimated, otherwise it is bounded.
    tolerance : float
        Of (energy − least energy) / energy.
    max_iterations : int
        In each precision.

    Returns
    -------
    Tensor of the shape of ``load``, Tensor ``[samples, loads]`` of int64
        Solution, and iterations of each member in both precisions.

    Raises
    ------
    NotConverged
        If a member needs more iterations in double precision.
    """

    def rule(present: Tensor, samples: Tensor) -> StoppingRule:
        if has_voids:
            return EnergyEstimate(present, energy[samples])
        return EnergyBound(present, _SPECTRUM_MARGIN * lower[samples])

    nodal, residual = torch.zeros_like(load), load
    # u = 0 has the energy E, and any u has E − u · (load + residual).
    present = energy.clone()
    iterations = torch.zeros(load.shape[:2], dtype=torch.int64, device=load.device)
    certain = torch.zeros(len(load), dtype=torch.bool, device=load.device)
    fit = torch.nonzero((lower >= _SMALLEST_EIGENVALUE) & (tolerance >= _SINGLE_PRECISION))[:, 0]
    if len(fit):
        part = system.subset(fit)
        single = part.to(torch.float32)
        try:
            solution, counts, carried = conjugate_gradients(
                single,
                load[fit].float(),
                rule(energy[fit], fit),
                _SHARE_OF_ITERATION * tolerance,
                max_iterations,
            )
        except NotConverged:
            fit = fit[:0]
        else:
            nodal[fit], iterations[fit] = solution.double(), counts
            residual = load.clone()
            residual[fit] -= part.multiply(nodal[fit])
            present[fit] -= dot(nodal[fit], load[fit] + residual[fit])
            drift = residual[fit] - carried
            error = dot(drift, single.preconditioner.solve(drift.float()).double())
            error /= lower[fit, None] * torch.maximum(present[fit], NO_ENERGY * energy[fit])
            good = error <= _SHARE_OF_ROUND_OFF * tolerance
            if has_voids:  # beside them this is no bound: double where next to nothing is left
                good &= present[fit] >= NO_ENERGY * energy[fit]
            certain[fit] = good.all(1)
    again = torch.nonzero(~certain)[:, 0]
    if len(again):
        correction, counts, _ = conjugate_gradients(
            system.subset(again),
            residual[again],
            rule(present[again], again),
            tolerance,
            max_iterations,
        )
        nodal[again] += correction
        iterations[again] += counts
    return nodal, iterations
