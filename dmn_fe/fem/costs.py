"""What a simulation will need: memory and seconds, found by trying its parts once."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mpi4py import MPI

from dmn_fe.evaluate import EnsembleLaw, NetworkLaw
from dmn_fe.evaluate.torch_engine import TorchEngine
from dmn_fe.fem.balanced_law import BalancedLaw
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.switching_law import SwitchingLaw
from dmn_fe.homogenization import RVELaw

__all__ = ["Costs", "estimate_costs", "memory_per_point", "peak_memory"]

# Of a rank's arrays for each point besides those of the laws: stress and tangent functions,
# committed stress, strain, status and iterations.
_MAP_BYTES = 8 * (6 + 36 + 6 + 6) + 1 + 4
# What an update holds besides the state; and temporaries of a law in torch, such as J2.
_UPDATE_BYTES, _TORCH_BYTES = 8 * (6 + 36) + 1 + 4, 1200
_ITERATIONS = 4  # of Newton's method in a usual step


@dataclass(frozen=True)
class Costs:
    """Estimates for one rank, that with most.

    Attributes
    ----------
    points : int
        Quadrature points of all ranks.
    point_bytes : float
        Memory of a quadrature point.
    rank_bytes : float
        Memory of a rank: the program with mesh and matrix as they are, and the points.
    micro, assembly, solve : float
        Seconds of one Newton iteration.
    """

    points: int
    point_bytes: float
    rank_bytes: float
    micro: float
    assembly: float
    solve: float

    @property
    def step(self) -> float:
        """Seconds of a step of four Newton iterations."""
        return _ITERATIONS * (self.micro + self.assembly + self.solve)


def estimate_costs(problem: Problem, end: float) -> Costs:
    """Try one Newton iteration towards the loads at a time, and undo it (collective).

    The laws are evaluated at its strains, as they are and three times as large, since most points
    of a part yield late or never.

    Raises
    ------
    InputError, RuntimeError
        On all ranks, when a law raised on one of them.
    """
    comm, qmap, equilibrium = problem.qmap.comm, problem.qmap, problem.equilibrium
    n = len(qmap.cells) * qmap.points_per_cell
    point_bytes = comm.allreduce(memory_per_point(problem), MPI.MAX)
    before, force = problem.u.x.array.copy(), equilibrium.largest_force
    problem.loads.set(end)
    seconds, vectors = [], [problem.u.x.petsc_vec.copy(), problem.u.x.petsc_vec.copy()]
    at, trial = vectors
    try:
        # The first time is longer: solvers look for an order of the unknowns.
        for _ in range(2):
            equilibrium.begin(end - problem.time)
            qmap.reset()
            change, solve = problem.newton.first_change(end)
            vectors.append(change)
        if equilibrium.error is not None:
            raise equilibrium.error
        assembly = equilibrium.seconds
        for factor in (1.0, 3.0):
            trial.waxpy(factor, change, at)
            equilibrium.set_solution(trial)
            qmap.reset()
            qmap.update_tangent(equilibrium.dt)
            seconds.append(qmap.seconds)
    finally:
        problem.u.x.array[:], equilibrium.largest_force, equilibrium.error = before, force, None
        problem.loads.restore()
        qmap.reset()
        for vector in vectors:
            vector.destroy()
    own = (np.mean(seconds), assembly, solve, peak_memory())
    micro, assembly, solve, peak = (comm.allreduce(float(value), MPI.MAX) for value in own)
    return Costs(comm.allreduce(n), point_bytes, peak, micro, assembly, solve)


def peak_memory() -> float:
    """The most memory that this process has had, in bytes."""
    try:
        # Linux counts in ru_maxrss what the program that started this one has had.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return 1024.0 * float(lines["VmHWM"].split()[0])
    except (OSError, KeyError, ValueError):
        unit = 1.0 if sys.platform == "darwin" else 1024.0
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory_per_point(problem: Problem) -> float:
    """Bytes of a quadrature point of this rank at the peak of an update: the mean over its points.

    The functions and copies of the map, the committed and the new state, and what the laws give
    back; of laws that are evaluated in torch also what they need in between, by measurement.
    """
    qmap, total, count = problem.qmap, 0.0, 0
    cells = qmap.cells_of_groups()
    for key, law in qmap.laws.items():
        total += len(cells[key]) * _law_bytes(law)
        count += len(cells[key])
    return _MAP_BYTES + (total / count if count else 0.0)


def _law_bytes(law: Any) -> float:
    """States, stress, tangent, status and iterations of one point."""
    if isinstance(law, BalancedLaw):
        return _law_bytes(law.law)
    if isinstance(law, SwitchingLaw):  # as long as it has the network
        return _law_bytes(law.network)
    if isinstance(law, RVELaw):
        return 16.0 * law.state_size + law.update_bytes + _UPDATE_BYTES
    if isinstance(law, EnsembleLaw):
        return sum(_law_bytes(member) for member in law.members) + _UPDATE_BYTES
    size = 4 if getattr(law, "state_dtype", None) == torch.float32 else 8
    compiled = isinstance(law, NetworkLaw) and not isinstance(law.engine, TorchEngine)
    workspace = 0.0 if compiled else _TORCH_BYTES
    return 2.0 * size * law.state_size + _UPDATE_BYTES + workspace
