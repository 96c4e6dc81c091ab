"""Part meshes from gmsh files with named groups."""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem._compat import gmsh_io
from dmn_fe.fem.part import KINDS, Part, check_groups

__all__ = ["read_mesh"]


def read_mesh(
    path: str | Path,
    comm: MPI.Comm = MPI.COMM_WORLD,
    surfaces: Sequence[str] = (),
    volumes: Sequence[str] = (),
) -> Part:
    """Read a gmsh ``.msh`` file with physical groups on rank 0 and distribute it (collective).

    A file without cells in space is a mesh in two dimensions, in the plane z = 0: then physical
    surfaces are its volumes, and physical curves its surfaces.

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
        On every rank, if the file cannot be read, is no mesh of one cell type with straight edges,
        lies in two dimensions but not in the plane z = 0, has no physical volume,
        physical groups that overlap or a physical surface that is not one of the physical volumes,
        or lacks one of the named groups.
    """
    found = None
    with _gmsh(only_if=comm.rank == 0) as gmsh:
        with RaiseTogether(comm):
            if comm.rank == 0:
                found = _open(gmsh, Path(path))
                dimension, cell_groups, facet_groups = found
                check_groups(str(path), cell_groups, KINDS[dimension], volumes)
                check_groups(str(path), facet_groups, KINDS[dimension - 1], surfaces)
        dimension, cell_groups, facet_groups = comm.bcast(found, root=0)
        data = gmsh_io.model_to_mesh(gmsh and gmsh.model, comm, 0, gdim=dimension)
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


def _open(gmsh: Any, path: Path) -> tuple[int, dict[str, int], dict[str, int]]:
    """Load ``path`` into gmsh; give its dimension, and the tags of its named cells and facets."""
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
    dimension = 3 if len(gmsh.model.mesh.getElementTypes(3)) > 0 else 2
    cell_types = gmsh.model.mesh.getElementTypes(dimension)
    if len(cell_types) != 1:
        raise InputError(
            f"{path}: the mesh has {len(cell_types)} types of {dimension}D cells, expected one; "
            "mesh with one type only, e.g. tetrahedra, or triangles in the plane."
        )
    if dimension == 2 and gmsh.model.mesh.getNodes()[1].reshape(-1, 3)[:, 2].any():
        raise InputError(
            f"{path}: there are no 3D cells, and the 2D cells lie outside of the plane z = 0; mesh "
            "the volume, or move the surface there."
        )
    order = gmsh.model.mesh.getElementProperties(cell_types[0])[2]
    if order != 1:
        raise InputError(
            f"{path}: the cells are curved, of order {order}; mesh with linear cells "
            "(gmsh -order 1), displacements may be quadratic all the same."
        )
    cells: dict[str, int] = {}
    facets: dict[str, int] = {}
    for one, groups in ((dimension, cells), (dimension - 1, facets)):
        for _, tag in gmsh.model.getPhysicalGroups(one):
            groups[_name(gmsh, one, tag)] = tag
        _check_groups_are_apart(gmsh, path, one)
    if not cells:
        raise InputError(
            f"{path}: there is no physical {KINDS[dimension]}; define one in gmsh, so that its "
            "cells are saved."
        )
    _check_facets_are_of_cells(gmsh, path, dimension, cells, facets)
    return dimension, cells, facets


def _name(gmsh: Any, dimension: int, tag: int) -> str:
    return gmsh.model.getPhysicalName(dimension, tag) or f"unnamed {tag}"


def _check_groups_are_apart(gmsh: Any, path: Path, dimension: int) -> None:
    """Refuse overlapping groups: DOLFINx keeps one tag for each cell and facet."""
    kind = KINDS[dimension]
    for _, entity in gmsh.model.getEntities(dimension):
        tags = gmsh.model.getPhysicalGroupsForEntity(dimension, entity)
        if len(tags) > 1:
            first, second = (_name(gmsh, dimension, tag) for tag in tags[:2])
            raise InputError(
                f'{path}: {kind} {entity} is in the physical groups "{first}" and "{second}"; '
                f"put every {kind} into one group only."
            )


def _check_facets_are_of_cells(
    gmsh: Any, path: Path, dimension: int, cells: dict[str, int], facets: dict[str, int]
) -> None:
    """Refuse facets that no cell has: DOLFINx 0.9 would write past the end of its arrays."""

    def nodes(of: int, tag: int) -> NDArray[np.uint64]:
        return gmsh.model.mesh.getNodesForPhysicalGroup(of, tag)[0]

    cell, facet = KINDS[dimension], KINDS[dimension - 1]
    of_cells = np.concatenate([nodes(dimension, tag) for tag in cells.values()])
    for name, tag in facets.items():
        of_facets = nodes(dimension - 1, tag)
        if len(of_facets) == 0 or not np.isin(of_facets, of_cells).all():
            raise InputError(
                f'{path}: the physical {facet} "{name}" is not a meshed {facet} of a physical '
                f"{cell}; take it out, or put its {cell} into a group."
            )
