"""Cases of checkpoints that pytest starts on several ranks; see ``mpi_cases.py``."""

# isort: off
from dmn_fe.fem import Checkpoints, Pressure, Support, make_problem, mark  # before torch

# isort: on
import json
import sys
from pathlib import Path

import numpy as np
from dolfinx import mesh
from helpers.networks import random_network
from helpers.parts import box, near, quarter_ring
from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.fem import checkpoint
from dmn_fe.fem.checkpoint_files import read_rows

COMM = MPI.COMM_WORLD
MATRIX = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))
STIFF = laws.Elastic.isotropic(400e3, 0.2)
TIMES = (0.2, 0.5, 0.8, 1.0, 1.3)


def two_materials():
    """A cube of two networks, one of them of other laws, under a bending load."""
    domain = mesh.create_unit_cube(COMM, 3, 3, 3)
    part = mark(
        domain,
        {"fixed": near(0, 0.0), "moved": near(0, 1.0)},
        {"low": lambda x: x[2] < 1 / 3 + 1e-9, "high": lambda x: x[2] > 1 / 3 - 1e-9},
    )
    given = {
        "low": NetworkLaw(random_network(3), {"matrix": MATRIX, "inclusion": STIFF}),
        "high": laws.Perzyna(200e3, 0.3, laws.LinearHardening(200.0, 500.0), 1.0, 3.0),
    }
    supports = [Support("fixed", [0.0] * 3), Support("moved", [0.004, 0.002, -0.006])]
    options = {"snes_rtol": 1e-13}
    return part, make_problem(part, given, supports, petsc_options=options)


def sheet():
    """A ring in plane stress, whose law has a state of its own out of the plane."""
    part = quarter_ring(1.0, 2.0, (4, 6))
    supports = [Support("x0", [0.0, None]), Support("y0", [None, 0.0])]
    problem = make_problem(
        part,
        {"part": MATRIX},
        supports,
        [Pressure("inner", 160.0)],
        kind="plane stress",
        petsc_options={"snes_rtol": 1e-13},
    )
    return part, problem


def cubic():
    """Displacements of degree 3, whose dofs on edges are numbered by the partition."""
    part = box(2)
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.01, 0.0, 0.004])]
    problem = make_problem(
        part,
        {"part": MATRIX},
        supports,
        displacement_degree=3,
        petsc_options={"snes_rtol": 1e-13},
    )
    return part, problem


MADE = {"two_materials": two_materials, "sheet": sheet, "cubic": cubic}
REACTIONS = {"two_materials": "moved", "sheet": "x0", "cubic": "x1"}


def _steps(part, problem, times, name) -> list:
    reactions = []
    for t in times:
        assert problem.step(t).converged
        reactions.append(problem.reaction(part.facets(REACTIONS[name])).tolist())
    return reactions


def write(folder: Path) -> dict:
    """All steps, with a checkpoint in the middle."""
    found = {}
    for name, make in MADE.items():
        part, problem = make()
        first = _steps(part, problem, TIMES[:2], name)
        notes = {"size": 0.3, "twice": 2.0 * problem.u.x.array}
        Checkpoints(folder / name).save(problem, notes)
        found[name] = first + _steps(part, problem, TIMES[2:], name)
    return found


def read(folder: Path) -> dict:
    """The steps after the checkpoint."""
    found = {}
    for name, make in MADE.items():
        part, problem = make()
        notes = Checkpoints(folder / name).restore(problem)
        assert np.array_equal(notes.pop("twice"), 2.0 * problem.u.x.array)
        assert notes == {"size": 0.3}
        assert (problem.time, problem.steps) == (TIMES[1], 2)
        first = problem.reaction(part.facets(REACTIONS[name])).tolist()
        found[name] = [first, *_steps(part, problem, TIMES[2:], name)]
    return found


def bar():
    """So long that the parts of the first and the last of three ranks do not touch."""
    domain = mesh.create_rectangle(COMM, [(0.0, 0.0), (30.0, 1.0)], [60, 2])
    part = mark(domain, {"fixed": near(0, 0.0), "moved": near(0, 30.0)})
    supports = [Support("fixed", [0.0] * 2), Support("moved", [0.1, 0.0])]
    return make_problem(part, {"part": MATRIX}, supports)


def ghost_owners(problem) -> list[int]:
    return np.unique(problem.u.function_space.mesh.topology.index_map(2).owners).tolist()


def read_again(folder: Path) -> dict:
    """Files that a rank opens to restart a part that is shared out as when it was written."""
    written, problem = bar(), bar()
    assert written.step(1.0).converged
    Checkpoints(folder / "bar").save(written)
    opened = []
    checkpoint.read_rows = lambda path, rank: opened.append(rank) or read_rows(path, rank)
    Checkpoints(folder / "bar").restore(problem)
    assert np.array_equal(problem.u.x.array, written.u.x.array)
    assert np.array_equal(problem.qmap.committed_stress, written.qmap.committed_stress)
    return {"opened": opened, "owners": ghost_owners(problem)}


def damage(folder: Path) -> dict:
    """Go on where the newest file of a rank is cut that is not the neighbour of all."""
    problem = bar()
    checkpoints = Checkpoints(folder / "damage")
    for t in TIMES[:2]:
        assert problem.step(t).converged
        checkpoints.save(problem)
    neighbours = COMM.allgather({COMM.rank, *ghost_owners(problem)})
    end = next(rank for rank in range(COMM.size) if not all(rank in each for each in neighbours))
    if COMM.rank == 0:
        newest = max((folder / "damage").iterdir())
        file = newest / f"rank_{end:05d}.safetensors"
        file.write_bytes(file.read_bytes()[:-100])
    COMM.barrier()
    problem = bar()
    Checkpoints(folder / "damage").restore(problem)
    return {"time": problem.time, "converged": problem.step(TIMES[1]).converged}


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
