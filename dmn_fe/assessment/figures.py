"""The figures of an assessment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter

from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.assessment.plan import Comparison
from dmn_fe.files import written_whole

__all__ = ["draw_comparison", "draw_relation"]

_PERCENT = 100.0
_SHIFT = 0.12  # between the subjects
_HUES = ("Blues", "Oranges", "Greens", "Purples", "Reds", "Greys")  # of the groups


def draw_comparison(outcomes: Sequence[Outcome], path: Path) -> None:
    """Elastic and nonlinear error of the variants of one comparison, for each subject.

    Small points are networks. Of three or more variants that are values of a number a line joins
    the medians, and a band is their confidence interval; of others the median has a bar. What has
    failed is left out.
    """
    comparison = outcomes[0].comparison
    subjects = list(dict.fromkeys(outcome.subject for outcome in outcomes))
    colours = _colours({outcome.subject: outcome.group for outcome in outcomes})
    fig, axes = plt.subplots(1, 2, figsize=(10.0, 4.0), layout="constrained")
    for axis, name, title in zip(
        axes,
        ("validation", "nonlinear"),
        ("elastic, held-out samples", "nonlinear, reference paths"),
        strict=True,
    ):
        for number, subject in enumerate(subjects):
            own = [outcome for outcome in outcomes if outcome.subject == subject]
            shift = _SHIFT * (number - 0.5 * (len(subjects) - 1))
            _draw_subject(axis, own, name, colours[subject], shift)
        axis.set(title=title, ylabel="error / %")
        _scale(axis, [v for outcome in outcomes for v in _values(outcome, name)])
        axis.grid(alpha=0.3, which="both")
        if _is_line(comparison):
            _number_ticks(axis, comparison)
        else:
            labels = [variant.label for variant in comparison.variants]
            axis.set_xticks(range(len(labels)), labels, rotation=20, ha="right")
            axis.set_xlim(-0.5, len(labels) - 0.5)
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside right upper", fontsize=8)
    fig.suptitle(comparison.title)
    _save(fig, path)


def _is_line(comparison: Comparison) -> bool:
    return bool(comparison.axis) and len(comparison.variants) > 2


def _colours(groups: dict[str, str]) -> dict[str, Any]:
    """A colour for each subject; those of one group share a hue, where there are several."""
    names = list(dict.fromkeys(groups.values()))
    if len(names) == 1:
        return {subject: f"C{number}" for number, subject in enumerate(groups)}
    colours: dict[str, Any] = {}
    for number, name in enumerate(names):
        own = [subject for subject, group in groups.items() if group == name]
        hue = plt.get_cmap(_HUES[number % len(_HUES)])
        colours |= dict(zip(own, hue(np.linspace(0.9, 0.45, max(2, len(own)))), strict=False))
    return colours


def _draw_subject(axis, outcomes: Sequence[Outcome], name: str, colour: Any, shift: float) -> None:
    comparison = outcomes[0].comparison
    bands = [getattr(outcome, name) for outcome in outcomes]
    median, low, high = (
        _PERCENT * np.array([value if np.isfinite(value) else np.nan for value in values])
        for values in zip(*((b.median, b.low, b.high) for b in bands), strict=True)
    )
    if _is_line(comparison):
        places = np.array([outcome.variant.x for outcome in outcomes], float)
        order = np.argsort(places)
        axis.plot(places[order], median[order], "-o", color=colour, ms=4, label=outcomes[0].subject)
        axis.fill_between(places[order], low[order], high[order], color=colour, alpha=0.2, lw=0)
    else:
        labels = [variant.label for variant in comparison.variants]
        places = np.array([labels.index(o.variant.label) for o in outcomes], float) + shift
        bars = np.array([median - low, high - median])
        axis.errorbar(
            places,
            median,
            bars,
            fmt="o",
            color=colour,
            ms=4,
            lw=1,
            capsize=3,
            label=outcomes[0].subject,
        )
        places = places + 0.35 * _SHIFT  # networks stand beside their bar
    for place, outcome in zip(places, outcomes, strict=True):
        values = _values(outcome, name)
        axis.plot([place] * len(values), values, ".", color=colour, ms=4, alpha=0.7)


def _scale(axis, values: Sequence[float], direction: str = "y") -> None:
    """Logarithmic where the values span more than a decade, else from zero."""
    if min(values, default=0.0) > 0 and max(values) > 10.0 * min(values):
        label = getattr(axis, f"get_{direction}label")()
        axis.set(**{f"{direction}scale": "log", f"{direction}label": f"{label}, logarithmic"})
        _plain(getattr(axis, f"{direction}axis"))
    else:
        axis.set(**{f"{direction}lim": (0.0, None)})


def _number_ticks(axis, comparison: Comparison) -> None:
    numbers = sorted(variant.x for variant in comparison.variants if variant.x is not None)
    axis.set_xlabel(comparison.axis)
    if numbers[0] > 0 and numbers[-1] > 4.0 * numbers[0]:
        axis.set_xscale("log")
    axis.set_xticks(numbers, minor=False)
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter("{x:g}")


def draw_relation(
    points: dict[str, tuple[list[float], list[float]]], x: str, y: str, path: Path
) -> None:
    """One point a network: ``points`` holds x and y values by group."""
    fig, axis = plt.subplots(figsize=(5.5, 4.0), layout="constrained")
    for number, (group, (first, second)) in enumerate(points.items()):
        axis.plot(first, second, ".", color=f"C{number}", ms=5, alpha=0.6, label=group)
    axis.set(xlabel=x, ylabel=y)
    for number, direction in enumerate("xy"):
        _scale(axis, [v for group in points.values() for v in group[number]], direction)
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8)
    _save(fig, path)


def _plain(axis) -> None:
    """Numbers as people write them on a logarithmic axis."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(FuncFormatter(_few))


def _few(value: float, _: object) -> str:
    """Labels of 2 and 5 times a power of ten; the others would touch each other."""
    digit = f"{value:e}"[0]
    return f"{value:g}" if digit in "25" else ""


def _values(outcome: Outcome, name: str) -> list[float]:
    if name == "validation":
        values = [seed["validation"] for seed in outcome.result["seeds"]]
    else:
        values = [seed["overall_mean"] for seed in outcome.main_truth["seeds"]]
    return [_PERCENT * value for value in values if value is not None]


def _save(fig, path: Path) -> None:
    with written_whole(path) as partial:
        fig.savefig(partial, dpi=130, format="png")
    plt.close(fig)
