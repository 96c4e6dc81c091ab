"""The methods that the study compares: each learns from some sections and predicts others."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from dmn_fe.homogenization import (
    FineTuning,
    Prediction,
    SectionDataset,
    fine_tune,
    fit_frozen,
    hashin_shtrikman_mean,
    hill_mean,
)
from dmn_fe.homogenization.prediction.baselines import (
    FractionRegression,
    TwoPointRegression,
    two_point_maps,
)
from dmn_fe.homogenization.prediction.pooled_features import encoded_means
from dmn_fe.microstructure import Encoder, random_encoder

__all__ = ["METHODS", "Sections", "predict"]

RECIPE = FineTuning()


@dataclass
class Sections:
    """What the study learns from and is tested on, and what several methods share.

    ``tests`` are sections of the families learnt from, and of others; ``trained`` is the encoder
    whose start is compared with random ones.
    """

    pool: SectionDataset
    tests: dict[str, SectionDataset]
    trained: Encoder
    blocks: int

    def encoder(self, start: str, seed: int) -> Encoder:
        """The start of a predictor: trained, or with random weights of a seed."""
        encoder = self.trained if start == "trained" else random_encoder(seed)
        return dataclasses.replace(encoder, outputs=tuple(range(self.blocks)))

    @cached_property
    def two_points(self) -> dict[str, dict[str, Tensor]]:
        """Two-point statistics of all sections, by data set."""
        return {name: two_point_maps(data.images) for name, data in self._all()}

    @cached_property
    def trained_means(self) -> dict[str, dict[str, Tensor]]:
        """Pooled features of the trained encoder."""
        return self._means("trained")

    @cached_property
    def random_means(self) -> dict[str, dict[str, Tensor]]:
        """Pooled features of the random encoder of seed 0."""
        return self._means("random")

    def _means(self, start: str) -> dict[str, dict[str, Tensor]]:
        encoder = self.encoder(start, 0)
        return {name: encoded_means(encoder, data.images) for name, data in self._all()}

    def _all(self) -> list[tuple[str, SectionDataset]]:
        return [("pool", self.pool), *self.tests.items()]


Predictions = dict[str, Prediction]
Method = Callable[[Sections, Tensor, int], Predictions]


def predict(sections: Sections, method: str, n: int, seed: int) -> Predictions:
    """What a method says of the tests after learning from ``n`` sections that the seed draws.

    Of one seed the fewer sections are among the more.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(sections.pool), generator=generator)[:n]
    return METHODS[method](sections, chosen, seed)


def _estimate(formula: Callable) -> Method:
    """A formula of the volume fraction, which learns nothing."""

    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Predictions:
        phases = sections.pool.phases
        tests = sections.tests.items()
        return {name: Prediction(*formula(phases, data.fractions)) for name, data in tests}

    return predictions


def _fraction(sections: Sections, chosen: Tensor, seed: int) -> Predictions:
    fitted = FractionRegression.fit(sections.pool.subset(chosen))
    return {name: fitted.predict(data.images) for name, data in sections.tests.items()}


def _two_points(sections: Sections, chosen: Tensor, seed: int) -> Predictions:
    maps = sections.two_points
    fitted = TwoPointRegression.fit(sections.pool.subset(chosen), _rows(maps["pool"], chosen))
    tests = sections.tests.items()
    return {name: fitted.predict(data.images, maps[name]) for name, data in tests}


def _frozen(start: str) -> Method:
    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Predictions:
        means = sections.trained_means if start == "trained" else sections.random_means
        data, rows = sections.pool.subset(chosen), _rows(means["pool"], chosen)
        fitted = fit_frozen(data, sections.encoder(start, 0), rows)
        tests = sections.tests.items()
        return {name: fitted.predict_from(means[name], data.fractions) for name, data in tests}

    return predictions


def _all_weights(start: str) -> Method:
    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Predictions:
        data = sections.pool.subset(chosen)
        first = fit_frozen(data, sections.encoder(start, seed))
        fitted = fine_tune(first, data, RECIPE, seed)
        return {name: fitted.predict(data.images) for name, data in sections.tests.items()}

    return predictions


def _rows(means: dict[str, Tensor], chosen: Tensor) -> dict[str, Tensor]:
    return {name: values[chosen] for name, values in means.items()}


#: By the names that the report has, from little knowledge to much.
METHODS: dict[str, Method] = {
    "Hill": _estimate(hill_mean),
    "Hashin–Shtrikman mean": _estimate(hashin_shtrikman_mean),
    "volume fraction": _fraction,
    "S2-PCA + ridge": _two_points,
    "random features + ridge": _frozen("random"),
    "trained features + ridge": _frozen("trained"),
    "random start, all weights": _all_weights("random"),
    "trained start, all weights": _all_weights("trained"),
}
