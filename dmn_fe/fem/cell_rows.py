"""What a problem has committed as rows of cells, which do not depend on ranks or on numbering."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from dolfinx import fem
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.switching_law import SwitchingLaw

__all__ = ["CommittedRows", "committed_rows"]

# Places that differ by less than this part of the cell are the same.
_SAME = 1e-6


def committed_rows(
    u: fem.Function, qmap: QuadratureMap, vectors: Mapping[str, NDArray[np.float64]] | None = None
) -> dict[str, Tensor]:
    """Rows of the owned cells of this rank, by name.

    ``cell`` ``[C]``, their numbers in the mesh file; ``dofs_x`` ``[C, m, 3]`` and ``dofs_u``
    ``[C, m, d]``, places and displacements of their nodes; ``points_x`` ``[C, q, d]`` and
    ``stress`` ``[C, q, 6]``; and of each group of laws ``k`` ``cell.k`` ``[C_k]`` and ``state.k``
    ``[C_k, q, size]``. Of further ``vectors`` of the space of u, ghosts included, ``vector.name``
    ``[C, m, d]``.
    """
    cells, q = qmap.cells, qmap.points_per_cell
    dofs = u.function_space.dofmap.list[: len(cells)]
    original = _original(u)
    rows: dict[str, NDArray[Any]] = {
        "cell": original[cells],
        "dofs_x": u.function_space.tabulate_dof_coordinates()[dofs],
        "dofs_u": u.x.array.reshape(-1, u.function_space.dofmap.index_map_bs)[dofs],
        "points_x": _points(qmap),
        "stress": qmap.committed_stress.reshape(len(cells), q, 6),
    }
    for name, vector in (vectors or {}).items():
        rows[f"vector.{name}"] = vector.reshape(-1, u.function_space.dofmap.index_map_bs)[dofs]
    tensors = {name: torch.from_numpy(np.ascontiguousarray(row)) for name, row in rows.items()}
    for k, (key, own) in enumerate(qmap.cells_of_groups().items()):
        tensors[f"cell.{k}"] = torch.from_numpy(original[own])
        tensors[f"state.{k}"] = qmap.state_of(key).cpu().unflatten(0, (len(own), q))
    return tensors


def _original(u: fem.Function) -> NDArray[np.int64]:
    """Number in the mesh file of each cell of this rank, ghosts included."""
    return np.asarray(u.function_space.mesh.topology.original_cell_index, dtype=np.int64)


def _points(qmap: QuadratureMap) -> NDArray[np.float64]:
    """Places ``[C, q, d]`` of the points; a rank may own no cell."""
    x = qmap.coordinates()
    return x.reshape(len(qmap.cells), qmap.points_per_cell, x.shape[1])


class CommittedRows:
    """What is to be put into a problem: collects the rows of its cells, file by file.

    Attributes
    ----------
    displacement : array
        The vector of u, ghosts included.
    vectors : dict of str to array
        The further vectors of the files.
    stress : array ``[n, 6]``
    states : dict of key to Tensor ``[n, state_size]``
    """

    def __init__(self, u: fem.Function, qmap: QuadratureMap):
        space, self._q = u.function_space, qmap.points_per_cell
        self._original, self._owned = _original(u), len(qmap.cells)
        self._dofs = space.dofmap.list
        self._dofs_x = space.tabulate_dof_coordinates()[self._dofs]
        self._points_x = _points(qmap)
        self._groups = qmap.cells_of_groups()
        self._found = np.zeros(len(self._original), dtype=bool)
        self._filled = {key: np.zeros(len(own), dtype=bool) for key, own in self._groups.items()}
        self._block = space.dofmap.index_map_bs
        self.displacement = np.zeros(len(u.x.array))
        self.vectors: dict[str, NDArray[np.float64]] = {}
        self.stress = np.zeros((self._owned * self._q, 6))
        self.states = {key: torch.zeros_like(qmap.state_of(key).cpu()) for key in self._groups}
        # Those that keep the strains of all steps have longer rows with each of them.
        self._growing = {key for key, law in qmap.laws.items() if isinstance(law, SwitchingLaw)}

    def collect(self, rows: Mapping[str, Tensor]) -> None:
        """Take what is of this rank from the rows of a file.

        Raises
        ------
        InputError
            If nodes, points or states do not fit.
        """
        here, there = _same(self._original, rows["cell"].numpy())
        self._found[here] = True
        nodes = _matching(self._dofs_x[here], rows["dofs_x"].numpy()[there])
        into: dict[str, NDArray[np.float64]] = {"dofs_u": self.displacement}
        for name in (name for name in rows if name.startswith("vector.")):
            empty = np.zeros_like(self.displacement)
            into[name] = self.vectors.setdefault(name.removeprefix("vector."), empty)
        for name, vector in into.items():
            kept = rows[name].numpy()[there]
            of_nodes = np.take_along_axis(kept, nodes[..., None], 1)
            vector.reshape(-1, self._block)[self._dofs[here]] = of_nodes
        here, there = here[here < self._owned], there[here < self._owned]
        points = np.zeros((self._owned, self._q), dtype=np.int64)
        points[here] = _matching(self._points_x[here], rows["points_x"].numpy()[there])
        stress = self.stress.reshape(self._owned, self._q, 6)
        kept = rows["stress"].numpy()[there]
        stress[here] = np.take_along_axis(kept, points[here][..., None], 1)
        groups = sum(name.startswith("cell.") for name in rows)
        for key, own in self._groups.items():
            for k in range(groups):
                here, there = _same(self._original[own], rows[f"cell.{k}"].numpy())
                if len(here) == 0:
                    continue
                found = rows[f"state.{k}"]
                if key in self._growing and found.shape[-1] > self.states[key].shape[-1]:
                    self.states[key] = torch.zeros(len(self.states[key]), found.shape[-1]).double()
                state = self.states[key].unflatten(0, (len(own), self._q))
                if found.shape[-1] != state.shape[-1]:
                    raise InputError(
                        f"states of {found.shape[-1]} numbers a point were kept where the law now "
                        f"has {state.shape[-1]}"
                    )
                order = torch.from_numpy(points[own[here]])[..., None]
                state[here] = torch.take_along_dim(found[there], order, 1)
                self._filled[key][here] = True

    @property
    def complete(self) -> bool:
        """Whether all cells of this rank, ghosts included, were in the files."""
        return bool(self._found.all() and all(each.all() for each in self._filled.values()))


def _same(
    own: NDArray[np.int64], stored: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in both of the numbers that are in both; numbers appear once in each."""
    _, here, there = np.intersect1d(own, stored, assume_unique=True, return_indices=True)
    return here, there


def _matching(own: NDArray[np.float64], stored: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each place ``[C, m, d]`` the position ``[C, m]`` of the same place among the stored.

    Raises
    ------
    InputError
        If there is none.
    """
    if own.shape != stored.shape:
        raise InputError(
            f"cells with {stored.shape[1]} nodes or points were kept, these have {own.shape[1]}"
        )
    m = own.shape[1]
    size = np.ptp(own, axis=1).max(-1, initial=0.0) if len(own) else np.zeros(0)
    order = np.tile(np.arange(m), (len(own), 1))
    moved = np.abs(own - stored).max((1, 2), initial=0.0) > _SAME * size
    if m > 1 and moved.any():
        distance = np.linalg.norm(own[moved][:, :, None] - stored[moved][:, None], axis=-1)
        order[moved] = distance.argmin(-1)
        if (distance.min(-1).max(-1) > _SAME * size[moved]).any():
            raise InputError("the nodes or quadrature points lie elsewhere")
    return order
