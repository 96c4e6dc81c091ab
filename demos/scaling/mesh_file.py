"""Measures how a mesh file is read: by rank 0, which shares it out."""

# isort: off
from dmn_fe.fem import read_mesh  # before torch

# isort: on
import time
from pathlib import Path
from typing import Any

from box import memory
from mpi4py import MPI

__all__ = ["measure_reading", "write_mesh"]

COMM = MPI.COMM_WORLD


def write_mesh(cells: int, path: str) -> dict[str, Any]:
    """Write a unit cube of 6 cells³ tetrahedra; its bytes."""
    import gmsh  # an environment may lack it

    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.option.setNumber("Mesh.Binary", 1)
    gmsh.model.occ.addBox(0, 0, 0, 1, 1, 1)
    gmsh.model.occ.synchronize()
    for _, curve in gmsh.model.getEntities(1):
        gmsh.model.mesh.setTransfiniteCurve(curve, cells + 1)
    for _, surface in gmsh.model.getEntities(2):
        gmsh.model.mesh.setTransfiniteSurface(surface)
    gmsh.model.mesh.setTransfiniteVolume(1)
    gmsh.model.addPhysicalGroup(3, [1], name="part")
    gmsh.model.addPhysicalGroup(2, [1], name="held")
    gmsh.model.mesh.generate(3)
    gmsh.write(path)
    gmsh.finalize()
    return {"bytes": Path(path).stat().st_size}


def measure_reading(path: str) -> dict[str, Any]:
    """Seconds of ``read_mesh``, and by how much the ranks grow meanwhile (collective)."""
    before = memory("VmRSS")
    COMM.barrier()
    start = time.perf_counter()
    part = read_mesh(path)
    seconds = COMM.allreduce(time.perf_counter() - start, MPI.MAX)
    grown = COMM.allgather(memory("VmHWM") - before)
    return {
        "cells": part.mesh.topology.index_map(3).size_global,
        "seconds": seconds,
        "rank 0": grown[0],
        "another rank": max(grown[1:], default=0),
    }
