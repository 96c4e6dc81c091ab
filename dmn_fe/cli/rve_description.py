"""What an RVE is, in print."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmn_fe.microstructure import Finding, MeshRVE, VoxelRVE

__all__ = ["describe_rve", "print_statistics"]


def describe_rve(
    title: str, rve: "VoxelRVE | MeshRVE", findings: "list[Finding]", periodic_note: str = ""
) -> None:
    """Print shape, size, phases and findings; the note follows the axes of periodicity."""
    from dmn_fe import microstructure
    from dmn_fe.microstructure.mesh_checks import cell_volumes

    if isinstance(rve, microstructure.MeshRVE):
        volumes = abs(cell_volumes(rve))
        share = volumes / volumes.sum()
        fractions = [float(share[rve.phase == i].sum()) for i in range(len(rve.names))]
        rows = [("cells", f"{len(rve.cells)} ({rve.cell_type}), {len(rve.points)} nodes")]
    else:
        fractions = list(rve.volume_fractions)
        axes = ", ".join(f"e{i}" for i, flag in enumerate(rve.periodic, 1) if flag) or "no axis"
        rows = [("voxels", _times(rve.shape)), ("periodic", axes + periodic_note)]
    rows.insert(1, ("size", _times(f"{edge:.6g}" for edge in rve.size)))
    rows += [
        (f"phase {name!r}", f"volume fraction {fraction:.4f}")
        for name, fraction in zip(rve.names, fractions, strict=True)
    ]
    if rve.orientations is not None:
        rows.append(("orientations", str(len(rve.orientations))))
    rows += [("checks", str(finding)) for finding in findings] or [("checks", "nothing found")]
    width = max(len(key) for key, _ in rows)
    print(title)
    for key, value in rows:
        print(f"  {key:<{width}}  {value}")


def print_statistics(rve: "VoxelRVE") -> None:
    """Print a row of numbers for each phase, or what the grains are if there is one phase."""
    from dmn_fe import microstructure

    if len(rve.names) == 1 and rve.orientation_index is not None:
        _print_grains(rve, len(set(rve.orientation_index.ravel().tolist())))
        return
    titles = ("statistics", "surface/volume", "mean chord e1, e2, e3")
    print(f"  {titles[0]:<17} {titles[1]:>15}  {titles[2]:<27}  pieces  goes through")
    for phase in microstructure.describe(rve).phases:
        # No chord is seen whole where the phase goes through from face to face.
        chords = ", ".join("–" if math.isnan(c) else f"{c:.3g}" for c in phase.mean_chord)
        axes = ", ".join(f"e{i}" for i, flag in enumerate(phase.percolates, 1) if flag) or "no"
        print(
            f"  {phase.name[:17]:<17} {phase.specific_surface:15.4g}  {chords:<27}"
            f" {phase.clusters:7d}  {axes}"
        )


def _print_grains(rve: "VoxelRVE", count: int) -> None:
    """Print how many grains there are, one for each orientation that occurs, and how large."""
    # A section is made of circles, a solid of spheres.
    edges = [edge for edge, n in zip(rve.size, rve.shape, strict=True) if n > 1] or [rve.size[0]]
    ball = (1.0, math.pi / 4, math.pi / 6)[len(edges) - 1]
    diameter = (math.prod(edges) / count / ball) ** (1 / len(edges))
    print(f"  statistics  {count} grains, of mean volume that of a diameter of {diameter:.3g}")


def _times(numbers) -> str:
    return " × ".join(map(str, numbers))
