"""The laws of a part: of its groups of cells, and of networks that vary from cell to cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI
from numpy.typing import ArrayLike, NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.part import Part
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network, NetworkFamily

__all__ = ["CellLaws", "VaryingNetwork", "cell_laws", "family_laws"]


@dataclass(frozen=True)
class VaryingNetwork:
    """Networks of a family, by the value of their parameter in each cell.

    Parameters
    ----------
    family : NetworkFamily
    values : array ``[owned cells, …]``
        Volume fraction or orientation tensor of all owned cells of the part, e.g. of
        :func:`~dmn_fe.fem.cell_data.map_cell_data`.
    law_of : callable
        The law of a network, with the laws of its phases.
    resolution, clamp
        As of :meth:`NetworkFamily.assign`.
    """

    family: NetworkFamily
    values: ArrayLike
    law_of: Callable[[Network], MaterialLaw]
    resolution: float | None = None
    clamp: bool = False


class CellLaws(NamedTuple):
    """Laws by tag (the same on all ranks), tag ``[owned cells]`` and material axes ``[owned cells,
    3, 3]`` or None of each cell, as a :class:`~dmn_fe.fem.quadrature.QuadratureMap` takes them."""

    laws: dict[int, MaterialLaw]
    tags: NDArray[np.int32]
    axes: NDArray[np.float64] | None


def family_laws(comm: MPI.Comm, varying: VaryingNetwork) -> CellLaws:
    """Few laws for a field of a parameter (collective).

    Raises
    ------
    InputError
        On all ranks, as :meth:`NetworkFamily.assign`.
    """
    with RaiseTogether(comm):
        networks, index, axes = varying.family.assign(
            varying.values, varying.resolution, clamp=varying.clamp
        )
    own = {network.fingerprint(): network for network in networks}
    everywhere: dict[str, Network] = {}
    for part in comm.allgather(own):
        everywhere |= part
    tags = {key: tag for tag, key in enumerate(sorted(everywhere), start=1)}
    laws = {tag: varying.law_of(everywhere[key]) for key, tag in tags.items()}
    by_index = np.array([tags[network.fingerprint()] for network in networks], dtype=np.int32)
    return CellLaws(laws, by_index[index], axes)


def cell_laws(
    part: Part,
    laws: Mapping[str, MaterialLaw | VaryingNetwork],
    axes: Mapping[str, ArrayLike] | None = None,
) -> CellLaws:
    """The law of each cell from those of the groups (collective).

    Parameters
    ----------
    part : Part
    laws : mapping of str to MaterialLaw or VaryingNetwork
        By group of cells.
    axes : mapping of str to array, optional
        Material axes of groups, as the columns of one rotation ``[3, 3]``, or of one for each owned
        cell of the part; of varying networks they are found from the orientation tensor.

    Raises
    ------
    InputError
        On all ranks, if a group has no law, if there is no such group, or axes do not fit.
    """
    forgotten = [name for name in part.cell_groups if name not in laws]
    if forgotten:
        raise InputError(
            f"{part.source}: the volume group {forgotten[0]!r} has no material; give it a law."
        )
    given = dict(axes or {})
    for name in (*laws, *given):
        part.cells(name)
    topology = part.mesh.topology
    n = topology.index_map(topology.dim).size_local
    found: dict[int, MaterialLaw] = {}
    tags = np.full(n, -1, dtype=np.int32)
    rotation = np.tile(np.eye(3), (n, 1, 1))
    turned = bool(given)
    for name, law in laws.items():
        cells = part.cells(name)
        cells, first = cells[cells < n], len(found) + 1
        if not isinstance(law, VaryingNetwork):
            found[first], tags[cells] = law, first
            continue
        values = np.asarray(law.values)[cells]
        own = family_laws(part.mesh.comm, _with_values(law, values))
        found |= {first - 1 + tag: one for tag, one in own.laws.items()}
        tags[cells] = first - 1 + own.tags
        if own.axes is not None:
            if name in given:
                raise InputError(f"the axes of {name!r} come from its orientation tensors already.")
            rotation[cells], turned = own.axes, True
    with RaiseTogether(part.mesh.comm):
        for name, own_axes in given.items():
            cells = part.cells(name)
            cells = cells[cells < n]
            rotation[cells] = _rows(np.asarray(own_axes, dtype=np.float64), n, name)[cells]
    return CellLaws(found, tags, rotation if turned else None)


def _with_values(varying: VaryingNetwork, values: NDArray[Any]) -> VaryingNetwork:
    return VaryingNetwork(varying.family, values, varying.law_of, varying.resolution, varying.clamp)


def _rows(axes: NDArray[np.float64], n: int, name: str) -> NDArray[np.float64]:
    if axes.shape == (3, 3):
        return np.broadcast_to(axes, (n, 3, 3))
    if axes.shape != (n, 3, 3):
        raise InputError(
            f"the axes of {name!r} have the shape {axes.shape}; give one rotation of 3 x 3, or one "
            f"for each of the {n} owned cells of this rank."
        )
    return axes
