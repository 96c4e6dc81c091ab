"""``dmn-fe run part.toml`` with a law whose device has no memory left after some calls."""

import dmn_fe.fem  # noqa: F401  before torch

# isort: split
from pathlib import Path

from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.cli import passes
from dmn_fe.cli.run import start

STEEL = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))
CALLS = 14


class FullMemory:
    """Raises on the last rank."""

    state_size, symmetric_tangent = STEEL.state_size, True
    initial_state = staticmethod(STEEL.initial_state)

    def __init__(self):
        self.calls = 0

    def integrate(self, *arguments):
        self.calls += 1
        if self.calls > CALLS and MPI.COMM_WORLD.rank == MPI.COMM_WORLD.size - 1:
            raise RuntimeError("CUDA out of memory")
        return STEEL.integrate(*arguments)


if __name__ == "__main__":
    passes.material_law = lambda *_: FullMemory()
    start(Path("part.toml"), None, 1)
