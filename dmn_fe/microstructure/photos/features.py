"""Whether a segmented photo holds features enough, and no noise."""

from collections.abc import Iterator

import numpy as np

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["large_features", "specks"]

_LARGE = 1 / 8  # mean chord length in edges
_SPECKS = 5e-3  # share of single pixels


def large_features(rve: VoxelRVE) -> Iterator[Finding]:
    """Phases whose features are so large that the photo holds few of them.

    The size of a feature is the mean chord of the phase, or of all others if that is shorter: the
    chords of a matrix are long where particles are rare.
    """
    for number, name in enumerate(rve.names):
        inside = rve.phase[:, :, 0] == number
        share = min(_mean_chord(inside, axis) for axis in (0, 1))
        if share <= _LARGE:
            continue
        yield Finding(
            "warning",
            f"features of phase {name!r} are large in this photo, their chords along an edge "
            f"measure {min(share, 1.0):.0%} of it on average: statistics of so few are uncertain, "
            "take a photo that shows more of the material",
        )
        if len(rve.names) == 2:
            return  # the other phase has the same


def specks(rve: VoxelRVE) -> Iterator[Finding]:
    """Pixels of one phase in the midst of another."""
    phase = rve.phase[:, :, 0]
    neighbours = np.stack([phase[2:, 1:-1], phase[:-2, 1:-1], phase[1:-1, 2:], phase[1:-1, :-2]])
    # Where the neighbours differ, a thin layer may be between them.
    single = (neighbours == neighbours[0]).all(axis=0) & (neighbours[0] != phase[1:-1, 1:-1])
    if single.mean() > _SPECKS:
        yield Finding(
            "warning",
            f"{int(single.sum())} single pixels ({single.mean():.1%}) lie in the midst of another "
            "phase: noise? segment again with despeckle 1",
        )


def _mean_chord(inside: np.ndarray, axis: int) -> float:
    """Mean chord in edges, of the phase or of all others; chords cut by the faces count half."""
    ends = (np.diff(inside, axis=axis) != 0).sum() * 0.5 / inside.shape[1 - axis]
    share = float(inside.mean())
    return min(share, 1.0 - share) / max(float(ends), 1e-9)
