"""How many points have left their network for the full RVE, and what it takes."""

import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.evaluate import spread_of
from dmn_fe.fem.output.tables import Table
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.simulation import Ending, Simulation
from dmn_fe.fem.switching_law import SwitchingLaw

__all__ = ["SwitchingTable"]

_log = logging.getLogger(__name__)

_SMALL_STRAIN = 1e-5  # at which networks are elastic
_DIRECTIONS = 50
_EVALUATIONS = 3  # of each point in a step


class SwitchingTable(Table):
    """Points with the full RVE after each step, and the time their RVEs have taken.

    Columns ``rve points``, ``left network`` and ``came back``, of all ranks, and ``rve seconds``,
    of all ranks together since the start or restart. Before the first step there is a warning with
    the expected cost if the network's spread is beyond the threshold in elasticity already, so that
    more or less all points will leave it.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``switching.csv``.
    """

    def __init__(self, path: str | Path):
        super().__init__(path, ["rve points", "left network", "came back", "rve seconds"])
        self._most = 0

    def check(self, run: Simulation) -> None:
        """Warn if all points would switch (collective)."""
        super().check(run)
        problem = run.problem
        for key, law in problem.qmap.laws.items():
            if isinstance(law, SwitchingLaw):
                own = len(problem.qmap.points_of_groups()[key])
                points = problem.qmap.comm.allreduce(own)
                steps = run.sizes.fewest(problem.time)
                if problem.qmap.comm.rank == 0 and points:
                    _warn_of_all(law, points, steps, problem.qmap.comm.size)

    def row(self, problem: Problem) -> NDArray[np.float64]:
        """Sums over the laws that switch (collective)."""
        every: list[Any] = list(problem.qmap.laws.values())
        laws: list[SwitchingLaw] = [one for one in every if isinstance(one, SwitchingLaw)]
        counts = np.sum([law.switched for law in laws], axis=0) if laws else np.zeros(3)
        seconds = problem.qmap.comm.allreduce(sum(law.seconds for law in laws), MPI.SUM)
        self._most = max(self._most, int(counts[0]))
        return np.array([*counts, seconds])

    def end(self, run: Simulation, ending: Ending | None) -> None:
        """Tell the total (collective)."""
        seconds = self.row(run.problem)[-1]
        if run.problem.qmap.comm.rank == 0:
            _log.info(
                "at most %d points had the full RVE, which took %.3g s of all ranks together",
                *(self._most, seconds),
            )


def _warn_of_all(law: SwitchingLaw, points: int, steps: int, ranks: int) -> None:
    generator = torch.Generator().manual_seed(0)
    strain = torch.randn(_DIRECTIONS, 6, generator=generator, dtype=torch.float64)
    strain *= _SMALL_STRAIN / strain.norm(dim=-1, keepdim=True)
    update = law.network.integrate(strain, law.network.initial_state(_DIRECTIONS))
    spread, largest = spread_of(update), float(update.stress.norm(dim=-1).max())
    doubt = law.rule.doubts(strain, spread, law.envelope, largest)
    if float(doubt.median()) <= 1.0:
        return
    start = time.perf_counter()
    law.rve.integrate(strain[:1], law.rve.initial_state(1)).tangent  # noqa: B018
    most = max(1, math.floor(law.rule.most * points))
    seconds = most * steps * _EVALUATIONS * (time.perf_counter() - start) / ranks
    _log.warning(
        "the doubt in the network is beyond its thresholds at small elastic strains already: "
        "%d of %d points will have the full RVE, as many as 'most' lets, which takes %s or more; "
        "raise the thresholds of 'switch', or lower its 'most'.",
        *(most, points, f"{seconds:.2g} s" if seconds < 100.0 else f"{seconds / 60.0:.2g} minutes"),
    )
