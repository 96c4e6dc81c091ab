"""Microstructures: where a representative volume element comes from."""

from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.particles import random_fibres, random_spheres
from dmn_fe.microstructure.voxel_files import read, write
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["MeshRVE", "VoxelRVE", "random_fibres", "random_spheres", "read", "write"]
