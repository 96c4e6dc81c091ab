"""Newton's method for the displacement of a part, by PETSc SNES."""

import time
from collections.abc import Mapping
from typing import Any, Literal

from petsc4py import PETSc

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.equilibrium import Equilibrium
from dmn_fe.fem.linear_solver import choose_linear_solver, set_near_null_space
from dmn_fe.fem.snes import Solved, make_snes, solve, weakly

__all__ = ["Newton", "NewtonKind", "snes_options"]

#: A new tangent in every iteration, or that of the first iteration of a step.
NewtonKind = Literal["full", "modified"]


class Newton:
    """Finds the displacement in equilibrium.

    Dirichlet values enter the residual by lifting: the first iteration of a step predicts the
    interior with the tangent at the committed state and strain. Of an elastoplastic point on its
    yield surface that is the elastic tangent, the one of unloading.

    Parameters
    ----------
    equilibrium : Equilibrium
    kind, petsc_options, options_prefix
        ``newton`` and the others of :class:`~dmn_fe.fem.problem.Problem`.

    Attributes
    ----------
    kind : str
    snes : petsc4py.PETSc.SNES
    linear_solver : str
        What solves the linear systems, in words.
    """

    def __init__(
        self,
        equilibrium: Equilibrium,
        kind: NewtonKind = "full",
        petsc_options: Mapping[str, Any] | None = None,
        options_prefix: str = "dmn_fe_",
    ):
        self._equilibrium, self.kind = equilibrium, kind
        u, qmap = equilibrium.u, equilibrium.qmap
        set_near_null_space(equilibrium.matrix, u.function_space, qmap.kinematics.kind)
        chosen = choose_linear_solver(u.function_space, qmap.symmetric_tangent)
        options, self.linear_solver = snes_options(kind, chosen, petsc_options, qmap.stress_error)
        self.snes, self._options = make_snes(qmap.comm, options_prefix, options)
        self.snes.setFunction(weakly(self._assemble_residual), equilibrium.residual)
        self.snes.setJacobian(weakly(equilibrium.assemble_tangent), equilibrium.matrix)
        self._x = u.x.petsc_vec.duplicate()
        self._absolute_tolerance = self.snes.getTolerances()[1]
        self.close = destroy_with(self, [self.snes, self._options, self._x])

    def solve(self, t: float) -> Solved:
        """From the present displacement, under the loads of time t, which are set (collective)."""
        self._equilibrium.u.x.petsc_vec.copy(self._x)
        solved = solve(self.snes, self._x)
        self._equilibrium.set_solution(self._x)
        return solved

    def first_change(self, t: float) -> tuple[PETSc.Vec, float]:
        """Change of the displacement in a first iteration towards time t, whose loads are set, and
        the seconds of the linear solver (collective)."""
        equilibrium, x = self._equilibrium, self._x
        equilibrium.u.x.petsc_vec.copy(x)
        equilibrium.assemble_residual(None, x, equilibrium.residual)
        equilibrium.assemble_tangent(None, x, equilibrium.matrix, None)
        change = x.duplicate()
        start = time.perf_counter()
        ksp = self.snes.getKSP()
        ksp.setOperators(equilibrium.matrix)
        ksp.solve(equilibrium.residual, change)
        change.scale(-1.0)
        return change, time.perf_counter() - start

    def _assemble_residual(self, snes: PETSc.SNES, x: PETSc.Vec, b: PETSc.Vec) -> None:
        self._equilibrium.assemble_residual(snes, x, b)
        snes.setTolerances(atol=max(self._absolute_tolerance, self._equilibrium.round_off))


def snes_options(
    kind: str,
    chosen: tuple[dict[str, Any], str],
    given: Mapping[str, Any] | None,
    stress_error: float = 0.0,
) -> tuple[dict[str, Any], str]:
    """PETSc options of a kind of Newton's method with the chosen linear solver, and with the given
    options, which have the last word; and the linear solver in words.

    Forces cannot balance better than the laws' relative ``stress_error`` lets them.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    if kind not in ("full", "modified"):
        raise InputError(f"Problem: newton = {kind!r} must be 'full' or 'modified'.")
    # Lagging for longer than any step: the matrix is built anew at the start of each.
    own: dict[str, Any] = (
        {} if kind == "full" else {"snes_lag_jacobian": 10_000, "snes_max_it": 200}
    )
    if stress_error > 1e-9:
        own["snes_rtol"] = 10.0 * stress_error
    given = dict(given or {})
    if given.keys() & {"ksp_type", "pc_type"}:
        return own | given, "as the PETSc options say"
    options, sentence = chosen
    return own | options | given, sentence
