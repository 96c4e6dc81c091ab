"""Where a simulation goes beyond the strains that its networks were validated for."""

import logging

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.evaluate import StrainEnvelope, strain_envelope
from dmn_fe.fem.node_law import NodeLaw
from dmn_fe.fem.output.quantities import QUANTITIES, at_points, quantity, total_strain
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.simulation import Ending, Output, Simulation
from dmn_fe.fem.switching_law import SwitchingLaw
from dmn_fe.laws import MaterialLaw

__all__ = ["EnvelopeWatch", "envelope_of"]

_SHARES = (0.0, 0.01, 0.1, 0.5)  # of the points: beyond each of them there is a warning
_log = logging.getLogger(__name__)


@quantity("envelope", of_cell="largest")
def _envelope(problem: Problem) -> NDArray[np.float64]:
    """Strain over that which the network was validated for, see
    :meth:`~dmn_fe.evaluate.StrainEnvelope.ratio`; zero where the law tells of none."""
    qmap = problem.qmap
    strain = torch.from_numpy(total_strain(qmap))
    ratio = torch.zeros(len(strain), dtype=torch.float64)
    for key, points in qmap.points_of_groups().items():
        envelope = envelope_of(qmap.laws[key])
        if envelope is not None:
            ratio[points] = envelope.ratio(strain[points])
    return ratio.numpy()


def envelope_of(law: MaterialLaw | NodeLaw) -> StrainEnvelope | None:
    """What a law tells of the strains it was validated for, if it does (collective over the ranks
    that share the law)."""
    if isinstance(law, SwitchingLaw):
        return law.envelope
    if not isinstance(law, NodeLaw):
        return strain_envelope(law)
    own = None if law._law is None else strain_envelope(law._law)
    return law._comm.bcast(own, root=0)


class EnvelopeWatch(Output):
    """Warns in the log when points strain more than their networks were validated for.

    After each step the points are counted whose ``"envelope"`` is above 1. There is a warning when
    the first one appears, and when they are more than 1, 10 and 50 % of all points whose networks
    tell what they were validated for; in the end the total since the start or restart. Networks
    that tell nothing are not watched; if none tells, there is a warning at the beginning. Strains
    are total ones: free thermal expansion counts.
    """

    def __init__(self) -> None:
        self._told = 0  # how many of the shares were passed
        self._watched = np.zeros(0, dtype=bool)  # points of this rank
        self._beyond = np.zeros(0, dtype=bool)  # those that have been beyond
        self._largest = 0.0

    def begin(self, run: Simulation) -> None:
        """Find the points to watch (collective)."""
        qmap = run.problem.qmap
        self._told, self._largest = 0, 0.0
        self._watched = np.zeros(len(qmap.committed_stress), dtype=bool)
        self._beyond = self._watched.copy()
        points = qmap.points_of_groups()
        for key, law in qmap.laws.items():
            self._watched[points[key]] = envelope_of(law) is not None
        if qmap.comm.allreduce(int(self._watched.sum())) == 0 and qmap.comm.rank == 0:
            _log.warning(
                "no network of this problem tells up to which strains it was validated: none is "
                "watched."
            )

    def step(self, run: Simulation, report: StepReport, note: str) -> None:
        """Count the points beyond, and warn if they have become many (collective)."""
        problem = run.problem
        ratio = at_points(problem, [QUANTITIES["envelope"]])["envelope"]
        self._beyond |= ratio > 1.0
        comm: MPI.Comm = problem.qmap.comm
        largest, cell = max(comm.allgather(_largest(problem, ratio)), key=lambda one: one[0])
        count, total = self._counts(comm, ratio > 1.0)
        self._largest = max(self._largest, largest)
        passed = sum(count > share * total for share in _SHARES)
        if passed > self._told and comm.rank == 0:
            _log.warning(
                "step %d at time %.6g: %d of %d points (%.1f %%) strain more than their network "
                "was validated for, up to %.3g times as much, in cell %d in the order of the mesh "
                "file",
                *(problem.steps, problem.time, count, total, 100.0 * count / total, largest, cell),
            )
        self._told = max(self._told, passed)

    def end(self, run: Simulation, ending: Ending | None) -> None:
        """Tell the total (collective)."""
        comm: MPI.Comm = run.problem.qmap.comm
        count, total = self._counts(comm, self._beyond)
        if comm.rank == 0 and total > 0:
            _log.log(
                logging.WARNING if count else logging.INFO,
                "%d of %d points have strained more than their network was validated for (%.3g "
                "times as much at most)",
                *(count, total, self._largest),
            )

    def _counts(self, comm: MPI.Comm, beyond: NDArray[np.bool_]) -> tuple[int, int]:
        """Points beyond and watched points of all ranks."""
        count, total = comm.allreduce(np.array([beyond.sum(), self._watched.sum()]))
        return int(count), int(total)


def _largest(problem: Problem, ratio: NDArray[np.float64]) -> tuple[float, int]:
    """Largest ratio on this rank, and the cell in the mesh file; 0 and -1 without a point."""
    if len(ratio) == 0:
        return 0.0, -1
    qmap, at = problem.qmap, int(ratio.argmax())
    original = problem.u.function_space.mesh.topology.original_cell_index
    return float(ratio[at]), int(original[qmap.cells[at // qmap.points_per_cell]])
