"""The work of a reconstruction: group after group of seeds, with progress and a restart file."""

from collections.abc import Sequence

import numpy as np
import torch

from dmn_fe.microstructure.reconstruction.decision import decide
from dmn_fe.microstructure.reconstruction.multigrid import Multigrid
from dmn_fe.microstructure.reconstruction.polish import polish
from dmn_fe.microstructure.reconstruction.restart import RestartFile, Unfinished
from dmn_fe.progress import Progress

__all__ = ["do_work"]


def do_work(
    seeds: Sequence[int],
    grids: Multigrid,
    counts: np.ndarray,
    rounds: int,
    batch: int,
    file: RestartFile,
    progress: Progress,
) -> Unfinished:
    """Make a result for each of the seeds; nothing is left unfinished.

    Parameters
    ----------
    seeds : sequence of int
    grids : Multigrid
    counts : integer array ``[k]``
        Voxels of each phase.
    rounds : int
        Of the exchange of voxels at the end.
    batch : int
        Results that are made side by side.
    file : RestartFile
    progress : callable
    """
    done = file.read()
    file.write(done, now=True)  # so that there is one, whenever it is interrupted
    iterations = [stage.iterations for stage in grids.stages]
    meter = _Meter(progress, len(seeds), sum(iterations) + rounds)

    def finished() -> int:
        return sum(seed in done.losses for seed in seeds)

    left = [seed for seed in seeds if seed not in done.losses]
    for first in range(0, len(left), batch):
        group = left[first : first + batch]
        if done.seeds != group:
            done.seeds, done.stage, done.indicator = group, 0, None
        meter.begin(finished(), group, sum(iterations[: done.stage]))
        for number in range(done.stage, len(grids.stages)):
            meter.what = f"{' × '.join(map(str, grids.edges(number)))} voxels"
            done.indicator = grids.run(group, number, done.indicator, meter.tick)
            done.stage = number + 1
            file.write(done)
        assert done.indicator is not None
        meter.what = "voxels at the interfaces"
        for number, (seed, indicator) in enumerate(zip(group, done.indicator, strict=True)):
            meter.alone(finished(), group[number:], sum(iterations))
            phase = decide(indicator, counts, grids.distance(0))
            phase, done.losses[seed] = polish(
                phase, len(counts), grids.distance(0), rounds, indicator.device, meter.tick
            )
            done.phases[seed] = torch.from_numpy(phase)
        file.write(done, now=True)
    meter.end()
    return done


class _Meter:
    """Counts iterations of all results for a progress.

    Parameters
    ----------
    progress : callable
    results : int
    iterations : int
        Of each result.
    """

    def __init__(self, progress: Progress, results: int, iterations: int):
        self._progress, self._each, self._total = progress, iterations, results * iterations
        self._done, self._group, self.what = 0, [0], ""

    def begin(self, finished: int, group: list[int], iterations: int) -> None:
        """A group of seeds begins after this many results, at this iteration."""
        self._group = group
        self._done = finished * self._each + len(group) * iterations

    def alone(self, finished: int, group: list[int], iterations: int) -> None:
        """The first seed of a group goes on while the others wait at this iteration."""
        self.begin(finished, group, iterations)
        self._group = group[:1]

    def tick(self) -> None:
        """One more iteration of every result of the group."""
        self._done += len(self._group)
        seeds = ", ".join(map(str, self._group))
        self._progress(self._done, self._total, f"seed {seeds}, {self.what}")

    def end(self) -> None:
        """All is done."""
        self._progress(self._total, self._total, "")
