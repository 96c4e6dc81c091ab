"""How good networks are in the course of their training."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network import Network
from dmn_fe.training.history import HistoryRow
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem

__all__ = ["NonlinearValidation", "judge", "message"]


@dataclass(frozen=True)
class NonlinearValidation:
    """Nonlinear validation of networks while they are trained.

    Attributes
    ----------
    error : callable
        Error of a network, e.g. :class:`dmn_fe.evaluate.PathValidation`.
    every : int
        Iterations (epochs) between two validations.
    choose : bool
        Whether the best network is the one with the smallest such error.
    """

    error: Callable[[Network], float]
    every: int = 20
    choose: bool = False

    def __post_init__(self):
        if not isinstance(self.every, int) or self.every < 1:
            raise InputError(f"every = {self.every!r} must be a whole number of 1 or more.")


@torch.no_grad()
def judge(
    problem: TrainingProblem,
    parameters: Tensor,
    iteration: int,
    loss: Tensor,
    paths: PathObjective | None,
    validation: NonlinearValidation | None,
) -> Tensor:
    """The :class:`HistoryRow` of each of K networks, ``[K, columns]``.

    ``paths`` and ``validation`` are those that are due now.
    """
    errors = problem.objective.errors(parameters, problem.validation)
    held_out = problem.objective.validation_loss(parameters, problem.validation).cpu()
    weights = problem.parametrisation.geometry(parameters).weights
    # Without any weight it is no network, whatever its stiffness may be.
    held_out = torch.where(weights.sum(0).cpu() > 0, held_out, math.nan)
    path_error = torch.full_like(held_out, math.nan)
    if paths is not None:
        path_loss = paths.validation_loss(parameters).cpu()
        held_out = held_out + problem.settings.path_weight * path_loss
        path_error = path_loss.sqrt()
    nonlinear = torch.full_like(held_out, math.nan)
    if validation is not None:
        for k in torch.nonzero(torch.isfinite(held_out)).flatten().tolist():
            error = float(validation.error(problem.network(parameters[k])))
            nonlinear[k] = math.inf if math.isnan(error) else error  # it was made, and failed
    columns = {
        "iteration": torch.full_like(held_out, iteration),
        "loss": loss,
        "validation_loss": held_out,
        "validation_mean": errors.mean(-1),
        "validation_max": errors.amax(-1),
        "path_error": path_error,
        "active_leaves": (weights > 1e-3 * weights.mean(0)).sum(0).double(),
        "fraction_error": _fraction_errors(problem, weights),
        "nonlinear_error": nonlinear,
        "seconds": torch.full_like(held_out, math.nan),  # whoever trains knows
    }
    return torch.stack([columns[name].cpu() for name in HistoryRow._fields], -1)


def _fraction_errors(problem: TrainingProblem, weights: Tensor) -> Tensor:
    fractions = weights.new_tensor(problem.fractions)
    sums = weights.new_zeros(len(fractions), weights.shape[1])
    phases = problem.leaf_phase.to(weights.device)
    shares = sums.index_add(0, phases, weights) / weights.sum(0)
    return (shares - fractions[:, None]).abs().amax(0)


def message(rows: Tensor) -> str:
    """What a person wants to know of K networks: their median."""
    median = int(
        rows[:, HistoryRow._fields.index("validation_loss")].argsort()[(len(rows) - 1) // 2]
    )
    row = HistoryRow(*rows[median].tolist())
    parts = [f"loss {row.loss:.2e}", f"validation error {row.validation_mean:.2%}"]
    if not math.isnan(row.path_error):
        parts.append(f"nonlinear samples {row.path_error:.2%}")
    if not math.isnan(row.nonlinear_error):
        failed = math.isinf(row.nonlinear_error)
        parts.append("paths failed" if failed else f"paths {row.nonlinear_error:.2%}")
    parts.append(f"{int(row.active_leaves)} active leaves")
    if not math.isnan(row.fraction_error):
        parts.append(f"fractions {row.fraction_error:.1e} off")
    return ", ".join(parts) + (f" (median of {len(rows)})" if len(rows) > 1 else "")
