"""Sections of a report about networks online: solvers, materials, error bars."""

from collections.abc import Iterable, Sequence

from dmn_fe.assessment.markdown import band_text, percent, table
from dmn_fe.assessment.outcomes import Outcome, different
from dmn_fe.assessment.statistics import band

__all__ = ["materials", "solvers"]


def solvers(outcomes: Sequence[Outcome]) -> str:
    """Newton against fixed point, where both were run; empty where none was."""
    rows = []
    # Several comparisons may share a training: it is listed where the fixed point was asked for.
    for outcome in different([o for o in outcomes if o.variant.fixed_point]):
        truth = outcome.main_truth
        newton, fixed = truth["newton_in_torch"], truth["fixed_point"]
        ratio = band([f["seconds"] / n["seconds"] for f, n in zip(fixed, newton, strict=True)])
        rows.append(
            [
                outcome.name,
                *(_median(costs, "seconds") for costs in (newton, fixed)),
                f"{ratio.median:.1f} [{ratio.low:.1f}, {ratio.high:.1f}]",
                *(_median(costs, "sweeps") for costs in (newton, fixed)),
                *(
                    band_text(band([seed["overall_mean"] for seed in truth[name]]))
                    for name in ("seeds", "fixed_point_seeds")
                ),
            ]
        )
    if not rows:
        return ""
    header = (
        "network",
        "Newton s",
        "fixed point s",
        "ratio of times",
        "Newton sweeps",
        "fixed point sweeps",
        "error % with Newton",
        "error % with fixed point",
    )
    text = (
        "All paths of the first reference, median of all networks, both in torch. *Sweeps* are "
        "those a point and step takes; the fixed point keeps the elastic stiffness of the leaves, "
        "one sweep of stresses an iteration."
    )
    return "\n".join(["## Newton or fixed point online?", "", text, "", *table(header, rows)])


def _median(costs: Sequence[dict], name: str) -> str:
    return f"{band([cost[name] for cost in costs]).median:.3g}"


def materials(outcomes: Sequence[Outcome]) -> str:
    """Errors with every reference, one table each, of the comparisons that ask for it."""
    outcomes = [outcome for outcome in outcomes if outcome.comparison.every_reference]
    if not outcomes:
        return ""
    lines = ["## Every reference", ""]
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.result["truth"])
    for name in names:
        own = [outcome for outcome in outcomes if name in outcome.result["truth"]]
        paths = dict.fromkeys(path for o in own for path in o.result["truth"][name]["paths"])
        # A variant that two comparisons share is listed once.
        rows = list(dict.fromkeys(_reference_row(o, o.result["truth"][name], paths) for o in own))
        header = ("network", "error %", "largest %", "mean of networks %", "its largest %")
        header += ("covered by 1", "by 2 spreads", *paths)
        lines += [f"Reference *{name}*; the last columns are the median errors by path:", ""]
        lines += [*table(header, rows), ""]
    return "\n".join(lines)


def _reference_row(outcome: Outcome, truth: dict, paths: Iterable[str]) -> tuple[str, ...]:
    seeds, ensemble, coverage = truth["seeds"], truth["ensemble"], truth["coverage"]
    places = {name: place for place, name in enumerate(truth["paths"])}
    return (
        f"{outcome.variant.label}, {outcome.subject}",
        band_text(band([s["overall_mean"] for s in seeds])),
        band_text(band([s["overall_largest"] for s in seeds])),
        percent(ensemble["overall_mean"]),
        percent(ensemble["overall_largest"]),
        f"{coverage['one_spread']:.0%}",
        f"{coverage['two_spreads']:.0%}",
        *(
            percent(band([s["mean"][places[path]] for s in seeds]).median)
            if path in places
            else "–"
            for path in paths
        ),
    )
