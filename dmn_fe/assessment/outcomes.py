"""The results of an assessment as tables: one row for each variant on each subject."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmn_fe.assessment.machine import machine_text
from dmn_fe.assessment.plan import Comparison, Plan, Variant
from dmn_fe.assessment.statistics import Band, band
from dmn_fe.assessment.training_work import KEYS, result_path
from dmn_fe.errors import InputError

__all__ = [
    "Outcome",
    "different",
    "machines",
    "mean_score",
    "outcomes_of",
    "seconds_to_equal_error",
]


@dataclass(frozen=True)
class Outcome:
    """Result of one variant on one subject.

    Attributes
    ----------
    comparison : Comparison
    variant : Variant
    subject, group : str
    seconds : float
        Training time of one network; all seeds of a variant were trained in one batch.
    result : dict
        The stored result; see :mod:`dmn_fe.assessment.training_work`.
    file : str
        Name of its file, without the ending.
    """

    comparison: Comparison
    variant: Variant
    subject: str
    group: str
    seconds: float
    result: dict[str, Any]
    file: str = ""

    @property
    def validation(self) -> Band:
        """Elastic error on held-out samples of the data it learnt from."""
        return band([seed["validation"] for seed in self.result["seeds"]])

    @property
    def leaves(self) -> Band:
        """Leaves that are left after compression."""
        return band([seed["leaves"] for seed in self.result["seeds"]])

    @property
    def main_truth(self) -> dict[str, Any]:
        """Result on the first reference of the subject."""
        return next(iter(self.result["truth"].values()))

    @property
    def nonlinear(self) -> Band:
        """Mean error over the counted paths of the first reference, over seeds."""
        return band([seed["overall_mean"] for seed in self.main_truth["seeds"]])

    @property
    def largest(self) -> Band:
        """Largest error on the counted paths of the first reference, over seeds."""
        return band([seed["overall_largest"] for seed in self.main_truth["seeds"]])

    @property
    def name(self) -> str:
        """Comparison, variant and RVE in words."""
        return f"{self.comparison.title}: {self.variant.label}, {self.subject}"

    @property
    def seeds(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Of each network what is known offline, and its errors on the first reference."""
        return list(zip(self.result["seeds"], self.main_truth["seeds"], strict=True))

    @property
    def reached(self) -> float:
        """Smallest validation error of the median network on its way."""
        lowest = [
            min((v for _, _, v, _ in seed["history"] if v is not None), default=math.inf)
            for seed in self.result["seeds"]
        ]
        return statistics.median_high(lowest)

    def seconds_to(self, error: float) -> float:
        """Training time after which the median network has a validation error of at most this."""
        times = []
        for seed in self.result["seeds"]:
            reached = [s for _, _, v, s in seed["history"] if v is not None and v <= error]
            times.append(reached[0] / len(self.result["seeds"]) if reached else math.inf)
        return statistics.median_high(times)

    def score(self, ranked_by: str) -> Band:
        """The error that variants are ranked by, "nonlinear" or "elastic"."""
        return self.nonlinear if ranked_by == "nonlinear" else self.validation


def seconds_to_equal_error(outcomes: Sequence[Outcome]) -> list[float | None] | None:
    """Times of the outcomes of one comparison to an elastic error that most variants reach.

    It is the median of the errors that the variants of one depth on one RVE reach, of two the
    larger; what has failed has no say. Infinite for who does not reach it, None for who has none to
    be compared with. None for all if they are not comparable: other samples held out, nonlinear
    samples in the loss, or another machine.
    """
    variants = [outcome.variant for outcome in outcomes]
    held_out = {(v.elastic, v.settings.validation_fraction) for v in variants}
    if len(held_out) > 1 or len(machines(outcomes)) > 1 or any(v.nonlinear for v in variants):
        return None
    times: list[float | None] = []
    for outcome in outcomes:
        depth = outcome.variant.settings.depth
        own = [
            o for o in outcomes if (o.subject, o.variant.settings.depth) == (outcome.subject, depth)
        ]
        reached = [o.reached for o in own if math.isfinite(o.reached)]
        if len(own) > 1 and reached:
            times.append(outcome.seconds_to(statistics.median_high(reached)))
        else:
            times.append(None)
    return times if any(t is not None for t in times) else None


def mean_score(outcomes: Sequence[Outcome], ranked_by: str) -> float:
    """Geometric mean over the RVEs of the median error; infinite if most networks failed on one."""
    medians = [o.score(ranked_by).median for o in outcomes]
    if not all(math.isfinite(m) and m > 0 for m in medians):
        return math.inf
    return math.exp(sum(math.log(m) for m in medians) / len(medians))


def machines(outcomes: Sequence[Outcome]) -> list[str]:
    """What the times were measured on, in words."""
    return sorted({machine_text(outcome.result["machine"]) for outcome in outcomes})


def different(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome for each training, though several comparisons may show it."""
    found: list[Outcome] = []
    for outcome in outcomes:
        if not any(o.result is outcome.result for o in found):
            found.append(outcome)
    return found


def outcomes_of(plan: Plan, folder: Path) -> list[Outcome]:
    """All outcomes of a plan that are there, in its order."""
    found = []
    results: dict[Path, dict[str, Any]] = {}
    for comparison in plan.comparisons:
        for variant in comparison.variants:
            for subject in comparison.subjects:
                path = result_path(folder, plan.training(comparison, variant, subject))
                if path.exists():
                    if path not in results:
                        results[path] = _read(path)
                    result = results[path]
                    seconds = result["seconds"] / len(result["seeds"])
                    group = plan.subject(subject).group
                    found.append(
                        Outcome(comparison, variant, subject, group, seconds, result, path.stem)
                    )
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text())
        missing = [key for key in KEYS if key not in result]
    except (ValueError, TypeError) as error:
        missing, result = [str(error)], {}
    if missing:
        raise InputError(
            f"{path}: is no result ({missing[0]}); remove it, and the study makes it again."
        )
    return result
