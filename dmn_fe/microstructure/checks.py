"""Checks of RVEs before work is put into them."""

from dmn_fe.errors import InputError
from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.mesh_checks import check_mesh
from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.voxel_checks import check_voxels
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["VOID_NAMES", "check"]

#: Names that stand for a phase without stiffness, in small letters.
VOID_NAMES = ("void", "voids", "pore", "pores", "air")


def check(rve: VoxelRVE | MeshRVE, void: str | None = None) -> list[Finding]:
    """What is wrong or doubtful about an RVE, errors first; an empty list if nothing is.

    Voxels: voxels that are no cubes, opposite faces that do not continue each other, pieces of a
    connected phase that are cut off, single voxels, particles with fewer than two voxels between
    them. Meshes: flat or twisted cells, cells that do not fill the box, nodes that coincide,
    opposite faces that differ. Both: solid pieces that float in a void.

    Parameters
    ----------
    rve : VoxelRVE or MeshRVE
    void : str, optional
        Name of the phase without stiffness; by default the one called void, pore or air, if any.

    Raises
    ------
    InputError
        If there is no such phase.
    """
    if void is None:
        void = next((name for name in rve.names if name.lower() in VOID_NAMES), None)
    elif void not in rve.names:
        raise InputError(f"there is no phase {void!r}: give one of {', '.join(rve.names)}")
    number = None if void is None else rve.names.index(void)
    findings = check_mesh(rve, number) if isinstance(rve, MeshRVE) else check_voxels(rve, number)
    return sorted(findings, key=lambda finding: finding.severity)
