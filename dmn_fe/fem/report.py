"""What is told about a load step."""

from dataclasses import dataclass

__all__ = ["StepReport"]


@dataclass(frozen=True)
class StepReport:
    """Outcome of one load step.

    Attributes
    ----------
    step : int
        Number of the step, from 1; a step that is tried again keeps its number.
    time, size : float
        Time at the end of the step, and its length.
    converged : bool
        Whether the step was committed. If not, displacement, state and loads are as before.
    reason : str
        PETSc's name of the outcome, and the first point that failed if one did.
    iterations : int
        Newton iterations.
    iterations_allowed : int
        With more of them the step would have failed.
    residuals : list of float
        Norm of the residual, at the start and after every iteration.
    micro_iterations_max, micro_iterations_mean : int, float
        Local iterations of the laws per evaluation of a point.
    seconds_micro, seconds_assembly, seconds_solve : float
        Time in the laws, in the assembly, and in the rest (mostly the linear solver); on the rank
        that needed most.
    imbalance : float
        Time in the laws of the rank that needed most, over the mean of the ranks.
    """

    step: int
    time: float
    size: float
    converged: bool
    reason: str
    iterations: int
    iterations_allowed: int
    residuals: list[float]
    micro_iterations_max: int
    micro_iterations_mean: float
    seconds_micro: float
    seconds_assembly: float
    seconds_solve: float
    imbalance: float = 1.0
