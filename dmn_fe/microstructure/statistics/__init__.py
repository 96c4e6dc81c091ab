"""Statistics of voxel RVEs: correlations, lines, surface, clusters; all pure functions."""

from dmn_fe.microstructure.statistics.clusters import Clusters, find_clusters
from dmn_fe.microstructure.statistics.correlation import TwoPointProbability, two_point_probability
from dmn_fe.microstructure.statistics.lines import ChordLengths, chord_lengths, lineal_path
from dmn_fe.microstructure.statistics.picture import draw_statistics
from dmn_fe.microstructure.statistics.summary import PhaseStatistics, RVEStatistics, describe
from dmn_fe.microstructure.statistics.surface import specific_surface

__all__ = [
    "ChordLengths",
    "Clusters",
    "PhaseStatistics",
    "RVEStatistics",
    "TwoPointProbability",
    "chord_lengths",
    "describe",
    "draw_statistics",
    "find_clusters",
    "lineal_path",
    "specific_surface",
    "two_point_probability",
]
