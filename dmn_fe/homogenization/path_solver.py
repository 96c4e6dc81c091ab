"""Stresses of one nonlinear sample: backward-Euler steps that must not be cut.

A smaller step would be another problem, with a history of its own. So where Newton's method does
not converge, its initial guess comes nearer in stages: solutions for smaller strains, each one
step from the same committed state of the phases.
"""

import torch
from torch import Tensor

from dmn_fe.homogenization.rve_problem import MacroLoad
from dmn_fe.homogenization.voxel_problem import VoxelProblem, VoxelUpdate

__all__ = ["path_stresses"]

_SMALLEST_STAGE = 1.0 / 16.0  # of the way from the guess to the strain
_GUESS = ("strain", "displacement")


def path_stresses(
    problem: VoxelProblem, strain: Tensor, dt: Tensor, history: bool
) -> tuple[Tensor, int]:
    """Macroscopic stresses at the ends of steps.

    Parameters
    ----------
    problem : VoxelProblem
    strain : Tensor ``[steps, 6]``
        Macroscopic strains.
    dt : Tensor ``[steps]``
        Time of each step.
    history : bool
        Whether a step begins with the state that the one before has left, and not with the virgin
        state. The solution of the one before is the initial guess in both cases.

    Returns
    -------
    Tensor ``[steps, 6]``
        Not-a-number if a step does not converge.
    int
        Newton iterations.
    """
    committed = guess = problem.initial_state()
    stress, iterations = torch.full_like(strain, torch.nan), 0
    for step, target in enumerate(strain):
        update, count = _step(problem, committed, guess, target, dt[step].item())
        iterations += count
        if update is None:
            return torch.full_like(strain, torch.nan), iterations
        stress[step] = update.stress
        if history:
            committed = update.state
        guess = update.state
    return stress, iterations


def _step(
    problem: VoxelProblem,
    committed: dict[str, Tensor],
    guess: dict[str, Tensor],
    target: Tensor,
    dt: float,
) -> tuple[VoxelUpdate | None, int]:
    """One step from committed phases to a strain, in stages of the guess where it must be."""
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
