"""Effective properties of a section from its image."""

from dataclasses import dataclass
from typing import Any, NamedTuple

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
from dmn_fe.homogenization.prediction.square_group import CHARACTERS, COMPONENTS, EVEN
from dmn_fe.homogenization.prediction.two_phases import TwoPhases
from dmn_fe.microstructure.reconstruction.encoder import Encoder

__all__ = ["Prediction", "PropertyPredictor"]


class Prediction(NamedTuple):
    """Effective properties of ``n`` sections.

    Attributes
    ----------
    stiffness : Tensor ``[n, 3, 3]``
        In plane strain, components 11, 22, 12 (Mandel).
    conductivity : Tensor ``[n, 2, 2]``
        In the plane.
    """

    stiffness: Tensor
    conductivity: Tensor


@dataclass(frozen=True, eq=False)
class PropertyPredictor:
    """Pooled features of an encoder, and a linear map to the properties of two phases.

    A prediction lies between the bounds of Voigt and Reuss, turns and mirrors with the image
    exactly, and does not change where the periodic image is shifted by multiples of the pixels
    that the last block puts together.

    Plane strain and not the whole 6×6 of an extruded section: the bounds in the plane are the
    closer ones, and entries that nearly follow from the fractions would hide the errors of others.

    Parameters
    ----------
    encoder : Encoder
    middle, scale : Tensor ``[p]``
        Features are taken relative to these.
    weight : Tensor ``[p, 9]``
        Of the map to the numbers of :class:`Coordinates`.
    intercept : Tensor ``[9]``
    phases : TwoPhases
        The phases it was trained for: it knows no others.
    origin : dict
        How it was trained, as JSON values.

    Raises
    ------
    InputError
        If the shapes do not fit together.
    """

    encoder: Encoder
    middle: Tensor
    scale: Tensor
    weight: Tensor
    intercept: Tensor
    phases: TwoPhases
    origin: dict[str, Any]

    def __post_init__(self):
        p, t = sum(group_sizes(self.encoder)), len(COMPONENTS)
        names = ("middle", "scale", "weight", "intercept")
        found = {name: tuple(getattr(self, name).shape) for name in names}
        expected = {"middle": (p,), "scale": (p,), "weight": (p, t), "intercept": (t,)}
        if found != expected:
            raise InputError(
                f"a predictor with {p} features has tensors of shape {found}, expected {expected}."
            )

    def predict(self, images: Tensor) -> Prediction:
        """Properties of images.

        Parameters
        ----------
        images : Tensor or array ``[n, voxels, voxels]``
            Periodic sections: the phase of each voxel, 0 or 1, along e1 and e2. Features have the
            size of the voxels that it was trained with.

        Raises
        ------
        InputError
            If the images are no such sections.
        """
        images = torch.as_tensor(images)
        check_images(images, self.encoder)
        means = encoded_means(self.encoder, images)
        return self.predict_from(means, images.double().mean((1, 2)))

    def predict_from(self, means: dict[str, Tensor], fractions: Tensor) -> Prediction:
        """Properties from what :func:`encoded_means` gives for the encoder, and fractions ``[n]``.

        Of phase 1; for several predictors on one encoder.
        """
        components = torch.zeros(len(fractions), len(COMPONENTS), dtype=torch.float64)
        for character in CHARACTERS:
            these = [k for k, name in enumerate(COMPONENTS) if name == character]
            features = standardised(means, character, self.middle, self.scale)
            components[:, these] = features.double() @ self.weight[:, these].double()
        components += self.intercept * EVEN
        return Prediction(*Coordinates(self.phases, fractions).properties(components))
