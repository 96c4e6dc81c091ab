"""Regressions without an encoder, to compare with: on volume fractions, on two-point statistics."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.homogenization.prediction.pooled_features import by_character
from dmn_fe.homogenization.prediction.predictor import Prediction
from dmn_fe.homogenization.prediction.ridge import Ridge, fit_ridge
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.square_group import COMPONENTS
from dmn_fe.homogenization.prediction.two_phases import TwoPhases

__all__ = ["FractionRegression", "TwoPointRegression", "two_point_maps"]

_DEGREE = 5
_SCORES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, eq=False)
class FractionRegression:
    """Ridge regression on powers of the volume fraction: all that it can know is isotropic."""

    ridge: Ridge
    phases: TwoPhases

    @classmethod
    def fit(cls, data: SectionDataset) -> "FractionRegression":
        """From solved sections; the strength by leaving out."""
        _, targets = Coordinates.of(data)
        return cls(fit_ridge(_powers(data.fractions), targets * _isotropic()), data.phases)

    def predict(self, images: Tensor) -> Prediction:
        """Properties of images ``[n, voxels, voxels]``."""
        fractions = images.double().mean((1, 2))
        coordinates = Coordinates(self.phases, fractions)
        return Prediction(*coordinates.properties(self.ridge(_powers(fractions))))


@dataclass(frozen=True, eq=False)
class TwoPointRegression:
    """Ridge regression on principal components of two-point statistics (S2-PCA).

    The usual chain of materials informatics, with each symmetry apart, so that it is as equivariant
    as the predictors. How many principal components count for each number, and the strength, the
    samples that are left out one by one decide.

    Attributes
    ----------
    bases : tuple of Tensor ``[lags, k]``
        Principal directions for each of the nine numbers.
    middle : Tensor ``[lags]``
    ridges : tuple of Ridge
    phases : TwoPhases

    References
    ----------
    S. R. Niezgoda, A. K. Kanjarla, S. R. Kalidindi, Novel microstructure quantification framework
    for databasing, visualization, and analysis of microstructure data, Integr. Mater. Manuf.
    Innov. 2 (2013) 54; D. B. Brough, D. Wheeler, S. R. Kalidindi, Materials knowledge systems in
    Python, Integr. Mater. Manuf. Innov. 6 (2017) 36.
    """

    bases: tuple[Tensor, ...]
    middle: Tensor
    ridges: tuple[Ridge, ...]
    phases: TwoPhases

    @classmethod
    def fit(
        cls, data: SectionDataset, maps: dict[str, Tensor] | None = None
    ) -> "TwoPointRegression":
        """From solved sections; ``maps`` may be given as :func:`two_point_maps` of the images."""
        maps = two_point_maps(data.images) if maps is None else maps
        _, targets = Coordinates.of(data)
        middle, found = maps["A1"].mean(0), {}
        for name in set(COMPONENTS):
            found[name] = _principal(maps[name] - middle if name == "A1" else maps[name])
        bases, ridges = [], []
        for number, name in enumerate(COMPONENTS):
            directions, scores = found[name]
            counts = [k for k in _SCORES if k <= scores.shape[1]]
            target, even = targets[:, number : number + 1], name == "A1"
            fits = [
                fit_ridge(_inputs(scores[:, :k], data.fractions, even), target, even)
                for k in counts
            ]
            errors = [float(fit.error) for fit in fits]
            best = errors.index(min(errors))
            bases.append(directions[:, : counts[best]])
            ridges.append(fits[best])
        return cls(tuple(bases), middle, tuple(ridges), data.phases)

    def predict(self, images: Tensor, maps: dict[str, Tensor] | None = None) -> Prediction:
        """Properties of images ``[n, voxels, voxels]``, as large as those it learnt from."""
        maps = two_point_maps(images) if maps is None else maps
        fractions = images.double().mean((1, 2))
        columns = []
        for name, basis, ridge in zip(COMPONENTS, self.bases, self.ridges, strict=True):
            rows = maps[name] - self.middle if name == "A1" else maps[name]
            columns.append(ridge(_inputs(rows @ basis, fractions, name == "A1")))
        coordinates = Coordinates(self.phases, fractions)
        return Prediction(*coordinates.properties(torch.cat(columns, dim=1)))


def two_point_maps(images: Tensor) -> dict[str, Tensor]:
    """Probability that both ends of a lag are in phase 1, ``[n, lags]``, for each character."""

    def autocorrelation(part: Tensor) -> Tensor:
        modes = torch.fft.rfft2(part.double())
        edge = part.shape[-1]
        return torch.fft.irfft2(modes.abs().square(), s=(edge, edge)).flatten(1) / edge**2

    return by_character(autocorrelation, images)


def _principal(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Principal directions ``[lags, k]`` and scores ``[n, k]`` of rows, from large to small."""
    value, vector = torch.linalg.eigh(rows @ rows.mT)
    kept = min(int((value > 1e-10 * value[-1].clamp(min=1e-12)).sum()), _SCORES[-1])
    if not kept:  # all sections have this symmetry
        return rows.new_zeros(rows.shape[1], 1), rows.new_zeros(len(rows), 1)
    size = value.flip(0)[:kept].sqrt()
    scores = vector.flip(1)[:, :kept] * size
    # All scores in units of the first, so that the ridge takes the small ones for less.
    scale = size[0] / len(rows) ** 0.5
    return rows.mT @ (scores / size.square()) / scale, scores / scale


def _inputs(scores: Tensor, fractions: Tensor, even: bool) -> Tensor:
    """Scores, and where a number is even under all symmetries the powers of the fraction."""
    return torch.cat([_powers(fractions), scores], dim=1) if even else scores


def _powers(fractions: Tensor) -> Tensor:
    """Legendre polynomials of the fraction, ``[n, 5]``: powers that are nearly independent."""
    x = 2.0 * fractions.double() - 1.0
    found = [torch.ones_like(x), x]
    for k in range(1, _DEGREE):
        found.append(((2 * k + 1) * x * found[-1] - k * found[-2]) / (k + 1))
    return torch.stack(found[1:], dim=1)


def _isotropic() -> Tensor:
    return torch.tensor([name == "A1" for name in COMPONENTS], dtype=torch.float64)
