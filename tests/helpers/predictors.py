"""Predictors that have learnt nothing."""

import torch

from dmn_fe.homogenization.prediction import PropertyPredictor, TwoPhases
from dmn_fe.homogenization.prediction.pooled_features import group_sizes
from dmn_fe.microstructure import random_encoder

__all__ = ["random_predictor"]


def random_predictor(phases: TwoPhases, size: float, seed: int = 0) -> PropertyPredictor:
    """Random weights, those of the linear map of a given size."""
    generator = torch.Generator().manual_seed(seed)
    encoder = random_encoder(seed, widths=(5, 6))
    p = sum(group_sizes(encoder))
    weight = size * torch.randn(p, 9, generator=generator, dtype=torch.float64)
    intercept = size * torch.randn(9, generator=generator, dtype=torch.float64)
    origin = {"encoder": encoder.name}
    return PropertyPredictor(
        encoder, torch.zeros(p), torch.ones(p), weight, intercept, phases, origin
    )
