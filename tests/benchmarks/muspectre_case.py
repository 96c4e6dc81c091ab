"""The six load cases of a two-phase RVE by muSpectre; started by homogenization.py.

Runs in an environment of its own that has muSpectre: python muspectre_case.py RVE.npy CASE.json.
Prints its result as JSON. The CG tolerance of muSpectre is the relative norm of the residual.
"""

import json
import sys
import time

import muFFT
import muSpectre as msp
import numpy as np

PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def solve(phase, case, gradient) -> dict:
    """Effective stiffness (Mandel) and seconds in the solver."""
    cell = msp.Cell(list(phase.shape), [1.0] * 3, msp.Formulation.small_strain, gradient)
    materials = [
        msp.material.MaterialLinearElastic1_3d.make(cell, str(number), young, poisson)
        for number, (young, poisson) in enumerate(case["phases"])
    ]
    for pixel, number in enumerate(phase.ravel(order="F")):
        materials[number].add_pixel(pixel)
    cell.initialise()
    solver = msp.solvers.KrylovSolverCG(cell, case["tolerance"], 1000, msp.Verbosity.Silent)
    stiffness, start = np.zeros((6, 6)), time.perf_counter()
    for column, (i, j) in enumerate(PAIRS):
        strain = np.zeros((3, 3))
        strain[i, j] = strain[j, i] = 1.0 if i == j else np.sqrt(0.5)
        tolerance = case["tolerance"]
        result = msp.solvers.newton_cg(
            cell, strain, solver, tolerance, tolerance, msp.Verbosity.Silent
        )
        stress = result.stress.reshape((3, 3, -1), order="F").mean(-1)
        factors = [1.0 if a == b else np.sqrt(2.0) for a, b in PAIRS]
        stiffness[:, column] = [f * stress[p] for f, p in zip(factors, PAIRS, strict=True)]
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "iterations": solver.counter if isinstance(solver.counter, int) else None,
        "stiffness": stiffness.tolist(),
    }


if __name__ == "__main__":
    with open(sys.argv[2]) as file:
        settings = json.load(file)
    array = np.load(sys.argv[1], allow_pickle=False)
    fourier = [msp.FourierDerivative(3, axis) for axis in range(3)]
    rotated = list(muFFT.Stencils3D.averaged_upwind)
    print(
        json.dumps(
            {
                "fourier": solve(array, settings, fourier),
                "rotated": solve(array, settings, rotated),
            }
        )
    )
