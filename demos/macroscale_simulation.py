# # A whole simulation in Python
#
# What a run file says (`demos/bracket.toml`), in Python: a part with named surfaces, supports and
# forces with amplitudes over time, a material network as the material, steps that adapt, tables,
# fields for ParaView, and checkpoints from which a run that was stopped goes on.
#
# It runs under MPI as it stands, and writes to the folder that you name, or to one that is removed
# in the end: `mpirun -n 2 python demos/macroscale_simulation.py results/beam`.

import csv
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from dolfinx import mesh
from mpi4py import MPI

import dmn_fe
from dmn_fe import laws
from dmn_fe.fem import (
    Amplitude,
    Checkpoints,
    Ending,
    Output,
    Pressure,
    Problem,
    Simulation,
    StepControl,
    StepSizes,
    Support,
    make_problem,
    mark,
    output,
)

comm = MPI.COMM_WORLD
temporary = None if len(sys.argv) > 1 else comm.bcast(tempfile.mkdtemp() if comm.rank == 0 else "")
folder = Path(temporary or sys.argv[1])

# ## A part with names
#
# `read_mesh("part.msh")` reads a gmsh file with physical groups. On a mesh of your own, `mark`
# names surfaces by their place. This is half of a beam of 40 × 20 × 4 mm, cut at its plane of
# symmetry.

beam = mesh.create_box(
    comm, [[0.0, 0.0, 0.0], [40.0, 10.0, 4.0]], [8, 2, 1], mesh.CellType.hexahedron
)
part = mark(
    beam,
    surfaces={
        "clamped": lambda x: np.isclose(x[0], 0.0),
        "symmetry": lambda x: np.isclose(x[1], 0.0),
        "top": lambda x: np.isclose(x[2], 4.0),
    },
    source="the beam",
)

# ## The material
#
# The network that ships with the project: 30 % spheres. Its phases get laws; with mm and N,
# stresses are in MPa. A part with several volumes has a law for each of their names; `mark` calls
# the only volume "part".

network = dmn_fe.load(Path(__file__).with_name("spheres.dmn"))
matrix = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0))
glass = laws.Elastic.isotropic(72000.0, 0.22)
composite = dmn_fe.NetworkLaw(network, {"matrix": matrix, "inclusion": glass})

# ## Supports and forces
#
# `None` leaves a component free. A pressure bends the beam until time 1 and is taken away until
# time 2; `make_problem` puts mesh, material, supports and forces together.

push_and_release = Amplitude([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)])


def beam_problem() -> Problem:
    """The beam in its virgin state."""
    supports = [Support("clamped", [0.0, 0.0, 0.0]), Support("symmetry", [None, 0.0, None])]
    return make_problem(
        part, {"part": composite}, supports, [Pressure("top", 0.34)], amplitude=push_and_release
    )


# ## Steps
#
# The first step is short; steps grow where Newton's method needs few iterations, and one that fails
# is tried again in a shorter one. They end at the corners of the amplitude exactly.


def step_sizes() -> StepSizes:
    """Steps from time 0 to 2."""
    return StepSizes(StepControl(largest=0.25, first=0.1), 2.0, push_and_release.times)


# ## Outputs
#
# A line for each step, a table of the mean displacement and reaction of a surface, one of the
# displacement and stress at points, and fields for ParaView. An output of your own inherits from
# `Output`.


def outputs() -> list[Output]:
    """What the run tells and leaves behind."""
    tip = {"tip": [40.0, 0.0, 2.0]}
    return [
        output.Progress(),
        output.Reactions(folder / "reactions.csv", part, ["clamped", "top"]),
        output.Probes(folder / "probes.csv", part, tip),
        output.Fields(folder, "vtkhdf", ["von_mises", "stress"], every=4),
    ]


# ## Run, and be stopped
#
# A run ends before its time if `stop` says so on any rank (a handler of signals may), or if
# `wall_clock` would run out in the next step. It then leaves a checkpoint. For a run that is killed
# there is one after each step, or less often where writing it takes long (`checkpoint_every`). This
# run is stopped under full pressure, when the plastic strains have grown.

checkpoints = Checkpoints(folder / "checkpoints")
first = beam_problem()
run = Simulation(first, step_sizes(), outputs(), checkpoints, stop=lambda: first.time >= 1.0)
assert run.run() is Ending.STOPPED
assert first.time == 1.0

# ## Go on
#
# The same words make the same simulation, as a new process would, on any number of ranks; `restart`
# brings it to the newest checkpoint. Tables and fields go on in the same files.

second = beam_problem()
run = Simulation(second, step_sizes(), outputs(), checkpoints)
run.restart()
assert second.time == 1.0
assert run.run() is Ending.FINISHED

# ## Nothing was lost
#
# The same in one go, without outputs, ends at the same displacement, and the tables have each step
# once. The beam stays bent by more than a tenth of its largest deflection.

whole = beam_problem()
Simulation(whole, step_sizes()).run()
largest = comm.allreduce(np.abs(whole.u.x.array).max(), MPI.MAX)
lost = comm.allreduce(np.abs(second.u.x.array - whole.u.x.array).max(), MPI.MAX) / largest

rows = []
if comm.rank == 0:
    with open(folder / "probes.csv", newline="") as file:
        rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    if temporary:
        shutil.rmtree(temporary)
rows = comm.bcast(rows)
deflection = {row["time"]: -row["tip u3"] for row in rows}
if comm.rank == 0:
    print(f"deflection {deflection[1.0]:.4f} mm under pressure, {deflection[2.0]:.4f} mm after it")
    print(f"{second.steps} steps, with a restart in between; largest difference {lost:.1e}")

assert [row["step"] for row in rows] == list(range(second.steps + 1))
assert second.steps == whole.steps
assert lost < 1e-10
assert 0.1 < deflection[2.0] / deflection[1.0] < 0.9
