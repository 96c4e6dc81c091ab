"""What an assessment says in words: which settings to use, and how sure that is."""

import math
import statistics
from collections.abc import Mapping, Sequence

from dmn_fe.assessment.markdown import percent
from dmn_fe.assessment.outcomes import Outcome

__all__ = ["advice", "data_size_verdict"]


def advice(outcomes: Sequence[Outcome]) -> str:
    """Which settings should I use? One line for each comparison.

    Variants are ranked by the geometric mean over the RVEs of their median nonlinear error; one is
    as good as the best where its confidence intervals overlap those of the best on every RVE.
    """
    lines = []
    for comparison in dict.fromkeys(o.comparison for o in outcomes):
        own = [o for o in outcomes if o.comparison is comparison]
        variants = {v.label: [o for o in own if o.variant is v] for v in comparison.variants}
        complete = {
            label: each for label, each in variants.items() if len(each) == len(comparison.subjects)
        }
        if len(complete) > 1:
            lines.append(f"- {comparison.title}: {_choice(complete)}")
    if not lines:
        return "Which settings should I use? Nothing has been compared yet."
    return (
        "Which settings should I use? Those in bold: they have the smallest nonlinear error of "
        "their comparison (in brackets, the mean over the RVEs, with the training time of a "
        "network). *As good* are those whose confidence intervals overlap that of the best on "
        "every RVE; take the cheapest.\n\n"
    ) + "\n".join(lines)


def _choice(variants: Mapping[str, Sequence[Outcome]]) -> str:
    """The best variant, the worst, and those as good as the best."""
    scores = {label: _score(outcomes) for label, outcomes in variants.items()}
    best = min(scores, key=lambda label: scores[label])
    worst = max(scores, key=lambda label: scores[label])
    if not math.isfinite(scores[best]):
        return "most networks of every variant have failed"
    text = f"**{best}** ({percent(scores[best])} %, {_seconds(variants[best])}"
    text += f"; worst: {worst}, {percent(scores[worst])} %)"
    equal = [
        f"{label} ({_seconds(outcomes)})"
        for label, outcomes in variants.items()
        if label != best and _overlap(variants[best], outcomes)
    ]
    return f"{text}; as good: {', '.join(equal)}" if equal else text


def data_size_verdict(outcomes: Sequence[Outcome]) -> str:
    """Whether error and variance fall with the size of the training set, on each subject."""
    verdicts = []
    for subject in dict.fromkeys(o.subject for o in outcomes):
        own = sorted(
            (o for o in outcomes if o.subject == subject), key=lambda o: o.result["samples"]
        )
        parts = []
        for name, kind in (("validation", "elastic"), ("nonlinear", "nonlinear")):
            first, last = getattr(own[0], name), getattr(own[-1], name)
            change = "falls" if last.median < first.median else "does not fall"
            if last.high < first.low:
                change = "surely falls"
            parts.append(
                f"the {kind} error {change} ({percent(first.median)} → {percent(last.median)} %)"
            )
            change = "falls" if last.deviation < first.deviation else "does not fall"
            parts.append(
                f"its standard deviation {change} ({percent(first.deviation)} → "
                f"{percent(last.deviation)} %)"
            )
        sizes = f"{own[0].result['samples']} to {own[-1].result['samples']}"
        verdicts.append(f"{subject}, from {sizes} samples: " + ", ".join(parts) + ".")
    return " ".join(verdicts)


def _score(outcomes: Sequence[Outcome]) -> float:
    medians = [o.nonlinear.median for o in outcomes]
    if not all(math.isfinite(m) and m > 0 for m in medians):
        return math.inf
    return math.exp(sum(math.log(m) for m in medians) / len(medians))


def _overlap(best: Sequence[Outcome], others: Sequence[Outcome]) -> bool:
    """Whether the confidence intervals overlap on every RVE."""
    high = {outcome.subject: outcome.nonlinear.high for outcome in best}
    return all(other.nonlinear.low <= high[other.subject] for other in others)


def _seconds(outcomes: Sequence[Outcome]) -> str:
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:.0f} s"
