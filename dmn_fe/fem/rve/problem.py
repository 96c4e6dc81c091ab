"""An RVE as a finite element mesh with a law for each phase."""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.material_points import MaterialPoints
from dmn_fe.fem.rve.direct_solver import SingularMatrix
from dmn_fe.fem.rve.mesh import distribute
from dmn_fe.fem.rve.newton import Balance, LoadStep, NotConverged
from dmn_fe.fem.rve.system import PeriodicSystem
from dmn_fe.homogenization.arguments import check_tolerance
from dmn_fe.homogenization.rve_problem import MacroLoad, PhaseField, RVEUpdate
from dmn_fe.laws import MaterialLaw, Oriented, check_phase_laws, laws_fingerprint, refuse_voids
from dmn_fe.microstructure import MeshRVE

__all__ = ["MeshRVEProblem", "MeshUpdate"]


class MeshUpdate(RVEUpdate):
    """Result of one step, with the fields of the cells of this rank in the order of the RVE.

    Attributes
    ----------
    strain_field, stress_field : Tensor ``[cells, points, 6]``
        Local strain and stress (Mandel) at the quadrature points.
    """

    strain_field: Tensor
    stress_field: Tensor


class MeshRVEProblem:
    """Periodic RVE in finite elements; an :class:`~dmn_fe.homogenization.rve_problem.RVEProblem`.

    Newton's method for the fluctuation of the displacement and the unknown macroscopic strains,
    with a direct solver: for meshes of some ten thousand nodes.

    Linear tetrahedra, and linear hexahedra with more than one point, lock in plasticity: they are
    far too stiff. The default is quadratic displacement. Linear hexahedra with one point (degree 1,
    quadrature degree 1) do not lock either and are the rotated scheme of the FFT solver.

    Parameters
    ----------
    rve : MeshRVE
        The mesh; only that of rank 0 of ``comm`` is used, on others it may be ``None``. With
        triangles or quadrilaterals the RVE is constant along e3, and all six components of the
        macroscopic strain act; plane strain is a load whose components 33, 23 and 13 are zero.
    laws : mapping of str to MaterialLaw
        Law of each phase by its name, in material axes where the RVE has orientations.
    degree : int
        Degree of the displacement, 1 or 2.
    quadrature_degree : int, optional
        Polynomial degree that the quadrature rule integrates exactly; by default that of full
        integration: one point in a linear simplex, 4 in a quadratic tetrahedron, 8 and 27 in a
        linear and a quadratic hexahedron.
    tolerance : float
        Of the nodal forces and prescribed stresses that are out of balance, relative to those that
        the root mean square of the stress would make.
    max_iterations : int
        Limit of Newton iterations in a step.
    comm : MPI.Comm
        Ranks that share the mesh; by default each rank has its own RVE. Then all methods are
        collective, and a state holds what belongs to the rank.

    Raises
    ------
    InputError
        On every rank, if the mesh is not periodic or does not fill a box, a phase has no law or
        that of a void, the quadrature rule has a negative weight, or dolfinx_mpc is not installed.
    """

    def __init__(
        self,
        rve: MeshRVE | None,
        laws: Mapping[str, MaterialLaw],
        degree: int = 2,
        quadrature_degree: int | None = None,
        tolerance: float = 1e-8,
        max_iterations: int = 25,
        comm: MPI.Comm = MPI.COMM_SELF,
    ):
        check_tolerance(tolerance)
        mesh = distribute(rve, comm)
        with RaiseTogether(comm):
            check_phase_laws(mesh.names, laws)
            refuse_voids(laws)
        self._system = PeriodicSystem(mesh, degree, quadrature_degree)
        self.laws: Mapping[str, MaterialLaw] = dict(laws)
        self.tolerance, self._max_iterations = tolerance, max_iterations
        # States are in the order of the RVE's own cells, whatever the mesh makes of them.
        self._order = np.argsort(mesh.original_cell)
        self._material = self._material_points()
        self._shapes = {key: value.shape for key, value in self.initial_state().items()}

    def _material_points(self) -> MaterialPoints:
        """The points of each phase, cell by cell in the order of the RVE, with their laws."""
        mesh, per_cell = self._system.rve, self._system.fields.points_per_cell
        laws, points = dict(self.laws), {}
        for number, name in enumerate(mesh.names):
            cells = self._order[mesh.cell_tags.values[self._order] == number]
            points[name] = (cells[:, None] * per_cell + np.arange(per_cell)).reshape(-1)
            if mesh.rotation is not None:
                rotation = np.repeat(mesh.rotation[cells], per_cell, axis=0)
                laws[name] = Oriented(self.laws[name], torch.from_numpy(rotation))
        return MaterialPoints(laws, points)

    @property
    def comm(self) -> MPI.Comm:
        """Ranks that share the mesh."""
        return self._system.comm

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the phases."""
        return self._system.rve.names

    @property
    def has_orientations(self) -> bool:
        """Whether material axes differ from cell to cell."""
        return self._system.rve.rotation is not None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the RVE, the cells of this rank, the parameters of the laws, the elements and
        the tolerance."""
        laws = {name: self.laws[name] for name in self.names}
        cells = hashlib.sha256(np.sort(self._system.rve.original_cell).tobytes()).hexdigest()
        return hashlib.sha256(
            f"{self._system.rve.hash} {cells} {laws_fingerprint(laws)} {self._system.degree} "
            f"{self._system.fields.degree} {self.tolerance!r}".encode()
        ).hexdigest()

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Volume fraction of each phase, by the quadrature rule."""
        return tuple(float(x) for x in self._phase_sums(np.ones_like(self._system.fraction)))

    def _phase_sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum ``[phases, …]`` of values ``[n, …]`` times the fractions of their points."""
        fraction = self._system.fraction
        points = [self._material.points[name] for name in self.names]
        sums = np.stack([np.tensordot(fraction[p], values[p], axes=1) for p in points])
        return self._system.comm.allreduce(sums)

    def initial_state(self) -> dict[str, Tensor]:
        """Virgin state of the owned part of the mesh, in the order of the cells of the RVE.

        ``strain`` ``[6]`` is the macroscopic strain, ``displacement`` ``[cells, nodes, 3]`` its
        fluctuation at the nodes of each cell, ``phase NAME`` the states ``[n, state_size]`` at the
        points of a phase.
        """
        return self._state(np.zeros(6), self._system.zero(), dict(self._material.initial_state()))

    def _state(self, strain, displacement, states) -> dict[str, Tensor]:
        return {
            "strain": torch.from_numpy(strain.copy()),
            "displacement": torch.from_numpy(self._system.per_cell(displacement)[self._order]),
        } | {f"phase {name}": states[name] for name in self.names}

    def solve(self, load: MacroLoad, state: dict[str, Tensor], dt: float = 0.0) -> MeshUpdate:
        """One step from a committed state to ``load``; never changes its arguments.

        Raises
        ------
        InputError
            If the load or the state does not fit.
        RuntimeError
            On every rank, when a law raised on one of them.
        """
        states = self._checked(load, state)
        by_cell = np.empty_like(state["displacement"].numpy())
        by_cell[self._order] = state["displacement"].numpy()
        displacement = self._system.from_cells(by_cell)
        try:
            step = LoadStep(self._system, self._material, load, states, dt)
            end = step.balance(
                state["strain"].numpy(), displacement, self.tolerance, self._max_iterations
            )
        except (NotConverged, SingularMatrix) as error:
            return _failed(load, state, str(error), len(self.names))
        new = states | {key: update.state for key, update in end.updates.items()}
        update = MeshUpdate(
            torch.from_numpy(end.macro_strain.copy()),
            torch.from_numpy(self._system.average(end.stress)),
            self._state(end.macro_strain, end.displacement, new),
            lambda: self._phase_averages(end),
            lambda: torch.from_numpy(self._system.homogenise(end.tangent(self._material))),
            lambda: self._phase_fields(end),
            iterations=end.iterations,
        )
        update.strain_field = self._per_cell(end.strain)
        update.stress_field = self._per_cell(end.stress)
        return update

    def _phase_fields(self, end: Balance) -> dict[str, PhaseField]:
        points, fraction = self._material.points, self._system.fraction
        values = {name: (fraction[p], end.strain[p], end.stress[p]) for name, p in points.items()}
        return {name: PhaseField(*map(torch.from_numpy, own)) for name, own in values.items()}

    @property
    def point_fractions(self) -> Tensor:
        """Share ``[cells, points]`` of the points of this rank in the volume."""
        return self._per_cell(self._system.fraction)

    def _per_cell(self, values: NDArray[np.float64]) -> Tensor:
        """Values ``[n, …]`` as ``[cells, points, …]`` in the order of the RVE."""
        points = self._system.fields.points_per_cell
        return torch.from_numpy(values.reshape(-1, points, *values.shape[1:])[self._order])

    def _phase_averages(self, end: Balance) -> tuple[Tensor, Tensor]:
        fractions = np.array(self.volume_fractions)[:, None]
        strain, stress = (self._phase_sums(x) / fractions for x in (end.strain, end.stress))
        return torch.from_numpy(strain), torch.from_numpy(stress)

    def _checked(self, load: MacroLoad, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The states of the phases by name."""
        with RaiseTogether(self._system.comm):
            if any(part.shape != (6,) for part in load) or not all(
                torch.isfinite(torch.where(load.stress_driven, load.stress, load.strain))
            ):
                raise InputError(
                    f"{load} is no macroscopic load; give 6 components, with a finite strain or "
                    "stress for each."
                )
            for key, shape in self._shapes.items():
                if key not in state or state[key].shape != shape:
                    raise InputError(
                        f"the state does not belong to this RVE: {key!r} is missing or has not "
                        f"the shape {list(shape)}; start from initial_state()."
                    )
        return {name: state[f"phase {name}"] for name in self.names}


def _failed(load: MacroLoad, state: dict[str, Tensor], message: str, phases: int) -> MeshUpdate:
    nothing = torch.full((6,), torch.nan, dtype=torch.float64)
    return MeshUpdate(
        load.strain.clone(),
        nothing,
        state,
        lambda: (nothing.repeat(phases, 1), nothing.repeat(phases, 1)),
        lambda: nothing.repeat(6, 1),
        dict,
        converged=False,
        message=message,
    )
