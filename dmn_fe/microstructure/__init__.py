"""Microstructures: where a representative volume element comes from."""

from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.particles import random_fibres, random_spheres
from dmn_fe.microstructure.statistics import (
    ChordLengths,
    Clusters,
    PhaseStatistics,
    RVEStatistics,
    TwoPointProbability,
    chord_lengths,
    describe,
    draw_statistics,
    find_clusters,
    lineal_path,
    specific_surface,
    two_point_probability,
)
from dmn_fe.microstructure.voxel_files import find_thresholds, read, write
from dmn_fe.microstructure.voxels import VoxelRVE
from dmn_fe.microstructure.vti_files import write_fields

__all__ = [
    "ChordLengths",
    "Clusters",
    "MeshRVE",
    "PhaseStatistics",
    "RVEStatistics",
    "TwoPointProbability",
    "VoxelRVE",
    "chord_lengths",
    "describe",
    "draw_statistics",
    "find_clusters",
    "find_thresholds",
    "lineal_path",
    "random_fibres",
    "random_spheres",
    "read",
    "specific_surface",
    "two_point_probability",
    "write",
    "write_fields",
]
