"""What an assessment says in words: which settings to use, and how sure that is."""

import math
from collections.abc import Sequence

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
        complete = [
            v
            for v in comparison.variants
            if sum(o.variant is v for o in own) == len(comparison.subjects)
        ]
        if len(complete) < 2:
            continue
        scores = {v.label: _score([o for o in own if o.variant is v]) for v in complete}
        best = min(scores, key=lambda label: scores[label])
        worst = max(scores, key=lambda label: scores[label])
        equal = [label for label in scores if label != best and _overlap(own, best, label)]
        if not math.isfinite(scores[best]):
            lines.append(f"- {comparison.title}: most networks of every variant have failed")
            continue
        text = f"- {comparison.title}: **{best}** ({percent(scores[best])} %; worst: {worst}, "
        text += f"{percent(scores[worst])} %)"
        if equal:
            text += f"; as good: {', '.join(equal)}"
        lines.append(text)
    if not lines:
        return "Which settings should I use? Nothing has been compared yet."
    return (
        "Which settings should I use? Those in bold: they have the smallest nonlinear error of "
        "their comparison (in brackets; the mean over the RVEs). *As good* are those whose "
        "confidence intervals overlap that of the best on every RVE; take the cheapest.\n\n"
    ) + "\n".join(lines)


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


def _overlap(outcomes: Sequence[Outcome], best: str, other: str) -> bool:
    pairs: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        pairs.setdefault(outcome.subject, {})[outcome.variant.label] = outcome
    return all(own[other].nonlinear.low <= own[best].nonlinear.high for own in pairs.values())
