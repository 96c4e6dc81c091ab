"""Material laws at the quadrature points of a DOLFINx mesh."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from dolfinx import fem, mesh
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.material_points import MaterialPoints
from dmn_fe.fem.points import QuadratureFields
from dmn_fe.fem.statistics import Count, Statistics
from dmn_fe.fem.strain import mandel_strain
from dmn_fe.laws import MaterialLaw, Update

__all__ = ["QuadratureMap"]


class QuadratureMap:
    """Stress and tangent at the quadrature points, from a displacement and material laws.

    ``stress`` and ``tangent`` are quadrature functions for use in forms with the measure ``dx``.
    Only owned cells are evaluated: cell integrals never read the values of ghost cells.

    The trial state is a pure function of (``u``, committed state, ``dt``), so rejected evaluations
    of a line search leave no trace. :meth:`commit` makes the trial state the committed one,
    :meth:`reset` forgets it.

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement with 3 components (or 2: plane strain).
    law : MaterialLaw or mapping of int to MaterialLaw
        One law for the whole mesh, or one law for each cell tag.
    degree : int
        Polynomial degree that the quadrature rule integrates exactly.
    cell_tags : dolfinx.mesh.MeshTags, optional
        Tags of the cells, needed with a mapping; every cell must have a tag that has a law.

    Raises
    ------
    InputError
        On every rank, for a rule with a negative weight (the energy could fall below zero), for
        a cell without law, or for a displacement that is not a vector of 2 or 3 components.
    """

    def __init__(
        self,
        u: fem.Function,
        law: MaterialLaw | Mapping[int, MaterialLaw],
        degree: int = 2,
        cell_tags: mesh.MeshTags | None = None,
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
        self._fields = QuadratureFields(domain, degree)
        self.weights, self.dx = self._fields.weights, self._fields.dx
        self.points_per_cell = self._fields.points_per_cell
        self.stress, self.tangent = self._fields.stress, self._fields.tangent
        self._strain = self._fields.expression(mandel_strain(u))
        self._committed_stress = np.zeros_like(self._fields.stress_values)
        self._material = self._group_points(law, cell_tags)
        self._committed = self._material.initial_state()
        self._trial: dict[Any, Update] = {}
        # What the trial was evaluated for; None where there is none.
        self._trial_u: NDArray[np.float64] | None = None
        self._trial_dt = 0.0
        self._tangent_is_current = False
        self._count = Count()

    def _group_points(self, law, cell_tags) -> MaterialPoints:
        """One group for each law, keyed by tag (``None`` for a single law)."""
        if not isinstance(law, Mapping):
            return MaterialPoints({None: law}, {None: np.arange(len(self._committed_stress))})
        if cell_tags is None:
            raise InputError("QuadratureMap: laws by cell tag need cell_tags; give the mesh tags.")
        n_cells = len(self._fields.cells)
        tag_of_cell = np.full(n_cells, -1, dtype=np.int32)
        owned = cell_tags.indices < n_cells
        tag_of_cell[cell_tags.indices[owned]] = cell_tags.values[owned]
        lawless = self.comm.allgather(set(tag_of_cell.tolist()) - set(law))
        missing = sorted(set().union(*lawless))
        if missing:
            names = ", ".join("no tag" if tag == -1 else f"tag {tag}" for tag in missing)
            raise InputError(
                f"QuadratureMap: cells with {names} have no law; laws were given for the tags "
                f"{sorted(law)}."
            )
        tag_of_point = np.repeat(tag_of_cell, self.points_per_cell)
        return MaterialPoints(law, {tag: np.flatnonzero(tag_of_point == tag) for tag in law})

    def update(self, dt: float = 0.0) -> None:
        """Evaluate the stress for the present ``u`` unless it is up to date (collective).

        The stress of a point that fails is set to NaN, so that a solver sees it in its residual.

        Raises
        ------
        RuntimeError, InputError
            On every rank, when the law raised on one of them.
        """
        # All ranks decide alike: a law may itself be collective (ranks that share a device).
        same = self._trial_u is not None and np.array_equal(self._trial_u, self.u.x.array)
        if self.comm.allreduce(same and self._trial_dt == dt, MPI.LAND):
            return
        start = time.perf_counter()
        self._trial_u, self._tangent_is_current = None, False
        with RaiseTogether(self.comm):
            self._evaluate(dt)
        self._trial_u, self._trial_dt = self.u.x.array.copy(), dt
        self._count.seconds += time.perf_counter() - start

    def _evaluate(self, dt: float) -> None:
        self._count.failed = 0
        self._trial = self._material.integrate(self.strain(), self._committed, dt)
        self._material.write_stress(self._trial, self._fields.stress_values)
        for update in self._trial.values():
            self._count.add(update)

    def update_tangent(self, dt: float = 0.0) -> None:
        """Evaluate the consistent tangent for the present ``u``, and the stress (collective)."""
        self.update(dt)
        if self._tangent_is_current:
            return
        start = time.perf_counter()
        with RaiseTogether(self.comm):
            self._material.write_tangent(self._trial, self._fields.tangent_values)
        self._tangent_is_current = True
        self._count.seconds += time.perf_counter() - start

    def commit(self) -> None:
        """Make the state of the last :meth:`update` the committed one (collective).

        Raises
        ------
        RuntimeError
            On every rank, when there is no trial state or a point of it failed.
        """
        usable = self._trial_u is not None and self._count.failed == 0
        if not self.comm.allreduce(usable, MPI.LAND):
            raise RuntimeError("QuadratureMap: there is no converged trial state to commit.")
        self._committed |= {key: update.state for key, update in self._trial.items()}
        self._committed_stress = self._fields.stress_values.copy()
        self._forget_trial()

    def reset(self) -> None:
        """Forget the trial state; ``stress`` is again the committed one.

        Does not communicate, but call it on all ranks: they must agree on what is evaluated next.
        """
        self._fields.stress_values[:] = self._committed_stress
        self._forget_trial()

    def _forget_trial(self) -> None:
        self._trial = {}
        self._trial_u, self._tangent_is_current = None, False
        self._count = Count()

    def state_of(self, tag: int | None = None) -> torch.Tensor:
        """Committed state ``[n, state_size]`` of the owned points of the law of ``tag``.

        Points are ordered cell by cell; ``tag`` is ``None`` for a map with a single law.
        """
        return self._committed[tag]

    def strain(self) -> NDArray[np.float64]:
        """Strain ``[n, 6]`` (Mandel) of the present ``u`` at the owned points, cell by cell."""
        return self._fields.evaluate(self._strain, 6)

    def cell_average(self) -> NDArray[np.float64]:
        """Stress ``[n_cells, 6]`` (Mandel) of the owned cells, averaged over their points.

        Weighted by the reference rule: exact averages over the volume for cells of affine shape.
        """
        stress = self._fields.stress_values.reshape(-1, self.points_per_cell, 6)
        return np.einsum("p,cpi->ci", self.weights / self.weights.sum(), stress)

    def statistics(self) -> Statistics:
        """Work of the laws since the last commit or reset (collective)."""
        return self._count.over_ranks(self.comm)

    def first_failure(self) -> str | None:
        """Cell, point, strain and reason of one failed point of the trial (collective)."""
        sentence = self._material.first_failure(
            self._trial,
            self.strain(),
            self.u.function_space.mesh.topology.original_cell_index,
            self.points_per_cell,
        )
        return next((s for s in self.comm.allgather(sentence) if s is not None), None)
