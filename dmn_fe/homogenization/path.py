"""Following a loading path on an RVE: cutting of steps, record, restart."""

import time
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.homogenization.loading import Loading
from dmn_fe.homogenization.rve_problem import RVEProblem, RVEUpdate
from dmn_fe.progress import Progress, no_progress
from dmn_fe.tensor_file import TensorFormat

__all__ = ["PathFailed", "PathRecord", "follow_path"]

_FORMAT = TensorFormat(
    key="dmn_fe.path",
    version=1,
    tensors=None,
    what="the restart file of a loading path",
    mend="remove it to begin anew",
)
_SECONDS_BETWEEN_SAVES = 10.0
_SMALLEST_PART = 1.0 / 1024.0  # of a step


class PathFailed(RuntimeError):
    """A step did not converge however small it was cut; the restart file keeps what was done."""


@dataclass(eq=False)
class PathRecord:
    """Macroscopic response at the points of a loading, the start included.

    Attributes
    ----------
    time : Tensor ``[n]``
    strain, stress : Tensor ``[n, 6]``
        Volume averages (Mandel).
    phase_strain, phase_stress : Tensor ``[n, phases, 6]``
        Averages over each phase.
    tangent : Tensor ``[n, 6, 6]``
        Consistent macroscopic tangents; not-a-number where they were not asked for.
    iterations, linear_iterations, parts : Tensor ``[n]``
        Newton iterations, iterations of the linear solver, and parts that each step took.
    """

    time: Tensor
    strain: Tensor
    stress: Tensor
    phase_strain: Tensor
    phase_stress: Tensor
    tangent: Tensor
    iterations: Tensor
    linear_iterations: Tensor
    parts: Tensor

    @classmethod
    def empty(cls, time: Tensor, phases: int) -> "PathRecord":
        """A record to be filled; zero at the start."""
        shapes = ((6,), (6,), (phases, 6), (phases, 6), (6, 6), (), (), ())
        zeros = [torch.zeros(len(time), *shape, dtype=torch.float64) for shape in shapes]
        record = cls(time, *zeros)
        record.tangent[:] = torch.nan
        return record

    def __len__(self) -> int:
        return len(self.time)


def follow_path(
    problem: RVEProblem,
    loading: Loading,
    tangents: bool = False,
    restart: str | Path | None = None,
    progress: Progress = no_progress,
) -> tuple[PathRecord, RVEUpdate]:
    """Follow a loading from the virgin state.

    A step that does not converge is cut into halves, and the parts grow again afterwards.

    Parameters
    ----------
    problem : RVEProblem
    loading : Loading
    tangents : bool
        Whether to compute the macroscopic tangent at the end of every step.
    restart : path, optional
        File (.safetensors) that keeps the state and the record every few seconds, and whenever
        the run is interrupted. The same call goes on from there to the same result.
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
    steps = len(loading.times) - 1
    state, done = problem.initial_state(), 0
    record = PathRecord.empty(loading.times, len(problem.names))
    identity = {"problem": problem.fingerprint, "loading": loading.hash, "tangents": tangents}
    if restart is not None:
        check_folder(restart, ending=".safetensors")
        if Path(restart).exists():
            state, record, done = _load(Path(restart), identity)
            progress(done, steps, "resumed")
    if done == steps:
        # The last state again, so that its fields are there.
        return record, problem.solve(loading.at(float(loading.times[-1])), state, 0.0)
    saved, last_save = done, time.monotonic()
    try:
        while done < steps:
            updates = _step(problem, loading, done, state)
            done, state = done + 1, updates[-1].state
            _note(record, done, updates, tangents)
            progress(done, steps, f"{int(record.iterations[done])} iterations")
            if restart is not None and time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES:
                _save(Path(restart), identity, state, record, done)
                saved, last_save = done, time.monotonic()
    finally:
        if restart is not None and saved < done:
            _save(Path(restart), identity, state, record, done)
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


def _save(
    path: Path, identity: dict, state: dict[str, Tensor], record: PathRecord, done: int
) -> None:
    tensors = {f"state {name}": value for name, value in state.items()}
    tensors |= {f"record {field.name}": getattr(record, field.name) for field in fields(record)}
    _FORMAT.save(path, tensors, {**identity, "done": done})


def _load(path: Path, identity: dict) -> tuple[dict[str, Tensor], PathRecord, int]:
    tensors, header = _FORMAT.load(path)
    for key, value in identity.items():
        if header.get(key) != value:
            raise InputError(
                f"{path}: the restart file belongs to another {key}; give another name, or remove "
                "it to begin anew."
            )
    state = {name[6:]: value for name, value in tensors.items() if name.startswith("state ")}
    record = {name[7:]: value for name, value in tensors.items() if name.startswith("record ")}
    return state, PathRecord(**record), header["done"]
