"""PETSc's nonlinear solver with the defaults of this package."""

import itertools
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mpi4py import MPI
from petsc4py import PETSc

__all__ = ["PetscOptions", "Solved", "make_snes", "solve", "weakly"]

_numbers = itertools.count()
_REASONS = {
    value: name
    for name, value in vars(PETSc.SNES.ConvergedReason).items()
    if isinstance(value, int) and value != 0
}


class Solved(NamedTuple):
    """How a search for equilibrium went: whether it was found, the outcome in words, iterations,
    and norms of the residual at the start and after each iteration."""

    converged: bool
    reason: str
    iterations: int
    residuals: list[float]


def make_snes(
    comm: MPI.Comm, prefix: str, options: Mapping[str, Any]
) -> tuple[PETSc.SNES, "PetscOptions"]:
    """Newton with line search and LU; ``options``, then PETSc's command line, have the last word.

    The options are to be destroyed after the solver.

    Parameters
    ----------
    comm : MPI.Comm
        Ranks that solve.
    prefix : str
        Prefix of the options on PETSc's command line.
    options : mapping
        PETSc options without prefix.
    """
    own = f"problem_{next(_numbers)}_"
    database, given = PETSc.Options(own), _defaults() | dict(options) | _with_prefix(prefix)
    for key, value in given.items():
        database.setValue(key, value)
    snes = PETSc.SNES().create(comm)
    snes.setOptionsPrefix(own)
    snes.setFromOptions()
    return snes, PetscOptions(own, list(given))


class PetscOptions:
    """Options of one solver in PETSc's database, under a prefix of their own.

    They stay there while the solver lives: preconditioners read theirs when they are set up.
    """

    def __init__(self, prefix: str, keys: list[str]):
        self._database, self._keys = PETSc.Options(prefix), keys

    def destroy(self) -> None:
        """Remove them."""
        for key in self._keys:
            self._database.delValue(key)


def _with_prefix(prefix: str) -> dict[str, str]:
    """Options of PETSc's command line that begin with a prefix, without it."""
    return dict(PETSc.Options(prefix).getAll())


def _defaults() -> dict[str, Any]:
    return {
        "snes_type": "newtonls",
        # Where the slope F·d of the incremental energy along the step vanishes. A full step is kept
        # where it has taken off a fifth of the slope: that costs no more than the residual there.
        # To ask for a smaller residual ("bt") fails in steps of prescribed forces: the first
        # iteration, whose tangent is that of unloading, makes it larger.
        "snes_linesearch_type": "cp",
        "snes_linesearch_rtol": 0.8,
        "snes_linesearch_max_it": 4,
        # Else it stops, and the step counts as converged, where F·y is small beside the norm of y
        # in the last iteration of the step before: one that has diverged had a huge one.
        "snes_linesearch_atol": 0.0,
        "snes_rtol": 1e-8,
        "snes_atol": 0.0,
        "snes_stol": 0.0,
        "snes_max_it": 25,
    }


def solve(snes: PETSc.SNES, x: PETSc.Vec) -> Solved:
    """Solve from ``x``, which then holds the solution (collective)."""
    snes.setConvergenceHistory(length=snes.getTolerances()[3] + 1, reset=True)
    snes.solve(None, x)
    residuals = [float(norm) for norm in snes.getConvergenceHistory()[0]]
    reason = snes.getConvergedReason()
    sentence = _REASONS.get(reason, f"reason {reason}")
    return Solved(reason > 0, sentence, snes.getIterationNumber(), residuals)


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """The method as a callback that does not keep its object alive.

    A cycle through PETSc would be collected at another moment on every rank, but PETSc destroys
    collectively.
    """
    reference = weakref.WeakMethod(method)

    def call(*arguments: Any) -> None:
        bound = reference()
        assert bound is not None, "PETSc called a problem that is gone"
        bound(*arguments)

    return call
