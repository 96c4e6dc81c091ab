"""Families of networks on a part: few laws for a field of a microstructure parameter."""

from collections.abc import Callable

import numpy as np
from mpi4py import MPI
from numpy.typing import ArrayLike, NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network, NetworkFamily

__all__ = ["family_laws"]


def family_laws(
    comm: MPI.Comm,
    family: NetworkFamily,
    values: ArrayLike,
    law_of: Callable[[Network], MaterialLaw],
    resolution: float | None = None,
    clamp: bool = False,
) -> tuple[dict[int, MaterialLaw], NDArray[np.int32], NDArray[np.float64] | None]:
    """Laws by tag, the tag of each cell, and material axes, for a field by cells (collective).

    Parameters
    ----------
    comm : MPI.Comm
        Ranks that share the part.
    family : NetworkFamily
    values : array ``[owned cells, …]``
        Volume fractions or orientation tensors, as :meth:`NetworkFamily.assign` takes them.
    law_of : callable
        The law of a network, e.g. with the laws of its phases.
    resolution, clamp
        As of :meth:`NetworkFamily.assign`.

    Returns
    -------
    laws : dict of int to MaterialLaw
        Those that any rank needs, the same on all ranks.
    cell_tags : int32 array ``[owned cells]``
    axes : array ``[owned cells, 3, 3]`` or None
        For a :class:`~dmn_fe.fem.quadrature.QuadratureMap`, with the others.

    Raises
    ------
    InputError
        On all ranks, as :meth:`NetworkFamily.assign`.
    """
    with RaiseTogether(comm):
        networks, index, axes = family.assign(values, resolution, clamp=clamp)
    own = {network.fingerprint(): network for network in networks}
    everywhere: dict[str, Network] = {}
    for part in comm.allgather(own):
        everywhere |= part
    tags = {key: tag for tag, key in enumerate(sorted(everywhere), start=1)}
    laws = {tag: law_of(everywhere[key]) for key, tag in tags.items()}
    by_index = np.array([tags[network.fingerprint()] for network in networks], dtype=np.int32)
    return laws, by_index[index], axes
