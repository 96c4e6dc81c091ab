"""Microstructures: where a representative volume element comes from."""

from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.particles import random_fibres, random_spheres
from dmn_fe.microstructure.voxel_files import find_thresholds, read, write
from dmn_fe.microstructure.voxels import VoxelRVE
from dmn_fe.microstructure.vti_files import write_fields

__all__ = [
    "MeshRVE",
    "VoxelRVE",
    "find_thresholds",
    "random_fibres",
    "random_spheres",
    "read",
    "write",
    "write_fields",
]
