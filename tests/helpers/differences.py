"""Tangents by central differences."""

import torch
from torch import Tensor

from dmn_fe.laws import MaterialLaw


def tangent_error(law: MaterialLaw, strain: Tensor, committed: Tensor, h: float = 1e-7) -> Tensor:
    """Largest difference between the law's tangent and central differences, relative, ``[n]``."""
    tangent = law.integrate(strain, committed).tangent
    columns = [
        law.integrate(strain + h * e, committed).stress
        - law.integrate(strain - h * e, committed).stress
        for e in torch.eye(6, dtype=torch.float64)
    ]
    differences = torch.stack(columns, -1) / (2 * h)
    return (tangent - differences).abs().amax((1, 2)) / tangent.abs().amax((1, 2))
