"""Runs in which one rank fails, which pytest starts on several ranks; see ``mpi_cases.py``."""

# isort: off
from dmn_fe.fem import (  # before torch
    Simulation,
    StepControl,
    StepFailed,
    StepSizes,
    Support,
    Traction,
    make_problem,
)
from dmn_fe.fem.output import Fields, PhaseAverages, PointCloud, Reactions

# isort: on
import json
import os
import signal
import sys
from pathlib import Path

import torch
from helpers.networks import random_network
from helpers.parts import box
from helpers.runs import STEEL, cube, simulation
from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw

COMM = MPI.COMM_WORLD
LAST = COMM.size - 1
LU = {"ksp_type": "preonly", "pc_type": "lu"}
MULTIGRID = {"ksp_type": "cg", "pc_type": "gamg"}


class Broken:
    """Of the last rank one stress, or one tangent, is NaN in steps longer than a limit.

    ``all tangents`` are zero there on all ranks. The law says that it has converged.
    """

    symmetric_tangent = True

    def __init__(self, law, what: str, limit: float):
        self.law, self.what, self.limit = law, what, limit
        self.state_size, self.initial_state = law.state_size, law.initial_state

    def integrate(self, strain, state, dt=0.0):
        update = self.law.integrate(strain, state, dt)
        if dt <= self.limit:
            return update
        stress, tangent = update.stress.clone(), update.tangent.clone()
        if self.what == "all tangents":
            tangent[:] = 0.0
        elif COMM.rank == LAST:
            {"stress": stress, "tangent": tangent}[self.what][3] = torch.nan
        status = torch.full((len(stress),), laws.Status.CONVERGED, dtype=torch.int8)
        return laws.Update(stress, update.state, lambda: tangent, status)


def whole(folder: Path) -> list:
    """A run that nothing disturbs: the reactions."""
    part, problem = cube()
    return _reactions(part, problem, folder / "none")


def killed(folder: Path) -> list:
    """A rank ends in the middle of the fourth step."""
    _, problem = cube()
    update, evaluations = problem.qmap.update, []

    def update_or_end(dt: float = 0.0) -> None:
        if problem.steps == 3:
            evaluations.append(dt)
        if COMM.rank == LAST and len(evaluations) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        update(dt)

    problem.qmap.update = update_or_end
    simulation(problem, [], folder / "killed").run()
    return []


def resumed(folder: Path) -> list:
    """The rest of that run."""
    part, problem = cube()
    return _reactions(part, problem, folder / "killed")


def _reactions(part, problem, folder: Path) -> list:
    run = simulation(problem, [], folder)
    if folder.exists():
        run.restart()
        assert problem.steps == 3
    run.run()
    return [problem.steps, problem.reaction(part.facets("x1")).tolist()]


def broken(folder: Path) -> dict:
    """How runs go on after steps with laws that give no numbers, or no stiffness, and end."""
    found = {}
    for solver, options in (("LU", LU), ("multigrid", MULTIGRID)):
        for what in ("stress", "tangent", "all tangents"):
            for pulled in (False, True):
                law = Broken(STEEL, what, 0.3)
                run = _run(law, options, pulled)
                run.run()
                cut = [law.limit, run.problem.time, run.problem.steps]
                law = Broken(STEEL, what, 0.0)
                try:
                    _run(law, options, pulled).run()
                except StepFailed as error:
                    cut.append(str(error))
                found[f"{solver} {what} {pulled}"] = cut
    return found


def _run(law, options, pulled: bool) -> Simulation:
    part = box(2)
    supports, forces = [Support("x0", [0.0] * 3)], []
    if pulled:  # nothing is lifted: the tangent comes first to the linear solver
        forces = [Traction("x1", [100.0, 50.0, 0.0])]
    else:
        supports.append(Support("x1", [0.004, 0.002, 0.0]))
    problem = make_problem(part, {"part": law}, supports, forces, petsc_options=options)
    return Simulation(problem, StepSizes(StepControl(0.5, smallest=0.1), 1.0))


def _one_cell(folder: Path):
    """One hexahedron of a network, and all kinds of outputs."""
    stiff = laws.Elastic.isotropic(400e3, 0.2)
    law = NetworkLaw(random_network(3), {"matrix": STEEL, "inclusion": stiff}, tolerance=1e-11)
    part, problem = cube(law, n=1, cell="hexahedron")
    outputs = [
        Reactions(folder / "reactions.csv", part, ["x0", "x1"]),
        PhaseAverages(folder / "phases.csv", part),
        Fields(folder, quantities=["stress", "stress of matrix"]),
        PointCloud(folder / "points.vtkhdf", ["stress", "strain"]),
    ]
    return problem, outputs


def one_cell(folder: Path) -> int:
    """A whole run; gives the cells of this rank."""
    folder = folder / f"one{COMM.size}"
    problem, outputs = _one_cell(folder)
    simulation(problem, outputs, folder / "checkpoints").run()
    return len(problem.qmap.cells)


def one_cell_first(folder: Path) -> int:
    """Three steps."""
    problem, outputs = _one_cell(folder / "one")
    simulation(problem, outputs, folder / "one" / "checkpoints", stop_after=3).run()
    return problem.steps


def one_cell_rest(folder: Path) -> int:
    """The others."""
    problem, outputs = _one_cell(folder / "one")
    run = simulation(problem, outputs, folder / "one" / "checkpoints")
    run.restart()
    run.run()
    return problem.steps


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
