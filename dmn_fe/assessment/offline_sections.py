"""Sections of a report about training: what its figures tell about the nonlinear error."""

import math
from collections.abc import Sequence
from pathlib import Path

from dmn_fe.assessment.figures import draw_relation
from dmn_fe.assessment.markdown import slug, table
from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.assessment.statistics import rank_correlation

__all__ = ["elastic_against_nonlinear", "leaves_against_error"]


def elastic_against_nonlinear(outcomes: Sequence[Outcome], folder: Path) -> str:
    """Whether the elastic error tells the nonlinear one: among all networks, and among seeds."""
    names = sorted({name for o in outcomes for name in o.result["seeds"][0]["elastic"]})
    lines = ["## Does the elastic error tell the nonlinear error?", ""]
    rows = []
    for name in names:
        points: dict[str, tuple[list[float], list[float]]] = {}
        within: dict[str, list[float]] = {}
        for outcome in outcomes:
            pairs = [
                (seed["elastic"][name][0], errors["overall_mean"])
                for seed, errors in outcome.seeds
                if name in seed["elastic"]
                and None not in (seed["elastic"][name][0], errors["overall_mean"])
            ]
            if not pairs:
                continue
            first, second = (list(values) for values in zip(*pairs, strict=True))
            within.setdefault(outcome.group, []).append(rank_correlation(first, second))
            group = points.setdefault(outcome.group, ([], []))
            group[0].extend(100.0 * v for v in first)
            group[1].extend(100.0 * v for v in second)
        picture = f"elastic-{slug(name)}.png"
        draw_relation(
            points, f"elastic error on {name} samples / %", "nonlinear error / %", folder / picture
        )
        for kind, (first, second) in points.items():
            rows.append([name, kind, f"{rank_correlation(first, second):.2f}", _mean(within[kind])])
        lines += [f"![]({picture})", ""]
    lines += [
        "Near 1 the elastic error tells which network follows the paths better, near 0 it tells "
        "nothing: of all networks, and among those of one variant on one RVE, which differ in "
        "their seed alone (mean).",
        "",
    ]
    header = ("held-out samples", "group", "rank correlation of all", "among seeds of one variant")
    return "\n".join(lines + table(header, rows))


def leaves_against_error(outcomes: Sequence[Outcome], folder: Path) -> str:
    """Active leaves and nonlinear error of every network."""
    points: dict[str, tuple[list[float], list[float]]] = {}
    for outcome in outcomes:
        for seed, errors in outcome.seeds:
            if errors["overall_mean"] is not None:
                group = points.setdefault(outcome.group, ([], []))
                group[0].append(seed["active_leaves"])
                group[1].append(100.0 * errors["overall_mean"])
    draw_relation(points, "active leaves", "nonlinear error / %", folder / "leaves.png")
    rows = [[g, f"{rank_correlation(*values):.2f}"] for g, values in points.items()]
    header = ("group", "rank correlation of leaves and nonlinear error")
    text = "Active are leaves before compression of more than a thousandth of the mean weight."
    lines = ["## Active leaves and error", "", "![](leaves.png)", "", text, ""]
    return "\n".join(lines + table(header, rows))


def _mean(values: Sequence[float]) -> str:
    finite = [v for v in values if math.isfinite(v)]
    return f"{sum(finite) / len(finite):.2f}" if finite else "–"
