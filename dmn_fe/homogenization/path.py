"""Following a loading path on an RVE: cutting of steps, record, restart."""

from pathlib import Path

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.loading import Loading
from dmn_fe.homogenization.path_record import PathRecord
from dmn_fe.homogenization.restart import RestartFile
from dmn_fe.homogenization.rve_problem import RVEProblem, RVEUpdate
from dmn_fe.progress import Progress, no_progress

__all__ = ["PathFailed", "follow_path"]

_SMALLEST_PART = 1.0 / 1024.0  # of a step


class PathFailed(RuntimeError):
    """A step did not converge however small it was cut; the restart file keeps what was done."""


def follow_path(
    problem: RVEProblem,
    loading: Loading,
    tangents: bool = False,
    restart: str | Path | None = None,
    progress: Progress = no_progress,
) -> tuple[PathRecord, RVEUpdate]:
    """Follow a loading from the virgin state (collective, where ranks share the RVE).

    A step that does not converge is cut into halves, and the parts grow again afterwards.

    Parameters
    ----------
    problem : RVEProblem
    loading : Loading
    tangents : bool
        Whether to compute the macroscopic tangent at the end of every step.
    restart : path, optional
        File (.safetensors) that keeps the state and the record every few seconds, and whenever
        the run ends or is interrupted (on several ranks: every few seconds only). The same call
        goes on from there to the same result.
    progress : Progress
        Called after each step.

    Returns
    -------
    PathRecord
        Response at all points of the loading.
    RVEUpdate
        The last step, with its fields.

    Raises
    ------
    InputError
        If the restart file is damaged or belongs to another path.
    PathFailed
        If a step does not converge.
    """
    if not isinstance(loading, Loading):
        raise InputError(
            f"the loading is a {type(loading).__name__}; give a Loading, e.g. "
            "Loading.uniaxial_stress([0.0, 0.01]) or Loading.of_strain(strain)."
        )
    steps, done = len(loading.times) - 1, 0
    state, record = problem.initial_state(), PathRecord.empty(loading.times, len(problem.names))
    file = None if restart is None else RestartFile(restart, problem, loading, tangents)
    found = None if file is None else file.read()
    if found is not None:
        state, record, done = found
        progress(done, steps, "resumed")
    # The file never holds the end: a path that is called for again repeats its last step, whose
    # fields and tangent are asked for.
    kept = (state, record, done)
    try:
        while done < steps:
            updates = _step(problem, loading, done, state)
            done, state = done + 1, updates[-1].state
            _note(record, done, updates, tangents)
            if done < steps:
                kept = (state, record, done)
                if file is not None and file.is_due():
                    file.write(*kept)
            progress(done, steps, f"{int(record.iterations[done])} iterations")
    except BaseException as error:
        # A rank that is interrupted alone cannot wait for the others.
        if file is not None and (problem.comm.size == 1 or isinstance(error, PathFailed)):
            file.write(*kept)
        raise
    if file is not None:
        file.write(*kept)
    return record, updates[-1]


def _step(
    problem: RVEProblem, loading: Loading, done: int, state: dict[str, Tensor]
) -> list[RVEUpdate]:
    """The parts that lead through step ``done``: one, or more where it had to be cut."""
    start, end = loading.times[done].item(), loading.times[done + 1].item()
    position, part, updates = 0.0, 1.0, []
    while position < 1.0:
        target = min(position + part, 1.0)
        dt = (target - position) * (end - start)
        update = problem.solve(loading.at(start + target * (end - start)), state, dt)
        if update.converged:
            updates.append(update)
            state, position, part = update.state, target, 2.0 * part
        elif part / 2.0 < _SMALLEST_PART:
            raise PathFailed(
                f"no convergence at time {start + target * (end - start):.6g}, not even with "
                f"{_SMALLEST_PART:.1g} of the step from {start:g} to {end:g}: {update.message}"
            )
        else:
            part /= 2.0
    return updates


def _note(record: PathRecord, row: int, updates: list[RVEUpdate], tangents: bool) -> None:
    last = updates[-1]
    record.strain[row], record.stress[row] = last.strain, last.stress
    record.phase_strain[row], record.phase_stress[row] = last.phase_strain, last.phase_stress
    if tangents:
        record.tangent[row] = last.tangent
    record.iterations[row] = sum(update.iterations for update in updates)
    record.linear_iterations[row] = sum(update.linear_iterations for update in updates)
    record.parts[row] = len(updates)
