"""Linear systems by a direct solver, with a check of the solution."""

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from dmn_fe.fem._destroy import destroy_with
from dmn_fe.homogenization.rve_problem import NoSolution

__all__ = ["DirectSolver", "SingularMatrix"]

# Of the residual, relative to the right-hand side.
_SOLVED = 1e-6


class SingularMatrix(NoSolution):
    """A matrix is singular or not finite; raised on all ranks alike."""


class DirectSolver:
    """LU by MUMPS if it is there; factorises anew when the matrix has changed.

    MUMPS sets to zero what has no stiffness, such as nodes inside a void.

    Parameters
    ----------
    matrix : petsc4py.PETSc.Mat
        The matrix, which the solver does not own.
    """

    def __init__(self, matrix: PETSc.Mat):
        self._matrix = matrix
        self._right, self._x = matrix.createVecs()
        self._residual = self._right.duplicate()
        self._solver = PETSc.KSP().create(matrix.comm)
        self._solver.setOperators(matrix)
        self._solver.setType(PETSc.KSP.Type.PREONLY)
        pc = self._solver.getPC()
        pc.setType(PETSc.PC.Type.LU)
        if PETSc.Sys.hasExternalPackage("mumps"):
            pc.setFactorSolverType("mumps")
            pc.setFactorSetUpSolverType()
            pc.getFactorMatrix().setMumpsIcntl(24, 1)
        destroy_with(self, [self._solver, self._right, self._x, self._residual])

    def solve(self, right: NDArray[np.float64], negligible: float) -> NDArray[np.float64]:
        """Owned part of the solution for the owned part of a right-hand side (collective).

        ``negligible`` is a norm of round-off in it.

        Raises
        ------
        SingularMatrix
            If what was found does not solve the system.
        """
        self._right.array[:] = right
        self._solver.solve(self._right, self._x)
        self._matrix.mult(self._x, self._residual)
        self._residual.axpy(-1.0, self._right)
        if not self._residual.norm() <= _SOLVED * self._right.norm() + negligible:
            raise SingularMatrix(
                "the linear system is singular: the laws have no stiffness left, or the quadrature "
                "rule leaves deformations without energy"
            )
        return self._x.array_r.copy()
