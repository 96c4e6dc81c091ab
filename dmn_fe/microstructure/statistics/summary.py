"""All statistics of an RVE that are single numbers."""

from dataclasses import dataclass

from dmn_fe.microstructure.statistics.clusters import find_clusters
from dmn_fe.microstructure.statistics.indicator import spacing
from dmn_fe.microstructure.statistics.lines import chord_lengths
from dmn_fe.microstructure.statistics.surface import specific_surface
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["PhaseStatistics", "RVEStatistics", "describe"]


@dataclass(frozen=True)
class PhaseStatistics:
    """Numbers of one phase.

    Parameters
    ----------
    name : str
        Name of the phase.
    volume_fraction : float
        Share of the voxels.
    specific_surface : float
        Interface area per volume of the RVE, by line crossings; see :func:`specific_surface`.
    mean_chord : tuple of three float
        Mean chord length along e1, e2, e3; not a number where no chord was seen whole.
    clusters : int
        Number of connected clusters.
    largest_cluster : float
        Share of the largest cluster in the volume of the phase.
    percolates : tuple of three bool
        Whether a cluster goes on without end (joins opposite faces) along e1, e2, e3.
    """

    name: str
    volume_fraction: float
    specific_surface: float
    mean_chord: tuple[float, float, float]
    clusters: int
    largest_cluster: float
    percolates: tuple[bool, bool, bool]


@dataclass(frozen=True)
class RVEStatistics:
    """What :func:`describe` finds; ``dataclasses.asdict`` makes plain dictionaries of it.

    Parameters
    ----------
    shape : tuple of three int
        Voxels per edge.
    size, spacing : tuple of three float
        Edge lengths of the RVE and of a voxel; all lengths below have their unit.
    periodic : tuple of three bool
        Axes that wrap around.
    phases : tuple of PhaseStatistics
        One per phase, in their order.
    """

    shape: tuple[int, int, int]
    size: tuple[float, ...]
    spacing: tuple[float, float, float]
    periodic: tuple[bool, bool, bool]
    phases: tuple[PhaseStatistics, ...]


def describe(rve: VoxelRVE) -> RVEStatistics:
    """Volume fraction, surface, mean chords, clusters and percolation of every phase.

    Raises
    ------
    InputError
        If the RVE is not made of voxels.
    """
    phases = tuple(_describe_phase(rve, name) for name in rve.names)
    return RVEStatistics(rve.shape, rve.size, spacing(rve), rve.periodic, phases)


def _describe_phase(rve: VoxelRVE, name: str) -> PhaseStatistics:
    found = find_clusters(rve, name)
    fraction = rve.volume_fractions[rve.names.index(name)]
    x, y, z = (chord_lengths(rve, name, axis).mean for axis in range(3))
    return PhaseStatistics(
        name=name,
        volume_fraction=fraction,
        specific_surface=specific_surface(rve, name),
        mean_chord=(x, y, z),
        clusters=found.count,
        largest_cluster=float(found.volume_fractions[0]) / fraction,
        percolates=found.percolation,
    )
