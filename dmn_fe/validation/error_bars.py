"""The error bar of a curve, from runs with each member of an ensemble alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmn_fe.validation.record import RunRecord

__all__ = ["ReactionBar", "reaction_bar"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReactionBar:
    """Error bar of the reactions of an ensemble.

    Attributes
    ----------
    times : array ``[k]``
        Steps that the run of the ensemble and those of all members share.
    centre : array ``[k, surfaces, d]``
        Reactions of the run with the ensemble.
    half : array ``[k, surfaces, d]``
        Half of the bar.
    """

    times: Array
    centre: Array
    half: Array

    def covered(self, reference: RunRecord, surface: int, component: int) -> tuple[int, int]:
        """At how many of how many steps the reaction of the reference lies within the bar."""
        times = self.times[np.isin(self.times, reference.times)]
        times = times[times > reference.times[0]]
        own, its = np.searchsorted(self.times, times), np.searchsorted(reference.times, times)
        error = np.abs(self.centre[own] - reference.reactions[its])[:, surface, component]
        return int((error <= self.half[own, surface, component]).sum()), len(times)


def reaction_bar(
    run: RunRecord, members: Sequence[RunRecord], shared: float = 0.0
) -> ReactionBar | None:
    """The error bar of a run with an ensemble; None of fewer than two members.

    Half of it is ``2 √(s² + (e R)²)``, with the standard deviation s of the members' reactions,
    the relative error e of the ensemble's mean where that is known (``shared``), and the largest
    norm R of the surface's reaction so far: an error that was made under load stays after it.
    """
    if len(members) < 2:
        return None
    times = run.times
    for member in members:
        times = times[np.isin(times, member.times)]
    forces = [member.reactions[np.searchsorted(member.times, times)] for member in members]
    centre = run.reactions[np.searchsorted(run.times, times)]
    largest = np.maximum.accumulate(np.linalg.norm(run.reactions, axis=-1), axis=0)
    of_mean = shared * largest[np.searchsorted(run.times, times), :, None]
    return ReactionBar(times, centre, 2.0 * np.hypot(np.std(forces, axis=0, ddof=1), of_mean))
