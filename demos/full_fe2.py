# # Full FE², and the network that replaces it
#
# In full FE² every quadrature point of the part carries an RVE of its own, which is solved again in
# every Newton iteration of every load step. It is the truth that a material network is to replace,
# and it is a law like any other: one line of your script says which of them answers.
#
# The part here is as small as can be, a strip of six quadrature points, so that the demo takes a
# minute or so. It runs under MPI as it stands; ranks share the RVEs out by the time these take.
#
#     mpirun -n 2 python demos/full_fe2.py

import time
from pathlib import Path

import numpy as np
from dolfinx import mesh
from mpi4py import MPI

import dmn_fe
from dmn_fe import laws, microstructure
from dmn_fe.fem import Support, SwitchingLaw, SwitchingRule, make_problem, mark, rve_law

comm, validation = MPI.COMM_WORLD, Path(__file__).parent / "validation"

# ## The RVE and its networks
#
# Five round inclusions of several sizes, 29 % of the area, on 47 × 47 voxels; and five networks,
# trained on data of exactly these voxels (`demos/validation/make_networks.py`).

rve = microstructure.read(validation / "five_inclusions.npy")
networks = dmn_fe.load(validation / "five_inclusions.dmn")
matrix = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0))
phases = {"matrix": matrix, "inclusion": laws.Elastic.isotropic(72000.0, 0.22)}

# ## One line says who answers
#
# The plain law of the matrix, the mean of the networks, the full RVE; or the networks, whose points
# go on with the RVE where their spread is above a part of the largest stress. Their RVEs then
# follow the strains that the points have had, and when the spread is small again they come back.

ensemble = dmn_fe.evaluate.network_law(networks, phases)
full = rve_law(rve, phases, tolerance=1e-5)
choices = {
    "matrix alone": matrix,
    "networks": ensemble,
    "full FE²": full,
    "switching": SwitchingLaw(ensemble, full, SwitchingRule(spread=0.004, most=0.5)),
}

# ## The same part with each of them
#
# A strip in plane strain, clamped at its left; its right end is pulled and sheared.


def reaction(law) -> tuple[np.ndarray, float]:
    """Force on the right end after each of four steps ``[4, 2]``, and seconds."""
    domain = mesh.create_rectangle(comm, [[0.0, 0.0], [2.0, 1.0]], [1, 1])
    sides = {"left": lambda x: np.isclose(x[0], 0.0), "right": lambda x: np.isclose(x[0], 2.0)}
    strip = mark(domain, sides)
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.02, 0.03])]
    problem = make_problem(strip, {"part": law}, supports)
    start, forces = time.perf_counter(), []
    for t in (0.25, 0.5, 0.75, 1.0):
        report = problem.step(t)
        assert report.converged, report.reason
        forces.append(problem.reaction(strip.facets("right")))
    return np.array(forces), time.perf_counter() - start


forces, seconds = {}, {}
for name, law in choices.items():
    forces[name], seconds[name] = reaction(law)
    if comm.rank == 0:
        print(f"{name:<14} {forces[name][-1]} N, {seconds[name]:.3g} s")

# ## How far they are apart
#
# Relative to the largest force. On parts of some size the network is thousands of times as quick
# (`demos/validation`, which also says how good networks are there); what full FE² costs grows with
# the number of points, and this strip has six.

truth = forces["full FE²"]
errors = {name: np.abs(force - truth).max() / np.abs(truth).max() for name, force in forces.items()}
if comm.rank == 0:
    print({name: f"{100 * error:.2f} %" for name, error in errors.items()})

assert errors["networks"] < 0.02
assert errors["networks"] < 0.1 * errors["matrix alone"]
assert errors["switching"] < 1.2 * errors["networks"]
