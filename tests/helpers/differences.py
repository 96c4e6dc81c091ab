"""Tangents by central differences."""

import torch
from torch import Tensor

from dmn_fe.laws import MaterialLaw


def tangent_error(
    law: MaterialLaw,
    strain: Tensor,
    committed: Tensor,
    h: float = 1e-7,
    scale: float | None = None,
) -> Tensor:
    """Largest difference between the law's tangent and central differences, ``[n]``, relative to
    the tangent's largest entry or to ``scale``.
    """
    tangent = law.integrate(strain, committed).tangent
    columns = [
        law.integrate(strain + h * e, committed).stress
        - law.integrate(strain - h * e, committed).stress
        for e in torch.eye(6, dtype=torch.float64)
    ]
    differences = torch.stack(columns, -1) / (2 * h)
    error = (tangent - differences).abs().amax((1, 2))
    return error / (tangent.abs().amax((1, 2)) if scale is None else scale)
