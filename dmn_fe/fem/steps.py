"""The sizes of load steps: they grow where Newton's method is quick and are cut where it fails."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dmn_fe.errors import InputError
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport

__all__ = ["StepControl", "StepFailed", "StepSizes", "advance"]

# Steps this much longer than wanted are not divided for it: round-off of times.
_ROUND_OFF = 1e-9
# Steps after one that failed that must succeed before the size grows again.
_WAIT = 4


class StepFailed(RuntimeError):
    """A load step did not converge, not even in small parts; raised on all ranks alike."""


@dataclass(frozen=True)
class StepControl:
    """How large steps are, in the unit of time.

    Parameters
    ----------
    largest : float
        No step is longer.
    first : float, optional
        Size of the first step; the largest one if left out.
    smallest : float, optional
        A step that fails is cut, but not below this; 1/1024 of the largest one if left out.
    growth : float
        Factor on the size after a step of few iterations; 1 keeps the size.
    cut : float
        Factor on the size after a step that failed or took many iterations.
    few, many : int, optional
        Newton iterations up to which a step may grow, and from which the next one is cut; a quarter
        and three quarters of those allowed if left out.
    """

    largest: float
    first: float | None = None
    smallest: float | None = None
    growth: float = 1.5
    cut: float = 0.5
    few: int | None = None
    many: int | None = None

    def __post_init__(self):
        if not (math.isfinite(self.largest) and self.largest > 0):
            raise InputError(f"steps: largest = {self.largest} must be a positive number.")
        if not 0 < self.smallest_size <= self.first_size <= self.largest:
            raise InputError(
                f"steps: smallest = {self.smallest_size}, first = {self.first_size} and largest = "
                f"{self.largest} must be positive and rise."
            )
        if not self.growth >= 1.0 or not math.isfinite(self.growth):
            raise InputError(f"steps: growth = {self.growth} must be 1 or more.")
        if not 0 < self.cut < 1:
            raise InputError(f"steps: cut = {self.cut} must lie between 0 and 1.")
        few = 0 if self.few is None else self.few
        if not 0 <= few < (math.inf if self.many is None else self.many):
            raise InputError(
                f"steps: few = {self.few} and many = {self.many} must be numbers of iterations "
                "that rise."
            )

    @property
    def first_size(self) -> float:
        """Size of the first step."""
        return self.largest if self.first is None else self.first

    @property
    def smallest_size(self) -> float:
        """Size below which no step is cut."""
        return self.largest / 1024.0 if self.smallest is None else self.smallest


class StepSizes:
    """Decides where each step ends.

    Parameters
    ----------
    control : StepControl
    end : float
        Time of the last step.
    targets : sequence of float
        Times at which a step ends exactly, such as the corners of amplitudes.

    Attributes
    ----------
    size : float
        Wanted size of the next step.
    wait : int
        Steps that must succeed before one grows again; with the size it is all there is to keep in
        a checkpoint.
    """

    def __init__(self, control: StepControl, end: float, targets: Sequence[float] = ()):
        self.control = control
        self.targets = sorted({*(float(t) for t in targets if t < end), float(end)})
        self.end = float(end)
        self.size, self.wait = control.first_size, 0

    def next(self, time: float) -> float:
        """Where the step from ``time`` ends.

        What is left until the next target is divided into equal steps of the wanted size at most.
        """
        nearest = next(t for t in self.targets if t > time)
        left = nearest - time
        steps = math.ceil(left / self.size - _ROUND_OFF)
        return nearest if steps <= 1 else time + left / steps

    def fewest(self, time: float) -> int:
        """Number of steps from ``time`` to the end if all are as large as they may be."""
        ends = [time, *(t for t in self.targets if t > time)]
        largest = self.control.largest
        return sum(math.ceil((b - a) / largest - _ROUND_OFF) for a, b in pairwise(ends))

    def after(self, report: StepReport) -> str:
        """Take note of a step that was committed; says why the next one differs, if so."""
        control, before, allowed = self.control, self.size, report.iterations_allowed
        few = allowed // 4 if control.few is None else control.few
        many = 3 * allowed // 4 if control.many is None else control.many
        if report.iterations >= many:
            self.size = max(control.cut * report.size, control.smallest_size)
        elif self.wait > 0:
            self.wait -= 1
        elif report.iterations <= few:
            self.size = min(control.growth * self.size, control.largest)
        if self.size == before:
            return ""
        verb = "grows" if self.size > before else "shrinks"
        return f"the step {verb} to {self.size:.4g} after {report.iterations} iterations"

    def cut_back(self, report: StepReport) -> str:
        """Shorten a step that failed; says why.

        Raises
        ------
        StepFailed
            If it is as short as steps may be.
        """
        smallest = self.control.smallest_size
        if report.size <= smallest * (1.0 + _ROUND_OFF):
            raise StepFailed(
                f"no convergence from {report.time - report.size:g} to {report.time:g}, and a step "
                f"of {report.size:.3g} cannot be cut below 'smallest' = {smallest:.3g} "
                f"({report.reason})"
            )
        self.size, self.wait = max(self.control.cut * report.size, smallest), _WAIT
        return f"cut back from {report.size:.4g} to {self.size:.4g}: {report.reason}"


def advance(problem: Problem, t: float, parts: int = 16) -> list[StepReport]:
    """Bring ``problem`` to time ``t``, in one step or in parts of it (collective).

    A step that does not converge is halved, and so on; the parts that follow keep the size at which
    Newton's method converged.

    Parameters
    ----------
    problem : Problem
    t : float
        Later than ``problem.time``.
    parts : int
        The step is not divided into more.

    Returns
    -------
    list of StepReport
        The committed parts; a single one if the step was not cut back.

    Raises
    ------
    StepFailed
        On every rank; ``problem`` is then at the end of the last part that converged.
    InputError, RuntimeError
        As :meth:`Problem.step`.
    """
    whole = t - problem.time
    if not (math.isfinite(whole) and whole > 0):
        raise InputError(f"advance: t = {t} must be a time later than {problem.time}.")
    sizes = StepSizes(StepControl(whole, smallest=whole / parts, growth=1.0), t)
    reports = []
    while problem.time < t:
        report = problem.step(sizes.next(problem.time))
        if report.converged:
            reports.append(report)
        else:
            sizes.cut_back(report)
    return reports
