"""The optimiser that settings ask for, on the loss of a training."""

from typing import Protocol

from torch import Tensor

from dmn_fe.lbfgs import LBFGS
from dmn_fe.training.first_order import FirstOrder
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem

__all__ = ["Optimiser", "optimiser_of"]


class Optimiser(Protocol):
    """Minimises the losses of K independent networks.

    Attributes
    ----------
    value : Tensor ``[K]``
        Losses; infinite before the first step.
    active : bool Tensor ``[K]``
        Networks that still change; whoever uses the optimiser may end some.
    """

    value: Tensor
    active: Tensor

    @property
    def parameters(self) -> Tensor:
        """Parameters ``[K, size]``."""

    def step(self) -> None:
        """One iteration or epoch."""

    def state(self) -> dict[str, Tensor]:
        """All that the next steps depend on."""

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""


def optimiser_of(
    problem: TrainingProblem, start: Tensor, seeds: list[int], paths: PathObjective | None
) -> Optimiser:
    """Optimiser from parameters ``[K, size]``; with ``paths`` nonlinear samples count too."""
    objective, settings = problem.objective, problem.settings
    if settings.optimiser != "lbfgs":
        return FirstOrder(objective, start, problem.training(seeds), seeds, settings)
    samples = problem.training(seeds)

    def function(parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        value, gradient = objective(parameters, samples if samples.ndim == 1 else samples[rows])
        if paths is None:
            return value, gradient
        more, slope = paths(parameters, rows)
        return value + settings.path_weight * more, gradient + settings.path_weight * slope

    return LBFGS(function, start)
