"""The course of a training: iterations, reports, the best parameters, ends."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.network import Network
from dmn_fe.training.first_order import FirstOrder
from dmn_fe.training.history import HistoryRow
from dmn_fe.training.lbfgs import LBFGS
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem

__all__ = ["NonlinearValidation", "Run"]

_ITERATIONS_PER_REPORT = 10
_STALLED = 1e-9  # relative fall of the loss between two reports of L-BFGS
_DIVERGED = 1e3  # times the first loss
_OUTCOMES = (
    "the iterations were used up",
    "the loss falls no further",
    "no better validation loss within the patience",
    "the loss diverged, the best network before is kept",
)


@dataclass(frozen=True)
class NonlinearValidation:
    """Nonlinear validation of networks while they are trained.

    Attributes
    ----------
    error : callable
        Error of a network, e.g. ``evaluate.PathValidation(paths, laws)``.
    every : int
        Iterations (epochs) between two validations.
    choose : bool
        Whether the best network is the one with the smallest such error.
    """

    error: Callable[[Network], float]
    every: int = 20
    choose: bool = False


class Run:
    """A training in course.

    Attributes
    ----------
    iteration : int
        Iterations or epochs that are done.
    """

    def __init__(
        self,
        problem: TrainingProblem,
        start: Tensor,
        seeds: list[int],
        paths: PathObjective | None,
        validation: NonlinearValidation | None,
    ):
        self._problem, self._seeds = problem, seeds
        self._paths, self._validation = paths, validation
        self.iteration, self._joined = 0, False
        self._outcome = torch.zeros(len(seeds), dtype=torch.int64)
        self._ended = torch.zeros(len(seeds), dtype=torch.bool)
        self._best = start.clone()
        self._best_value = torch.full((len(seeds),), math.inf, dtype=torch.float64)
        self._best_row = torch.zeros(len(seeds), dtype=torch.int64)
        self._history = torch.zeros(0, len(seeds), len(HistoryRow._fields), dtype=torch.float64)
        self._seconds, self._begin = 0.0, time.perf_counter()
        self._optimiser = self._new_optimiser(start)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        limit = self._problem.settings.iterations
        assert limit is not None
        return self.iteration >= limit or (bool(self._ended.all()) and not self._paths_wait)

    @property
    def _paths_wait(self) -> bool:
        """Whether there are nonlinear samples that have not joined."""
        return self._paths is not None and not self._joined

    def advance(self) -> str:
        """Iterate up to the next report; gives its message."""
        settings = self._problem.settings
        assert settings.iterations is not None
        lbfgs = settings.optimiser == "lbfgs"
        stop = self.iteration + (_ITERATIONS_PER_REPORT if lbfgs else 1)
        stop = min(stop, settings.iterations)
        if self._paths_wait:
            # Networks that have all ended before go on with the nonlinear samples.
            if self.iteration >= settings.elastic_iterations or bool(self._ended.all()):
                self._join_paths()
            else:
                stop = min(stop, settings.elastic_iterations)
        before = self._optimiser.value.cpu().clone()
        while self.iteration < stop:
            self._optimiser.step()
            self.iteration += 1
        self._end_where_due(before, lbfgs)
        return self._report()

    def _new_optimiser(self, start: Tensor) -> LBFGS | FirstOrder:
        problem, objective = self._problem, self._problem.objective
        if problem.settings.optimiser != "lbfgs":
            return FirstOrder(objective, start, problem.training, self._seeds, problem.settings)
        paths = self._paths if self._joined else None

        def function(parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            value, gradient = objective(parameters, problem.training)
            if paths is None:
                return value, gradient
            more, slope = paths(parameters, rows)
            weight = problem.settings.path_weight
            return value + weight * more, gradient + weight * slope

        return LBFGS(function, start)

    def _join_paths(self) -> None:
        """From here on the loss counts nonlinear samples: another function, another best."""
        self._joined = True
        self._optimiser = self._new_optimiser(self._optimiser.parameters)
        self._best_value[:] = math.inf
        self._best_row[:] = max(len(self._history) - 1, 0)
        self._ended[:], self._outcome[:] = False, 0

    def _end_where_due(self, before: Tensor, lbfgs: bool) -> None:
        """Note which networks have ended, and why."""
        value, active = self._optimiser.value.cpu(), self._optimiser.active.cpu()
        parameters = self._optimiser.parameters
        weights = self._problem.parametrisation.geometry(parameters).weights.detach()
        # A network that has lost all its weights learns no more.
        self._end(~torch.isfinite(value) | ~(weights.sum(0).cpu() > 0), 3)
        if len(self._history) and not lbfgs:
            self._end(value > _DIVERGED * self._history[0, :, 1], 3)
        if lbfgs:  # never raises the loss
            self._end(~active | (torch.isfinite(before) & ~(value < before * (1 - _STALLED))), 1)
        patience = self._problem.settings.patience
        if patience is not None and len(self._history):
            # By the last report: whether these iterations are better is not known yet.
            best = self._history[self._best_row, torch.arange(len(self._seeds)), 0]
            self._end(self._history[-1, 0, 0] - best >= patience, 2)
        self._optimiser.active = self._optimiser.active & ~self._ended.to(
            self._optimiser.active.device
        )

    def _end(self, which: Tensor, outcome: int) -> None:
        new = which & ~self._ended
        self._outcome[new] = outcome
        self._ended |= new

    @torch.no_grad()
    def _report(self) -> str:
        """Append to the history, keep the best; gives a message for a person."""
        problem, parameters = self._problem, self._optimiser.parameters
        errors = problem.objective.errors(parameters, problem.validation)
        loss = problem.objective.validation_loss(parameters, problem.validation).cpu()
        path_error = torch.full_like(loss, math.nan)
        if self._paths is not None and self._joined:
            held_out = self._paths.validation_loss(parameters).cpu()
            loss, path_error = loss + problem.settings.path_weight * held_out, held_out.sqrt()
        weights = problem.parametrisation.geometry(parameters).weights
        # Without any weight it is no network, whatever its stiffness may be.
        loss = torch.where(weights.sum(0).cpu() > 0, loss, math.nan)
        active = (weights > 1e-3 * weights.mean(0)).sum(0)
        columns = [
            torch.full_like(loss, self.iteration),
            self._optimiser.value.cpu(),
            loss,
            errors.mean(-1).cpu(),
            errors.amax(-1).cpu(),
            path_error,
            active.double().cpu(),
            self._fraction_errors(weights).cpu(),
            self._nonlinear_errors(parameters, torch.isfinite(loss)),
        ]
        row = torch.stack(columns, -1)
        self._history = torch.cat([self._history, row[None]])
        chooses = self._validation is not None and self._validation.choose
        value = columns[-1] if chooses else loss
        better = value < self._best_value
        self._best_value[better] = value[better]
        self._best[better] = parameters[better]
        self._best_row[better] = len(self._history) - 1
        median = int(row[:, 2].argsort()[(len(row) - 1) // 2])
        return _message(HistoryRow(*row[median].tolist()), len(row))

    def _fraction_errors(self, weights: Tensor) -> Tensor:
        problem = self._problem
        fractions = weights.new_tensor(problem.fractions)
        sums = weights.new_zeros(len(fractions), weights.shape[1])
        phases = problem.leaf_phase.to(weights.device)
        shares = sums.index_add(0, phases, weights) / weights.sum(0)
        return (shares - fractions[:, None]).abs().amax(0)

    def _nonlinear_errors(self, parameters: Tensor, usable: Tensor) -> Tensor:
        validation, last = self._validation, 0.0
        errors = torch.full((len(parameters),), math.nan, dtype=torch.float64)
        if validation is None:
            return errors
        made = ~torch.isnan(self._history[:, :, -1]).all(-1)
        if made.any():
            last = self._history[made][-1, 0, 0].item()
        if self.iteration - last >= validation.every or self.finished:
            for k in torch.nonzero(usable).flatten().tolist():
                errors[k] = float(validation.error(self._problem.network(parameters[k])))
        return errors

    def result(self, k: int) -> tuple[Network, list[HistoryRow], HistoryRow, str, float]:
        """Best network of a seed, its history, its row, the outcome in words and the seconds."""
        rows = [_row(values) for values in self._history[:, k].tolist()]
        network = self._problem.network(self._best[k])
        chosen = rows[int(self._best_row[k])]
        return network, rows, chosen, _OUTCOMES[int(self._outcome[k])], self.seconds

    @property
    def seconds(self) -> float:
        """Time of all runs of this training."""
        return self._seconds + time.perf_counter() - self._begin

    def state(self) -> dict[str, Tensor]:
        """All that the rest of the training depends on."""
        own = {
            "iteration": torch.tensor(self.iteration),
            "joined": torch.tensor(self._joined),
            "outcome": self._outcome,
            "ended": self._ended,
            "best": self._best,
            "best_value": self._best_value,
            "best_row": self._best_row,
            "history": self._history,
            "seconds": torch.tensor(self.seconds, dtype=torch.float64),
        }
        optimiser = {f"optimiser {k}": v for k, v in self._optimiser.state().items()}
        paths = {} if self._paths is None else self._paths.state()
        return own | optimiser | {f"paths {k}": v for k, v in paths.items()}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        self.iteration, self._joined = int(state["iteration"]), bool(state["joined"])
        for name in ("outcome", "ended", "best", "best_value", "best_row", "history"):
            setattr(self, f"_{name}", state[name].clone())
        self._best = self._best.to(self._problem.device)
        self._seconds = float(state["seconds"])
        self._optimiser = self._new_optimiser(self._best)
        self._optimiser.set_state(_part(state, "optimiser "))
        if self._paths is not None:
            self._paths.set_state(_part(state, "paths "))


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _row(values: list[float]) -> HistoryRow:
    row = HistoryRow(*values)  # type: ignore[arg-type]
    return row._replace(iteration=int(row.iteration), active_leaves=int(row.active_leaves))


def _message(row: HistoryRow, seeds: int) -> str:
    parts = [f"loss {row.loss:.2e}", f"validation error {row.validation_mean:.2%}"]
    if not math.isnan(row.path_error):
        parts.append(f"nonlinear samples {row.path_error:.2%}")
    if not math.isnan(row.nonlinear_error):
        parts.append(f"paths {row.nonlinear_error:.2%}")
    parts.append(f"{int(row.active_leaves)} active leaves")
    if not math.isnan(row.fraction_error):
        parts.append(f"fractions {row.fraction_error:.1e} off")
    return ", ".join(parts) + (f" (median of {seeds})" if seeds > 1 else "")
