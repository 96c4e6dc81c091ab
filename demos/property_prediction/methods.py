"""The methods that the study compares: each learns from some sections and predicts others."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import torch
from baselines import FractionRegression, TwoPointRegression, two_point_maps
from torch import Tensor

from dmn_fe.homogenization import (
    FineTuning,
    Prediction,
    PropertyPredictor,
    SectionDataset,
    fine_tune,
    fit_frozen,
    hashin_shtrikman_mean,
    hill_mean,
)
from dmn_fe.homogenization.prediction import encoded_means
from dmn_fe.microstructure import Encoder, random_encoder

__all__ = ["HELD_OUT", "METHODS", "RECIPES", "Outcome", "Sections", "predict"]

#: How all weights are trained: from the ridge regression on, or from a random linear map.
RECIPES = {
    "all weights": FineTuning(),
    "early stopping": FineTuning(
        steps=600, batch=8, symmetries=1, learning_rate=1e-3, judged_every=100
    ),
}
HELD_OUT = 36  # sections beside those that are learnt from, which tell when to stop
HEAD = 0.1  # standard deviation of the weights of a random linear map
PRODUCTS = (0, 4, 8)  # of so many scores, where two-point statistics count squared


@dataclass
class Sections:
    """What the study learns from and is tested on, and what several methods share.

    ``tests`` are sections of the families learnt from, and of others; ``trained`` is the encoder
    whose start is compared with random ones; ``recipes`` say how all weights are trained.
    """

    pool: SectionDataset
    tests: dict[str, SectionDataset]
    trained: Encoder
    blocks: int
    recipes: dict[str, FineTuning]
    kept: dict[str, tuple[int, dict[str, dict[str, Tensor]]]] = field(default_factory=dict)

    def encoder(self, start: str, seed: int) -> Encoder:
        """The start of a predictor: trained, or with random weights of a seed."""
        encoder = self.trained if start == "trained" else random_encoder(seed)
        return dataclasses.replace(encoder, outputs=tuple(range(self.blocks)))

    @cached_property
    def two_points(self) -> dict[str, dict[str, Tensor]]:
        """Two-point statistics of all sections, by data set."""
        return {name: two_point_maps(data.images) for name, data in self._all()}

    def means(self, start: str, seed: int) -> dict[str, dict[str, Tensor]]:
        """Pooled features of all sections, by data set; those of the last seed are kept."""
        seed = 0 if start == "trained" else seed
        if start not in self.kept or self.kept[start][0] != seed:
            encoder = self.encoder(start, seed)
            found = {name: encoded_means(encoder, data.images) for name, data in self._all()}
            self.kept[start] = (seed, found)
        return self.kept[start][1]

    def _all(self) -> list[tuple[str, SectionDataset]]:
        return [("pool", self.pool), *self.tests.items()]


class Outcome(NamedTuple):
    """What a method says of the tests, and the step at which its training was stopped."""

    predictions: dict[str, Prediction]
    step: int | None = None


Method = Callable[[Sections, Tensor, int], Outcome]


def predict(sections: Sections, method: str, n: int, seed: int) -> Outcome:
    """What a method says of the tests after learning from ``n`` sections that the seed draws.

    Of one seed the fewer sections are among the more.
    """
    return METHODS[method](sections, _order(sections, seed)[:n], seed)


def _order(sections: Sections, seed: int) -> Tensor:
    return torch.randperm(len(sections.pool), generator=torch.Generator().manual_seed(seed))


def _estimate(formula: Callable) -> Method:
    """A formula of the volume fraction, which learns nothing."""

    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Outcome:
        phases = sections.pool.phases
        tests = sections.tests.items()
        return Outcome({name: Prediction(*formula(phases, data.fractions)) for name, data in tests})

    return predictions


def _fraction(sections: Sections, chosen: Tensor, seed: int) -> Outcome:
    return _on_tests(sections, FractionRegression.fit(sections.pool.subset(chosen)))


def _on_tests(sections: Sections, fitted: FractionRegression | PropertyPredictor) -> Outcome:
    tests = sections.tests.items()
    return Outcome({name: fitted.predict(data.images) for name, data in tests})


def _two_points(products: tuple[int, ...]) -> Method:
    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Outcome:
        maps, tests = sections.two_points, sections.tests.items()
        data, rows = sections.pool.subset(chosen), _rows(maps["pool"], chosen)
        fitted = TwoPointRegression.fit(data, rows, products)
        return Outcome({name: fitted.predict(data.images, maps[name]) for name, data in tests})

    return predictions


def _frozen(start: str) -> Method:
    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Outcome:
        means, tests = sections.means(start, seed), sections.tests.items()
        data, rows = sections.pool.subset(chosen), _rows(means["pool"], chosen)
        fitted = fit_frozen(data, sections.encoder(start, seed), rows)
        return Outcome({n: fitted.predict_from(means[n], data.fractions) for n, data in tests})

    return predictions


def _all_weights(start: str) -> Method:
    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Outcome:
        data = sections.pool.subset(chosen)
        first = fit_frozen(data, sections.encoder(start, seed))
        return _on_tests(sections, fine_tune(first, data, sections.recipes["all weights"], seed))

    return predictions


def _stopped(start: str) -> Method:
    """All weights from a random linear map, stopped where held-out sections say."""

    def predictions(sections: Sections, chosen: Tensor, seed: int) -> Outcome:
        data = sections.pool.subset(chosen)
        held_out = sections.pool.subset(_order(sections, seed)[len(chosen) :][-HELD_OUT:])
        first = fit_frozen(data, sections.encoder(start, seed))
        generator = torch.Generator().manual_seed(seed)
        head = HEAD * torch.randn(first.weight.shape, generator=generator, dtype=torch.float64)
        none = torch.zeros_like(first.intercept)
        first = dataclasses.replace(first, weight=head, intercept=none)
        recipe = sections.recipes["early stopping"]
        fitted = fine_tune(first, data, recipe, seed, held_out=held_out)
        return _on_tests(sections, fitted)._replace(step=fitted.origin["step"])

    return predictions


def _rows(means: dict[str, Tensor], chosen: Tensor) -> dict[str, Tensor]:
    return {name: values[chosen] for name, values in means.items()}


#: By the names that the report has, from little knowledge to much.
METHODS: dict[str, Method] = {
    "Hill": _estimate(hill_mean),
    "Hashin–Shtrikman mean": _estimate(hashin_shtrikman_mean),
    "volume fraction": _fraction,
    "S2-PCA + ridge": _two_points((0,)),
    "S2-PCA + quadratic ridge": _two_points(PRODUCTS),
    "random features + ridge": _frozen("random"),
    "trained features + ridge": _frozen("trained"),
    "random start, all weights": _all_weights("random"),
    "trained start, all weights": _all_weights("trained"),
    "from scratch, early stopping": _stopped("random"),
    "transferred, early stopping": _stopped("trained"),
}
