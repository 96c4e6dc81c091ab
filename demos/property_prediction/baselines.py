"""Regressions without an encoder, to compare with: on volume fractions, on two-point statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.homogenization.prediction.pooled_features import by_character
from dmn_fe.homogenization.prediction.predictor import Prediction
from dmn_fe.homogenization.prediction.ridge import Ridge, fit_ridge
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.square_group import CHARACTERS, COMPONENTS, EVEN
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
        return cls(fit_ridge(_powers(data.fractions), targets * EVEN), data.phases)

    def predict(self, images: Tensor) -> Prediction:
        """Properties of images ``[n, voxels, voxels]``."""
        fractions = images.double().mean((1, 2))
        coordinates = Coordinates(self.phases, fractions)
        return Prediction(*coordinates.properties(self.ridge(_powers(fractions))))


@dataclass(frozen=True, eq=False)
class TwoPointRegression:
    """Ridge regression on principal components of two-point statistics (S2-PCA).

    The usual chain of materials informatics, with each symmetry apart, so that it is as equivariant
    as the predictors. How many principal components count for each number, how many of them also by
    their products, and the strength, the samples that are left out one by one decide.

    Attributes
    ----------
    bases : dict of str to Tensor ``[lags, k]``
        Principal directions by character.
    middle : Tensor ``[lags]``
    chosen : tuple of (int, int)
        For each of the nine numbers how many scores count, and of how many the products.
    ridges : tuple of Ridge
    phases : TwoPhases

    References
    ----------
    S. R. Niezgoda, A. K. Kanjarla, S. R. Kalidindi, Novel microstructure quantification framework
    for databasing, visualization, and analysis of microstructure data, Integr. Mater. Manuf.
    Innov. 2 (2013) 54; D. B. Brough, D. Wheeler, S. R. Kalidindi, Materials knowledge systems in
    Python, Integr. Mater. Manuf. Innov. 6 (2017) 36.
    """

    bases: dict[str, Tensor]
    middle: Tensor
    chosen: tuple[tuple[int, int], ...]
    ridges: tuple[Ridge, ...]
    phases: TwoPhases

    @classmethod
    def fit(
        cls,
        data: SectionDataset,
        maps: dict[str, Tensor] | None = None,
        products: Sequence[int] = (0,),
    ) -> "TwoPointRegression":
        """From solved sections.

        Parameters
        ----------
        maps : dict, optional
            :func:`two_point_maps` of the images.
        products : sequence of int
            Of how many scores of each character the products may count; 0: the regression is
            linear in the scores.
        """
        maps = two_point_maps(data.images) if maps is None else maps
        _, targets = Coordinates.of(data)
        middle = maps["A1"].mean(0)
        bases, scores = {}, {}
        for name, rows in _centred(maps, middle).items():
            bases[name], scores[name] = _principal(rows)
        chosen, ridges = [], []
        for number, name in enumerate(COMPONENTS):
            counts = [k for k in _SCORES if k <= scores[name].shape[1]]
            fits = {
                (k, q): fit_ridge(
                    _inputs(scores, data.fractions, name, k, q),
                    targets[:, number : number + 1],
                    has_intercept=name == "A1",
                )
                for k in counts
                for q in products
            }
            best = min(fits, key=lambda which: float(fits[which].error))
            chosen.append(best)
            ridges.append(fits[best])
        return cls(bases, middle, tuple(chosen), tuple(ridges), data.phases)

    def predict(self, images: Tensor, maps: dict[str, Tensor] | None = None) -> Prediction:
        """Properties of images ``[n, voxels, voxels]``, as large as those it learnt from."""
        maps = two_point_maps(images) if maps is None else maps
        fractions = images.double().mean((1, 2))
        rows = _centred(maps, self.middle)
        scores = {name: rows[name] @ basis for name, basis in self.bases.items()}
        columns = [
            ridge(_inputs(scores, fractions, name, k, q))
            for name, (k, q), ridge in zip(COMPONENTS, self.chosen, self.ridges, strict=True)
        ]
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


def _centred(maps: dict[str, Tensor], middle: Tensor) -> dict[str, Tensor]:
    """Maps relative to the mean, which is zero where a symmetry changes the sign."""
    return {name: rows - middle if name == "A1" else rows for name, rows in maps.items()}


def _inputs(
    scores: dict[str, Tensor], fractions: Tensor, name: str, k: int, products: int
) -> Tensor:
    """What one number of a character may depend on, ``[n, inputs]``.

    The first ``k`` scores of its character; for numbers that are even under all symmetries the
    powers of the fraction; the products of two of the first scores, where they have the signs of
    the character, and of those of the character with the fraction.
    """
    parts = [scores[name][:, :k]]
    if name == "A1":
        parts.append(_powers(fractions))
    if products:
        few = {other: values[:, :products] for other, values in scores.items()}
        parts.append((2.0 * fractions.double() - 1.0)[:, None] * few[name])
        for first, second in combinations_with_replacement(CHARACTERS, 2):
            if torch.equal(CHARACTERS[first] * CHARACTERS[second], CHARACTERS[name]):
                both = few[first][:, :, None] * few[second][:, None]
                if first == second:
                    rows, columns = torch.triu_indices(*both.shape[1:])
                    parts.append(both[:, rows, columns])
                else:
                    parts.append(both.flatten(1))
    return torch.cat(parts, dim=1)


def _powers(fractions: Tensor) -> Tensor:
    """Legendre polynomials of the fraction, ``[n, 5]``: powers that are nearly independent."""
    x = 2.0 * fractions.double() - 1.0
    found = [torch.ones_like(x), x]
    for k in range(1, _DEGREE):
        found.append(((2 * k + 1) * x * found[-1] - k * found[-2]) / (k + 1))
    return torch.stack(found[1:], dim=1)
