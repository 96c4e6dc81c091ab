"""What ``dmn-fe rve import`` and ``dmn-fe rve show`` read: options and files."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dmn_fe.errors import InputError

if TYPE_CHECKING:
    from dmn_fe.microstructure import MeshRVE, VoxelRVE

__all__ = [
    "Array",
    "Clusters",
    "File",
    "Periodic",
    "Phases",
    "Threshold",
    "periodic_note",
    "read_rve",
]

File = Annotated[
    Path,
    typer.Argument(
        help="Voxels: .npy, .vti, an image or stack (.png, .tif, .tiff), a folder or pattern "
        "('ct/s_*.png') of slices. Meshes with tags of phases: .msh, .vtu, .xdmf, .inp …"
    ),
]
Phases = Annotated[str, typer.Option(help="Names of the phases in order, with commas between.")]
Threshold = Annotated[
    list[float] | None,
    typer.Option(help="Grey value: a voxel's phase is the number of thresholds below. Repeatable."),
]
Clusters = Annotated[
    int | None, typer.Option(help="Number of phases; thresholds are found between grey values.")
]
Array = Annotated[
    str | None, typer.Option(help="Array of the file with the phases, where it has several.")
]
Periodic = Annotated[
    bool | None,
    typer.Option(
        "--periodic/--not-periodic",
        help="Whether voxels continue across all faces; by default as the file says: .npy yes, "
        "images no.",
    ),
]


def read_rve(
    file: Path,
    phases: str,
    threshold: list[float] | None,
    clusters: int | None,
    array: str | None,
    periodic: bool | None,
    size: str = "",
) -> "VoxelRVE | MeshRVE":
    """The RVE of a file; thresholds that were found between clusters are printed."""
    from dmn_fe import microstructure
    from dmn_fe.microstructure.any_file import holds_voxels

    names = tuple(name.strip() for name in phases.split(",")) if phases else ()
    if not holds_voxels(file):
        mesh = microstructure.read_mesh(file, names, array)
        if threshold or clusters is not None or size or periodic is not None:
            raise InputError(
                f"--threshold, --clusters, --size and --periodic are for voxels, but {file} is a "
                "mesh: leave them out"
            )
        return mesh
    thresholds = tuple(threshold or ())
    if clusters is not None and not thresholds:
        thresholds = microstructure.find_thresholds(file, clusters, array)
        print(f"thresholds between {clusters} clusters: {', '.join(f'{t:g}' for t in thresholds)}")
    elif clusters is not None:
        raise InputError("--threshold and --clusters were both given: give one of them")
    rve = microstructure.read(file, names, _edges(size), thresholds=thresholds, array=array)
    if periodic is None:
        return rve
    # An RVE of one voxel along an axis is constant there.
    x, y, z = (periodic or n == 1 for n in rve.shape)
    return dataclasses.replace(rve, periodic=(x, y, z))


def periodic_note(file: Path, rve: "VoxelRVE | MeshRVE", periodic: bool | None) -> str:
    """What to add to the axes along which voxels are periodic, unless the user said it."""
    from dmn_fe.microstructure import MeshRVE
    from dmn_fe.microstructure.voxel_faces import seams

    if periodic is not None or isinstance(rve, MeshRVE):
        return ""
    if file.suffix.lower() == ".npy":
        return " (as every .npy file is taken, unless --not-periodic)"
    matching = [
        f"e{seam.axis + 1}" for seam in seams(rve) if seam.continues and not rve.periodic[seam.axis]
    ]
    if not matching:
        return ""
    return f"; the faces across {', '.join(matching)} match: --periodic if this is no accident"


def _edges(size: str) -> tuple[float, ...]:
    try:
        return tuple(float(edge) for edge in size.split(",")) if size else ()
    except ValueError as error:
        raise InputError(f"--size {size!r} must be three lengths with commas between") from error
