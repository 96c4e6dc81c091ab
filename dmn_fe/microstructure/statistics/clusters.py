"""Connected clusters of a phase, and whether they percolate."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.statistics.indicator import indicator
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["Clusters", "find_clusters"]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Connected clusters of a phase, the largest first.

    Parameters
    ----------
    label : integer array ``[nx, ny, nz]``
        1, 2, … in the clusters, 0 in other phases.
    volume_fractions : array ``[count]``
        Share of each cluster in the volume of the RVE.
    percolates : boolean array ``[count, 3]``
        Whether each cluster goes on without end along each periodic axis, or joins the opposite
        faces of an axis that is not periodic.
    """

    label: np.ndarray
    volume_fractions: np.ndarray
    percolates: np.ndarray

    @property
    def count(self) -> int:
        """Number of clusters in one period, or in the window."""
        return len(self.volume_fractions)

    @property
    def percolation(self) -> tuple[bool, bool, bool]:
        """Whether a cluster percolates along e1, e2, e3."""
        x, y, z = (bool(self.percolates[:, axis].any()) for axis in range(3))
        return x, y, z


def find_clusters(rve: VoxelRVE, phase: int | str) -> Clusters:
    """Clusters of a phase: voxels that share a face are connected, also through periodic faces.

    That a cluster touches two opposite faces does not make it percolate in a periodic medium: it
    may reach them at different places. It percolates along an axis if a closed path through its
    voxels and the periodic faces comes back displaced along that axis, be it after several
    periods or along others too, as a helix does.

    Parameters
    ----------
    rve : VoxelRVE
        Axes of one voxel count as any other: the phase of a periodic section goes on along them.
    phase : int or str
        Number or name of the phase.

    Raises
    ------
    InputError
        If there is no such phase.
    """
    from scipy import ndimage
    from scipy.sparse import coo_array, csgraph

    pieces, count = ndimage.label(indicator(rve, phase))  # as if no axis were periodic
    pieces = pieces.astype(np.int64)
    links = np.concatenate([_links(pieces, axis, rve.periodic[axis]) for axis in range(3)])
    ends = links[:, 0] - 1, links[:, 1] - 1
    graph = coo_array((np.ones(len(links)), ends), shape=(count, count))
    found, cluster = csgraph.connected_components(graph, directed=False)
    percolates = np.zeros((found, 3), dtype=bool)
    for piece, displaced in _closed_paths(links):
        percolates[cluster[piece - 1]] |= displaced
    for axis in range(3):
        if not rve.periodic[axis]:
            low, high = (np.unique(pieces.take(end, axis)) for end in (0, -1))
            joined = np.intersect1d(cluster[low[low > 0] - 1], cluster[high[high > 0] - 1])
            percolates[joined, axis] = True

    label = np.zeros(count + 1, dtype=np.int64)
    label[1:] = cluster + 1
    voxels = np.bincount(label[pieces].ravel(), minlength=found + 1)[1:]
    order = np.argsort(-voxels, kind="stable")
    rank = np.empty(found, dtype=np.int64)
    rank[order] = np.arange(1, found + 1)
    label[1:] = rank[cluster]
    return Clusters(label[pieces], voxels[order] / rve.phase.size, percolates[order])


def _links(pieces: np.ndarray, axis: int, periodic: bool) -> np.ndarray:
    """Rows (piece before the periodic faces of the axis, piece behind them, axis), each once."""
    before, behind = pieces.take(-1, axis).ravel(), pieces.take(0, axis).ravel()
    touching = (before > 0) & (behind > 0) & periodic
    # One number per pair: unique rows take ten times as long to find.
    base = int(pieces.max()) + 1
    pairs = np.unique(before[touching] * base + behind[touching])
    return np.column_stack([*divmod(pairs, base), np.full(len(pairs), axis)])


def _closed_paths(links: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """A piece of each independent closed path, and the axes along which it comes back displaced.

    Walking from piece to piece gives each the period it lies in, ``[3]`` whole numbers; a link
    that finds its piece in another period closes such a path.
    """
    neighbours = defaultdict(list)
    for before, behind, axis in (map(int, link) for link in links):
        neighbours[before].append((behind, axis, 1))
        neighbours[behind].append((before, axis, -1))
    period: dict[int, tuple[int, ...]] = {}
    closed = []
    for first in neighbours:
        if first in period:
            continue
        period[first] = (0, 0, 0)
        waiting = [first]
        while waiting:
            piece = waiting.pop()
            for neighbour, axis, step in neighbours[piece]:
                here = list(period[piece])
                here[axis] += step
                if neighbour not in period:
                    period[neighbour] = tuple(here)
                    waiting.append(neighbour)
                elif period[neighbour] != tuple(here):
                    closed.append((piece, np.array(here) != np.array(period[neighbour])))
    return closed
