"""The results of an assessment as tables: one row for each variant on each subject."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmn_fe.assessment.plan import Comparison, Plan, Variant
from dmn_fe.assessment.statistics import Band, band
from dmn_fe.assessment.training_work import result_path

__all__ = ["Outcome", "outcomes_of"]


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
    """

    comparison: Comparison
    variant: Variant
    subject: str
    group: str
    seconds: float
    result: dict[str, Any]

    @property
    def validation(self) -> Band:
        """Elastic error on held-out samples of the data it learnt from."""
        return band([seed["validation"] for seed in self.result["seeds"]])

    def elastic(self, data: str) -> Band:
        """Elastic error on held-out samples of a data set by name."""
        return band([seed["elastic"][data][0] for seed in self.result["seeds"]])

    @property
    def active_leaves(self) -> Band:
        """Active leaves."""
        return band([seed["active_leaves"] for seed in self.result["seeds"]])

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
    def seconds_to(self) -> "list[list[float]]":
        """For each seed and report: seconds of training, and validation error."""
        rows = []
        for seed in self.result["seeds"]:
            share = self.seconds / seed["last_iteration"]
            rows += [[share * iteration, error] for iteration, _, error in seed["history"]]
        return rows


def outcomes_of(plan: Plan, folder: Path) -> list[Outcome]:
    """All outcomes of a plan that are there, in its order."""
    found = []
    for comparison in plan.comparisons:
        for variant in comparison.variants:
            for subject in comparison.subjects:
                path = result_path(folder, plan.training(comparison, variant, subject))
                if path.exists():
                    result = json.loads(path.read_text())
                    seconds = result["seconds"] / len(result["seeds"])
                    group = plan.subject(subject).group
                    found.append(Outcome(comparison, variant, subject, group, seconds, result))
    return found
