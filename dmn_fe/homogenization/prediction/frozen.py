"""Predictors whose encoder stays as it is: ridge regression on its pooled features."""

from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.homogenization.prediction.pooled_features import (
    check_images,
    encoded_means,
    group_sizes,
    standardised,
)
from dmn_fe.homogenization.prediction.predictor import PropertyPredictor
from dmn_fe.homogenization.prediction.ridge import fit_ridge
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.square_group import CHARACTERS, COMPONENTS
from dmn_fe.microstructure.reconstruction.encoder import Encoder

__all__ = ["fit_by_character", "fit_frozen"]


def fit_frozen(
    data: SectionDataset, encoder: Encoder, means: dict[str, Tensor] | None = None
) -> PropertyPredictor:
    """Fit the linear map of a predictor; the encoder's weights are kept.

    Parameters
    ----------
    data : SectionDataset
    encoder : Encoder
        How many of its blocks count, its ``outputs`` say.
    means : dict, optional
        What :func:`encoded_means` gives for encoder and images, for several fits.

    Raises
    ------
    InputError
        If the encoder cannot take the images, or there are fewer than two.
    """
    check_images(data.images, encoder)
    if len(data) < 2:
        raise InputError("one section to learn from: give two or more, how far they differ counts.")
    means = encoded_means(encoder, data.images) if means is None else means
    middle, scale = _standardisation(means["A1"], group_sizes(encoder))
    features = {name: standardised(means, name, middle, scale) for name in CHARACTERS}
    _, targets = Coordinates.of(data)
    weight, intercept = fit_by_character(features, targets)
    return PropertyPredictor(
        encoder, middle, scale, weight, intercept, data.phases, _origin_of(data, encoder)
    )


def fit_by_character(means: dict[str, Tensor], targets: Tensor) -> tuple[Tensor, Tensor]:
    """Weights ``[p, 9]`` and intercepts ``[9]`` from means ``[n, p]`` by :func:`by_character`.

    Ridge regression on features that have the symmetry of what they predict: those of the wrong
    symmetry, which only could be learnt by heart, are taken out first.
    """
    weight = torch.zeros(means["A1"].shape[1], len(COMPONENTS), dtype=torch.float64)
    intercept = torch.zeros(len(COMPONENTS), dtype=torch.float64)
    for character in CHARACTERS:
        these = [k for k, name in enumerate(COMPONENTS) if name == character]
        ridge = fit_ridge(means[character], targets[:, these], character == "A1")
        weight[:, these], intercept[these] = ridge.weight, ridge.intercept
    return weight, intercept


def _standardisation(features: Tensor, sizes: list[int]) -> tuple[Tensor, Tensor]:
    """Mean and scale ``[p]`` of features ``[n, p]``: all groups count alike, however many."""
    middle, spread = features.mean(0), features.std(0)
    parts = []
    for part in spread.split(sizes):
        # What hardly varies must not be blown up.
        parts.append(part.clamp(min=1e-3 * float(part.max()) + 1e-12) * len(part) ** 0.5)
    return middle, torch.cat(parts)


def _origin_of(data: SectionDataset, encoder: Encoder) -> dict[str, Any]:
    """What a predictor tells of its training."""
    return {
        "encoder": encoder.name,
        "sections": len(data),
        "voxels": data.images.shape[1],
        "families": sorted({data.family(number) for number in range(len(data))}),
        "tolerance": data.meta["tolerance"],
    }
