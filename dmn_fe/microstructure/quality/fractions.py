"""Whether results have the volume fractions that were wanted, to one voxel."""

from collections.abc import Sequence

import numpy as np

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.volume_fraction import wanted_fractions
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["fraction_findings"]

_ROUND_OFF = 1e-6  # voxels


def fraction_findings(
    originals: Sequence[VoxelRVE],
    results: Sequence[VoxelRVE],
    fractions: Sequence[float] | None = None,
) -> list[Finding]:
    """A finding for each result that misses its volume fractions by a voxel or more.

    Parameters
    ----------
    originals, results : sequences of VoxelRVE
    fractions : sequence of float, optional
        Those that were asked for, by default those of the originals. Where they are others, a
        finding says that all judges but one see the difference.

    Raises
    ------
    InputError
        If the fractions do not fit the phases.
    """
    names = originals[0].names
    each = [one.volume_fractions for one in originals]
    own = np.array(wanted_fractions(None, each, names))
    wanted = np.array(wanted_fractions(fractions, each, names))
    whose = "of the original" if fractions is None else "that was asked for"
    found = []
    n = results[0].phase.size
    if (np.abs(wanted - own) * n >= 1.0 - _ROUND_OFF).any():
        found.append(
            Finding(
                "warning",
                f"the volume fractions {_shown(wanted)} were asked for, the original has "
                f"{_shown(own)}: all judges but the volume fraction see this difference too, so "
                "look at them with it in mind",
            )
        )
    for number, result in enumerate(results, 1):
        counts = np.bincount(result.phase.ravel(), minlength=len(names))
        missing = np.abs(counts - wanted * n)
        phase = int(np.argmax(missing))
        if missing[phase] >= 1.0 - _ROUND_OFF:
            found.append(
                Finding(
                    "warning",
                    f"result {number} has {counts[phase]} of {n} voxels of phase "
                    f"{names[phase]!r}, the fraction {whose} is {wanted[phase] * n:.1f}: its "
                    "volume fractions can be exact to a voxel",
                )
            )
    return found


def _shown(fractions: np.ndarray) -> str:
    return ", ".join(f"{fraction:.4f}" for fraction in fractions)
