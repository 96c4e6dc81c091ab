"""Load steps that are cut back where they do not converge."""

from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport

__all__ = ["StepFailed", "advance"]

# The smallest part of a step, after four halvings.
_PARTS = 16


class StepFailed(RuntimeError):
    """A load step did not converge, not even in small parts; raised on all ranks alike."""


def advance(problem: Problem, t: float) -> list[StepReport]:
    """Bring ``problem`` to time ``t``, in one step or in parts of it (collective).

    A step that does not converge is halved, up to four times; the parts that follow keep the
    size at which Newton's method converged.

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
    start = problem.time
    done, part = 0, _PARTS
    reports = []
    while done < _PARTS:
        end = done + part
        report = problem.step(t if end == _PARTS else start + (t - start) * end / _PARTS)
        if report.converged:
            reports.append(report)
            done = end
        elif part > 1:
            part //= 2
        else:
            raise StepFailed(
                f"no convergence, not even with 1/{_PARTS} of the step from {start:g} to {t:g} "
                f"({report.reason})"
            )
    return reports
