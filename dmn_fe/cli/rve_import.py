"""``dmn-fe rve import`` and ``dmn-fe rve show``: RVEs from files, and what they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dmn_fe.cli.rve_description import describe_rve, print_statistics
from dmn_fe.errors import InputError

if TYPE_CHECKING:
    from dmn_fe.microstructure import MeshRVE, VoxelRVE

__all__ = ["import_rve", "show"]

_VOXEL_FILES = (".npy", ".vti", ".png", ".tif", ".tiff")
_VOXEL_OUTPUT = (".vti", ".npy")
_MESH_OUTPUT = (".vtu", ".xdmf", ".msh")

File = Annotated[
    Path,
    typer.Argument(
        help="Voxels: .npy, .vti, an image, a TIFF stack, a folder or pattern ('ct/s_*.png') of "
        "slices. Meshes with tags of phases: .msh, .vtu, .xdmf, .inp …"
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
Void = Annotated[
    str | None, typer.Option(help="Phase without stiffness, for the checks; by default void, pore.")
]


def import_rve(
    file: File,
    output: Annotated[
        Path,
        typer.Option(help="File to write: .vti keeps all, .npy only phases; .vtu, .xdmf, .msh."),
    ],
    threshold: Threshold = None,
    clusters: Clusters = None,
    size: Annotated[str, typer.Option(help="Edge lengths of voxels' RVE: 1,1,2.")] = "",
    phases: Phases = "",
    array: Array = None,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Make it periodic: double each other axis by a mirror.")
    ] = False,
    voxels: Annotated[
        int | None, typer.Option(help="Turn a mesh into voxels: number along the longest edge.")
    ] = None,
    void: Void = None,
) -> None:
    """Read an RVE from an image, voxels or a mesh, check it and write it."""
    from dmn_fe import microstructure
    from dmn_fe.files import check_folder

    check_folder(output)
    if output.suffix.lower() not in (*_VOXEL_OUTPUT, *_MESH_OUTPUT):
        endings = ", ".join((*_VOXEL_OUTPUT, *_MESH_OUTPUT))
        raise InputError(f"{output} does not end in {endings}: give a name that does")
    rve = _read(file, phases, threshold, clusters, array, size)
    if isinstance(rve, microstructure.MeshRVE) and voxels is not None:
        rve = microstructure.voxelize(rve, voxels)
    elif voxels is not None:
        raise InputError(f"--voxels is for meshes, but {file} has voxels: leave it out")
    if mirror:
        if isinstance(rve, microstructure.MeshRVE):
            raise InputError(f"--mirror is for voxels, but {file} is a mesh: give --voxels as well")
        rve = microstructure.mirrored(rve)
    if isinstance(rve, microstructure.MeshRVE):
        if output.suffix.lower() not in _MESH_OUTPUT:
            raise InputError(
                f"{file} is a mesh: give --voxels, or an --output ending in "
                f"{', '.join(_MESH_OUTPUT)}"
            )
        microstructure.write_mesh(rve, output)
    elif output.suffix.lower() in _MESH_OUTPUT:
        microstructure.write_mesh(microstructure.voxels_to_mesh(rve), output)
    elif rve.orientations is not None and output.suffix.lower() == ".npy":
        raise InputError(f"{output} cannot hold the orientations of this RVE: write a .vti file")
    else:
        microstructure.write(rve, output)
    describe_rve(str(output), rve, void)


def show(
    file: File,
    picture: Annotated[Path | None, typer.Option(help="Picture to draw (.png).")] = None,
    statistics: Annotated[
        Path | None, typer.Option(help="Picture of correlations, paths and chords (.png).")
    ] = None,
    threshold: Threshold = None,
    clusters: Clusters = None,
    phases: Phases = "",
    array: Array = None,
    void: Void = None,
) -> None:
    """Print what an RVE is, its statistics and what its checks find, and draw it."""
    from dmn_fe import microstructure
    from dmn_fe.files import check_folder

    for path in (picture, statistics):
        if path is not None:
            check_folder(path, ending=".png")
    rve = _read(file, phases, threshold, clusters, array)
    describe_rve(str(file), rve, void)
    if isinstance(rve, microstructure.VoxelRVE):
        print_statistics(rve)
        if statistics is not None:
            microstructure.draw_statistics(rve, statistics)
            print(f"{statistics}: drawn")
    elif statistics is not None:
        raise InputError(f"--statistics is for voxels: turn {file} into voxels with rve import")
    if picture is not None:
        microstructure.draw_rve(rve, picture, file.stem)
        print(f"{picture}: drawn")


def _read(
    file: Path,
    phases: str,
    threshold: list[float] | None,
    clusters: int | None,
    array: str | None,
    size: str = "",
) -> "VoxelRVE | MeshRVE":
    """The RVE of a file; thresholds that were found between clusters are printed."""
    from dmn_fe import microstructure

    names = tuple(name.strip() for name in phases.split(",")) if phases else ()
    is_voxels = file.is_dir() or "*" in file.name or file.suffix.lower() in _VOXEL_FILES
    if not is_voxels:
        if threshold or clusters is not None or size:
            raise InputError(
                f"--threshold, --clusters and --size are for voxels, but {file} is a mesh: "
                "leave them out"
            )
        return microstructure.read_mesh(file, names, array)
    thresholds = tuple(threshold or ())
    if clusters is not None and not thresholds:
        thresholds = microstructure.find_thresholds(file, clusters, array)
        print(f"thresholds between {clusters} clusters: {', '.join(f'{t:g}' for t in thresholds)}")
    elif clusters is not None:
        raise InputError("--threshold and --clusters were both given: give one of them")
    return microstructure.read(file, names, _edges(size), thresholds=thresholds, array=array)


def _edges(size: str) -> tuple[float, ...]:
    try:
        return tuple(float(edge) for edge in size.split(",")) if size else ()
    except ValueError as error:
        raise InputError(f"--size {size!r} must be three lengths with commas between") from error
