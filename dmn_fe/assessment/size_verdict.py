"""What the size of the training set does, in words."""

import math
import statistics
from collections.abc import Sequence

from dmn_fe.assessment.markdown import percent
from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.assessment.statistics import scatter_trend, trend

__all__ = ["data_size_verdict"]

_LIMITED_BY_NETWORK = 0.7  # error on training samples, relative to that on held-out ones


def data_size_verdict(outcomes: Sequence[Outcome]) -> str:
    """Whether error and variance fall with the size of the training set, on each subject, and if
    not, whether it is the network that limits them; empty where there is one size alone."""
    verdicts = []
    of_paths = len({o.variant.settings.path_samples for o in outcomes}) > 1
    for subject in dict.fromkeys(o.subject for o in outcomes):
        own = [o for o in outcomes if o.subject == subject]
        own.sort(key=lambda outcome: _size(outcome, of_paths))
        sizes = [_size(o, of_paths) for o in own]
        if sizes[0] == sizes[-1]:
            continue
        parts = []
        for name in ("elastic", "nonlinear"):
            bands = [o.score(name) for o in own]
            first, last = bands[0], bands[-1]
            parts.append(
                f"the {name} error {trend(sizes, bands)} ({percent(first.median)} → "
                f"{percent(last.median)} %), its scatter {scatter_trend(bands)} (standard "
                f"deviation {percent(first.deviation)} → {percent(last.deviation)} %)"
            )
        most = f"{sizes[-1]:.0f}" if math.isfinite(sizes[-1]) else "all"
        limit = _limit(own[-1], of_paths)
        verdicts.append(
            f"{subject}, from {sizes[0]:.0f} to {most} samples: {'; '.join(parts)}. {limit}"
        )
    if verdicts:
        verdicts.append(
            "(Kendall's rank test of the errors and Levene's test of their scatter over all sizes, "
            "at 95 %.) Networks that learn from a part of the samples draw each its own part, so "
            "their scatter holds that of the samples; from all samples it is that of the start "
            "alone."
        )
    return " ".join(verdicts)


def _size(outcome: Outcome, of_paths: bool) -> float:
    """Samples, or nonlinear samples; infinite for all that there are, where that is not said."""
    if outcome.variant.x is not None:
        return outcome.variant.x
    if not of_paths:
        return outcome.result["samples"]
    given = outcome.variant.settings.path_samples
    return math.inf if given is None else given


def _limit(outcome: Outcome, of_paths: bool) -> str:
    """Whether the network or the data limits the error, elastic or on nonlinear samples."""
    names = ("learnt_paths", "path_error") if of_paths else ("learnt", "validation")
    pairs = [tuple(seed.get(name) for name in names) for seed in outcome.result["seeds"]]
    ratios = [learnt / held_out for learnt, held_out in pairs if learnt and held_out]
    if not ratios:
        return "Whether the network or the data is the limit is not known."
    ratio = statistics.median(ratios)
    what = "the network" if ratio > _LIMITED_BY_NETWORK else "the data"
    return (
        f"With the most samples the {'nonlinear' if of_paths else 'elastic'} error on those it "
        f"learns from is {ratio:.0%} of that on held-out samples: {what} is the limit."
    )
