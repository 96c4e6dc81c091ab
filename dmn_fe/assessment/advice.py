"""Which choice of a comparison is the best, in words, and how sure that is."""

import math
import statistics
from collections.abc import Mapping, Sequence

from dmn_fe.assessment.markdown import percent
from dmn_fe.assessment.outcomes import Outcome, mean_score
from dmn_fe.assessment.statistics import Band, differ_on_some, exceeds

__all__ = ["advice"]

_USELESS = 0.1  # error


def advice(outcomes: Sequence[Outcome]) -> str:
    """Which choice is the best? One line for each comparison.

    Variants are ranked by the geometric mean over the RVEs of their median error; rank tests tell
    which of the others cannot be told from the best on all RVEs together, and which are better on
    some.
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
        return "Nothing has been compared yet."
    reference = next(iter(outcomes[0].result["truth"]))
    return "\n".join(
        [
            "Which choice is the best? That in bold: it has the smallest nonlinear error of its "
            f"comparison, on the paths of the reference *{reference}* (in brackets, the geometric "
            "mean over the RVEs, with the training time of a network).",
            "",
            *lines,
            "",
            "*Alike* are those that a rank test (Mann–Whitney, the RVEs joined by Fisher's method, "
            "95 %, each variant by itself) does not tell from the best: so few networks show no "
            "difference, and a cheaper one of nearly the same error may do. *Better* are those "
            "that it finds better on some RVE. Online the cost of a network grows with its leaves.",
        ]
    )


def _choice(variants: Mapping[str, Sequence[Outcome]], ranked_by: str) -> str:
    """The best variant, the worst, and those that cannot be told from the best."""
    scores = {label: mean_score(outcomes, ranked_by) for label, outcomes in variants.items()}
    best = min(scores, key=lambda label: scores[label])
    worst = max(scores, key=lambda label: scores[label])
    if not math.isfinite(scores[best]):
        return "most networks of every variant have failed"
    kind = "" if ranked_by == "nonlinear" else f" {ranked_by} error"
    text = f"**{best}** ({percent(scores[best])} %{kind}, {_seconds(variants[best])}"
    text += f"; worst: {worst}, {_shown(scores[worst])})" if worst != best else ")"
    if scores[best] > _USELESS:
        text += ", too far off to be used: train longer or deeper"
    others = {label: o for label, o in variants.items() if label != best}
    alike, better = [], []
    for label, outcomes in others.items():
        if math.isfinite(scores[label]):
            pairs = _pairs(outcomes, variants[best], ranked_by)
            on = [
                subject
                for subject, (own, of_best) in pairs.items()
                if exceeds(of_best, own, tests=len(pairs))
            ]
            better += [f"{label} on {subject}" for subject in on]
            if not on and not differ_on_some(list(pairs.values())):
                alike.append(f"{label} ({percent(scores[label])} %, {_seconds(outcomes)})")
    failed = [label for label in others if label != worst and not math.isfinite(scores[label])]
    for word, labels in (("better", better), ("alike", alike), ("failed too", failed)):
        text += f"; {word}: {', '.join(labels)}" if labels else ""
    return text


def _shown(score: float) -> str:
    return f"{percent(score)} %" if math.isfinite(score) else "most networks failed"


def _pairs(
    outcomes: Sequence[Outcome], best: Sequence[Outcome], ranked_by: str
) -> dict[str, tuple[Band, Band]]:
    """The errors of a variant and of the best on each RVE."""
    of_best = {outcome.subject: outcome.score(ranked_by) for outcome in best}
    return {o.subject: (o.score(ranked_by), of_best[o.subject]) for o in outcomes}


def _seconds(outcomes: Sequence[Outcome]) -> str:
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:.0f} s"
