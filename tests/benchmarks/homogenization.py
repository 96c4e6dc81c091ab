"""Seconds, iterations and memory of the linear FFT solver, on one thread.

    python tests/benchmarks/homogenization.py [--muspectre PYTHON] [--store RESULT.json]

PYTHON is the interpreter of an environment with muSpectre (``python3 -m venv mu`` and
``mu/bin/pip install muSpectre==0.27.0``, which has wheels for Python 3.11); without it the
comparison is left out. Nothing is asserted.

- ``comparison``: 30 % spheres at 63³, contrast 10, six load cases. muSpectre stops at a relative
  residual of 1e-6. Ours stops at an energy error, which is the square of a residual, so two
  tolerances are shown: 1e-6, the default, and 1e-12, the strictest reading of "the same".
- ``robustness``: iterations of each load case at high contrast, with voids and nearly rigid.
- ``samples``: seconds of training samples at 31³ with a contrast of the mean moduli up to 1000,
  shared by two processes, extrapolated to 1000 samples. The phases are orthotropic, so that the
  ratio of the largest to the smallest eigenvalue is larger still.
"""

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from dmn_fe.homogenization import sample_orthotropic, solve_load_cases
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE, bicontinuous, random_spheres

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish

PHASES = ((1.0, 0.3), (10.0, 0.3))
SAMPLES, PROCESSES = 50, 2


def timed(rve: VoxelRVE, stiffness: torch.Tensor, tolerance: float) -> dict:
    """Seconds, iterations and stiffness of one solution."""
    start = time.perf_counter()
    solution = solve_load_cases(rve, stiffness, tolerance)
    return {
        "seconds": time.perf_counter() - start,
        "iterations": solution.iterations.tolist(),
        "stiffness": solution.effective.tolist(),
    }


def comparison(muspectre: str | None) -> dict:
    """The case of the comparison with muSpectre, and what it needs in memory."""
    rve = random_spheres(63, 0.3, 12, seed=0)
    stiffness = torch.stack([isotropic_stiffness(*constants) for constants in PHASES])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result: dict = {"ours": {f"{t:g}": timed(rve, stiffness, t) for t in (1e-6, 1e-12)}}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    result["kilobytes_per_voxel"] = grown / rve.phase.size
    if muspectre is None:
        return result
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/rve.npy", rve.phase)
        Path(f"{folder}/case.json").write_text(json.dumps({"phases": PHASES, "tolerance": 1e-6}))
        script = Path(__file__).with_name("muspectre_case.py")
        command = [muspectre, str(script), f"{folder}/rve.npy", f"{folder}/case.json"]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result["muspectre 0.27"] = json.loads(output.splitlines()[-1])
    strict = torch.tensor(result["ours"]["1e-12"]["stiffness"])
    for scheme, theirs in result["muspectre 0.27"].items():
        other = torch.tensor(theirs.pop("stiffness"))
        theirs["largest difference of the stiffness"] = float(
            (other - strict).abs().max() / strict.abs().max()
        )
        for tolerance, ours in result["ours"].items():
            theirs[f"ours / theirs at {tolerance}"] = ours["seconds"] / theirs["seconds"]
        print(scheme, theirs, file=sys.stderr, flush=True)
    for ours in result["ours"].values():
        del ours["stiffness"]
    return result


def robustness() -> dict:
    """Largest number of iterations for hard phases, on two arrangements at 32³."""
    spheres, sponge = random_spheres(32, 0.3, 12, seed=0), bicontinuous(32, 0.5, 8.0, seed=1)
    matrix = isotropic_stiffness(1.0, 0.3)
    cases = {
        "inclusions 1000 times stiffer": (matrix, 1e3 * matrix),
        "inclusions 1000 times softer": (matrix, 1e-3 * matrix),
        "voids": (matrix, torch.zeros_like(matrix)),
        "inclusions 1e7 times stiffer": (matrix, 1e7 * matrix),
        "nearly incompressible matrix": (isotropic_stiffness(1.0, 0.4999), 100.0 * matrix),
    }
    return {
        kind: {
            name: max(timed(rve, torch.stack(pair), 1e-6)["iterations"])
            for name, pair in cases.items()
        }
        for kind, rve in (("30 % spheres", spheres), ("bicontinuous, one half", sponge))
    }


def samples_of(process: int) -> list[dict]:
    """Every PROCESSES-th sample, solved in this process."""
    torch.set_num_threads(1)
    rve = random_spheres(31, 0.3, 12, seed=0)
    pairs = sample_orthotropic(SAMPLES, seed=0, contrast=1000.0)[process::PROCESSES]
    return [timed(rve, pair, 1e-6) for pair in pairs]


def samples() -> dict:
    """Training samples on two cores."""
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        found = [one for part in pool.map(samples_of, range(PROCESSES)) for one in part]
    seconds = time.perf_counter() - start
    most = np.array([max(one["iterations"]) for one in found])
    pairs = sample_orthotropic(SAMPLES, seed=0, contrast=1000.0)
    eigenvalues = torch.linalg.eigvalsh(pairs).flatten(1)
    ratio = (eigenvalues.amax(1) / eigenvalues.amin(1)).numpy()
    # As the processes have shared them.
    ratio = np.concatenate([ratio[process::PROCESSES] for process in range(PROCESSES)])
    return {
        "samples": SAMPLES,
        "processes": PROCESSES,
        "seconds": seconds,
        "minutes of 1000 samples": seconds / SAMPLES * 1000 / 60,
        "iterations": {
            "median": float(np.median(most)),
            "largest": int(most.max()),
            "largest where eigenvalues differ up to 1000 times": int(most[ratio <= 1000.0].max()),
        },
        "largest ratio of eigenvalues": float(ratio.max()),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--muspectre", help="interpreter of an environment with muSpectre")
    parser.add_argument("--store", help="file for the result")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    outcome = {
        "comparison": comparison(arguments.muspectre),
        "robustness": robustness(),
        "samples": samples(),
    }
    finish(outcome, arguments.store)
