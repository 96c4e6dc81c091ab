"""Measures load steps of a box: time by part, messages, memory, a checkpoint and its restart."""

# isort: off
from dmn_fe.fem import Checkpoints, Problem, StepReport, memory_per_point  # before torch

# isort: on
import time
from pathlib import Path
from typing import Any

from box import MULTIGRID, bent_box, displacements, memory
from mpi4py import MPI
from petsc4py import PETSc

from dmn_fe.collective import RaiseTogether

__all__ = ["measure_load_steps"]

COMM = MPI.COMM_WORLD
# The first step builds the coarse grids, which later ones keep; up to the second all points stay
# elastic; in the third they yield.
STEPS = {"first": 0.01, "elastic": 0.02, "yielding": 1.0}
EVENTS = {"setup": "PCSetUp", "cg": "KSPSolve"}  # of PETSc's log; neither holds the other


class Meetings:
    """Counts how often all ranks ask each other for errors."""

    def __init__(self) -> None:
        self.count = 0
        leave = RaiseTogether.__exit__

        def counted(block: RaiseTogether, *error: Any) -> None:
            self.count += 1
            leave(block, *error)

        RaiseTogether.__exit__ = counted  # type: ignore[method-assign]


def measure_load_steps(cells: list[int], folder: str) -> dict[str, Any]:
    """Three load steps and a checkpoint (collective).

    Parameters
    ----------
    cells : list of three int
        Cubes along each edge, see :func:`box.bent_box`.
    folder : str
        Where the checkpoint goes for a moment; all ranks see it.

    Returns
    -------
    dict
        JSON values; seconds, bytes and flops are those of the rank with most.
    """
    program = memory("VmRSS")
    meetings = Meetings()
    PETSc.Log.begin()
    start = time.perf_counter()
    problem = bent_box(cells, **MULTIGRID)
    made = _most(time.perf_counter() - start)
    before_steps = memory("VmRSS")
    steps = {name: _step(problem, t, meetings) for name, t in STEPS.items()}
    solved = memory("VmHWM")
    checkpoint = _checkpoint(problem, Path(folder))
    space = problem.u.function_space
    numbers = space.dofmap.index_map
    size = space.dofmap.index_map_bs
    return {
        "points": COMM.allreduce(len(problem.qmap.status)),
        "points of a rank": _most(len(problem.qmap.status)),
        "displacements": displacements(problem),
        "displacements of a rank": _most(size * numbers.size_local),
        "ghosts of a rank": _most(size * numbers.num_ghosts),
        "levels": problem.snes.getKSP().getPC().getMGLevels(),
        "seconds to make": made,
        "steps": steps,
        "halo": _halo(problem),
        "memory": {
            "program": _most(program),
            "mesh and matrix": _most(before_steps),
            "peak": _most(solved),
            "peak with checkpoint": _most(memory("VmHWM")),
            "point": _most(memory_per_point(problem)),
        },
        "checkpoint": checkpoint,
    }


def _most(value: float) -> float:
    """Over all ranks."""
    return COMM.allreduce(value, MPI.MAX)


def _step(problem: Problem, t: float, meetings: Meetings) -> dict[str, Any]:
    """One load step up to a time, by its parts; all of it, not of a single iteration."""
    before, met = _events(), meetings.count
    COMM.barrier()
    start = time.perf_counter()
    report: StepReport = problem.step(t)
    seconds = _most(time.perf_counter() - start)
    assert report.converged, report.reason
    found: dict[str, Any] = {
        "iterations": report.iterations,
        "seconds": seconds,
        "micro": report.seconds_micro,
        "assembly": report.seconds_assembly,
        "imbalance": report.imbalance,
        "meetings": meetings.count - met,
        "cg iterations": problem.snes.getLinearSolveIterations(),
    }
    for name, after in _events().items():
        grown = {key: after[key] - before[name][key] for key in after}
        found[name] = {
            "seconds": _most(grown["time"]),
            "flops": _most(grown["flops"]),
            # PETSc counts what a rank sends and what it receives.
            "sends": _most(0.5 * grown["numMessages"]),
            "bytes sent": _most(0.5 * grown["messageLength"]),
            "reductions": _most(grown["numReductions"]),
        }
    return found


def _events() -> dict[str, dict[str, float]]:
    return {name: PETSc.Log.Event(event).getPerfInfo() for name, event in EVENTS.items()}


def _halo(problem: Problem) -> dict[str, float]:
    """Best seconds of one exchange of the ghosts of the displacement."""
    seconds = []
    for _ in range(20):
        COMM.barrier()
        start = time.perf_counter()
        problem.u.x.scatter_forward()
        seconds.append(_most(time.perf_counter() - start))
    ghosts = problem.u.function_space.dofmap.index_map.num_ghosts
    return {"seconds": min(seconds), "bytes": _most(8 * 3 * ghosts)}


def _checkpoint(problem: Problem, folder: Path) -> dict[str, float]:
    """Files and bytes of a checkpoint, and the seconds to write it and to go on from it."""
    checkpoints = Checkpoints(folder)
    COMM.barrier()
    start = time.perf_counter()
    path = checkpoints.save(problem)
    write = _most(time.perf_counter() - start)
    sizes = [one.stat().st_size for one in path.iterdir()] if COMM.rank == 0 else []
    COMM.barrier()
    start = time.perf_counter()
    checkpoints.restore(problem)
    restart = _most(time.perf_counter() - start)
    law = problem.qmap.laws[next(iter(problem.qmap.laws))]
    return {
        "files": COMM.bcast(len(sizes)),
        "bytes": COMM.bcast(sum(sizes)),
        "state size": law.state_size,
        "write": write,
        "restart": restart,
    }
