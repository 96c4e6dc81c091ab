"""Errors of the lineal path by length: what an encoder lost when it was pruned."""

import numpy as np

from dmn_fe.microstructure import QualityReport

__all__ = ["BINS", "errors_by_scale"]

#: Lengths in voxels, from and up to.
BINS = ((1, 3), (3, 6), (6, 12), (12, 24), (24, 48))


def errors_by_scale(report: QualityReport) -> dict[str, dict]:
    """Relative errors of the lineal path in bins of length, of all results and of crops.

    Of the two or more phases the mean counts, each relative to the original in the bin; bins that
    the original does not reach are left out. The floor is that of the report: the worst of crops
    against the mean of those disjoint from them, times its factor.
    """
    seen = report.seen[0]
    floor = seen.background.floor
    original = seen.background.original.values["lineal path"]
    results = [result.values["lineal path"] for result in seen.results]
    pairs = [[one.values["lineal path"] for one in pair] for pair in floor.pairs]
    found = {}
    for first, last in BINS:
        inside = slice(first, min(last, original.shape[-1]))
        reached = original[..., inside].sum((1, 2)) > 1e-3
        if not reached.any() or inside.start >= inside.stop:
            continue
        scale = original[..., inside][reached]
        errors = [_error(one - original, scale, inside, reached) for one in results]
        worst = max(_error(one - other, scale, inside, reached) for one, other in pairs)
        found[f"{first}–{last}"] = {
            "values": [round(error, 5) for error in errors],
            "floor": round(floor.factor * worst, 5),
        }
    return found


def _error(
    difference: np.ndarray, original: np.ndarray, inside: slice, reached: np.ndarray
) -> float:
    """Mean over the phases that reach the bin."""
    distance = np.abs(difference)[..., inside][reached].sum((1, 2))
    return float((distance / original.sum((1, 2))).mean())
