"""Errors of the lineal path by length: what an encoder lost when it was pruned."""

import numpy as np

from dmn_fe.microstructure import QualityReport

__all__ = ["BINS", "errors_by_scale"]

#: Lengths in voxels, from and up to.
BINS = ((1, 3), (3, 6), (6, 12), (12, 24), (24, 48))


def errors_by_scale(report: QualityReport) -> dict[str, dict]:
    """Relative errors of the lineal path in bins of length, of all results and of crops.

    Of the two or more phases the mean counts, each relative to the original in the bin; bins that
    the original does not reach are left out.
    """
    seen = report.seen[0]
    original = seen.background.original.values["lineal path"]
    crops = [crop.values["lineal path"] for crop in seen.background.floor.crops]
    results = [result.values["lineal path"] for result in seen.results]
    found = {}
    for first, last in BINS:
        inside = slice(first, min(last, original.shape[-1]))
        reached = original[..., inside].sum((1, 2)) > 1e-3
        if not reached.any() or inside.start >= inside.stop:
            continue
        found[f"{first}–{last}"] = {
            "values": [_error(one, original, inside, reached) for one in results],
            "floor": max(_error(one, original, inside, reached) for one in crops),
        }
    return found


def _error(one: np.ndarray, original: np.ndarray, inside: slice, reached: np.ndarray) -> float:
    difference = np.abs(one - original)[..., inside].sum((1, 2))[reached]
    return round(float((difference / original[..., inside].sum((1, 2))[reached]).mean()), 5)
