"""Stresses of one nonlinear sample: backward-Euler steps that must not be cut."""

import torch
from torch import Tensor

from dmn_fe.homogenization.staged_step import solve_in_stages
from dmn_fe.homogenization.voxel_problem import VoxelProblem

__all__ = ["path_stresses"]


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
        update, count = solve_in_stages(problem, committed, guess, target, dt[step].item())
        iterations += count
        if update is None:
            return torch.full_like(strain, torch.nan), iterations
        stress[step] = update.stress
        if history:
            committed = update.state
        guess = update.state
    return stress, iterations
