"""Stress of a material law along prescribed strain paths."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws import MaterialLaw, Status

__all__ = ["StrainPathResponse", "follow_strain_path", "state_after"]

_HALVINGS = 8  # of a step that does not converge


@dataclass(frozen=True, eq=False)
class StrainPathResponse:
    """Response along strain paths.

    Attributes
    ----------
    stress : Tensor ``[paths, n, 6]``
        Mandel; not-a-number from the step on at which a path failed.
    status : Tensor ``[paths]`` of int8
        :class:`~dmn_fe.laws.Status` of each path: why it failed, or that it did not.
    parts : Tensor ``[paths, n]`` of int64
        Parts into which each step was cut, 1 if it was not; zero at the start and where a path
        had failed.
    """

    stress: Tensor
    status: Tensor
    parts: Tensor


def follow_strain_path(law: MaterialLaw, times: Tensor, strain: Tensor) -> StrainPathResponse:
    """Follow strain paths from the virgin state, all paths at once.

    The state is committed after each step. A path whose step does not converge goes through this
    step in halves, quarters and so on, the strain linear in between; the others do not.

    Parameters
    ----------
    law : MaterialLaw
        One that takes any number of points.
    times : Tensor ``[n]`` or ``[paths, n]``
        Rising, in the unit of time of the law's rates.
    strain : Tensor ``[paths, n, 6]``
        Mandel, zero at the start.

    Raises
    ------
    InputError
        If shapes do not fit, times do not rise, or a path does not start at zero.
    """
    times, strain = _checked(law, times, strain)
    paths, n, _ = strain.shape
    stress = torch.full_like(strain, torch.nan)
    stress[:, 0] = 0.0
    status = torch.full((paths,), int(Status.CONVERGED), dtype=torch.int8)
    parts = torch.zeros(paths, n, dtype=torch.int64)
    # A step of time is one number for all points of a call: paths of equal times go together.
    rows, group_of = torch.unique(times, dim=0, return_inverse=True)
    for group, row in enumerate(rows):
        going = torch.nonzero(group_of == group)[:, 0]
        state = law.initial_state(len(going))
        for end in range(1, n):
            dt = float(row[end] - row[end - 1])
            step = _step(law, strain[going, end - 1], strain[going, end], state, dt, _HALVINGS)
            status[going] = step.status
            converged = step.status == Status.CONVERGED
            going, state = going[converged], step.state[converged]
            stress[going, end], parts[going, end] = step.stress[converged], step.parts[converged]
            if len(going) == 0:
                break
    return StrainPathResponse(stress, status, parts)


def state_after(law: MaterialLaw, times: Tensor, strain: Tensor) -> Tensor | None:
    """State ``[state_size]`` at the end of one strain path ``[n, 6]``, as of
    :func:`follow_strain_path`; None if a step does not converge.

    Raises
    ------
    InputError
        As of :func:`follow_strain_path`.
    """
    times, path = _checked(law, times, strain[None])
    state = law.initial_state(1)
    for start in range(times.shape[1] - 1):
        dt = float(times[0, start + 1] - times[0, start])
        step = _step(law, path[:, start], path[:, start + 1], state, dt, _HALVINGS)
        if step.status.item() != Status.CONVERGED:
            return None
        state = step.state
    return state[0]


@dataclass
class _Step:
    """Stress ``[n, 6]``, state, status and number of parts of one step at n points."""

    stress: Tensor
    state: Tensor
    status: Tensor
    parts: Tensor


def _step(
    law: MaterialLaw, start: Tensor, end: Tensor, state: Tensor, dt: float, halvings: int
) -> _Step:
    """One step of n points; in two halves, which may be cut too, for those that fail."""
    update = law.integrate(end, state, dt)
    parts = torch.ones(len(end), dtype=torch.int64)
    whole = _Step(update.stress, update.state, update.status, parts)
    failed = torch.nonzero(whole.status != Status.CONVERGED)[:, 0]
    if halvings == 0 or len(failed) == 0:
        return whole
    # The update is the law's: what is replaced in it is a copy.
    whole = _Step(update.stress.clone(), update.state.clone(), update.status.clone(), parts)
    middle = 0.5 * (start + end)
    first = _step(law, start[failed], middle[failed], state[failed], 0.5 * dt, halvings - 1)
    whole.status[failed] = first.status
    passed = first.status == Status.CONVERGED
    at = failed[passed]
    if len(at):
        second = _step(law, middle[at], end[at], first.state[passed], 0.5 * dt, halvings - 1)
        whole.stress[at], whole.state[at] = second.stress, second.state
        whole.status[at], whole.parts[at] = second.status, first.parts[passed] + second.parts
    return whole


def _checked(law: MaterialLaw, times: Tensor, strain: Tensor) -> tuple[Tensor, Tensor]:
    """Times ``[paths, n]`` and strain ``[paths, n, 6]`` as float64."""
    if isinstance(law, type) or not isinstance(law, MaterialLaw):
        raise InputError(f"follow_strain_path: {law!r} is no material law; give one.")
    times = torch.as_tensor(times, dtype=torch.float64)
    strain = torch.as_tensor(strain, dtype=torch.float64)
    if strain.ndim != 3 or strain.shape[-1] != 6 or 0 in strain.shape:
        raise InputError(
            f"follow_strain_path: strain has the shape {list(strain.shape)}; give [paths, n, 6]."
        )
    paths, n, _ = strain.shape
    if times.shape not in ((n,), (paths, n)):
        raise InputError(
            f"follow_strain_path: times have the shape {list(times.shape)}; give [{n}] or "
            f"[{paths}, {n}]."
        )
    if not (torch.isfinite(times).all() and (times.diff(dim=-1) > 0).all()):
        raise InputError("follow_strain_path: the times must be finite and rise.")
    if strain[:, 0].any():
        raise InputError(
            "follow_strain_path: a path does not start at zero strain, where the law is virgin; "
            "put a first point of zeros before it."
        )
    return times.expand(paths, n), strain
