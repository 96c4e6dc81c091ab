"""Whether results have the volume fractions of the original to one voxel."""

from collections.abc import Sequence

import numpy as np

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["fraction_findings"]


def fraction_findings(originals: Sequence[VoxelRVE], results: Sequence[VoxelRVE]) -> list[Finding]:
    """A finding for each result that misses the volume fractions by a voxel or more.

    Counted in whole numbers, so that no rounding hides a voxel. The fractions of three originals
    are those of all their voxels.
    """
    voxels = sum(one.phase.size for one in originals)
    wanted = np.sum([_counts(one) for one in originals], axis=0)
    found = []
    for number, result in enumerate(results, 1):
        counts, n = _counts(result), result.phase.size
        missing = np.abs(counts * voxels - wanted * n)
        phase = int(np.argmax(missing))
        if missing[phase] >= voxels:
            found.append(
                Finding(
                    "warning",
                    f"result {number} has {counts[phase]} of {n} voxels of phase "
                    f"{result.names[phase]!r}, the fraction of the original is "
                    f"{wanted[phase] * n / voxels:.1f}: its volume fractions can be exact to a "
                    "voxel",
                )
            )
    return found


def _counts(rve: VoxelRVE) -> np.ndarray:
    return np.bincount(rve.phase.ravel(), minlength=len(rve.names)).astype(np.int64)
