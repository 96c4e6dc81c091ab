"""Cases of laws that ranks share, which pytest starts on several ranks; see ``mpi_cases.py``."""

# isort: off
from dmn_fe.fem import (  # before torch
    Checkpoints,
    NodeLaw,
    Support,
    Temperature,
    make_problem,
    mark,
)

# isort: on
import json
import sys
from pathlib import Path

import numpy as np
import torch
from dolfinx import mesh
from helpers.blocks import STEEL, Fragile, clamped_block
from helpers.networks import random_network
from helpers.parts import box, near, rectangle
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.evaluate import EnsembleLaw, NetworkLaw
from dmn_fe.network import Ensemble

COMM = MPI.COMM_WORLD
MADE: list[int] = []


def network() -> NetworkLaw:
    MADE.append(COMM.rank)
    stiff = laws.ThermalExpansion(laws.Elastic.isotropic(400e3, 0.2), 1e-5)
    return NetworkLaw(random_network(3), {"matrix": STEEL, "inclusion": stiff})


def shared(**options) -> NodeLaw:
    return NodeLaw(network, COMM, **options)


def cube(law, folder):
    """A cube that warms up while it is bent, with a restart in the middle."""
    part = box(2)
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.004, 0.0, -0.006])]

    def make():
        return make_problem(
            part,
            {"part": law},
            supports,
            temperature=Temperature(50.0),
            petsc_options={"snes_rtol": 1e-12},
        )

    problem = make()
    assert problem.step(0.5).converged
    Checkpoints(folder).save(problem)
    problem = make()
    Checkpoints(folder).restore(problem)
    assert problem.step(1.0).converged
    return problem.reaction(part.facets("x1")).tolist()


def sheet(law):
    """A sheet in plane stress whose material axes turn with the cells."""
    part = rectangle(1.0, 1.0, (3, 3))
    cells = part.mesh.topology.original_cell_index[: part.mesh.topology.index_map(2).size_local]
    angle = torch.from_numpy(0.1 * np.asarray(cells, dtype=np.float64))
    c, s, one = angle.cos(), angle.sin(), torch.ones_like(angle)
    zero = 0.0 * one
    axes = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).reshape(-1, 3, 3)
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.008, 0.002])]
    problem = make_problem(
        part,
        {"part": law},
        supports,
        kind="plane stress",
        axes={"part": axes.numpy()},
        petsc_options={"snes_rtol": 1e-12},
    )
    for t in (0.4, 1.0):
        assert problem.step(t).converged
    return problem.reaction(part.facets("right")).tolist()


def compare(folder: Path) -> dict:
    """The same problems with a law of each rank and with shared ones."""
    found = {
        "local": [cube(network(), folder / "local"), sheet(network())],
    }
    MADE.clear()
    for name, options in (("node", {}), ("batches", {"batch": 37}), ("two", {"devices": 2})):
        law = shared(**options)
        found[name] = [cube(law, folder / name), sheet(law)]
    found["made"] = len(MADE)
    return found


def devices(folder: Path) -> list[int]:
    """The GPUs that this rank has made its own, of two pretended ones."""
    taken: list[int] = []
    torch.cuda.device_count, torch.cuda.set_device = lambda: 2, taken.append
    shared(devices=2)
    shared(devices=1)
    return taken


def failures(folder: Path) -> list[str]:
    """A point that fails on one rank, a law that raises, and one that cannot be made."""
    fragile = Fragile(STEEL, 0.0 if COMM.rank == 0 else np.inf)
    report = clamped_block(NodeLaw(lambda: fragile, COMM)).problem.step(0.01)
    sentences = [report.reason, str(report.converged)]
    raising = Fragile(STEEL, 0.0, raises=True)
    try:
        clamped_block(NodeLaw(lambda: raising, COMM)).problem.step(0.01)
    except (ArithmeticError, RuntimeError) as error:
        sentences.append(str(error))

    def nothing():
        raise InputError("there is no such device")

    try:
        NodeLaw(nothing, COMM)
    except InputError as error:
        sentences.append(str(error))
    return sentences


def beside_a_law_that_raises(folder: Path) -> list[str]:
    """One rank's law raises, while another law is shared."""

    class Raising(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            if COMM.rank == 0:
                raise ArithmeticError("a strain is beyond the limit")
            return super().integrate(strain, state, dt)

    raising = Raising(200e3, 0.3, laws.LinearHardening(250.0))
    low, high = lambda x: x[2] < 0.5 + 1e-9, lambda x: x[2] > 0.5 - 1e-9
    domain = mesh.create_unit_cube(COMM, 2, 2, 2)
    part = mark(domain, {"x0": near(0, 0.0), "x1": near(0, 1.0)}, {"low": low, "high": high})
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.01, 0.0, 0.0])]
    problem = make_problem(part, {"low": raising, "high": NodeLaw(lambda: STEEL, COMM)}, supports)
    try:
        problem.step(1.0)
    except RuntimeError as error:
        return [str(error)]
    return []


def error_bars(folder: Path) -> list[list[float]]:
    """Sum and largest of the spread of an ensemble, own and shared."""
    phases = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(400e3, 0.2)}
    found = []
    for ranks_share in (False, True):

        def make():
            ensemble = Ensemble((random_network(2, 1), random_network(2, 2)))
            return EnsembleLaw(ensemble, phases)

        law = NodeLaw(make, COMM) if ranks_share else make()
        problem = clamped_block(law).problem
        assert problem.step(0.004).converged
        spread = problem.qmap.spread
        found.append(
            [COMM.allreduce(float(spread.sum())), COMM.allreduce(float(spread.max()), MPI.MAX)]
        )
    return found


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
