"""Sections of a report about networks online: solvers, materials, error bars."""

from collections.abc import Sequence

from dmn_fe.assessment.markdown import band_text, percent, table
from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.assessment.statistics import band

__all__ = ["materials", "solvers"]


def solvers(outcomes: Sequence[Outcome]) -> str:
    """Newton against fixed point, where both were run; empty where none was."""
    rows = []
    for outcome in outcomes:
        truth = outcome.main_truth
        if "fixed_point" not in truth:
            continue
        newton, fixed = truth["newton_seconds"], truth["fixed_point_seconds"]
        first = truth["seeds"][0]["overall_mean"]
        rows.append(
            [
                outcome.name,
                f"{newton:.1f}",
                f"{fixed:.1f}",
                f"{fixed / newton:.1f}",
                f"{percent(first)} / {percent(truth['fixed_point']['overall_mean'])}",
            ]
        )
    if not rows:
        return ""
    header = ("network", "Newton s", "fixed point s", "ratio", "error % of both")
    text = (
        "Time for all paths of the first reference with one network: the mean of all seeds with "
        "Newton's method, the first seed with the fixed point. The fixed point keeps the elastic "
        "stiffness of the leaves, one sweep an iteration."
    )
    return "\n".join(["## Newton or fixed point online?", "", text, "", *table(header, rows)])


def materials(outcomes: Sequence[Outcome]) -> str:
    """Errors with every reference, one table each, of the comparisons that ask for it."""
    outcomes = [outcome for outcome in outcomes if outcome.comparison.every_reference]
    if not outcomes:
        return ""
    lines = ["## Every reference", ""]
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.result["truth"])
    for name in names:
        own = [outcome for outcome in outcomes if name in outcome.result["truth"]]
        paths = own[0].result["truth"][name]["paths"]
        rows = [_reference_row(outcome, outcome.result["truth"][name]) for outcome in own]
        header = ("network", "error %", "largest %", "mean of networks %", "its largest %")
        header += ("covered by 1", "by 2 spreads", *paths)
        lines += [f"Reference *{name}*; the last columns are the median errors by path:", ""]
        lines += [*table(header, rows), ""]
    return "\n".join(lines)


def _reference_row(outcome: Outcome, truth: dict) -> list[str]:
    seeds, ensemble, coverage = truth["seeds"], truth["ensemble"], truth["coverage"]
    by_path = [band([s["mean"][k] for s in seeds]).median for k in range(len(truth["paths"]))]
    return [
        f"{outcome.variant.label}, {outcome.subject}",
        band_text(band([s["overall_mean"] for s in seeds])),
        band_text(band([s["overall_largest"] for s in seeds])),
        percent(ensemble["overall_mean"]),
        percent(ensemble["overall_largest"]),
        f"{coverage['one_spread']:.0%}",
        f"{coverage['two_spreads']:.0%}",
        *map(percent, by_path),
    ]
