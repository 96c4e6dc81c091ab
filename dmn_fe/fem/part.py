"""A distributed mesh with named groups of cells and facets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from dolfinx import mesh
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError

__all__ = ["KINDS", "Part", "check_groups", "mark"]

#: What gmsh calls things of a dimension.
KINDS = {1: "curve", 2: "surface", 3: "volume"}

Marker = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Part:
    """A mesh with its named groups.

    Attributes
    ----------
    mesh : dolfinx.mesh.Mesh
        The distributed mesh.
    cell_tags, facet_tags : dolfinx.mesh.MeshTags
        Tags of the physical groups, on cells and facets of this rank. Some versions of DOLFINx
        give no facet tags for a file without physical surfaces.
    cell_groups, facet_groups : dict of str to int
        Tag of each named group: of cells, and of facets.
    source : str
        Where the mesh came from, for messages.
    """

    mesh: mesh.Mesh
    cell_tags: mesh.MeshTags
    facet_tags: mesh.MeshTags
    cell_groups: dict[str, int]
    facet_groups: dict[str, int]
    source: str

    def facets(self, name: str) -> NDArray[np.int32]:
        """Facets of this rank in the group ``name``: a surface, or a curve in two dimensions."""
        check_groups(self.source, self.facet_groups, KINDS[self.mesh.topology.dim - 1], [name])
        return self.facet_tags.find(self.facet_groups[name])

    def cells(self, name: str) -> NDArray[np.int32]:
        """Cells of this rank, ghosts included, in the group ``name``: a volume, or a surface."""
        check_groups(self.source, self.cell_groups, KINDS[self.mesh.topology.dim], [name])
        return self.cell_tags.find(self.cell_groups[name])


def mark(
    domain: mesh.Mesh,
    surfaces: Mapping[str, Marker],
    volumes: Mapping[str, Marker] | None = None,
    source: str = "the mesh",
) -> Part:
    """A part from a mesh of your own, with groups that are marked by their place (collective).

    Parameters
    ----------
    domain : dolfinx.mesh.Mesh
    surfaces : mapping of str to callable
        Whether places ``[3, n]`` belong to a group of boundary facets, as for DOLFINx's
        ``locate_entities_boundary``; a facet belongs to a group if all its vertices do.
    volumes : mapping of str to callable, optional
        The same of cells, as for ``locate_entities``. All cells are the group "part" if left out.
    source : str
        Name of the mesh for messages.

    Raises
    ------
    InputError
        On all ranks, if a facet or cell belongs to two groups, or a cell to none.
    """
    dimension = domain.topology.dim
    domain.topology.create_entities(dimension - 1)
    domain.topology.create_connectivity(dimension - 1, dimension)
    facets = [mesh.locate_entities_boundary(domain, dimension - 1, m) for m in surfaces.values()]
    index_map = domain.topology.index_map(dimension)
    count = index_map.size_local + index_map.num_ghosts
    if volumes is None:
        volumes = {"part": lambda x: np.full(x.shape[1], True)}
    cells = [mesh.locate_entities(domain, dimension, marker) for marker in volumes.values()]
    with RaiseTogether(domain.comm):
        _check_apart(source, list(surfaces), facets)
        _check_apart(source, list(volumes), cells)
        lacking = count - sum(len(one) for one in cells)
        if lacking:
            raise InputError(f"{source}: {lacking} cells belong to no group; mark all cells.")
    facet_groups = {name: tag for tag, name in enumerate(surfaces, start=1)}
    cell_groups = {name: tag for tag, name in enumerate(volumes, start=1)}
    return Part(
        domain,
        _tags(domain, dimension, cells),
        _tags(domain, dimension - 1, facets),
        cell_groups,
        facet_groups,
        source,
    )


def _check_apart(source: str, names: Sequence[str], entities: Sequence[NDArray[np.int32]]) -> None:
    for i, first in enumerate(entities):
        for j in range(i):
            both = np.intersect1d(first, entities[j])
            if len(both) > 0:
                raise InputError(
                    f"{source}: {len(both)} entities belong to both {names[j]!r} and {names[i]!r}; "
                    "mark each once."
                )


def _tags(domain: mesh.Mesh, dimension: int, groups: Sequence[NDArray[np.int32]]) -> mesh.MeshTags:
    """Tags 1, 2, … of groups of entities."""
    entities = np.concatenate([np.empty(0, dtype=np.int32), *groups]).astype(np.int32)
    values = np.repeat(np.arange(1, len(groups) + 1, dtype=np.int32), [len(g) for g in groups])
    order = np.argsort(entities)
    return mesh.meshtags(domain, dimension, entities[order], values[order].astype(np.int32))


def check_groups(source: str, groups: dict[str, int], kind: str, names: Sequence[str]) -> None:
    """Raise ``InputError`` unless there are groups of these names."""
    for name in names:
        if name not in groups:
            known = ", ".join(f'"{one}"' for one in groups) or "none"
            raise InputError(
                f'{source}: there is no physical {kind} "{name}"; the mesh has: {known}.'
            )
