"""Displacements of a periodic cell from independent unknowns: u = T z, T a sparse PETSc matrix.

z are the displacements of the nodes that follow no other, and the components e of the mean strain.
A node on a face with a larger coordinate moves like its image, plus e times the way between them.
"""

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc
from scipy import sparse

from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.periodic.nodes import periodic_nodes

__all__ = ["PeriodicMotions"]


class PeriodicMotions:
    """The map from independent unknowns to the displacements of a box, and back.

    Parameters
    ----------
    space : dolfinx.fem.FunctionSpace
        Blocked Lagrange space of the displacements.
    components : sequence of str
        Of the mean strain tensor, such as "12"; all that the dimension has.

    Attributes
    ----------
    matrix : petsc4py.PETSc.Mat
        T; the strains are the last columns, which belong to the last rank.
    size : array ``[d]``
        Edge lengths of the box.
    strain_columns, held_columns : integer arrays
        Columns of the mean strain, and of one node to hold: the only rigid motions of a cell are
        translations.

    Raises
    ------
    InputError
        On all ranks, if the mesh is not periodic.
    """

    def __init__(self, space: fem.FunctionSpace, components: tuple[str, ...]):
        self._comm: MPI.Comm = space.mesh.comm
        d, n = space.dofmap.index_map_bs, space.dofmap.index_map.size_local
        count = n + space.dofmap.index_map.num_ghosts
        x = space.tabulate_dof_coordinates()[:count, :d]
        corner = np.min(self._comm.allgather(x.min(axis=0, initial=np.inf)), axis=0)
        self.size = np.max(self._comm.allgather(x.max(axis=0, initial=-np.inf)), axis=0) - corner
        pairs = periodic_nodes(space, corner, self.size)
        owned = pairs.follower < n
        follower, jump = pairs.follower[owned], pairs.jump[owned]
        independent = np.setdiff1d(np.arange(n), follower)
        self._independent = _dofs(independent, d)

        is_last = self._comm.rank == self._comm.size - 1
        n_columns = len(self._independent) + len(components) * is_last
        counts = self._comm.allgather(n_columns)
        first, total = sum(counts[: self._comm.rank]), sum(counts)
        self.strain_columns = np.arange(total - len(components), total)
        column_of = np.full(n, -1)
        column_of[independent] = first + d * np.arange(len(independent))
        leader = self._columns_of(pairs.leader[owned], column_of, space)

        followers = _dofs(follower, d)
        rows, columns = [self._independent, followers], [_runs(column_of[independent], d)]
        columns.append(_runs(leader, d))
        values = [np.ones(len(self._independent)), np.ones(len(followers))]
        for column, name in zip(self.strain_columns, components, strict=True):
            i, j = int(name[0]) - 1, int(name[1]) - 1
            for a, b in {(i, j), (j, i)}:
                rows.append(d * follower + a)
                columns.append(np.full(len(follower), column))
                values.append(jump[:, b])
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        table = sparse.csr_matrix(entries, (d * n, total))
        table.eliminate_zeros()
        index = PETSc.IntType
        csr = table.indptr.astype(index), table.indices.astype(index), table.data
        sizes = ((d * n, None), (n_columns, total))
        self.matrix = PETSc.Mat().createAIJ(sizes, csr=csr, comm=self._comm)
        self._u, self._gap = self.matrix.createVecLeft(), self.matrix.createVecLeft()
        self._strains = [self.matrix.createVecLeft() for _ in components]
        self.close = destroy_with(self, [self.matrix, self._u, self._gap, *self._strains])
        self._tabulate_strains()
        self.held_columns = self._first_node(x[independent] - corner, column_of[independent], d)

    def _columns_of(self, nodes, column_of, space) -> NDArray[np.int64]:
        """First columns of nodes of any rank by their global numbers (collective)."""
        wanted = np.unique(np.concatenate(self._comm.allgather(nodes)))
        low, high = space.dofmap.index_map.local_range
        mine = wanted[(low <= wanted) & (wanted < high)] - low
        # Ranks own runs of numbers, in their order: so is what they give.
        columns = np.concatenate(self._comm.allgather(column_of[mine]))
        return columns[np.searchsorted(wanted, nodes)]

    def _first_node(self, x, columns, d: int) -> NDArray[np.int64]:
        """Columns of the independent node that comes first by its place (collective).

        The same node for any number of ranks.
        """
        order = np.lexsort(np.round(x / self.size, 9).T)[:1]
        own = [(tuple(np.round(x[k] / self.size, 9)[::-1]), int(columns[k])) for k in order]
        _, column = min(one for some in self._comm.allgather(own) for one in some)
        return np.arange(column, column + d)

    def _tabulate_strains(self) -> None:
        """The displacements of followers by each unit of mean strain, and their products."""
        unit = self.matrix.createVecRight()
        first, last = unit.getOwnershipRange()
        for column, displacement in zip(self.strain_columns, self._strains, strict=True):
            unit.set(0.0)
            if first <= column < last:
                unit.array[column - first] = 1.0
            self.matrix.mult(unit, displacement)
        unit.destroy()
        products = [[one.dot(other) for other in self._strains] for one in self._strains]
        self._products = np.array(products)

    def unknowns(self, u: PETSc.Vec, z: PETSc.Vec) -> NDArray[np.float64]:
        """Write the unknowns of a displacement into ``z``; gives the mean strain (collective)."""
        z.set(0.0)
        z.array[: len(self._independent)] = u.array_r[self._independent]
        self.matrix.mult(z, self._u)
        self._gap.waxpy(-1.0, self._u, u)
        strain = np.linalg.solve(self._products, [one.dot(self._gap) for one in self._strains])
        if self._comm.rank == self._comm.size - 1:
            z.array[len(self._independent) :] = strain
        return strain

    def set_near_null_space(self, matrix: PETSc.Mat) -> None:
        """Tell multigrid the translations of the independent nodes (collective)."""
        d = len(self.size)
        vectors = [matrix.createVecRight() for _ in range(d)]
        for axis, vector in enumerate(vectors):
            vector.set(0.0)
            vector.array[: len(self._independent)][axis::d] = 1.0
            vector.normalize()
        null_space = PETSc.NullSpace().create(vectors=vectors, comm=self._comm)
        matrix.setNearNullSpace(null_space)
        # The matrix holds them from here; on all ranks alike, see _destroy.
        for one in (null_space, *vectors):
            one.destroy()

    def strain_entries(self, z: PETSc.Vec) -> NDArray[np.float64]:
        """Entries ``[components]`` of the mean strain in a vector of unknowns (collective)."""
        last = self._comm.size - 1
        entries = z.array_r[len(self._independent) :].copy() if self._comm.rank == last else None
        return self._comm.bcast(entries, root=last)

    def add_to_strain_entries(self, z: PETSc.Vec, values: NDArray[np.float64]) -> None:
        """Add to the entries of the mean strain in a vector of unknowns."""
        if self._comm.rank == self._comm.size - 1:
            z.array[len(self._independent) :] += values


def _dofs(nodes: NDArray, d: int) -> NDArray[np.int64]:
    return _runs(d * nodes, d)


def _runs(first: NDArray, d: int) -> NDArray[np.int64]:
    """``first, first + 1, …`` of length d each, one after the other."""
    return (first[:, None] + np.arange(d)).reshape(-1)
