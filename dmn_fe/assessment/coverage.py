"""The mean of several networks along paths, and whether their spread covers its error."""

from collections.abc import Sequence

import torch

from dmn_fe.evaluate import StrainPathResponse
from dmn_fe.evaluate.path_error import is_counted
from dmn_fe.homogenization import ReferencePaths

__all__ = ["coverage", "mean_response"]


def mean_response(responses: Sequence[StrainPathResponse]) -> StrainPathResponse:
    """Mean stress of several networks; failed from where one of them has failed."""
    return StrainPathResponse(
        torch.stack([response.stress for response in responses]).mean(0),
        torch.stack([response.status for response in responses]).amax(0),
        torch.stack([response.parts for response in responses]).amax(0),
    )


def coverage(
    responses: Sequence[StrainPathResponse], reference: ReferencePaths
) -> dict[str, float]:
    """Share of all times of the counted paths at which the mean errs by less than the spread.

    The spread is that of :class:`~dmn_fe.evaluate.ensemble_law.EnsembleUpdate`: the norm of the
    standard deviation of the stresses. What has failed is not covered.
    """
    counted = is_counted(reference.names)
    stress = torch.stack([response.stress[counted, 1:] for response in responses])
    error = (stress.mean(0) - reference.stress[counted, 1:]).norm(dim=-1)
    spread = stress.std(0).norm(dim=-1)
    return {
        "one_spread": (error < spread).double().mean().item(),
        "two_spreads": (error < 2.0 * spread).double().mean().item(),
    }
