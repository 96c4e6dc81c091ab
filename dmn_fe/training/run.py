"""The course of a training: iterations, reports, ends."""

import time

import torch
from torch import Tensor

from dmn_fe.training.best import Best
from dmn_fe.training.history import HistoryRow, TrainingResult
from dmn_fe.training.judge import NonlinearValidation, judge, message
from dmn_fe.training.optimisers import optimiser_of
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem

__all__ = ["Run"]

_ITERATIONS_PER_REPORT = 10  # of L-BFGS; otherwise every epoch is reported
_STALLED = 1e-9  # relative fall of the loss between two reports
_DIVERGED = 1e3  # times the first loss
_GOOD_START = 1e-3  # loss; one that begins below may rise to what is usual before it falls again
_USED_UP, _STALLS, _NO_BETTER, _DIVERGES = range(4)
_OUTCOMES = (
    "the iterations were used up",
    "the loss falls no further",
    "no better validation within the patience",
    "the loss diverged, the best network before is kept",
)
_COLUMN = {name: number for number, name in enumerate(HistoryRow._fields)}


class Run:
    """A training of K networks in course.

    Parameters
    ----------
    problem : TrainingProblem
    start : Tensor ``[K, size]``
    seeds : list of int
    paths : PathObjective, optional
        Nonlinear samples, which join after ``elastic_iterations``.
    validation : NonlinearValidation, optional
    seconds : float
        Time that the start has taken.

    Attributes
    ----------
    iteration : int
        Iterations or epochs that are done.
    seconds : float
        Time of all iterations and their reports, earlier runs of this training included.
    """

    def __init__(
        self,
        problem: TrainingProblem,
        start: Tensor,
        seeds: list[int],
        paths: PathObjective | None,
        validation: NonlinearValidation | None,
        seconds: float = 0.0,
    ):
        self._problem, self._seeds = problem, seeds
        self._paths, self._validation = paths, validation
        self.iteration, self._joined_at = 0, -1
        self._outcome = torch.zeros(len(seeds), dtype=torch.int64)
        self._ended = torch.zeros(len(seeds), dtype=torch.bool)
        begin = time.perf_counter()
        self._optimiser = optimiser_of(problem, start, seeds, None)
        value = problem.objective(start, problem.training(seeds))[0]
        rows = judge(problem, start, 0, value, None, None)
        self.seconds = seconds + time.perf_counter() - begin
        rows[:, _COLUMN["seconds"]] = self.seconds
        self._history = rows[None]
        self._best = Best(start, rows, self._chooses)

    @property
    def limit(self) -> int:
        """Iterations or epochs at most."""
        assert self._problem.settings.iterations is not None
        return self._problem.settings.iterations

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.iteration >= self.limit or bool(self._ended.all() and not self._paths_wait)

    @property
    def _joined(self) -> bool:
        """Whether the loss counts nonlinear samples by now."""
        return self._joined_at >= 0

    @property
    def _paths_wait(self) -> bool:
        """Whether there are nonlinear samples that have not joined."""
        return self._paths is not None and not self._joined

    @property
    def _chooses(self) -> bool:
        """Whether the nonlinear validation chooses the best network."""
        return self._validation is not None and self._validation.choose

    def advance(self) -> str:
        """Iterate up to the next report; gives a message for a person."""
        begin, settings = time.perf_counter(), self._problem.settings
        if self._paths_wait and self.iteration >= settings.elastic_iterations:
            self._join_paths()
        stop = self.iteration + (_ITERATIONS_PER_REPORT if settings.optimiser == "lbfgs" else 1)
        stop = min(stop, self.limit)
        if self._paths_wait:
            stop = min(stop, settings.elastic_iterations)
        before = self._optimiser.value.cpu().clone()
        while self.iteration < stop:
            self._optimiser.step()
            self.iteration += 1
        self._note_ends(before)
        rows = self._report()
        self.seconds += time.perf_counter() - begin
        self._history[-1, :, _COLUMN["seconds"]] = self.seconds
        return message(rows)

    def _join_paths(self) -> None:
        """From here on the loss counts nonlinear samples: another function, another best."""
        self._joined_at = self.iteration
        start = self._optimiser.parameters
        self._optimiser = optimiser_of(self._problem, start, self._seeds, self._paths)
        self._best.begin_anew()
        self._ended[:], self._outcome[:] = False, _USED_UP

    def _note_ends(self, before: Tensor) -> None:
        """Note which networks have ended, and why; ``before`` holds the losses of last time."""
        value, active = self._optimiser.value.cpu(), self._optimiser.active.cpu()
        parameters = self._optimiser.parameters
        weights = self._problem.parametrisation.geometry(parameters).weights.detach()
        # A network that has lost all its weights learns no more.
        self._end(~torch.isfinite(value) | ~(weights.sum(0).cpu() > 0), _DIVERGES)
        if self._problem.settings.optimiser != "lbfgs":
            first = self._history[0, :, _COLUMN["loss"]].clamp(min=_GOOD_START)
            self._end(value > _DIVERGED * first, _DIVERGES)
        else:  # it never raises the loss
            stalls = torch.isfinite(before) & ~(value < before * (1.0 - _STALLED))
            self._end(~active | stalls, _STALLS)
        patience = self._problem.settings.patience
        if patience is not None:
            # By the last judgement: whether these iterations are better is not known yet.
            last, column = self._last_judged, _COLUMN["iteration"]
            best = self._history[self._best.row, torch.arange(len(self._seeds)), column]
            since = best.clamp(min=self._joined_at)
            self._end(last - since >= patience, _NO_BETTER)
        if self._paths_wait:
            return  # a network that has ended goes on when the nonlinear samples join
        self._optimiser.active = active.logical_and(~self._ended).to(parameters.device)

    def _end(self, which: Tensor, outcome: int) -> None:
        new = which & ~self._ended
        self._outcome[new] = outcome
        self._ended |= new

    @property
    def _last_validation(self) -> int:
        """Iteration of the last nonlinear validation; 0 before the first."""
        made = ~torch.isnan(self._history[:, :, _COLUMN["nonlinear_error"]]).all(-1)
        return int(self._history[made][-1, 0, _COLUMN["iteration"]]) if made.any() else 0

    @property
    def _last_judged(self) -> int:
        """Iteration at which it was last seen which network is the best."""
        if self._chooses:
            return self._last_validation
        return int(self._history[-1, 0, _COLUMN["iteration"]])

    def _report(self) -> Tensor:
        """Append to the history and keep the best."""
        parameters = self._optimiser.parameters
        rows = judge(
            self._problem,
            parameters,
            self.iteration,
            self._optimiser.value,
            self._paths if self._joined else None,
            self._validation if self._validation_is_due() else None,
        )
        self._history = torch.cat([self._history, rows[None]])
        self._best.keep(parameters, rows, len(self._history) - 1)
        return rows

    def _validation_is_due(self) -> bool:
        if self._validation is None:
            return False
        return self.iteration - self._last_validation >= self._validation.every or self.finished

    def result(self, k: int) -> TrainingResult:
        """Best network of the seed number ``k``, and how it got there."""
        rows = [_row(values) for values in self._history[:, k].tolist()]
        outcome = int(self._outcome[k])
        return TrainingResult(
            self._problem.network(self._best.parameters[k]),
            self._seeds[k],
            rows,
            rows[int(self._best.row[k])],
            _OUTCOMES[outcome],
            outcome == _DIVERGES,
            self.seconds,
        )

    def state(self) -> dict[str, Tensor]:
        """All that the rest of the training depends on."""
        own = {
            "iteration": torch.tensor(self.iteration),
            "joined_at": torch.tensor(self._joined_at),
            "seconds": torch.tensor(self.seconds, dtype=torch.float64),
        }
        own |= {name: getattr(self, f"_{name}") for name in _KEPT}
        parts = {"best": self._best.state(), "optimiser": self._optimiser.state()}
        if self._paths is not None:
            parts["paths"] = self._paths.state()
        return own | {f"{part} {k}": v for part, state in parts.items() for k, v in state.items()}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        self.iteration, self._joined_at = int(state["iteration"]), int(state["joined_at"])
        self.seconds = float(state["seconds"])
        for name in _KEPT:
            setattr(self, f"_{name}", state[name].clone())
        self._best.set_state(_part(state, "best "))
        paths = self._paths if self._joined else None
        self._optimiser = optimiser_of(self._problem, self._best.parameters, self._seeds, paths)
        self._optimiser.set_state(_part(state, "optimiser "))
        if self._paths is not None:
            self._paths.set_state(_part(state, "paths "))


_KEPT = ("outcome", "ended", "history")


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _row(values: list[float]) -> HistoryRow:
    row = HistoryRow(*values)  # type: ignore[arg-type]
    return row._replace(iteration=int(row.iteration), active_leaves=int(row.active_leaves))
