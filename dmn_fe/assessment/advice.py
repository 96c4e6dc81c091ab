"""What an assessment says in words: which settings to use, and how sure that is."""

import math
import statistics
from collections.abc import Mapping, Sequence

from dmn_fe.assessment.markdown import percent
from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.assessment.statistics import change, scatter_change

__all__ = ["advice", "data_size_verdict"]

_USELESS = 0.1  # error
_LIMITED_BY_NETWORK = 0.7  # error on training samples, relative to that on held-out ones


def advice(outcomes: Sequence[Outcome]) -> str:
    """Which settings should I use? One line for each comparison.

    Variants are ranked by the geometric mean over the RVEs of their median error; another cannot be
    told from the best where its confidence intervals overlap those of the best on every RVE. An RVE
    on which another is better beyond the intervals is named.
    """
    lines = []
    for comparison in dict.fromkeys(o.comparison for o in outcomes):
        own = [o for o in outcomes if o.comparison is comparison]
        variants = {v.label: [o for o in own if o.variant is v] for v in comparison.variants}
        complete = {
            label: each for label, each in variants.items() if len(each) == len(comparison.subjects)
        }
        if len(complete) > 1:
            lines.append(f"- {comparison.title}: {_choice(complete, comparison.ranked_by)}")
            if missing := [label for label in variants if label not in complete]:
                lines[-1] += f"; not there yet: {', '.join(missing)}"
    if not lines:
        return "Which settings should I use? Nothing has been compared yet."
    return (
        "Which settings should I use? Those in bold: they have the smallest nonlinear error of "
        "their comparison (in brackets, the geometric mean over the RVEs, with the training time "
        "of a network). *Alike* are those whose confidence intervals overlap that of the best on "
        "every RVE: so few networks do not tell them apart, and a cheaper one of nearly the same "
        "error may do. Online the cost of a network grows with its leaves.\n\n"
    ) + "\n".join(lines)


def _choice(variants: Mapping[str, Sequence[Outcome]], ranked_by: str) -> str:
    """The best variant, the worst, and those that cannot be told from the best."""
    scores = {label: _score(outcomes, ranked_by) for label, outcomes in variants.items()}
    best = min(scores, key=lambda label: scores[label])
    worst = max(scores, key=lambda label: scores[label])
    if not math.isfinite(scores[best]):
        return "most networks of every variant have failed"
    kind = "" if ranked_by == "nonlinear" else f" {ranked_by} error"
    text = f"**{best}** ({percent(scores[best])} %{kind}, {_seconds(variants[best])}"
    text += f"; worst: {worst}, {_shown(scores[worst])})" if worst != best else ")"
    if scores[best] > _USELESS:
        text += ", too far off to be used: train longer or deeper"
    alike, better = [], []
    for label, outcomes in variants.items():
        if label == best or not math.isfinite(scores[label]):
            continue
        above, below = _apart(variants[best], outcomes, ranked_by)
        better += [f"{label} on {name}" for name in below]
        if not above + below:
            alike.append(f"{label} ({percent(scores[label])} %, {_seconds(outcomes)})")
    text += f"; better: {', '.join(better)}" if better else ""
    return f"{text}; alike: {', '.join(alike)}" if alike else text


def _shown(score: float) -> str:
    return f"{percent(score)} %" if math.isfinite(score) else "most networks failed"


def data_size_verdict(outcomes: Sequence[Outcome]) -> str:
    """Whether error and variance fall with the size of the training set, on each subject, and if
    not, whether it is the network that limits them; empty where there is one size alone."""
    verdicts = []
    for subject in dict.fromkeys(o.subject for o in outcomes):
        own = sorted((o for o in outcomes if o.subject == subject), key=_size)
        least, most = own[0], own[-1]
        if _size(least) == _size(most):
            continue
        parts = []
        for name in ("elastic", "nonlinear"):
            first, last = least.score(name), most.score(name)
            parts.append(
                f"the {name} error {change(first, last)} ({percent(first.median)} → "
                f"{percent(last.median)} %), its standard deviation "
                f"{scatter_change(first, last)} ({percent(first.deviation)} → "
                f"{percent(last.deviation)} %)"
            )
        sizes = f"{_size(least):.0f} to {_size(most):.0f}"
        verdicts.append(f"{subject}, from {sizes} samples: {'; '.join(parts)}. {_limit(most)}")
    if verdicts:
        verdicts.append(
            "Networks that learn from a part of the samples draw each its own part, so their "
            "deviation holds that of the samples; from all samples it is that of the start alone."
        )
    return " ".join(verdicts)


def _size(outcome: Outcome) -> float:
    """Samples, of the kind that the comparison is about."""
    x = outcome.variant.x
    return outcome.result["samples"] if x is None else x


def _limit(outcome: Outcome) -> str:
    """Whether the network or the data limits the elastic error."""
    pairs = [(seed["loss"], seed["validation_loss"]) for seed in outcome.result["seeds"]]
    ratios = [(loss / held_out) ** 0.5 for loss, held_out in pairs if loss and held_out]
    if not ratios:
        return ""
    ratio = statistics.median(ratios)
    what = "the network" if ratio > _LIMITED_BY_NETWORK else "the data"
    return (
        f"With the most samples the error on those it learns from is {ratio:.0%} of that on "
        f"held-out samples: {what} is the limit."
    )


def _score(outcomes: Sequence[Outcome], ranked_by: str) -> float:
    medians = [o.score(ranked_by).median for o in outcomes]
    if not all(math.isfinite(m) and m > 0 for m in medians):
        return math.inf
    return math.exp(sum(math.log(m) for m in medians) / len(medians))


def _apart(
    best: Sequence[Outcome], others: Sequence[Outcome], ranked_by: str
) -> tuple[list[str], list[str]]:
    """RVEs on which the confidence interval of a variant lies above that of the best, and below."""
    bands = {outcome.subject: outcome.score(ranked_by) for outcome in best}
    above, below = [], []
    for other in others:
        own, score = bands[other.subject], other.score(ranked_by)
        if score.low > own.high:
            above.append(other.subject)
        elif score.high < own.low:
            below.append(other.subject)
    return above, below


def _seconds(outcomes: Sequence[Outcome]) -> str:
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:.0f} s"
