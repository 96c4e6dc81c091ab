"""What every material law offers: ``integrate`` from a strain and a committed state.

A plain phase law, a material network and a full RVE are the same kind of object to a caller.
A law holds parameters only; the state is a plain array that the caller owns and commits.
"""

import enum
from collections.abc import Callable
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from dmn_fe.errors import InputError

__all__ = [
    "MaterialLaw",
    "Status",
    "Update",
    "check_points",
    "stress_error",
    "takes_temperature",
]


class Status(enum.IntEnum):
    """Outcome of the update of one point; every value has a sentence for a person.

    Only converged points count; a law that could go on, but not accurately, says ``SMALLER_STEP``.
    """

    CONVERGED = 0
    MAX_ITERATIONS = 1
    NOT_FINITE = 2
    SMALLER_STEP = 3

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return {
            Status.CONVERGED: "the update converged",
            Status.MAX_ITERATIONS: "the local iteration did not converge within its limit",
            Status.NOT_FINITE: "the strain or the stress is not a finite number",
            Status.SMALLER_STEP: "the law asks for a smaller step",
        }[self]


class Update:
    """Result of ``integrate`` for ``n`` points.

    Attributes
    ----------
    stress : Tensor ``[n, 6]``
        Stress at the end of the step (Mandel).
    state : Tensor ``[n, state_size]``
        New state; the caller commits it or throws it away.
    status : Tensor ``[n]`` of int8
        One :class:`Status` per point.
    iterations : Tensor ``[n]`` of int32
        Sweeps of a network per point; zero for laws of a single material point.
    tangent : Tensor ``[n, 6, 6]``
        Consistent tangent dσ/dε, computed when first asked for, since a residual does not need it.
    """

    def __init__(
        self,
        stress: Tensor,
        state: Tensor,
        tangent: Callable[[], Tensor],
        status: Tensor | None = None,
        iterations: Tensor | None = None,
    ):
        n = stress.shape[0]
        self.stress = stress
        self.state = state
        self.iterations = torch.zeros(n, dtype=torch.int32) if iterations is None else iterations
        self._status = status
        self._tangent = tangent

    @cached_property
    def status(self) -> Tensor:
        """Status ``[n]`` of int8; without one from the law, whether the stress is finite."""
        return finite_status(self.stress) if self._status is None else self._status

    @cached_property
    def tangent(self) -> Tensor:
        """Consistent tangent ``[n, 6, 6]``."""
        return self._tangent()


@runtime_checkable
class MaterialLaw(Protocol):
    """Protocol of a law: parameters and a pure function of (strain, committed state, dt).

    Attributes that a law may have; each is taken as False where it is missing:

    ``is_isotropic``
        It responds alike in all directions, so that it is not turned where it stands in material
        axes of its own.
    ``symmetric_tangent``
        Its tangent is always symmetric. A law whose tangent may not be, or that says nothing, is
        refused or solved by methods that do not need it.
    ``takes_temperature``
        ``integrate`` has a fourth argument ``temperature``, the change from the temperature
        without thermal strain: a number, or ``[n]`` of the points. See :func:`takes_temperature`.
    ``stress_error``
        Relative error of the stress that an iteration inside leaves, where it is more than
        round-off: balance of forces cannot be asked for much below. See :func:`stress_error`.
    """

    @property
    def state_size(self) -> int:
        """Numbers of state per point."""

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Update ``n`` points from total strains ``[n, 6]`` and committed states.

        Never changes its arguments. ``dt`` is the time step in the unit of the law's rates.
        """


def finite_status(stress: Tensor) -> Tensor:
    """Status ``[n]`` int8 of points whose stress ``[n, 6]`` came from a closed form."""
    finite = torch.isfinite(stress).all(-1)
    return torch.where(finite, Status.CONVERGED, Status.NOT_FINITE).to(torch.int8)


def local_status(stress: Tensor, unfinished: Tensor) -> Tensor | None:
    """Status ``[n]`` int8 of points with a local iteration, ``unfinished`` ``[n]`` where it was cut
    off; None, that is :func:`finite_status` when asked for, if it was nowhere.
    """
    if not unfinished.any():
        return None
    status = finite_status(stress)
    failed = torch.tensor(Status.MAX_ITERATIONS, dtype=torch.int8)
    return torch.where(unfinished & (status == Status.CONVERGED), failed, status)


def takes_temperature(law: MaterialLaw) -> bool:
    """Whether ``integrate`` of a law takes a ``temperature``."""
    return bool(getattr(law, "takes_temperature", False))


def stress_error(law: MaterialLaw) -> float:
    """Relative error that a law leaves in its stress, also inside of one that turns or wraps it."""
    own = getattr(law, "stress_error", None)
    if own is not None:
        return float(own)
    inner = getattr(law, "law", None)
    return 0.0 if inner is None else stress_error(inner)


def check_points(law: MaterialLaw, strain: Tensor, state: Tensor) -> None:
    """Raise ``InputError`` unless strain and state are tensors that fit the law.

    Both are of float64, but for a state of the law's ``state_dtype`` if it has one.
    """
    who = type(law).__name__
    kept = getattr(law, "state_dtype", torch.float64)
    for name, value, dtype in (("strain", strain, torch.float64), ("state", state, kept)):
        if not isinstance(value, Tensor) or value.dtype != dtype:
            kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise InputError(
                f"{who}: {name} is {kind}; give a tensor of {dtype}, "
                f"e.g. torch.as_tensor(values, dtype={dtype})."
            )
    n = len(strain) if strain.ndim else 0
    if strain.shape != (n, 6) or state.shape != (n, law.state_size):
        raise InputError(
            f"{who}: strain {tuple(strain.shape)} and state {tuple(state.shape)} must "
            f"have the shapes (n, 6) and (n, {law.state_size})."
        )
