"""The work of a run so far."""

import time
from dataclasses import dataclass, field

from dmn_fe.fem.report import StepReport

__all__ = ["Work"]


@dataclass
class Work:
    """Counters that start when they are made; steps that failed count in all but ``steps``.

    Attributes
    ----------
    steps, cut_back : int
        Steps that were committed, and that failed.
    iterations : int
        Newton iterations.
    laws, assembly, solver : float
        Seconds in the laws, in the assembly and in the rest of the solver; of each step on the rank
        that needed most, for which the others wait.
    laws_mean : float
        Seconds in the laws, the mean of the ranks.
    """

    steps: int = 0
    cut_back: int = 0
    iterations: int = 0
    laws: float = 0.0
    laws_mean: float = 0.0
    assembly: float = 0.0
    solver: float = 0.0
    _start: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the start, on this rank."""
        return time.monotonic() - self._start

    def add(self, report: StepReport) -> None:
        """Take a step into account, also one that failed."""
        self.steps += report.converged
        self.cut_back += not report.converged
        self.iterations += report.iterations
        self.laws += report.seconds_micro
        self.laws_mean += report.seconds_micro / report.imbalance
        self.assembly += report.seconds_assembly
        self.solver += report.seconds_solve
