"""Reading mesh RVEs from every format of meshio, writing them for ParaView and gmsh."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole
from dmn_fe.microstructure.images import IMAGE_ENDINGS
from dmn_fe.microstructure.mesh_tags import phases_of_cells
from dmn_fe.microstructure.meshes import CELL_TYPES, MeshRVE

__all__ = ["read_mesh", "write_mesh"]

# What meshio is told for each ending; XDMF with its data inside is one file.
_FORMATS: dict[str, dict[str, Any]] = {
    ".vtu": {"file_format": "vtu"},
    ".xdmf": {"file_format": "xdmf", "data_format": "XML"},
    ".msh": {"file_format": "gmsh22"},
}
_AXES = ("material axis 1", "material axis 2", "material axis 3")


def read_mesh(path: str | Path, names: tuple[str, ...] = (), array: str | None = None) -> MeshRVE:
    """Read a mesh RVE.

    Parameters
    ----------
    path : path
        A mesh in any format of meshio: ``.msh``, ``.vtu``, ``.xdmf``, ``.inp`` …, of triangles,
        quads, tetrahedra or hexahedra with straight edges. Cells of lower dimension are left
        out, and so are points that no other cell has.
    names : tuple of str, optional
        Names of the phases in order; by default those of the groups or element sets. Names of
        groups or sets of the file choose these and their order.
    array : str, optional
        Name of the cell array with the tags of the phases; by default ``gmsh:physical`` (physical
        groups) or ``phase``, then element sets, then the only array of integers. Phases follow
        rising tags, or the order of the sets in the file.

    Raises
    ------
    InputError
        If the file cannot be read, has cells of several or other types, or cells without a phase
        or with two.
    """
    path = Path(path)
    mesh = _load(path)
    cell_type, blocks = _cells_of_highest_dimension(mesh, path)
    dimension, _ = CELL_TYPES[cell_type]
    cells = np.concatenate([mesh.cells[block].data for block in blocks])
    used, cells = np.unique(cells, return_inverse=True)
    points = np.asarray(mesh.points, dtype=np.float64)[used]
    if dimension == 2 and points.shape[1] == 3:
        if np.ptp(points[:, 2]) > 1e-9 * np.ptp(points, axis=0).max():
            raise InputError(f"{path} is a curved or tilted surface: give a plane mesh in e1, e2")
        points = points[:, :2]
    phase, found_names = phases_of_cells(mesh, blocks, dimension, path, names, array)
    orientations, index = _orientations(mesh, blocks)
    corners = CELL_TYPES[cell_type][1]
    try:
        return MeshRVE(
            points, cells.reshape(-1, corners), cell_type, phase, found_names, orientations, index
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def write_mesh(rve: MeshRVE, path: str | Path) -> None:
    """Write a mesh RVE with the cell data ``phase`` and its material axes.

    Parameters
    ----------
    rve : MeshRVE
    path : path
        ``.vtu`` or ``.xdmf`` for ParaView, where names of phases are not kept; ``.msh`` (version
        2.2) with a physical group for each phase, numbered from 1.

    Raises
    ------
    InputError
        If ``path`` has another ending.
    """
    import meshio

    path = Path(path)
    options = _FORMATS.get(path.suffix.lower())
    if options is None:
        raise InputError(
            f"{path} does not end in {', '.join(_FORMATS)}, the formats that meshes are written in"
        )
    points = np.zeros((len(rve.points), 3))
    points[:, : rve.dimension] = rve.points
    data: dict[str, Any] = {"phase": [rve.phase]}
    groups: dict[str, Any] = {}
    if path.suffix.lower() == ".msh":
        tags = rve.phase + np.int32(1)
        data = {"gmsh:physical": [tags], "gmsh:geometrical": [tags]}
        groups = {name: np.array([i, rve.dimension]) for i, name in enumerate(rve.names, 1)}
    if rve.orientations is not None and rve.orientation_index is not None:
        data["orientation_index"] = [rve.orientation_index]
        for axis, name in enumerate(_AXES):
            data[name] = [rve.orientations[rve.orientation_index, :, axis]]
    mesh = meshio.Mesh(points, [(rve.cell_type, rve.cells)], cell_data=data, field_data=groups)
    with written_whole(path) as partial:
        meshio.write(partial, mesh, **options)


def _load(path: Path) -> Any:
    """The ``meshio.Mesh`` of a file."""
    import meshio

    if not path.is_file():
        raise InputError(f"there is no mesh file {path}: check the path")
    if not path.name.lower().endswith(tuple(meshio.extension_to_filetypes)):
        raise InputError(
            f"{path} has the ending {path.suffix!r}: give a mesh as .msh, .vtu, .vtk, .xdmf, .inp, "
            f".med …, or voxels as .npy, .vti, {', '.join(IMAGE_ENDINGS)}"
        )
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return meshio.read(path)
    except (Exception, SystemExit) as error:
        # Each format fails in its own way, and meshio may even end the program.
        if "'gmsh:physical'" in str(error):
            raise InputError(
                f"{path} has cells that belong to no physical group: give every phase a physical "
                "group in gmsh and save these groups only"
            ) from error
        cause = str(error) if isinstance(error, Exception) and str(error) else said.getvalue()
        cause = " ".join(cause.split()).rstrip(".")
        raise InputError(f"{path} cannot be read as a mesh ({cause}): export it again") from error


def _cells_of_highest_dimension(mesh: Any, path: Path) -> tuple[str, list[int]]:
    """Type of the cells that make the RVE, and the blocks of the file that hold them."""
    dimensions = [_dimension(block.type) if len(block.data) else 0 for block in mesh.cells]
    highest = max(dimensions, default=0)
    if highest < 2:
        raise InputError(f"{path} has no cells that fill it: mesh the volume, not its edges")
    blocks = [i for i, dimension in enumerate(dimensions) if dimension == highest]
    types = sorted({mesh.cells[i].type for i in blocks})
    if len(types) > 1:
        raise InputError(f"{path} has cells of several types ({', '.join(types)}): use one type")
    (cell_type,) = types
    if cell_type in CELL_TYPES:
        return cell_type, blocks
    if cell_type.rstrip("0123456789") in CELL_TYPES:
        raise InputError(
            f"{path} has {cell_type} cells, of higher order: export it with straight edges "
            f"({cell_type.rstrip('0123456789')}, order 1)"
        )
    raise InputError(f"{path} has {cell_type} cells: mesh it with {', '.join(CELL_TYPES)}")


def _dimension(cell_type: str) -> int:
    for start, dimension in (("vertex", 0), ("line", 1), ("triangle", 2), ("quad", 2)):
        if cell_type.startswith(start):
            return dimension
    return 3


def _orientations(mesh: Any, blocks: list[int]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Rotations and their index, as :func:`write_mesh` writes them."""
    if not all(name in mesh.cell_data for name in ("orientation_index", *_AXES)):
        return None, None
    index = _of_blocks(mesh.cell_data["orientation_index"], blocks).ravel().astype(np.int32)
    axes = np.stack([_of_blocks(mesh.cell_data[name], blocks) for name in _AXES], axis=-1)
    # An index that no cell has stands for a rotation that was not written.
    rotations = np.tile(np.eye(3), (int(index.max()) + 1, 1, 1))
    rotations[index] = axes
    return rotations, index


def _of_blocks(arrays: list[np.ndarray], blocks: list[int]) -> np.ndarray:
    return np.concatenate([arrays[block] for block in blocks])
