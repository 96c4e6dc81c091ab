"""Cases of ``macro.py``, which starts them: mpirun -n N python macro_cases.py RESULT.json CASE …"""

# isort: off
from dmn_fe.fem import Problem, Support, make_problem, memory_per_point, mark  # before torch

# isort: on
import json
import sys
import time
from pathlib import Path

import numpy as np
from dolfinx import mesh
from mpi4py import MPI

import dmn_fe
from dmn_fe import evaluate, laws

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.parts import near, rectangle

COMM = MPI.COMM_WORLD
NETWORK = Path(__file__).parents[2] / "demos" / "spheres.dmn"
PHASES = {
    "matrix": laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0)),
    "inclusion": laws.Elastic.isotropic(72000.0, 0.22),
}
LU = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}
MULTIGRID = {  # as dmn_fe.fem chooses it
    "ksp_type": "cg",
    "ksp_rtol": 1e-8,
    "pc_type": "gamg",
    "pc_gamg_threshold": 0.01,
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_pc_type": "jacobi",
}


def composite() -> evaluate.NetworkLaw:
    """The shipped network in the compiled core."""
    return evaluate.network_law(dmn_fe.load(NETWORK), PHASES, backend="cpu")


def cube(n: int, length: int = 1, law=None, **options) -> Problem:
    """``n × n × n length`` cubes of six tetrahedra, held at one end and bent at the other."""
    corners = [[0.0, 0.0, 0.0], [1.0, 1.0, float(length)]]
    domain = mesh.create_box(COMM, corners, [n, n, n * length], mesh.CellType.tetrahedron)
    part = mark(domain, {"held": near(2, 0.0), "moved": near(2, float(length))})
    supports = [Support("held", [0.0] * 3), Support("moved", [0.04, 0.01, 0.02])]
    return make_problem(part, {"part": law or composite()}, supports, petsc_options=options)


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
        "displacements": _displacements(problem),
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
    start = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    # The map of the problem is there already: another one of its displacement is measured.
    qmap = type(problem.qmap)(problem.u, law)
    for step in range(3):
        problem.u.x.array[:] = 1e-3 * (step + 1)
        qmap.update_tangent()
        qmap.commit()
    grown = _status("VmHWM") - start
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
        found |= {"displacements": _displacements(problem), name: min(seconds)}
        if name == "GAMG":
            found["iterations of CG"] = ksp.getIterationNumber()
        problem.close()
    return found


def _displacements(problem: Problem) -> int:
    dofmap = problem.u.function_space.dofmap
    return int(dofmap.index_map.size_global * dofmap.index_map_bs)


def _status(key: str) -> int:
    """Bytes that Linux tells of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


if __name__ == "__main__":
    path, case, *arguments = sys.argv[1:]
    result = globals()[case](*map(int, arguments))
    if COMM.rank == 0:
        Path(path).write_text(json.dumps(result))
