"""Reading an RVE of either kind, by the name of its file."""

from pathlib import Path

from dmn_fe.microstructure.images import OTHER_IMAGE_ENDINGS
from dmn_fe.microstructure.mesh_files import read_mesh
from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.voxel_files import read
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["holds_voxels", "read_any"]

_ENDINGS = (".npy", ".vti", ".png", ".tif", ".tiff", *OTHER_IMAGE_ENDINGS)


def holds_voxels(path: Path) -> bool:
    """Whether a file, folder or pattern is one of voxels by its name, and not a mesh."""
    return path.is_dir() or "*" in path.name or path.suffix.lower() in _ENDINGS


def read_any(path: str | Path, names: tuple[str, ...] = ()) -> VoxelRVE | MeshRVE:
    """Read voxels as :func:`~dmn_fe.microstructure.read` does, or a mesh as
    :func:`~dmn_fe.microstructure.read_mesh` does.

    Raises
    ------
    InputError
        As of these.
    """
    return read(path, names) if holds_voxels(Path(path)) else read_mesh(path, names)
