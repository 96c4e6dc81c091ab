"""Cases of points that switch from networks to RVEs, which pytest starts on several ranks."""

# isort: off
from dmn_fe.fem import (  # before torch
    Checkpoints,
    Support,
    SwitchingLaw,
    SwitchingRule,
    make_problem,
)

# isort: on
import json
import sys
from pathlib import Path

import numpy as np
import torch
from helpers.blocks import STEEL
from helpers.laws import random_strain
from helpers.networks import layers
from helpers.parts import rectangle
from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.evaluate import EnsembleLaw
from dmn_fe.homogenization import RVELaw, VoxelProblem
from dmn_fe.microstructure import laminate
from dmn_fe.network import Ensemble

COMM = MPI.COMM_WORLD
PHASES = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(600e3, 0.2)}


def strip(folder: Path) -> dict:
    """A strip whose most doubtful points switch, at one go and with restarts."""
    part = rectangle(3.0, 1.0, (3, 1), "triangle")
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.0, -0.02])]
    network = EnsembleLaw(Ensemble((layers(0.2, 0), layers(0.3, 0))), PHASES)
    rve = RVELaw(VoxelProblem(laminate(4, 0.25), PHASES, tolerance=1e-10))
    rule = SwitchingRule(spread=0.02, envelope=None, back=0.3, most=0.4)

    def make(kind="plane strain"):
        law = SwitchingLaw(network, rve, rule)
        options = {"snes_rtol": 1e-10}
        return make_problem(part, {"part": law}, supports, kind=kind, petsc_options=options)

    found = {"reactions": [], "switched": []}
    problem = make()
    law = next(iter(problem.qmap.laws.values()))
    times = (0.2, 0.6, 1.0)
    checkpoints = Checkpoints(folder / f"at {COMM.size}")
    for time in times:
        assert problem.step(time).converged
        found["reactions"].append(problem.reaction(part.facets("right")).tolist())
        found["switched"].append(list(law.switched))
        if time == times[1]:
            checkpoints.save(problem)
    problem = make()
    checkpoints.restore(problem)
    assert problem.step(times[2]).converged
    found["after restart"] = problem.reaction(part.facets("right")).tolist()
    other = folder / "at 1"
    if COMM.size > 1 and other.is_dir():
        problem = make()
        Checkpoints(other).restore(problem)
        assert problem.step(times[2]).converged
        found["after one rank"] = problem.reaction(part.facets("right")).tolist()
    sheet = make("plane stress")
    for time in times[:2]:
        assert sheet.step(time).converged
    found["sheet"] = sheet.reaction(part.facets("right")).tolist()
    found["sheet switched"] = int(next(iter(sheet.qmap.laws.values())).switched[0])
    return found


def uneven(folder: Path) -> dict:
    """All points on the first rank; half of them switch, and come back from their rows."""
    network = EnsembleLaw(Ensemble((layers(0.2, 0), layers(0.3, 0))), PHASES)
    rve = RVELaw(VoxelProblem(laminate(4, 0.25), PHASES, tolerance=1e-10))
    law = SwitchingLaw(network, rve, SwitchingRule(spread=0.0, envelope=None, most=0.5)).on(COMM)
    n = 4 if COMM.rank == 0 else 0
    state, found = law.initial_state(n), {"active": [], "stress": []}
    for size in (0.002, 0.004, 0.006):
        update = law.integrate(random_strain(4, size, seed=1)[:n], state)
        assert update.tangent.shape == (n, 6, 6)
        state = law.commit(update)
        found["active"].append(list(law.switched))
        found["stress"].append(update.stress.tolist())
    again = law.with_rows(law.initial_state(n), law.own_rows(state))
    assert torch.equal(again.active, state.active)
    torch.testing.assert_close(again.rve, state.rve, rtol=1e-8, atol=1e-8)
    assert len(again.path) == 3
    return found


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result, default=np.ndarray.tolist))
