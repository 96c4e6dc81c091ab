"""The model beside what was measured, and beside what was left out of the fit."""

from collections.abc import Sequence
from typing import Any

from constants import Cluster, Measured
from cost_model import iteration
from fit import fit, line_with_cache
from results import Run, all_of, load_steps

__all__ = ["compare", "held_out", "machine_here"]

HELD_OUT_SIZES = 3  # at least two sizes are left to fit


def machine_here(result: dict[str, Any], runs: Sequence[Run] | None = None) -> Cluster:
    """The machine of the measurement in the words of the model, to compare it with itself.

    Parameters as of :func:`fit`.
    """
    shared = [one for one in all_of(result, "messages") if one["message"]]
    fastest = {size: min(one["message"][size] for one in shared) for size in shared[0]["message"]}
    largest = max(fastest, key=int)
    ranks = max(one["ranks"] for one in shared)
    short = min(fastest.values())
    return Cluster(
        ranks_per_node=ranks,
        latency=short,
        overhead=short,
        network_bandwidth=ranks * int(largest) / fastest[largest],
        cache=line_with_cache(load_steps(result) if runs is None else runs)[0],
    )


def compare(runs: Sequence[Run], measured: Measured, here: Cluster) -> list[tuple[Run, float]]:
    """Each run with the seconds of a Newton iteration that the model gives it."""
    return [(run, sum(iteration(run.points, run.ranks, measured, here).values())) for run in runs]


def held_out(result: dict[str, Any]) -> list[tuple[Run, float]]:
    """Runs of each size, as predicted by a fit to all runs of other sizes."""
    runs, found = load_steps(result), []
    sizes = sorted({run.points for run in runs})
    if len(sizes) < HELD_OUT_SIZES:
        return []
    for size in sizes:
        others = [run for run in runs if run.points != size]
        if any(run.ranks > 1 for run in others):
            own = [run for run in runs if run.points == size]
            found += compare(own, fit(result, others), machine_here(result, others))
    return found
