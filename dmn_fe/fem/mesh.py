"""Part meshes from gmsh files with named groups."""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dolfinx import mesh
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem._compat import gmsh_io

__all__ = ["Part", "read_mesh"]


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
        Tag of each named group.
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
        """Facets of this rank in the surface group ``name``."""
        _check(self.source, self.facet_groups, "surface", [name])
        return self.facet_tags.find(self.facet_groups[name])

    def cells(self, name: str) -> NDArray[np.int32]:
        """Cells of this rank, ghosts included, in the volume group ``name``."""
        _check(self.source, self.cell_groups, "volume", [name])
        return self.cell_tags.find(self.cell_groups[name])


def read_mesh(
    path: str | Path,
    comm: MPI.Comm = MPI.COMM_WORLD,
    surfaces: Sequence[str] = (),
    volumes: Sequence[str] = (),
) -> Part:
    """Read a 3D gmsh ``.msh`` file with physical groups on rank 0 and distribute it (collective).

    Parameters
    ----------
    path : str or Path
        The file.
    comm : MPI.Comm
        Ranks that share the mesh.
    surfaces, volumes : sequence of str
        Names of physical groups that must exist.

    Raises
    ------
    InputError
        On every rank, if the file cannot be read, is no 3D mesh of one cell type with straight
        edges, has no physical volume, physical groups that overlap or a physical surface that is
        not one of the physical volumes, or lacks one of the named groups.
    """
    groups = None
    with _gmsh(only_if=comm.rank == 0) as gmsh:
        with RaiseTogether(comm):
            if comm.rank == 0:
                groups = _open(gmsh, Path(path))
                _check(str(path), groups[0], "volume", volumes)
                _check(str(path), groups[1], "surface", surfaces)
        cell_groups, facet_groups = comm.bcast(groups, root=0)
        data = gmsh_io.model_to_mesh(gmsh and gmsh.model, comm, 0, gdim=3)
    return Part(data[0], data[1], data[2], cell_groups, facet_groups, str(path))


@contextmanager
def _gmsh(only_if: bool) -> Iterator[Any]:
    """The gmsh module, initialised inside the block; ``None`` where it is absent or not wanted."""
    gmsh: Any = None
    if only_if:
        with suppress(ImportError):
            gmsh = importlib.import_module("gmsh")
    started = gmsh is not None and not gmsh.isInitialized()
    if started:
        gmsh.initialize(readConfigFiles=False, interruptible=False)
        gmsh.option.setNumber("General.Terminal", 0)
    try:
        yield gmsh
    finally:
        if started:
            gmsh.finalize()


def _open(gmsh: Any, path: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Load ``path`` into gmsh; give the tags of its named volumes and surfaces."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such mesh file.")
    if gmsh is None:
        raise InputError(
            f"{path}: reading a mesh needs gmsh for Python; install python-gmsh (conda-forge) or "
            "python3-gmsh (Debian)."
        )
    try:
        gmsh.open(str(path))
    except Exception as error:
        raise InputError(
            f"{path}: gmsh cannot read this file ({error}); give a mesh in gmsh's format (.msh)."
        ) from error
    cell_types = gmsh.model.mesh.getElementTypes(3)
    if len(cell_types) != 1:
        raise InputError(
            f"{path}: the mesh has {len(cell_types)} types of 3D cells, expected one; mesh the "
            "volume with tetrahedra, or with hexahedra, only."
        )
    order = gmsh.model.mesh.getElementProperties(cell_types[0])[2]
    if order != 1:
        raise InputError(
            f"{path}: the cells are curved, of order {order}; mesh with linear cells "
            "(gmsh -order 1), displacements may be quadratic all the same."
        )
    volumes: dict[str, int] = {}
    surfaces: dict[str, int] = {}
    for dimension, groups in ((3, volumes), (2, surfaces)):
        for _, tag in gmsh.model.getPhysicalGroups(dimension):
            groups[_name(gmsh, dimension, tag)] = tag
        _check_groups_are_apart(gmsh, path, dimension)
    if not volumes:
        raise InputError(
            f"{path}: there is no physical volume; define one in gmsh, so that its cells are saved."
        )
    _check_surfaces_bound_volumes(gmsh, path, volumes, surfaces)
    return volumes, surfaces


def _name(gmsh: Any, dimension: int, tag: int) -> str:
    return gmsh.model.getPhysicalName(dimension, tag) or f"unnamed {tag}"


def _check_groups_are_apart(gmsh: Any, path: Path, dimension: int) -> None:
    """Refuse overlapping groups: DOLFINx keeps one tag for each cell and facet."""
    kind = {2: "surface", 3: "volume"}[dimension]
    for _, entity in gmsh.model.getEntities(dimension):
        tags = gmsh.model.getPhysicalGroupsForEntity(dimension, entity)
        if len(tags) > 1:
            first, second = (_name(gmsh, dimension, tag) for tag in tags[:2])
            raise InputError(
                f'{path}: {kind} {entity} is in the physical groups "{first}" and "{second}"; '
                f"put every {kind} into one group only."
            )


def _check_surfaces_bound_volumes(
    gmsh: Any, path: Path, volumes: dict[str, int], surfaces: dict[str, int]
) -> None:
    """Refuse facets that no cell has: DOLFINx 0.9 would write past the end of its arrays."""

    def nodes(dimension: int, tag: int) -> NDArray[np.uint64]:
        return gmsh.model.mesh.getNodesForPhysicalGroup(dimension, tag)[0]

    of_cells = np.concatenate([nodes(3, tag) for tag in volumes.values()])
    for name, tag in surfaces.items():
        of_facets = nodes(2, tag)
        if len(of_facets) == 0 or not np.isin(of_facets, of_cells).all():
            raise InputError(
                f'{path}: the physical surface "{name}" is not a meshed surface of a physical '
                "volume; take it out, or put its volume into a group."
            )


def _check(source: str, groups: dict[str, int], kind: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in groups:
            known = ", ".join(f'"{one}"' for one in groups) or "none"
            raise InputError(
                f'{source}: there is no physical {kind} "{name}"; the mesh has: {known}.'
            )
