"""Microstructures: where a representative volume element comes from."""

from dmn_fe.microstructure.any_file import read_any
from dmn_fe.microstructure.checks import check
from dmn_fe.microstructure.families import FAMILIES, UNSEEN_FAMILIES, synthetic_section
from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.gaussian_fields import bicontinuous, gaussian_field
from dmn_fe.microstructure.laminates import laminate
from dmn_fe.microstructure.mesh_files import read_mesh, write_mesh
from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.mirroring import mirrored
from dmn_fe.microstructure.particles import (
    polydisperse_spheres,
    random_fibres,
    random_spheres,
)
from dmn_fe.microstructure.photos import draw_segmentation, read_photo
from dmn_fe.microstructure.picture import draw_rve
from dmn_fe.microstructure.polycrystals import voronoi_polycrystal
from dmn_fe.microstructure.quality import QualityReport, judge_quality
from dmn_fe.microstructure.reconstruction import (
    Encoder,
    Reconstruction,
    random_encoder,
    read_vgg19,
    reconstruct,
    shipped_encoder,
)
from dmn_fe.microstructure.short_fibres import short_fibres
from dmn_fe.microstructure.statistics import (
    ChordLengths,
    Clusters,
    PhaseStatistics,
    RVEStatistics,
    TwoPointProbability,
    chord_lengths,
    describe,
    draw_statistics,
    euler_number,
    find_clusters,
    lineal_path,
    specific_surface,
    two_point_cluster,
    two_point_probability,
)
from dmn_fe.microstructure.voxel_files import find_thresholds, read, write
from dmn_fe.microstructure.voxelization import voxelize, voxels_to_mesh
from dmn_fe.microstructure.voxels import VoxelRVE
from dmn_fe.microstructure.vti_files import write_fields
from dmn_fe.microstructure.weaves import plain_weave

__all__ = [
    "FAMILIES",
    "UNSEEN_FAMILIES",
    "ChordLengths",
    "Clusters",
    "Encoder",
    "Finding",
    "MeshRVE",
    "PhaseStatistics",
    "QualityReport",
    "RVEStatistics",
    "Reconstruction",
    "TwoPointProbability",
    "VoxelRVE",
    "bicontinuous",
    "check",
    "chord_lengths",
    "describe",
    "draw_rve",
    "draw_segmentation",
    "draw_statistics",
    "euler_number",
    "find_clusters",
    "find_thresholds",
    "gaussian_field",
    "judge_quality",
    "laminate",
    "lineal_path",
    "mirrored",
    "plain_weave",
    "polydisperse_spheres",
    "random_encoder",
    "random_fibres",
    "random_spheres",
    "read",
    "read_any",
    "read_mesh",
    "read_photo",
    "read_vgg19",
    "reconstruct",
    "shipped_encoder",
    "short_fibres",
    "specific_surface",
    "synthetic_section",
    "two_point_cluster",
    "two_point_probability",
    "voronoi_polycrystal",
    "voxelize",
    "voxels_to_mesh",
    "write",
    "write_fields",
    "write_mesh",
]
