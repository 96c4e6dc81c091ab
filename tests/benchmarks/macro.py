"""What a Newton iteration of a part costs, on one and two ranks:
python tests/benchmarks/macro.py [RESULT.json]

A cube of quadratic tetrahedra, held and bent, of the shipped network of depth 5 with an
elastoplastic matrix. Each case has ranks of its own, with one thread each. Nothing is asserted. A
busy machine slows single repeats down: the best one is told, and the load of the machine at the
start and end.

- ``iteration``: seconds in laws, assembly and linear solver of one Newton iteration, from the
  reports of steps, with 98 304 quadrature points on two ranks.
- ``weak scaling``: seconds in the laws with the same number of points for each rank, on one rank
  and on two, measured in turns; the efficiency is their ratio.
- ``memory``: bytes of a quadrature point, as estimated, and by the growth of a process between two
  sizes.
- ``solvers``: seconds of one solution with the tangent of a plastic state of the matrix alone, by a
  factorisation (MUMPS) and by conjugate gradients with multigrid (GAMG), for rising numbers of
  displacements.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish
from helpers.processes import clean_environment, mpirun_options

CASES = Path(__file__).with_name("macro_cases.py")
REPEATS = 5
SIZES = {2: (70, 160, 220, 320), 3: (7, 9, 11, 14, 18)}  # cells along an edge


def run(ranks: int, case: str, *arguments: object) -> dict:
    """What a case of ``macro_cases.py`` tells."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = ["mpirun", *mpirun_options(), "-n", str(ranks), sys.executable, str(CASES)]
        command += [file.name, case, *map(str, arguments)]
        subprocess.run(command, env=clean_environment(), check=True)
        result: dict = json.load(file)
    print(case, arguments, f"on {ranks} rank(s):", result, file=sys.stderr, flush=True)
    return result


def iteration() -> dict:
    """The repeat that took least, and by how much its laws are cheaper than the rest."""
    runs = [run(2, "iteration", 16) for _ in range(2)]
    best = min(runs, key=lambda one: one["micro"] + one["assembly"] + one["solve"])
    rest = best["assembly"] + best["solve"]
    return best | {"micro / (assembly + solve)": best["micro"] / rest}


def weak_scaling() -> dict:
    """In turns, as the load of the machine may change."""
    found = [(run(1, "micro", 12), run(2, "micro", 12)) for _ in range(REPEATS)]
    alone, shared = (
        min(1e6 * one["seconds"] / one["points of a rank"] for one in each)
        for each in zip(*found, strict=True)
    )
    return {
        "points of a rank": [one["points of a rank"] for one in found[0]],
        "microseconds of a point": [alone, shared],
        "efficiency": alone / shared,
    }


def memory() -> dict:
    """Bytes of a quadrature point."""
    small, large = (run(1, "memory", n) for n in (8, 16))
    grown = (large["grown"] - small["grown"]) / (large["points"] - small["points"])
    return {"estimated": large["estimated"], "measured": grown}


def solvers() -> list[dict]:
    """By dimension, ranks and size."""
    found = []
    for dimension, sizes in SIZES.items():
        for ranks in (1, 2):
            for n in sizes:
                one = run(ranks, "solvers", dimension, n)
                one["LU / GAMG"] = one["LU"] / one["GAMG"]
                found.append({"dimension": dimension, "ranks": ranks, **one})
    return found


if __name__ == "__main__":
    load = {"at the start": os.getloadavg()}
    result = {
        "iteration": iteration(),
        "weak scaling": weak_scaling(),
        "memory": memory(),
        "solvers": solvers(),
    }
    load["at the end"] = os.getloadavg()
    finish({"load": load, **result}, sys.argv[1] if len(sys.argv) > 1 else None)
