"""Cases that pytest starts on several ranks: ``mpirun -n N python mpi_cases.py CASE FOLDER``.

A case returns what one rank saw; it goes to ``CASE.N.RANK.json``.
"""

# isort: off
from dmn_fe.fem import (  # before torch
    MeshRVEProblem,
    Periodic,
    Problem,
    QuadratureMap,
    StepFailed,
    advance,
    effective_stiffness,
    free_rigid_motions,
    gather_surface,
    make_problem,
    mark,
    read_mesh,
    von_mises_field,
)

# isort: on
import contextlib
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import torch
from dolfinx import fem, mesh
from helpers.blocks import STEEL, Fragile, clamped_block
from helpers.meshes import hexahedra, quads, tetrahedra
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.homogenization import Loading, MacroLoad, follow_path, restart
from dmn_fe.microstructure import VoxelRVE

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
        block.problem.loads._loads[0] = (block.pull, lambda _, f=factor: [f, f / 2, 0.0])
        assert block.problem.step(t).converged
        reactions.append([list(block.problem.reaction(f)) for f in (block.fixed, block.moved)])
    return {"reactions": reactions, "ghosts": int(ghosts)}


def periodic(folder: Path) -> list:
    """Mean strains and stresses of a plastic cell of two materials over a cycle."""
    domain = mesh.create_unit_cube(COMM, 3, 3, 3)
    inside = {"part": lambda x: x[0] < 1 / 3 + 1e-9, "steel": lambda x: x[0] > 1 / 3 - 1e-9}
    cell = make_problem(
        mark(domain, {}, inside),
        {"part": STEEL, "steel": laws.Elastic.isotropic(4e5, 0.2)},
        petsc_options={"snes_rtol": 1e-13},
        periodic=Periodic({"11": 0.004, "12": 0.003}, {"33": 50.0}),
        amplitude=np.sin,
    )
    means = []
    for t in (0.4, 1.5, 2.5):
        assert cell.step(t).converged
        means.append([1e5 * cell.cell.mean_strain(), cell.cell.mean_stress()])
    return np.array(means).tolist()


def empty_rank(folder: Path) -> dict:
    """One hexahedron on several ranks."""
    block = clamped_block(STEEL, n=1, cell=mesh.CellType.hexahedron)
    report = block.problem.step(0.004)
    surface = gather_surface(block.u, von_mises_field(block.qmap))
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


def rve(folder: Path) -> dict:
    """A load path of an RVE whose mesh all ranks share, known to rank 0 alone."""
    phase = np.random.default_rng(1).integers(0, 3, (3, 2, 2)) == 0
    mesh_rve = tetrahedra(hexahedra(phase.astype(int))) if COMM.rank == 0 else None
    pair = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(500e3, 0.2)}
    problem = MeshRVEProblem(mesh_rve, pair, comm=COMM)
    driven = torch.tensor([False, True, True, False, False, False])
    state, steps = problem.initial_state(), []
    for strain in (0.004, 0.01):
        prescribed = torch.tensor([strain, 0, 0, 0, strain, 0], dtype=torch.float64)
        load = MacroLoad(prescribed, torch.zeros(6, dtype=torch.float64), driven)
        update = problem.solve(load, state)
        state = update.state
        steps.append([update.strain.tolist(), update.stress.tolist()])
    return {
        "steps": steps,
        "end": [a.tolist() for a in (update.tangent, update.phase_strain, update.phase_stress)],
        "fractions": problem.volume_fractions,
        "cells": len(state["displacement"]),
        "iterations": update.iterations,
    }


def rve_path(folder: Path) -> dict:
    """A path of a shared RVE at one go, and interrupted on all ranks and resumed."""
    phase = np.zeros((4, 2, 2), dtype=int)
    phase[:2, :1] = phase[2:, :, :1] = 1
    grid = hexahedra(phase) if COMM.rank == 0 else None
    pair = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(500e3, 0.2)}
    problem = MeshRVEProblem(grid, pair, degree=1, comm=COMM)
    strain = torch.zeros(4, 6, dtype=torch.float64)
    strain[1:, 0] = torch.tensor([0.004, 0.01, 0.01])
    strain[3, 4] = 0.005
    loading = Loading.of_strain(strain)
    restart._SECONDS_BETWEEN_WRITES = 0.0
    file = folder / "path.safetensors"

    def interrupt(done: int, total: int, message: str = "") -> None:
        if done == 2 and message != "resumed":
            raise InterruptedError

    at_one_go = follow_path(problem, loading)[0]
    with contextlib.suppress(InterruptedError):
        follow_path(problem, loading, restart=file, progress=interrupt)
    calls = []
    record, last = follow_path(
        problem, loading, restart=file, progress=lambda *call: calls.append(call)
    )
    again = follow_path(problem, loading, restart=file)[1]
    alone = MeshRVEProblem(hexahedra(phase), pair, degree=1)
    refused = ""
    if COMM.rank == 0:
        try:
            follow_path(alone, loading, restart=file)
        except InputError as error:
            refused = str(error)
    return {
        "stress": [at_one_go.stress.tolist(), record.stress.tolist()],
        "tangent": [last.tangent.tolist(), again.tangent.tolist()],
        "resumed": calls[0],
        "refused": refused,
        "files": sorted(path.name for path in folder.iterdir()) if COMM.rank == 0 else [],
    }


def rve_failures(folder: Path) -> list[str]:
    """What every rank is told where only one could know; a rank that hangs fails the test."""
    phase = np.random.default_rng(1).integers(0, 2, (4, 4))
    grid = quads(phase)
    points = grid.points.copy()
    points[np.isclose(points, [1.0, 0.5]).all(1)] += [0.0, 0.1]
    stiffness = torch.stack([laws.Elastic.isotropic(*e).stiffness for e in ((1, 0.3), (9, 0.2))])
    of_rank_0 = {
        "not periodic": dataclasses.replace(grid, points=points),
        "no mesh": VoxelRVE(phase[:, :, None]),
        "good": grid,
    }
    sentences = []
    for name, one in of_rank_0.items():
        try:
            effective_stiffness(one if COMM.rank == 0 else None, stiffness, comm=COMM)
            sentences.append(name)
        except InputError as error:
            sentences.append(str(error))
    limit = 0.0 if COMM.rank == COMM.size - 1 else np.inf
    fragile = {name: Fragile(STEEL, limit) for name in grid.names}
    load = MacroLoad.of_strain(torch.tensor([1e-3, 0, 0, 0, 0, 0], dtype=torch.float64))
    problem = MeshRVEProblem(grid, fragile, comm=COMM)
    sentences.append(problem.solve(load, problem.initial_state()).message)
    raising = {name: Fragile(STEEL, limit, raises=True) for name in grid.names}
    problem = MeshRVEProblem(grid, raising, comm=COMM)
    try:
        problem.solve(load, problem.initial_state())
    except RuntimeError as error:
        sentences.append(str(error))
    return sentences


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
