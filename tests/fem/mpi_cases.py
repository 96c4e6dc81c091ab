"""Cases that pytest starts on several ranks: ``mpirun -n N python mpi_cases.py CASE FOLDER``.

A case returns what one rank saw; it goes to ``CASE.N.RANK.json``.
"""

# isort: off
from dmn_fe.fem import (  # before torch
    CsvLog,
    FieldOutput,
    Problem,
    QuadratureMap,
    StepFailed,
    advance,
    free_rigid_motions,
    gather_surface,
    read_mesh,
)

# isort: on
import json
import sys
from pathlib import Path

import numpy as np
from dolfinx import fem, mesh
from helpers.blocks import STEEL, Fragile, clamped_block
from mpi4py import MPI

from dmn_fe import InputError

COMM = MPI.COMM_WORLD
ROOT = Path(__file__).parents[2]


def forces(folder: Path) -> dict:
    """Reactions of a plastic block over a load cycle, with NaN at all ghost points."""
    block = clamped_block(STEEL, n=3, snes_rtol=1e-12)
    ghosts = 0
    for function in (block.qmap.stress, block.qmap.tangent):
        space = function.function_space
        owned = space.dofmap.index_map.size_local * space.dofmap.index_map_bs
        ghosts += len(function.x.array) - owned
        function.x.array[owned:] = np.nan
    reactions = []
    for t, factor in ((1.0, 0.004), (2.0, 0.008), (3.0, -0.002)):
        block.problem._loads._loads[0] = (block.pull, lambda _, f=factor: [f, f / 2, 0.0])
        assert block.problem.step(t).converged
        reactions.append([list(block.problem.reaction(f)) for f in (block.fixed, block.moved)])
    return {"reactions": reactions, "ghosts": int(ghosts)}


def empty_rank(folder: Path) -> dict:
    """One hexahedron on several ranks, with all kinds of output."""
    block = clamped_block(STEEL, n=1, cell=mesh.CellType.hexahedron)
    report = block.problem.step(0.004)
    with FieldOutput(folder / "vtx", block.u, block.qmap) as output:
        output.write(0.0)
    with FieldOutput(folder / "xdmf", block.u, block.qmap, vtx=False) as output:
        output.write(0.0)
        surface = gather_surface(block.u, output.von_mises)
    with CsvLog(folder / "log.csv", ["t", "force"]) as log:
        log.write(0.004, 1.5)
    return {
        "cells": block.u.function_space.mesh.topology.index_map(3).size_local,
        "converged": report.converged,
        "free": free_rigid_motions(block.u, block.problem.bcs),
        "reaction": list(block.problem.reaction(block.moved)),
        "triangles": None if surface is None else len(surface.values),
    }


def failures(folder: Path) -> dict:
    """A step that fails at a point of one rank, also in parts; then a law that raises there."""
    law = Fragile(STEEL, limit=np.inf)
    block = clamped_block(law)
    assert block.problem.step(0.002).converged
    before = [a.copy() for a in _bits(block)]
    law.limit = 0.0 if COMM.rank == 1 else np.inf
    report = block.problem.step(0.02)
    same = all(np.array_equal(a, b) for a, b in zip(before, _bits(block), strict=True))
    try:
        advance(block.problem, 0.02)
        cut_back = "nothing was raised"
    except StepFailed as error:
        cut_back = str(error)
    law.limit = np.inf
    raising = clamped_block(Fragile(STEEL, 0.001 if COMM.rank == 1 else np.inf, raises=True))
    before = [a.copy() for a in _bits(raising)]
    try:
        raising.problem.step(0.02)
        message = "nothing was raised"
    except RuntimeError as error:
        message = str(error)
    raised_same = all(np.array_equal(a, b) for a, b in zip(before, _bits(raising), strict=True))
    return {
        "converged": report.converged,
        "reason": report.reason,
        "same": same,
        "cut_back": cut_back,
        "then": block.problem.step(0.003).converged,
        "raised": message,
        "raised_same": raised_same,
    }


def _bits(block):
    return (
        block.u.x.array,
        block.qmap.state_of().numpy(),
        block.qmap.stress.x.array,
        block.pull.value,
    )


def bad_input(folder: Path) -> list[str]:
    """The sentence of every wrong input; a rank that gets none, or hangs, fails the test."""
    bracket = ROOT / "meshes" / "bracket.msh"
    block = clamped_block(STEEL, n=1)
    domain, u, qmap = block.u.function_space.mesh, block.u, block.qmap
    n_cells = domain.topology.index_map(3).size_local
    # Rank 0 alone has cells of tag 2.
    tag = np.full(n_cells, 2 if COMM.rank == 0 else 1, dtype=np.int32)
    tags = mesh.meshtags(domain, 3, np.arange(n_cells, dtype=np.int32), tag)
    nan_on_one_rank = fem.Constant(domain, 0.0)
    nan = Problem(u, qmap, [], {nan_on_one_rank: lambda t: np.nan if COMM.rank == 1 else t})
    lines = bracket.read_text().splitlines()
    if COMM.rank == 0:
        (folder / "damaged.msh").write_text("\n".join(lines[: len(lines) // 2]))
        (folder / "flat.msh").write_text("$MeshFormat\n4.1 0 8\n$EndMeshFormat\n")
    attempts = [
        lambda: read_mesh(bracket, surfaces=["clamped", "pulled"]),
        lambda: read_mesh(bracket).facets("pulled"),
        lambda: read_mesh(bracket, volumes=["steel"]),
        lambda: read_mesh(folder / "absent.msh"),
        lambda: read_mesh(folder / "damaged.msh"),
        lambda: read_mesh(folder / "flat.msh"),
        lambda: QuadratureMap(u, STEEL, degree=3),
        lambda: QuadratureMap(u, {1: STEEL}, cell_tags=tags),
        lambda: QuadratureMap(u, {1: STEEL}),
        lambda: QuadratureMap(u.function_space, STEEL),
        lambda: Problem(u, qmap, [], {nan_on_one_rank: 1.0}),
        lambda: nan.step(1.0),
        lambda: block.problem.step(-1.0),
        lambda: block.problem.step(np.nan),
    ]
    sentences = []
    for attempt in attempts:
        try:
            attempt()
        except InputError as error:
            sentences.append(str(error))
        else:
            sentences.append("nothing was raised")
    return sentences


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
