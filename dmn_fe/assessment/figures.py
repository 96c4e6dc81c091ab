"""The figures of an assessment."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter

from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.files import written_whole

__all__ = ["draw_comparison", "draw_relation"]

_PERCENT = 100.0


def draw_comparison(outcomes: Sequence[Outcome], path: Path) -> None:
    """Elastic and nonlinear error of the variants of one comparison: a line for each subject.

    Points are networks, the line joins medians, the band is the confidence interval of the median;
    of what has failed there is none.
    """
    comparison = outcomes[0].comparison
    labels = [variant.label for variant in comparison.variants]
    numbers = [variant.x for variant in comparison.variants]
    continuous = all(x is not None for x in numbers)
    fig, axes = plt.subplots(1, 2, figsize=(10.0, 4.0), layout="constrained")
    subjects = list(dict.fromkeys(outcome.subject for outcome in outcomes))
    for number, subject in enumerate(subjects):
        own = [outcome for outcome in outcomes if outcome.subject == subject]
        places = np.array(
            [o.variant.x if continuous else labels.index(o.variant.label) for o in own], float
        )
        colour = f"C{number}"
        for axis, name in zip(axes, ("validation", "nonlinear"), strict=True):
            bands = [getattr(outcome, name) for outcome in own]
            _line(axis, places, bands, colour, subject)
            for place, outcome in zip(places, own, strict=True):
                values = _values(outcome, name)
                axis.plot([place] * len(values), values, ".", color=colour, ms=4, alpha=0.5)
    for axis, title in zip(
        axes, ("elastic, held-out samples", "nonlinear, reference paths"), strict=True
    ):
        axis.set(title=title, ylabel="error / %", yscale="log")
        _plain(axis.yaxis)
        axis.grid(alpha=0.3, which="both")
        if continuous:
            axis.set_xlabel(comparison.axis)
            if min(x for x in numbers if x is not None) > 0:
                axis.set_xscale("log")
            axis.set_xticks(sorted(x for x in numbers if x is not None), minor=False)
            axis.set_xticks([], minor=True)
            axis.xaxis.set_major_formatter("{x:g}")
        else:
            axis.set_xticks(range(len(labels)), labels, rotation=20, ha="right")
    axes[0].legend(fontsize=8)
    fig.suptitle(comparison.title)
    _save(fig, path)


def draw_relation(
    points: dict[str, tuple[list[float], list[float]]], x: str, y: str, path: Path, log: bool = True
) -> None:
    """One point a network: ``points`` holds x and y values by group."""
    fig, axis = plt.subplots(figsize=(5.5, 4.0), layout="constrained")
    for number, (group, (first, second)) in enumerate(points.items()):
        axis.plot(first, second, ".", color=f"C{number}", ms=5, alpha=0.6, label=group)
    axis.set(xlabel=x, ylabel=y, yscale="log", xscale="log" if log else "linear")
    _plain(axis.yaxis)
    _plain(axis.xaxis)
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8)
    _save(fig, path)


def _plain(axis) -> None:
    """Numbers as people write them on a logarithmic axis."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(FuncFormatter(_few))


def _few(value: float, _: object) -> str:
    """Labels of 2 … 6 times a power of ten; the others would touch each other."""
    digit = f"{value:e}"[0]
    return f"{value:g}" if digit in "23456" else ""


def _line(axis, places: np.ndarray, bands: list, colour: str, label: str) -> None:
    order = np.argsort(places)
    median = _PERCENT * np.array([b.median for b in bands])[order]
    low = _PERCENT * np.array([b.low for b in bands])[order]
    high = _PERCENT * np.array([b.high for b in bands])[order]
    median, low, high = (np.where(np.isfinite(v), v, np.nan) for v in (median, low, high))
    axis.plot(places[order], median, "-o", color=colour, ms=4, label=label)
    axis.fill_between(places[order], low, high, color=colour, alpha=0.2, lw=0)


def _values(outcome: Outcome, name: str) -> list[float]:
    if name == "validation":
        return [_PERCENT * seed["validation"] for seed in outcome.result["seeds"]]
    values = [seed["overall_mean"] for seed in outcome.main_truth["seeds"]]
    return [_PERCENT * value for value in values if value is not None]


def _save(fig, path: Path) -> None:
    with written_whole(path) as partial:
        fig.savefig(partial, dpi=130, format="png")
    plt.close(fig)
