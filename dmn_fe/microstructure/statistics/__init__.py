"""Statistics of voxel RVEs: correlations, lines, surface, clusters; all pure functions."""

from dmn_fe.microstructure.statistics.clusters import Clusters, find_clusters
from dmn_fe.microstructure.statistics.correlation import TwoPointProbability, two_point_probability
from dmn_fe.microstructure.statistics.euler import euler_number
from dmn_fe.microstructure.statistics.lines import ChordLengths, chord_lengths, lineal_path
from dmn_fe.microstructure.statistics.picture import draw_statistics
from dmn_fe.microstructure.statistics.summary import PhaseStatistics, RVEStatistics, describe
from dmn_fe.microstructure.statistics.surface import specific_surface
from dmn_fe.microstructure.statistics.two_point_cluster import two_point_cluster

__all__ = [
    "ChordLengths",
    "Clusters",
    "PhaseStatistics",
    "RVEStatistics",
    "TwoPointProbability",
    "chord_lengths",
    "describe",
    "draw_statistics",
    "euler_number",
    "find_clusters",
    "lineal_path",
    "specific_surface",
    "two_point_cluster",
    "two_point_probability",
]
