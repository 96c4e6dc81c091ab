"""Material laws at the quadrature points of a DOLFINx mesh."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.evaluate import spread_of
from dmn_fe.fem.kinematics import Kind, Kinematics
from dmn_fe.fem.law_groups import laws_at_points
from dmn_fe.fem.node_law import NodeLaw
from dmn_fe.fem.points import QuadratureFields, full_quadrature_degree
from dmn_fe.fem.statistics import Statistics
from dmn_fe.fem.switching_law import SwitchingLaw, SwitchingUpdate
from dmn_fe.fem.trial import Trial
from dmn_fe.laws import MaterialLaw, stress_error

__all__ = ["QuadratureMap"]


class QuadratureMap:
    """Stress and tangent at the quadrature points, from a displacement and material laws.

    ``stress`` and ``tangent`` are quadrature functions for use in forms with the measure ``dx``.
    Only owned cells are evaluated: cell integrals never read the values of ghost cells.

    The trial state is a pure function of (``u``, temperature, committed state, ``dt``), so rejected
    evaluations of a line search leave no trace. :meth:`commit` makes the trial state the committed
    one, :meth:`reset` forgets it.

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement, with one component for each dimension of the mesh.
    law : MaterialLaw or mapping of int to MaterialLaw
        One law in 3D for the whole mesh, or one law for each cell tag. The points of an
        :class:`~dmn_fe.homogenization.RVELaw` are shared out among the ranks by their cost.
    degree : int, optional
        Polynomial degree that the quadrature rule integrates exactly; by default the lowest one
        that leaves no deformation without energy: 2 (p − 1) on simplices, 2 p on other cells, for
        displacements of degree p.
    cell_tags : dolfinx.mesh.MeshTags or integer array ``[owned cells]``, optional
        Tags of the cells, needed with a mapping; every cell must have a tag that has a law.
    kind : str, optional
        ``"3d"``, ``"plane strain"`` (taken in two dimensions), ``"plane stress"`` or
        ``"axisymmetric"``; see :class:`~dmn_fe.fem.kinematics.Kinematics`.
    thickness : float
        Of a plane problem.
    axes : array ``[owned cells, 3, 3]`` or fem.Function, optional
        Material axes of each cell as the columns of a rotation; a function is of DG-0 and of the
        shape ``(3, 3)``.
    temperature : UFL expression or fem.Function, optional
        Change from the temperature without thermal strain, for laws that take one. It may change
        with time.

    Attributes
    ----------
    kinematics : Kinematics
        Strain and volume of this kind of problem; a form is integrated with ``kinematics.volume``
        and ``dx``.
    stress, tangent : dolfinx.fem.Function
        Quadrature functions of shape ``(6,)`` and ``(6, 6)``.
    spread : array ``[n]`` or None
        Error bar of the stress of ensembles at the last commit, see
        :func:`~dmn_fe.evaluate.spread_of`; zero where the law is no ensemble; None before the first
        commit, or where no law is.

    Raises
    ------
    InputError
        On every rank, for a rule with a negative weight (the energy could fall below zero), for
        a cell without law, for a displacement that is not a vector of 2 or 3 components, for a
        kind of problem that does not fit the mesh, axes that are no rotations, or a temperature
        that no law takes.
    """

    def __init__(
        self,
        u: fem.Function,
        law: MaterialLaw | Mapping[int, MaterialLaw],
        degree: int | None = None,
        cell_tags: mesh.MeshTags | NDArray[np.int32] | None = None,
        kind: Kind | None = None,
        thickness: float = 1.0,
        axes: NDArray[np.float64] | fem.Function | None = None,
        temperature=None,
    ):
        if not isinstance(u, fem.Function):
            raise InputError(f"QuadratureMap: u is a {type(u).__name__}; give a fem.Function.")
        domain = u.function_space.mesh
        if u.ufl_shape not in ((2,), (3,)) or u.ufl_shape != (domain.geometry.dim,):
            raise InputError(
                f"QuadratureMap: u has the shape {u.ufl_shape} on a mesh in {domain.geometry.dim} "
                "dimensions; it must be a displacement, with one component for each dimension."
            )
        self.u = u
        self.comm: MPI.Comm = domain.comm
        self.kinematics = Kinematics(domain, kind, thickness)
        if degree is None:
            element = u.function_space.ufl_element()
            degree = full_quadrature_degree(domain.topology.cell_name(), element.degree)
        self._fields = QuadratureFields(domain, degree)
        self.weights, self.dx = self._fields.weights, self._fields.dx
        self.degree, self.points_per_cell = degree, self._fields.points_per_cell
        self.stress, self.tangent = self._fields.stress, self._fields.tangent
        self._strain = self._fields.expression(self.kinematics.strain(u))
        self._temperature = None if temperature is None else self._fields.expression(temperature)
        density = abs(ufl.JacobianDeterminant(domain)) * self.kinematics.volume
        self._volume = self._fields.expression(density)
        self._committed_stress = np.zeros_like(self._fields.stress_values)
        with RaiseTogether(self.comm):
            self._check_radius()
        self._material = laws_at_points(
            law, cell_tags, axes, temperature is not None, self.kinematics, self._fields, self.comm
        )
        self._committed = self._material.initial_state()
        self._trial = Trial(self._material, self._fields.stress_values, self._fields.tangent_values)
        self.spread: NDArray[np.float64] | None = None

    def _check_radius(self) -> None:
        if self.kinematics.kind == "axisymmetric" and (self.coordinates()[:, 0] <= 0).any():
            raise InputError(
                "QuadratureMap: the mesh of an axisymmetric problem has points at a radius x <= 0; "
                "move it to where x is positive, y is the axis of symmetry."
            )

    def update(self, dt: float = 0.0) -> None:
        """Evaluate the stress for the present ``u`` unless it is up to date (collective).

        The stress of a point that fails is set to NaN, so that a solver sees it in its residual.

        Raises
        ------
        RuntimeError, InputError
            On every rank, when the law raised on one of them.
        """
        temperature, u = self.temperature(), self.u.x.array
        # All ranks decide alike: a law may itself be collective (ranks that share a device).
        if self.comm.allreduce(self._trial.is_of(u, temperature, dt), MPI.LAND):
            return
        strain = self.strain()
        with RaiseTogether(self.comm):
            self._trial.evaluate(u, strain, self._committed, temperature, dt)

    def update_tangent(self, dt: float = 0.0) -> None:
        """Evaluate the consistent tangent for the present ``u``, and the stress (collective)."""
        self.update(dt)
        with RaiseTogether(self.comm):
            self._trial.evaluate_tangent()

    def has_finite_tangent(self) -> bool:
        """Whether the tangents of the last :meth:`update_tangent` are numbers (collective)."""
        return self.comm.allreduce(self._trial.has_finite_tangent(), MPI.LAND)

    def set_unit_tangent(self) -> None:
        """Replace the tangents of the trial state, of which one cannot be used."""
        self._fields.tangent_values[:] = np.eye(6)

    def commit(self) -> None:
        """Make the state of the last :meth:`update` the committed one (collective).

        Raises
        ------
        RuntimeError
            On every rank, when there is no trial state or a point of it failed.
        """
        if not self.comm.allreduce(self._trial.is_usable, MPI.LAND):
            raise RuntimeError("QuadratureMap: there is no converged trial state to commit.")
        for key, update in self._trial.updates.items():
            law = self.laws[key]
            if isinstance(law, SwitchingLaw) and isinstance(update, SwitchingUpdate):
                self._committed[key] = law.commit(update)
            else:
                self._committed[key] = update.state
        self._committed_stress = self._fields.stress_values.copy()
        for key, update in self._trial.updates.items():
            spread = spread_of(update)
            if spread is not None:
                if self.spread is None:
                    self.spread = np.zeros(len(self._committed_stress))
                self.spread[self._material.points[key]] = spread.cpu().numpy()
        self._trial.forget()

    def reset(self) -> None:
        """Forget the trial state; ``stress`` is again the committed one.

        Does not communicate, but call it on all ranks: they must agree on what is evaluated next.
        """
        self._fields.stress_values[:] = self._committed_stress
        self._trial.forget()

    @property
    def laws(self) -> dict[Any, MaterialLaw]:
        """The laws as they are called, by tag; ``None`` is the tag of a single law."""
        return self._material.laws

    @property
    def status(self) -> NDArray[np.int8]:
        """:class:`~dmn_fe.laws.Status` ``[n]`` of the owned points, cell by cell, in the last
        evaluation, also of a step that failed."""
        return self._trial.status

    @property
    def iterations(self) -> NDArray[np.int32]:
        """Local iterations ``[n]`` of the owned points in the last evaluation."""
        return self._trial.iterations

    @property
    def cells(self) -> NDArray[np.int32]:
        """Numbers of the owned cells."""
        return self._fields.cells

    @property
    def committed_stress(self) -> NDArray[np.float64]:
        """Stress ``[n, 6]`` (Mandel) of the committed state, cell by cell."""
        return self._committed_stress

    def cells_of_groups(self) -> dict[Any, NDArray[np.int64]]:
        """Owned cells of each law, in the order of its states."""
        q = self.points_per_cell
        return {key: points[::q] // q for key, points in self._material.points.items()}

    def points_of_groups(self) -> dict[Any, NDArray[np.int64]]:
        """Owned points of each law, in the order of its states."""
        return dict(self._material.points)

    def restore(self, stress: NDArray[np.float64], states: Mapping[Any, torch.Tensor]) -> None:
        """Replace the committed stress ``[n, 6]`` and states, e.g. by those of a checkpoint."""
        self._committed_stress = stress.copy()
        for key, state in states.items():
            law, old = self.laws[key], self._committed[key]
            if isinstance(law, NodeLaw | SwitchingLaw):
                self._committed[key] = law.with_rows(old, state)
            else:
                self._committed[key] = state.to(old)
        self.reset()

    def state_of(self, tag: int | None = None) -> torch.Tensor:
        """Committed state ``[n, state_size]`` of the owned points of the law of ``tag``.

        Points are ordered cell by cell; ``tag`` is ``None`` for a map with a single law.
        """
        law, state = self.laws[tag], self._committed[tag]
        return law.own_rows(state) if isinstance(law, NodeLaw | SwitchingLaw) else state

    def kept_state(self, tag: int | None = None) -> Any:
        """Committed state of the law of ``tag`` as the law keeps it, be it a tensor or not."""
        return self._committed[tag]

    def strain(self) -> NDArray[np.float64]:
        """Strain ``[n, 6]`` (Mandel) of the present ``u`` at the owned points, cell by cell."""
        return self._fields.evaluate(self._strain, 6)

    def temperature(self) -> NDArray[np.float64] | None:
        """Change of temperature ``[n]`` at the owned points, cell by cell, if there is one."""
        if self._temperature is None:
            return None
        return self._fields.evaluate(self._temperature, 1)[:, 0]

    def coordinates(self) -> NDArray[np.float64]:
        """Coordinates ``[n, gdim]`` of the owned points, cell by cell."""
        return self._fields.coordinates()

    def volumes(self) -> NDArray[np.float64]:
        """Volume of the part ``[n]`` at each of the owned points, cell by cell; they sum to its
        volume."""
        density = self._fields.evaluate(self._volume, 1).reshape(-1, self.points_per_cell)
        return (density * self.weights).reshape(-1)

    @property
    def seconds(self) -> float:
        """Time in the laws on this rank since the last commit or reset."""
        return self._trial.count.seconds

    @property
    def symmetric_tangent(self) -> bool:
        """Whether the tangents of all laws are always symmetric."""
        laws = self._material.laws.values()
        return all(getattr(law, "symmetric_tangent", False) for law in laws)

    @property
    def stress_error(self) -> float:
        """Relative error that iterations inside of the laws leave in the stress."""
        return max(stress_error(law) for law in self._material.laws.values())

    def statistics(self) -> Statistics:
        """Work of the laws since the last commit or reset (collective)."""
        return self._trial.count.over_ranks(self.comm)

    def first_failure(self) -> str | None:
        """Cell, point, strain and reason of one failed point of the trial (collective)."""
        present = self.u.x.array.copy()
        if self._trial.displacement is not None:
            self.u.x.array[:] = self._trial.displacement  # a solver may have gone on from there
        strain = self.strain()
        self.u.x.array[:] = present
        sentence = self._material.first_failure(
            self._trial.updates,
            strain,
            self.u.function_space.mesh.topology.original_cell_index,
            self.points_per_cell,
        )
        return next((s for s in self.comm.allgather(sentence) if s is not None), None)
