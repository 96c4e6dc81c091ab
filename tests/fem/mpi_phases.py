"""Cases of phase averages that pytest starts on several ranks; see ``mpi_restart.py``."""

# isort: off
from dmn_fe.fem import NodeLaw, Support, Temperature, make_problem, mark  # before torch
from dmn_fe.fem.output import EnvelopeWatch, PhaseAverages, PointCloud

# isort: on
import csv
import json
import logging
import sys
from pathlib import Path

import numpy as np
import torch
from dolfinx import mesh
from helpers.networks import random_network
from helpers.parts import near, rectangle
from helpers.runs import simulation
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.evaluate import EnsembleLaw, NetworkLaw
from dmn_fe.fem.output.quantities import at_points, find_quantities
from dmn_fe.network import Ensemble

COMM = MPI.COMM_WORLD
MATRIX = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))
WARM = laws.ThermalExpansion(laws.Elastic.isotropic(400e3, 0.2), 1e-5)
PHASES = {"matrix": MATRIX, "inclusion": WARM}
TIGHT = {"petsc_options": {"snes_rtol": 1e-13}}
QUANTITIES = [
    "stress of matrix",
    "inelastic strain of matrix",
    "stress of inclusion",
    "envelope",
    "strain",
]


def networks(*seeds: int) -> list:
    entry = {"deviatoric": 0.006, "volumetric": 0.1}
    made = (random_network(3, seed, turned=True) for seed in seeds)
    return [network.with_metadata(strain_envelope=entry) for network in made]


def network(warm_start: bool = True) -> NetworkLaw:
    return NetworkLaw(networks(0)[0], PHASES, tolerance=1e-11, warm_start=warm_start)


def ensemble() -> EnsembleLaw:
    return EnsembleLaw(Ensemble(tuple(networks(1, 2))), PHASES, tolerance=1e-11)


def cube(low, high):
    """A cube of two materials that warms up while it is bent."""
    domain = mesh.create_unit_cube(COMM, 3, 3, 3)
    part = mark(
        domain,
        {"fixed": near(0, 0.0), "moved": near(0, 1.0)},
        {"low": lambda x: x[2] < 1 / 3 + 1e-9, "high": lambda x: x[2] > 1 / 3 - 1e-9},
    )
    supports = [Support("fixed", [0.0] * 3), Support("moved", [0.004, 0.002, -0.006])]
    given = {"low": low, "high": high}
    return part, make_problem(part, given, supports, temperature=Temperature(50.0), **TIGHT)


def sheet(law):
    """A sheet in plane stress whose material axes turn with the cells."""
    part = rectangle(1.0, 1.0, (3, 3))
    cells = part.mesh.topology.original_cell_index[: part.mesh.topology.index_map(2).size_local]
    angle = torch.from_numpy(0.1 * np.asarray(cells, dtype=np.float64))
    c, s, one = angle.cos(), angle.sin(), torch.ones_like(angle)
    zero = 0.0 * one
    axes = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).reshape(-1, 3, 3)
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.008, 0.002])]
    kind = {"kind": "plane stress", "axes": {"part": axes.numpy()}}
    return part, make_problem(part, {"part": law}, supports, **kind, **TIGHT)


def shared(make, **options) -> NodeLaw:
    return NodeLaw(make, COMM, **options)


def plain() -> laws.J2:
    return MATRIX


CASES = {
    "cube": lambda: cube(network(), MATRIX),
    "ensemble": lambda: cube(ensemble(), network()),
    "sheet": lambda: sheet(network()),
    "plain sheet": lambda: sheet(
        laws.CrystalPlasticity(168e3, 121e3, 75e3, MATRIX.hardening, 1.0, 5.0)
    ),
    "shared cube": lambda: cube(shared(network, batch=37), shared(plain)),
    "shared sheet": lambda: sheet(shared(network, devices=2)),
}


def tables(folder: Path) -> dict:
    """Header, rows and warnings of each problem, and sums of squares of its fields."""
    found = {}
    log = Collected()
    logging.getLogger("dmn_fe.fem.output.envelope").addHandler(log)
    for name, make in CASES.items():
        part, problem = make()
        path = folder / f"{name}.{COMM.size}.csv"
        log.lines.clear()
        outputs = [PhaseAverages(path, part), EnvelopeWatch()]
        if "plain" not in name:
            outputs.append(PointCloud(folder / f"{name}.{COMM.size}.vtkhdf", QUANTITIES, every=3))
        simulation(problem, outputs, steps=3).run()
        with open(path, encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        squares = []
        if "plain" not in name:
            values = at_points(problem, find_quantities(QUANTITIES)).values()
            squares = [COMM.allreduce(float((one**2).sum())) for one in values]
        numbers = [[float(value) for value in row] for row in rows]
        found[name] = {"header": header, "rows": numbers, "squares": squares, "log": [*log.lines]}
    return found


class Collected(logging.Handler):
    """Keeps the lines of a log."""

    def __init__(self):
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def refused(folder: Path) -> list[str]:
    """What ranks that share a law are told if it keeps no strains of its leaves, and if a phase is
    none."""
    sentences = []
    for law, quantity in (
        (shared(lambda: network(warm_start=False)), "stress of matrix"),
        (shared(network), "stress of binder"),
    ):
        _, problem = sheet(law)
        try:
            at_points(problem, find_quantities([quantity]))
        except InputError as error:
            sentences.append(str(error))
    return sentences


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
