"""What an assessment says in words: which settings to use, and how sure that is."""

import math
import statistics
from collections.abc import Mapping, Sequence

from dmn_fe.assessment.markdown import percent
from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.assessment.statistics import Band, differ_on_some, exceeds, scatter_trend, trend

__all__ = ["advice", "data_size_verdict"]

_USELESS = 0.1  # error
_LIMITED_BY_NETWORK = 0.7  # error on training samples, relative to that on held-out ones


def advice(outcomes: Sequence[Outcome]) -> str:
    """Which settings should I use? One line for each comparison.

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
        return "Which settings should I use? Nothing has been compared yet."
    return (
        "Which settings should I use? Those in bold: they have the smallest nonlinear error of "
        "their comparison (in brackets, the geometric mean over the RVEs, with the training time "
        "of a network). *Alike* are those that a rank test (Mann–Whitney, the RVEs joined by "
        "Fisher's method, 95 %, each variant by itself) does not tell from the best: so few "
        "networks show no difference, and a cheaper one of nearly the same error may do; *better* "
        "are those that it finds better on some RVE. Online the cost of a network grows with its "
        "leaves.\n\n"
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
            "at 95 %.) Networks that learn from a part of "
            "the samples draw each its own part, so their scatter holds that of the samples; from "
            "all samples it is that of the start alone."
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


def _score(outcomes: Sequence[Outcome], ranked_by: str) -> float:
    medians = [o.score(ranked_by).median for o in outcomes]
    if not all(math.isfinite(m) and m > 0 for m in medians):
        return math.inf
    return math.exp(sum(math.log(m) for m in medians) / len(medians))


def _pairs(
    outcomes: Sequence[Outcome], best: Sequence[Outcome], ranked_by: str
) -> dict[str, tuple[Band, Band]]:
    """The errors of a variant and of the best on each RVE."""
    of_best = {outcome.subject: outcome.score(ranked_by) for outcome in best}
    return {o.subject: (o.score(ranked_by), of_best[o.subject]) for o in outcomes}


def _seconds(outcomes: Sequence[Outcome]) -> str:
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:.0f} s"
