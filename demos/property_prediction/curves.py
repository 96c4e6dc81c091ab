"""Learning curves from the results of the study."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from dmn_fe.files import written_whole

__all__ = ["PROPERTIES", "TESTS", "Curve", "curve", "draw_curves", "interval", "methods_of"]

TESTS = {"learnt": "new sections of the families learnt from", "unseen": "families never seen"}
PROPERTIES = ("stiffness", "conductivity")
COLOURS = {
    "Hill": "0.75",
    "Hashin–Shtrikman mean": "0.5",
    "volume fraction": "tab:brown",
    "S2-PCA + ridge": "tab:green",
    "S2-PCA + quadratic ridge": "tab:olive",
    "from scratch, early stopping": "tab:pink",
    "transferred, early stopping": "tab:purple",
    "random features + ridge": "tab:orange",
    "trained features + ridge": "tab:red",
    "random start, all weights": "tab:cyan",
    "trained start, all weights": "tab:blue",
}
TICKS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)


class Curve(NamedTuple):
    """Mean error and half its 95 % confidence interval, at numbers of sections."""

    n: list[int]
    mean: list[float]
    half: list[float]


def curve(entries: Sequence[dict[str, Any]], method: str, test: str, which: int) -> Curve:
    """Learning curve of a method."""
    sizes = sorted({entry["n"] for entry in entries if entry["method"] == method})
    rows = []
    for n in sizes:
        errors = [e[test][which] for e in entries if (e["method"], e["n"]) == (method, n)]
        rows.append((n, *interval(errors)))
    return Curve(*(list(column) for column in zip(*rows, strict=True)))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half its 95 % confidence interval by Student's distribution; 0 of one value."""
    if len(values) < 2:
        return float(np.mean(values)), 0.0
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return float(np.mean(values)), float(half)


def methods_of(entries: Sequence[dict[str, Any]]) -> list[str]:
    """Methods that there are results of, from little knowledge to much."""
    return [method for method in COLOURS if any(e["method"] == method for e in entries)]


def _limits(entries: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Of the axis of errors: error bars that reach down to zero must not stretch it."""
    errors = [100 * value for entry in entries for test in TESTS for value in entry[test]]
    return 0.7 * min(errors), 1.4 * max(errors)


def draw_curves(entries: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw all methods, for both properties and both kinds of tests."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for row, test in zip(axes, TESTS, strict=True):
        for which, ax in enumerate(row):
            for method in methods_of(entries):
                n, mean, half = curve(entries, method, test, which)
                percent = 100 * np.array(mean)
                if n == [0]:
                    ax.axhline(percent[0], color=COLOURS[method], ls="--", label=method)
                else:
                    style = {"color": COLOURS[method], "marker": "o", "ms": 3, "capsize": 2}
                    ax.errorbar(n, percent, 100 * np.array(half), label=method, **style)
            sizes = sorted({entry["n"] for entry in entries if entry["n"]})
            ax.set(xscale="log", yscale="log")
            ax.set_xlim(0.85 * sizes[0], sizes[-1] / 0.85)
            ax.set_title(f"{PROPERTIES[which]}, {TESTS[test]}", fontsize=10)
            ax.grid(True, which="both", alpha=0.2)
            ax.set_yticks(TICKS, [str(tick) for tick in TICKS])
            ax.set_ylim(_limits(entries))
            ax.minorticks_off()
            ax.set_xticks(sizes, [str(size) for size in sizes])
    for ax in axes[1]:
        ax.set_xlabel("sections to learn from")
    for row in axes:
        row[0].set_ylabel("mean relative error in %")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    with written_whole(path) as partial:
        figure.savefig(partial, dpi=110, format="png")
