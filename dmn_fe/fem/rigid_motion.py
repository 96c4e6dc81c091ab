"""Rigid motions of a part, and which of them its supports leave free."""

from collections.abc import Sequence

import numpy as np
from dolfinx import fem
from numpy.typing import NDArray

from dmn_fe.fem.kinematics import Kind

__all__ = ["free_rigid_motions", "rigid_motions"]

# Singular values below this part of the largest are round-off of coordinates.
_ZERO = 1e-9


def rigid_motions(x: NDArray[np.float64], kind: Kind) -> dict[str, NDArray[np.float64]]:
    """Displacements ``[n, d]`` without strain at places ``[n, 3]``, by their names.

    Six in space; three in the plane; of an axisymmetric part the translation along its axis.
    Rotations are about the origin.
    """
    n, dimension = len(x), 3 if kind == "3d" else 2
    if kind == "axisymmetric":
        return {"displacement along e2": np.tile([0.0, 1.0], (n, 1))}
    units = np.eye(3)
    motions = {
        f"displacement along e{i + 1}": np.tile(units[i, :dimension], (n, 1))
        for i in range(dimension)
    }
    for axis in (0, 1, 2) if dimension == 3 else (2,):
        motions[f"rotation about e{axis + 1}"] = np.cross(units[axis], x)[:, :dimension]
    return motions


def free_rigid_motions(
    u: fem.Function, bcs: Sequence[fem.DirichletBC], kind: Kind | None = None
) -> list[str]:
    """Names of rigid motions that do not move any prescribed component (collective).

    The motions at the prescribed components are the columns of a matrix R; its null space is
    what stays free. Rotations are about the centre of the supports. The part is taken as one piece.

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement.
    bcs : sequence of DirichletBC
        Supports and prescribed displacements.
    kind : str, optional
        Kind of the problem; by default ``"3d"``, in two dimensions ``"plane strain"``.

    Returns
    -------
    list of str
        Empty if the part is held.
    """
    space, comm = u.function_space, u.function_space.mesh.comm
    if kind is None:
        kind = "3d" if space.dofmap.index_map_bs == 3 else "plane strain"
    dofs = np.concatenate([[], *(d[:owned] for d, owned in (bc.dof_indices() for bc in bcs))])
    nodes, component = np.divmod(dofs.astype(np.int64), space.dofmap.index_map_bs)
    x = space.tabulate_dof_coordinates()[nodes]
    count = comm.allreduce(len(x))
    if count == 0:
        return list(rigid_motions(x, kind))
    x = x - comm.allreduce(x.sum(axis=0)) / count
    radius = np.sqrt(comm.allreduce(np.square(x).sum()) / count)
    x = x / radius if radius > 0 else x
    motions = rigid_motions(x, kind)
    rows = np.empty((len(x), len(motions)))
    for column, motion in enumerate(motions.values()):
        rows[:, column] = np.take_along_axis(motion, component[:, None], axis=1)[:, 0]
    # The triangular factor has the same null space, and R'R would square the small levers.
    factors = np.concatenate(comm.allgather(np.linalg.qr(rows, mode="r")))
    # Once more, as of thousands of ranks the left singular vectors would be gigabytes.
    _, values, shapes = np.linalg.svd(np.linalg.qr(factors, mode="r"))
    held = np.count_nonzero(values > _ZERO * values[0])
    free = shapes[held:].T
    share = np.linalg.norm(free, axis=1)
    return [name for name, part in zip(motions, share, strict=True) if part > 0.1]
