"""Periodic RVEs as meshes: their effective stiffness and their response to load paths."""

from dmn_fe.fem.rve.elastic import effective_stiffness
from dmn_fe.fem.rve.law import RVESolver, rve_law
from dmn_fe.fem.rve.mesh import DistributedRVE, distribute
from dmn_fe.fem.rve.problem import MeshRVEProblem, MeshUpdate

__all__ = [
    "DistributedRVE",
    "MeshRVEProblem",
    "MeshUpdate",
    "RVESolver",
    "distribute",
    "effective_stiffness",
    "rve_law",
]
