"""Which rigid motions of a part its supports leave free: with one, a static problem is singular."""

from collections.abc import Sequence

import numpy as np
from dolfinx import fem

from dmn_fe.errors import InputError

__all__ = ["free_rigid_motions"]

_MOTIONS = [
    *(f"displacement along e{i}" for i in (1, 2, 3)),
    *(f"rotation about e{i}" for i in (1, 2, 3)),
]
# Singular values below this part of the largest are round-off of coordinates.
_ZERO = 1e-9


def free_rigid_motions(u: fem.Function, bcs: Sequence[fem.DirichletBC]) -> list[str]:
    """Names of rigid motions that do not move any prescribed component (collective).

    The six motions at the prescribed components are the columns of a matrix R; its null space is
    what stays free. Rotations are about the centre of the supports. The part is taken as one piece.

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement with three components.
    bcs : sequence of DirichletBC
        Supports and prescribed displacements.

    Returns
    -------
    list of str
        Empty if the part is held.

    Raises
    ------
    InputError
        If the displacement has not three components.
    """
    if u.ufl_shape != (3,):
        raise InputError(
            f"free_rigid_motions: u has the shape {u.ufl_shape}; give three components."
        )
    space, comm = u.function_space, u.function_space.mesh.comm
    dofs = np.concatenate([[], *(d[:owned] for d, owned in (bc.dof_indices() for bc in bcs))])
    nodes, component = np.divmod(dofs.astype(np.int64), space.dofmap.index_map_bs)
    x = space.tabulate_dof_coordinates()[nodes]
    count = comm.allreduce(len(x))
    if count == 0:
        return list(_MOTIONS)
    x = x - comm.allreduce(x.sum(axis=0)) / count
    radius = np.sqrt(comm.allreduce(np.square(x).sum()) / count)
    x = x / radius if radius > 0 else x
    motions = np.empty((len(x), 6))
    for axis, unit in enumerate(np.eye(3)):
        motions[:, axis] = component == axis
        rotation = np.cross(unit, x)
        motions[:, 3 + axis] = np.take_along_axis(rotation, component[:, None], axis=1)[:, 0]
    # The triangular factor has the same null space, and R'R would square the small levers.
    factors = np.concatenate(comm.allgather(np.linalg.qr(motions, mode="r")))
    _, values, shapes = np.linalg.svd(factors)
    held = np.count_nonzero(values > _ZERO * values[0])
    free = shapes[held:].T
    share = np.linalg.norm(free, axis=1)
    return [name for name, part in zip(_MOTIONS, share, strict=True) if part > 0.1]
