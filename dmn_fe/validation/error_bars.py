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
        Two standard deviations of the members' reactions.
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


def reaction_bar(run: RunRecord, members: Sequence[RunRecord]) -> ReactionBar | None:
    """The error bar of a run with an ensemble; None of fewer than two members."""
    if len(members) < 2:
        return None
    times = run.times
    for member in members:
        times = times[np.isin(times, member.times)]
    forces = [member.reactions[np.searchsorted(member.times, times)] for member in members]
    centre = run.reactions[np.searchsorted(run.times, times)]
    return ReactionBar(times, centre, 2.0 * np.std(forces, axis=0, ddof=1))
