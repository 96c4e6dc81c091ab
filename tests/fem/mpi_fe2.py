"""Cases of full FE², which pytest starts on several ranks; see ``mpi_cases.py``."""

# isort: off
from dmn_fe.fem import (  # before torch
    BalancedLaw,
    Checkpoints,
    MeshRVEProblem,
    Support,
    make_problem,
)

# isort: on
import json
import sys
from pathlib import Path

import numpy as np
import torch
from helpers.blocks import STEEL, Fragile, clamped_block
from helpers.laws import random_strain
from helpers.parts import rectangle
from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.homogenization import RVELaw
from dmn_fe.microstructure import VoxelRVE, voxels_to_mesh

COMM = MPI.COMM_WORLD


class Counted:
    """A law that counts its points."""

    def __init__(self, law):
        self.law, self.points = law, 0
        self.state_size, self.initial_state = law.state_size, law.initial_state

    def fingerprint(self) -> str:
        return self.law.fingerprint()

    def integrate(self, strain, state, dt=0.0):
        self.points += len(strain)
        return self.law.integrate(strain, state, dt)


def inclusion() -> RVELaw:
    """A square inclusion in a plastic matrix."""
    phase = np.zeros((3, 3, 1), dtype=int)
    phase[1, 1] = 1
    phases = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(600e3, 0.2)}
    mesh = voxels_to_mesh(VoxelRVE(phase), plane=True)
    return RVELaw(MeshRVEProblem(mesh, phases, degree=1, quadrature_degree=1, tolerance=1e-11))


def strip(folder: Path) -> dict:
    """A strip that yields at one end, with a checkpoint from which it goes on."""
    part = rectangle(3.0, 1.0, (3, 1), "triangle")
    counted = Counted(inclusion())
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.0, -0.02])]

    def make(kind):
        law = BalancedLaw(counted, COMM)
        options = {"snes_rtol": 1e-10}
        return make_problem(part, {"part": law}, supports, kind=kind, petsc_options=options)

    found = {}
    for kind, times in (("plane strain", (0.4, 1.0)), ("plane stress", (0.1, 0.2))):
        problem = make(kind)
        assert problem.step(times[0]).converged
        checkpoints = Checkpoints(folder / f"{kind} {COMM.size}")
        checkpoints.save(problem)
        problem = make(kind)
        checkpoints.restore(problem)
        report = problem.step(times[1])
        assert report.converged, report.reason
        found[kind] = {
            "reaction": problem.reaction(part.facets("right")).tolist(),
            "iterations": report.iterations,
        }
    found["evaluated"] = counted.points
    return found


def uneven(folder: Path) -> dict:
    """All points on the first rank: the others have none, and work for it."""
    counted = Counted(inclusion())
    law, n = BalancedLaw(counted, COMM), 6 if COMM.rank == 0 else 0
    state, stress = law.initial_state(n), []
    for size in (0.002, 0.006):
        update = law.integrate(random_strain(6, size, seed=1)[:n], state)
        tangent, state = update.tangent, update.state
        stress.append(update.stress.tolist())
    return {"evaluated": counted.points, "stress": stress, "tangent": tangent.tolist()}


def failures(folder: Path) -> list[str]:
    """A point that fails on one rank, a law that raises on one, and one without a tangent."""

    class WithoutTangent(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            update = super().integrate(strain, state, dt)
            return laws.Update(
                update.stress, update.state, lambda: torch.full((1, 6, 6), torch.nan)
            )

    fragile = Fragile(STEEL, 0.0 if COMM.rank == 0 else np.inf)
    none = WithoutTangent(200e3, 0.3, laws.LinearHardening(250.0))
    found = []
    for law in (fragile, none):
        report = clamped_block(BalancedLaw(law, COMM)).problem.step(0.01)
        found += [report.reason, str(report.converged)]
    raising = Fragile(STEEL, 0.0 if COMM.rank == 0 else np.inf, raises=True)
    try:
        clamped_block(BalancedLaw(raising, COMM)).problem.step(0.01)
    except (ArithmeticError, RuntimeError) as error:
        found.append(str(error))
    return found


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
