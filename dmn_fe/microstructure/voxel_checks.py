"""Checks of voxel RVEs."""

import itertools
from collections.abc import Iterator

import numpy as np

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.statistics import Clusters, find_clusters
from dmn_fe.microstructure.voxel_faces import seams
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["check_voxels"]

_CUBE_TOLERANCE = 1e-3

# Half of the offsets between voxels of different particles with fewer than two voxels between.
_NEAR = [
    offset
    for offset in itertools.product((-2, -1, 0, 1, 2), repeat=3)
    if 1 < sum(x * x for x in offset) <= 4 and offset > (0, 0, 0)
]


def check_voxels(rve: VoxelRVE, void: int | None) -> list[Finding]:
    """The findings of :func:`~dmn_fe.microstructure.check` for voxels."""
    findings = [*_spacing(rve), *_opposite_faces(rve)]
    if sum(n > 1 for n in rve.shape) > 1:
        for number, name in enumerate(rve.names):
            clusters = find_clusters(rve, number)
            findings += _pieces(rve, name, clusters)
            findings += _near_particles(rve, name, clusters)
    if void is not None:
        findings += _solid(rve, void)
    return findings


def _spacing(rve: VoxelRVE) -> Iterator[Finding]:
    """Voxels that are no cubes; along an axis of one voxel the edge has no meaning."""
    edges = [edge / n for edge, n in zip(rve.size, rve.shape, strict=True)]
    real = [edge for edge, n in zip(edges, rve.shape, strict=True) if n > 1]
    if real and max(real) > (1.0 + _CUBE_TOLERANCE) * min(real):
        shown = " × ".join(f"{edge:.4g}" for edge in edges)
        yield Finding(
            "warning",
            f"the voxels are no cubes but {shown}: check the size, "
            f"which is {' × '.join(f'{edge:.4g}' for edge in rve.size)}",
        )


def _opposite_faces(rve: VoxelRVE) -> Iterator[Finding]:
    """Faces that do not continue each other, beside how layers inside do."""
    for seam in seams(rve):
        if seam.continues:
            continue
        name = f"e{seam.axis + 1}"
        jump = (
            f"{seam.change:.1%} of the voxels change their phase there, inside at most "
            f"{seam.inside:.1%}"
        )
        if rve.periodic[seam.axis]:
            yield Finding(
                "warning",
                f"the RVE is taken as periodic along {name}, but its faces do not look so "
                f"({jump}): cut out whole periods, or say that it is not periodic and mirror it",
            )
        else:
            yield Finding(
                "warning",
                f"the faces across {name} do not continue each other ({jump}), solvers take "
                "them as if they did: mirror the RVE, or take it as large as you can",
            )


def _pieces(rve: VoxelRVE, name: str, clusters: Clusters) -> Iterator[Finding]:
    """Single voxels, and pieces that are cut off from a phase that goes through the RVE."""
    loose = ~_through(rve, clusters)
    voxels = np.rint(clusters.volume_fractions * rve.phase.size)
    single = int(np.sum(loose & (voxels == 1)))
    if single:
        yield Finding(
            "warning",
            f"{_count(single, 'piece')} of phase {name!r} {_are(single)} a single voxel: noise? "
            "filter the image, or take more voxels",
        )
    cut_off = int(np.sum(loose & (voxels > 1)))
    if cut_off and not loose.all():
        share = float(clusters.volume_fractions[loose & (voxels > 1)].sum())
        yield Finding(
            "warning",
            f"{_count(cut_off, 'piece')} of phase {name!r} ({share:.2%} of the RVE) "
            f"{_are(cut_off)} cut off from the rest of this phase",
        )


def _near_particles(rve: VoxelRVE, name: str, clusters: Clusters) -> Iterator[Finding]:
    """Particles with fewer than two voxels between them, if the phase is made of particles."""
    if clusters.count < 2 or _through(rve, clusters).any():
        return
    pairs: set[tuple[int, int]] = set()
    for offset in _NEAR:
        one, other = _shifted(clusters.label, offset, rve.periodic)
        near = (one > 0) & (other > 0) & (one != other)
        ordered = np.sort(np.stack([one[near], other[near]], axis=1), axis=1)
        pairs.update(map(tuple, np.unique(ordered, axis=0).tolist()))
    if pairs:
        yield Finding(
            "warning",
            f"{_count(len(pairs), 'pair')} of particles of phase {name!r} "
            f"{'has' if len(pairs) == 1 else 'have'} fewer than two voxels between them: stresses "
            "there are not resolved, take more voxels or a larger gap",
        )


def _shifted(
    label: np.ndarray, offset: tuple[int, ...], periodic: tuple[bool, bool, bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Values of all voxels, and of those at an offset from them, as far as there are any."""
    one, other = label, label
    for axis, shift in enumerate(offset):
        if periodic[axis]:
            other = np.roll(other, -shift, axis)
        elif shift:
            inside = np.arange(max(0, -shift), label.shape[axis] - max(0, shift))
            one, other = one.take(inside, axis), other.take(inside + shift, axis)
    return one, other


def _solid(rve: VoxelRVE, void: int) -> Iterator[Finding]:
    """Pieces that float in the void, and axes along which nothing carries."""
    solid = VoxelRVE(
        (rve.phase != void).astype(np.uint8), ("void", "solid"), rve.size, periodic=rve.periodic
    )
    clusters = find_clusters(solid, "solid")
    through = _through(rve, clusters)
    floating = int(np.sum(~through))
    if floating:
        share = float(clusters.volume_fractions[~through].sum())
        yield Finding(
            "warning",
            f"{_count(floating, 'solid piece')} ({share:.2%} of the RVE) {_are(floating)} "
            f"floating in phase {rve.names[void]!r} and {'carries' if floating == 1 else 'carry'} "
            f"nothing: make {'it' if floating == 1 else 'them'} void",
        )
    for axis, n in enumerate(rve.shape):
        if n > 1 and not clusters.percolation[axis]:
            yield Finding(
                "warning",
                f"no solid goes through the RVE along e{axis + 1}: its stiffness there is zero",
            )


def _through(rve: VoxelRVE, clusters: Clusters) -> np.ndarray:
    """Which clusters go through the RVE along an axis of more than one voxel."""
    real = np.flatnonzero(np.array(rve.shape) > 1)
    return np.asarray(clusters.percolates[:, real].any(axis=1))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
