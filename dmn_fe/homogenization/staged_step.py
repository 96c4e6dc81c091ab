"""One backward-Euler step of an RVE that must not be cut.

A smaller step would be another problem, with a history of its own. So where Newton's method does
not converge, its initial guess comes nearer in stages: solutions for smaller strains, each one
step from the same committed state of the phases.
"""

import torch
from torch import Tensor

from dmn_fe.homogenization.rve_problem import MacroLoad, RVEProblem, RVEUpdate

__all__ = ["solve_in_stages"]

_SMALLEST_STAGE = 1.0 / 16.0  # of the way from the guess to the strain
_GUESS = ("strain", "displacement")


def solve_in_stages(
    problem: RVEProblem,
    committed: dict[str, Tensor],
    guess: dict[str, Tensor],
    target: Tensor,
    dt: float,
) -> tuple[RVEUpdate | None, int]:
    """One step from committed phases to a macroscopic strain.

    Parameters
    ----------
    problem : RVEProblem
    committed, guess : dict of str to Tensor
        State of the phases where the step begins; strain and displacement where Newton's method
        does.
    target : Tensor ``[6]``
        Macroscopic strain at the end.
    dt : float

    Returns
    -------
    RVEUpdate or None
        None if it does not converge in small stages either.
    int
        Newton iterations.
    """
    start, position, stage, iterations = guess["strain"], 0.0, 1.0, 0
    while True:
        # The tangent at the guess predicts the rest of the way: a few times as quick as a guess
        # that is scaled to the strain, where elastic and plastic voxels are mixed up.
        state = {**committed, **{name: guess[name] for name in _GUESS}}
        goal = min(position + stage, 1.0)
        strain = target if goal == 1.0 else torch.lerp(start, target, goal)
        update = problem.solve(MacroLoad.of_strain(strain), state, dt)
        iterations += update.iterations
        if update.converged and goal == 1.0:
            return update, iterations
        if update.converged:
            guess, position, stage = update.state, goal, 2.0 * stage
        elif stage / 2.0 < _SMALLEST_STAGE:
            return None, iterations
        else:
            stage /= 2.0
