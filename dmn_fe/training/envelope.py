"""Up to which strains a training has tried its networks."""

from typing import Any

import torch
from torch import Tensor

from dmn_fe.evaluate.path_error import PathValidation, is_counted
from dmn_fe.evaluate.strain_envelope import YIELD_STRAIN, StrainEnvelope, least_yield_strain
from dmn_fe.homogenization import PathDataset
from dmn_fe.training.judge import NonlinearValidation

__all__ = ["envelope_entry"]


def envelope_entry(
    paths: PathDataset | None, validation: NonlinearValidation | None
) -> dict[str, Any] | None:
    """The entry ``"strain_envelope"`` of the metadata; None without nonlinear samples and paths.

    It holds the largest strains of all samples, and of the counted paths of a
    :class:`~dmn_fe.evaluate.PathValidation`. The response to samples of random materials depends on
    multiples of the yield strain alone: then these are told, with a unit, and paths count if one of
    their laws has a yield strain.
    """
    strains: list[Tensor] = []
    unit = None
    if paths is not None and len(paths):
        strain = paths.strain
        if paths.meta.get("laws_fingerprint") is None:
            unit = YIELD_STRAIN
            young, _, yield_stress, _ = paths.material.unbind(-1)
            # Of the phase that yields first; a sample of elastic phases tells nothing.
            strain = strain / (yield_stress / young).amin(1)[:, None, None]
        strains.append(strain.flatten(0, 1))
    error = None if validation is None else validation.error
    if isinstance(error, PathValidation):
        strain = error.reference.strain[is_counted(error.reference.names)]
        scale = 1.0 if unit is None else least_yield_strain(error.laws)
        if scale is not None and len(strain):
            strains.append(strain.flatten(0, 1) / scale)
    return StrainEnvelope.of(torch.cat(strains)).entry(unit) if strains else None
