"""``dmn-fe rve import`` and ``dmn-fe rve show``: RVEs from files, and what they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dmn_fe.cli.rve_description import describe_rve, print_statistics
from dmn_fe.cli.rve_reading import (
    Array,
    Clusters,
    File,
    Periodic,
    Phases,
    Threshold,
    periodic_note,
    read_rve,
)
from dmn_fe.errors import InputError

if TYPE_CHECKING:
    from dmn_fe.microstructure import Finding, MeshRVE, VoxelRVE

__all__ = ["import_rve", "show"]

_VOXEL_OUTPUT = (".vti", ".npy")
_MESH_OUTPUT = (".vtu", ".xdmf", ".msh")

Void = Annotated[
    str | None, typer.Option(help="Phase without stiffness, for the checks; by default void, pore.")
]


def import_rve(
    file: File,
    output: Annotated[
        Path,
        typer.Option(
            help="File to write: .vti keeps all, .npy only phases; .vtu, .xdmf, .msh.",
            show_default=False,
        ),
    ],
    threshold: Threshold = None,
    clusters: Clusters = None,
    size: Annotated[
        str, typer.Option(help="Edge lengths of voxels' RVE, before --mirror doubles them: 1,1,2.")
    ] = "",
    phases: Phases = "",
    array: Array = None,
    periodic: Periodic = None,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Make it periodic: double each other axis by a mirror.")
    ] = False,
    voxels: Annotated[
        int | None,
        typer.Option(
            help="Turn a mesh into voxels: number along the longest edge.", show_default=False
        ),
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
    rve = read_rve(file, phases, threshold, clusters, array, periodic, size)
    if isinstance(rve, microstructure.MeshRVE) and voxels is not None:
        rve = microstructure.voxelize(rve, voxels)
    elif voxels is not None:
        raise InputError(f"--voxels is for meshes, but {file} has voxels: leave it out")
    if mirror:
        if isinstance(rve, microstructure.MeshRVE):
            raise InputError(f"--mirror is for voxels, but {file} is a mesh: give --voxels as well")
        rve = microstructure.mirrored(rve)
    findings = microstructure.check(rve, void)
    _write(file, rve, findings, output, void)
    describe_rve(str(output), rve, findings, periodic_note(file, rve, periodic))
    if isinstance(rve, microstructure.MeshRVE) or output.suffix.lower() != ".npy":
        return
    if not all(rve.periodic):
        print(
            f"{output} does not keep that the RVE is not periodic, nor its names and size: "
            "write a .vti file to keep them"
        )


def _write(
    file: Path,
    rve: "VoxelRVE | MeshRVE",
    findings: "list[Finding]",
    output: Path,
    void: str | None,
) -> None:
    """Write an RVE, but no mesh that no solver can use."""
    from dmn_fe import microstructure

    if isinstance(rve, microstructure.VoxelRVE) and output.suffix.lower() not in _MESH_OUTPUT:
        if rve.orientations is not None and output.suffix.lower() == ".npy":
            raise InputError(
                f"{output} cannot hold the orientations of this RVE: write a .vti file"
            )
        microstructure.write(rve, output)
        return
    if output.suffix.lower() not in _MESH_OUTPUT:
        raise InputError(
            f"{file} is a mesh: give --voxels, or an --output ending in {', '.join(_MESH_OUTPUT)}"
        )
    if isinstance(rve, microstructure.VoxelRVE):
        rve = microstructure.voxels_to_mesh(rve)
        findings = microstructure.check(rve, void)
    errors = [finding.sentence for finding in findings if finding.severity == "error"]
    if errors:
        raise InputError(f"{output} is not written because no solver could use it: {errors[0]}")
    microstructure.write_mesh(rve, output)


def show(
    file: File,
    picture: Annotated[
        Path | None, typer.Option(help="Picture to draw (.png).", show_default=False)
    ] = None,
    statistics: Annotated[
        Path | None,
        typer.Option(help="Picture of correlations, paths and chords (.png).", show_default=False),
    ] = None,
    threshold: Threshold = None,
    clusters: Clusters = None,
    phases: Phases = "",
    array: Array = None,
    periodic: Periodic = None,
    void: Void = None,
) -> None:
    """Print what an RVE is, its statistics and what its checks find, and draw it."""
    from dmn_fe import microstructure
    from dmn_fe.files import check_folder

    for path in (picture, statistics):
        if path is not None:
            check_folder(path, ending=".png")
    rve = read_rve(file, phases, threshold, clusters, array, periodic)
    findings = microstructure.check(rve, void)
    describe_rve(str(file), rve, findings, periodic_note(file, rve, periodic))
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
