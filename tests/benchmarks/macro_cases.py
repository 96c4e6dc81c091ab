"""Cases of ``macro.py``, which starts them: mpirun -n N python macro_cases.py RESULT.json CASE …"""

# isort: off
from dmn_fe.fem import Problem, Support, make_problem, memory_per_point  # before torch

# isort: on
import json
import sys
import time
from pathlib import Path

import numpy as np
from mpi4py import MPI

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "demos" / "scaling"))
from box import MULTIGRID, PHASES, bent_box, composite, displacements
from box import memory as memory_of_process
from helpers.parts import rectangle

COMM = MPI.COMM_WORLD
LU = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}


def cube(n: int, length: int = 1, law=None, **options) -> Problem:
    """``n × n × n length`` cubes of six tetrahedra, held at one end and bent at the other."""
    return bent_box([n, n, n * length], law, **options)


def sheet(n: int, law, **options) -> Problem:
    """``n × n`` quadrilaterals in plane strain."""
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.02, 0.04])]
    part = rectangle(1.0, 1.0, (n, n))
    return make_problem(part, {"part": law}, supports, petsc_options=options)


def iteration(n: int) -> dict:
    """Seconds of one Newton iteration, in the mean of steps into plasticity."""
    problem = cube(n)
    reports = [problem.step(t) for t in (0.5, 1.0)]
    assert all(report.converged for report in reports)
    count = sum(report.iterations for report in reports)
    return {
        "quadrature points": COMM.allreduce(len(problem.qmap.status)),
        "displacements": displacements(problem),
        "solver": problem.linear_solver,
        "Newton iterations": [report.iterations for report in reports],
        "sweeps of a network": max(report.micro_iterations_max for report in reports),
        **{
            name: sum(getattr(report, f"seconds_{name}") for report in reports) / count
            for name in ("micro", "assembly", "solve")
        },
        "imbalance": max(report.imbalance for report in reports),
    }


def micro(n: int) -> dict:
    """Best seconds in the laws of the slowest rank, with ``n³`` cubes on each rank.

    All ranks evaluate at once, at the same strains, at most of which the matrix yields.
    """
    problem = cube(n, COMM.size)
    qmap = problem.qmap
    # The same at all heights, so that no rank has more to do.
    problem.u.interpolate(lambda x: 0.02 * np.array([x[0] ** 2, x[1] ** 2, 0.0 * x[2]]))
    seconds = []
    for _ in range(8):
        qmap.reset()
        COMM.barrier()
        qmap.update_tangent()
        seconds.append(COMM.allreduce(qmap.seconds, MPI.MAX))
    most = COMM.allreduce(len(qmap.status), MPI.MAX)
    return {"points of a rank": most, "seconds": min(seconds)}


def memory(n: int) -> dict:
    """Bytes by which the process grows with the points, at the peak of updates."""
    law = composite()
    small = cube(1, law=law)
    small.qmap.update_tangent()
    small.qmap.commit()
    problem = cube(n, law=law)
    start = memory_of_process("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    # The map of the problem is there already: another one of its displacement is measured.
    qmap = type(problem.qmap)(problem.u, law)
    for step in range(3):
        problem.u.x.array[:] = 1e-3 * (step + 1)
        qmap.update_tangent()
        qmap.commit()
    grown = memory_of_process("VmHWM") - start
    return {"points": len(qmap.status), "estimated": memory_per_point(problem), "grown": grown}


def solvers(dimension: int, n: int) -> dict:
    """Best seconds of one solution, with all that a new matrix needs but the first analysis."""
    found: dict = {}
    for name, options in (("LU", LU), ("GAMG", MULTIGRID)):
        make = sheet if dimension == 2 else cube
        problem = make(n, law=PHASES["matrix"], **options)
        problem.u.interpolate(lambda x: 0.03 * x[:dimension] ** 2)  # most of it is plastic
        equilibrium, x = problem.equilibrium, problem.u.x.petsc_vec.copy()
        right, change = equilibrium.residual.duplicate(), x.duplicate()
        equilibrium.assemble_residual(None, x, right)
        ksp, seconds = problem.snes.getKSP(), []
        for _ in range(3 if found.get("LU", 0.0) < 10.0 else 1):
            equilibrium.assemble_tangent(None, x, equilibrium.matrix, None)
            COMM.barrier()
            start = time.perf_counter()
            ksp.setOperators(equilibrium.matrix)
            ksp.solve(right, change)
            seconds.append(COMM.allreduce(time.perf_counter() - start, MPI.MAX))
        assert ksp.getConvergedReason() > 0
        found |= {"displacements": displacements(problem), name: min(seconds)}
        if name == "GAMG":
            found["iterations of CG"] = ksp.getIterationNumber()
        problem.close()
    return found


if __name__ == "__main__":
    path, case, *arguments = sys.argv[1:]
    result = globals()[case](*map(int, arguments))
    if COMM.rank == 0:
        Path(path).write_text(json.dumps(result))
