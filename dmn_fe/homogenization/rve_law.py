"""A full RVE as a material law: what FE² evaluates at every quadrature point."""

import contextlib
import hashlib
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.rve_problem import MacroLoad, NoSolution, RVEProblem, RVEUpdate
from dmn_fe.homogenization.staged_step import solve_in_stages
from dmn_fe.laws import MaterialLaw, Status, Update, check_points

__all__ = ["RVELaw"]


class RVELaw:
    """An RVE with a law for each phase, solved anew at every point.

    Implements :class:`~dmn_fe.laws.MaterialLaw`, so that it stands wherever a network or a plain
    law does. The state of a point is that of the whole RVE, its fields in a row: some 100 kB to
    1 MB. One backward-Euler step from it is solved for each point; where Newton's method does not
    converge in one go, its initial guess comes nearer in stages, and where it does not even then,
    the point gets ``Status.MAX_ITERATIONS``. The tangent is the consistent macroscopic one.

    Parameters
    ----------
    problem : RVEProblem
        A :class:`~dmn_fe.homogenization.VoxelProblem`, or a :class:`~dmn_fe.fem.MeshRVEProblem`
        that ranks do not share.

    Raises
    ------
    InputError
        If ranks share the RVE.
    """

    is_isotropic = False

    def __init__(self, problem: RVEProblem):
        if problem.comm.size > 1:
            raise InputError(
                f"RVELaw: {problem.comm.size} ranks share this RVE, but each point has its own; "
                "make it with comm=MPI.COMM_SELF."
            )
        self.problem = problem
        virgin = problem.initial_state()
        self._shapes = {name: value.shape for name, value in virgin.items()}
        self._virgin = self._joined(virgin)
        # Newton's method ends well below its tolerance: its last iteration is the quickest.
        self.stress_error = 0.1 * problem.tolerance
        self.symmetric_tangent = all(
            getattr(law, "symmetric_tangent", False) for law in problem.laws.values()
        )

    @property
    def laws(self) -> Mapping[str, MaterialLaw]:
        """Laws of the phases by name."""
        return self.problem.laws

    @property
    def state_size(self) -> int:
        """Numbers of state per point: all fields of the RVE."""
        return len(self._virgin)

    @property
    def update_bytes(self) -> int:
        """Memory of what an update of a point holds besides old and new state until its tangent is
        there: the state once more, and local strains and stresses."""
        fields = self.at_rest(self._virgin).phase_fields.values()
        return 8 * (self.state_size + 18 * sum(len(field.fraction) for field in fields))

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the RVE, its laws and its accuracy."""
        return hashlib.sha256(f"RVE {self.problem.fingerprint}".encode()).hexdigest()

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        return self._virgin.repeat(n, 1)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Update ``n`` points one by one; see :class:`~dmn_fe.laws.MaterialLaw`.

        ``iterations`` of the result are Newton iterations of the RVE.

        Raises
        ------
        InputError
            If arguments do not fit.
        """
        check_points(self, strain, state)
        if not (math.isfinite(dt) and dt >= 0):
            raise InputError(f"RVELaw: dt = {dt} must be finite and >= 0.")
        n = len(strain)
        stress = torch.full((n, 6), torch.nan, dtype=torch.float64)
        status = torch.full((n,), int(Status.CONVERGED), dtype=torch.int8)
        iterations, new_state = torch.zeros(n, dtype=torch.int32), state.clone()
        solved: list[RVEUpdate | None] = []
        for point in range(n):
            if not torch.isfinite(strain[point]).all():
                solved.append(None)
                status[point] = Status.NOT_FINITE
                continue
            committed = self.fields(state[point])
            update, count = solve_in_stages(self.problem, committed, committed, strain[point], dt)
            solved.append(update)
            iterations[point] = count
            if update is None:
                status[point] = Status.MAX_ITERATIONS
            else:
                stress[point] = update.stress
                new_state[point] = self._joined(update.state)
        return Update(stress, new_state, lambda: _tangents(solved), status, iterations)

    def fields(self, state: Tensor) -> dict[str, Tensor]:
        """State ``[state_size]`` of a point as that of the RVE problem, by views."""
        sizes = [math.prod(shape) for shape in self._shapes.values()]
        parts = zip(self._shapes.items(), state.split(sizes), strict=True)
        return {name: part.view(shape) for (name, shape), part in parts}

    def at_rest(self, state: Tensor) -> RVEUpdate:
        """The RVE as a state ``[state_size]`` of a point was committed, with its fields.

        The laws are evaluated with ``dt = 0``, where they give the stress they were committed with.
        """
        fields = self.fields(state)
        return self.problem.solve(MacroLoad.of_strain(fields["strain"]), fields, 0.0)

    def _joined(self, fields: dict[str, Tensor]) -> Tensor:
        return torch.cat([fields[name].reshape(-1) for name in self._shapes])


def _tangents(solved: list[RVEUpdate | None]) -> Tensor:
    """Tangents ``[n, 6, 6]``; not-a-number where there is none. The fields are let go."""
    tangents = torch.full((len(solved), 6, 6), torch.nan, dtype=torch.float64)
    for point, update in enumerate(solved):
        if update is not None:
            with contextlib.suppress(NoSolution):  # a solver sees that there is none
                tangents[point] = update.tangent
        solved[point] = None
    return tangents
