"""Several predictors: their mean, and their spread as an error bar."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction.coordinates import relative_errors
from dmn_fe.homogenization.prediction.fine_tuning import train_predictor
from dmn_fe.homogenization.prediction.fine_tuning_recipe import FineTuning
from dmn_fe.homogenization.prediction.predictor import Prediction, PropertyPredictor
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.progress import Progress, no_progress

__all__ = ["EnsemblePrediction", "PredictorEnsemble", "train_predictor_ensemble"]

_SHARE = 0.8  # of the sections that a member learns from


class EnsemblePrediction(NamedTuple):
    """Effective properties with error bars.

    Attributes
    ----------
    mean : Prediction
        Between the bounds of Voigt and Reuss, as each member's.
    error_bar : Tensor ``[n, 2]``
        Estimate of the relative error (Frobenius) of stiffness and conductivity: standard deviation
        of the members times the ensemble's ``factor``; not-a-number of one member.
    """

    mean: Prediction
    error_bar: Tensor


@dataclass(frozen=True, eq=False)
class PredictorEnsemble:
    """Predictors that were trained on the same phases from different seeds.

    Parameters
    ----------
    members : tuple of PropertyPredictor
    factor : pair of float
        Of the error bars of stiffness and conductivity; 1 until :meth:`calibrated`. Members share
        errors that their spread does not show, so that it is usually above 1.

    Raises
    ------
    InputError
        If there is no member, or their phases differ.
    """

    members: tuple[PropertyPredictor, ...]
    factor: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self):
        if not self.members:
            raise InputError("an ensemble of no predictors: give at least one.")
        if any(member.phases != self.members[0].phases for member in self.members):
            raise InputError("the predictors of an ensemble are for different phases; give alike.")

    def predict(self, images: Tensor) -> EnsemblePrediction:
        """Properties of images ``[n, voxels, voxels]``; as :meth:`PropertyPredictor.predict`."""
        found = [member.predict(images) for member in self.members]
        means, bars = [], []
        for values, factor in zip(zip(*found, strict=True), self.factor, strict=True):
            stacked = torch.stack(values)
            mean = stacked.mean(0)
            norm = torch.linalg.matrix_norm
            # Of one member zero by zero, which is not-a-number.
            spread = norm(stacked - mean).square().sum(0) / (len(found) - 1)
            means.append(mean)
            bars.append(factor * spread.sqrt() / norm(mean))
        return EnsemblePrediction(Prediction(*means), torch.stack(bars, dim=-1))

    def calibrated(self, data: SectionDataset) -> "PredictorEnsemble":
        """The ensemble with factors that fit the error bars to sections it has not learnt from.

        So that error over error bar has the root mean square 1. Raises ``InputError`` if the data
        have other phases, or there is one member only.
        """
        if len(self.members) < 2 or data.phases != self.members[0].phases:
            raise InputError(
                "error bars need two predictors or more, and a data set of the phases that they "
                "are for."
            )
        found = dataclasses.replace(self, factor=(1.0, 1.0)).predict(data.images)
        ratio = relative_errors(found.mean, data) / found.error_bar.clamp(min=1e-12)
        first, second = ratio.square().mean(0).sqrt().tolist()
        return dataclasses.replace(self, factor=(first, second))


def train_predictor_ensemble(
    data: SectionDataset,
    encoders: Encoder | Sequence[Encoder],
    recipe: FineTuning | None = None,
    k: int = 5,
    seed: int = 0,
    progress: Progress = no_progress,
) -> PredictorEnsemble:
    """Train ``k`` predictors, each on four fifths of the sections.

    Drawn anew for each of them, since from one pretrained start and the same sections they would
    hardly differ; and without replacement, since a section that is there twice is not left out when
    its copy is, and the ridge regression would choose too weak a penalty.

    Parameters
    ----------
    encoders : Encoder or sequence of ``k`` Encoder
        The start of all members, or of each.
    seed : int
        Ensembles of different seeds share no draw.

    Others as for :func:`train_predictor`.
    """
    starts = [encoders] * k if isinstance(encoders, Encoder) else list(encoders)
    if k < 2 or len(starts) != k:
        raise InputError(f"k = {k}, {len(starts)} encoders: give 2 or more, and one for each.")
    members = []
    for number, start in enumerate(starts):
        own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        generator = torch.Generator().manual_seed(own)
        drawn = torch.randperm(len(data), generator=generator)[: round(_SHARE * len(data))]

        def of_all(done: int, total: int, message: str = "", number: int = number) -> None:
            progress(number * total + done, k * total, message)

        members.append(train_predictor(data.subset(drawn), start, recipe, own, of_all))
    return PredictorEnsemble(tuple(members))
