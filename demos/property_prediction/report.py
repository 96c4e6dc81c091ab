"""The report of the study: tables and a figure from its results."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from dmn_fe.files import written_whole

__all__ = ["Curve", "curve", "interval", "write_report"]

TESTS = {"learnt": "new sections of the families learnt from", "unseen": "families never seen"}
PROPERTIES = ("stiffness", "conductivity")
PAIRS = (
    ("trained features + ridge", "random features + ridge"),
    ("trained features + ridge", "S2-PCA + ridge"),
    ("trained start, all weights", "random start, all weights"),
    ("trained start, all weights", "trained features + ridge"),
)
COLOURS = {
    "Hill": "0.75",
    "Hashin–Shtrikman mean": "0.5",
    "volume fraction": "tab:brown",
    "S2-PCA + ridge": "tab:green",
    "random features + ridge": "tab:orange",
    "trained features + ridge": "tab:red",
    "random start, all weights": "tab:cyan",
    "trained start, all weights": "tab:blue",
}
FEW, TARGET_AT, TARGET = 100, 250, 0.02


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


def write_report(results: Path, output: Path) -> None:
    """Write ``report_CONTRAST.md`` and the figure beside it."""
    found = json.loads(results.read_text(encoding="utf-8"))
    entries, settings = found["entries"], found["settings"]
    name = f"{settings['contrast']:g}"
    _draw(entries, output / f"learning_curves_{name}.png")
    counts = ", ".join(f"{count} of {TESTS[test]}" for test, count in settings["tests"].items())
    lines = [
        f"# Property prediction at a contrast of {name}",
        "",
        "Mean relative error (Frobenius norm) in per cent, ± half the 95 % confidence interval "
        "over the seeds, which draw the sections to learn from out of "
        f"{settings['pool']}; the largest sets overlap. Tests: {counts}. Encoders have "
        f"{settings['blocks']} blocks.",
        "",
        f"![Learning curves](learning_curves_{name}.png)",
        "",
        *_verdicts(entries),
    ]
    for test, title in TESTS.items():
        for which, what in enumerate(PROPERTIES):
            lines += ["", f"## {what.capitalize()}, {title}", "", *_table(entries, test, which)]
    lines += ["", "## Differences of methods on the same sections", "", *_differences(entries), ""]
    with written_whole(output / f"report_{name}.md") as partial:
        partial.write_text("\n".join(lines), encoding="utf-8")


def _methods(entries: Sequence[dict[str, Any]]) -> list[str]:
    return [method for method in COLOURS if any(e["method"] == method for e in entries)]


def _table(entries: Sequence[dict[str, Any]], test: str, which: int) -> list[str]:
    sizes = sorted({entry["n"] for entry in entries if entry["n"]})
    lines = ["| | " + " | ".join(f"n = {n}" for n in sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    for method in _methods(entries):
        found = curve(entries, method, test, which)
        cells = {
            n: f"{100 * mean:.2f} ± {100 * half:.2f}" if half else f"{100 * mean:.2f}"
            for n, mean, half in zip(*found, strict=True)
        }
        row = [cells.get(n, cells.get(0, "")) for n in sizes]
        lines.append(f"| {method} | " + " | ".join(row) + " |")
    return lines


def _paired(entries: Sequence[dict[str, Any]], pair: tuple[str, str], n: int, test: str) -> list:
    """Differences of the mean of both errors, seed by seed."""
    errors = [
        {e["seed"]: float(np.mean(e[test])) for e in entries if (e["method"], e["n"]) == (m, n)}
        for m in pair
    ]
    return [errors[0][seed] - errors[1][seed] for seed in sorted(errors[0].keys() & errors[1])]


def _differences(entries: Sequence[dict[str, Any]]) -> list[str]:
    sizes = sorted({entry["n"] for entry in entries if entry["n"]})
    lines = ["Points of per cent (mean of both properties), negative where the first is better;",
             "bold where the confidence interval leaves zero out.", ""]  # fmt: skip
    lines += ["| | tests | " + " | ".join(f"n = {n}" for n in sizes) + " |"]
    lines += ["|---" * (len(sizes) + 2) + "|"]
    for pair in PAIRS:
        for test in TESTS:
            cells = []
            for n in sizes:
                values = _paired(entries, pair, n, test)
                mean, half = interval(values) if values else (0.0, 0.0)
                text = f"{100 * mean:+.2f} ± {100 * half:.2f}" if len(values) > 1 else ""
                cells.append(f"**{text}**" if text and abs(mean) > half else text)
            lines.append(f"| {pair[0]} − {pair[1]} | {test} | " + " | ".join(cells) + " |")
    return lines


def _verdicts(entries: Sequence[dict[str, Any]]) -> list[str]:
    """What the seed of the study asked."""
    lines = []
    for pair in (PAIRS[0], PAIRS[2]):
        wins = []
        for n in sorted({entry["n"] for entry in entries if 0 < entry["n"] <= FEW}):
            for test in TESTS:
                values = _paired(entries, pair, n, test)
                if len(values) > 1:
                    mean, half = interval(values)
                    wins.append("better" if mean < -half else "worse" if mean > half else "open")
        if wins:
            counts = ", ".join(f"{wins.count(w)} {w}" for w in ("better", "open", "worse"))
            lines.append(
                f"- *{pair[0]}* against *{pair[1]}* at n ≤ {FEW}, with 95 % confidence in "
                f"{len(wins)} comparisons: {counts}."
            )
    for test, title in TESTS.items():
        at = [e for e in entries if e["n"] == TARGET_AT]
        means = {m: float(np.mean([e[test] for e in at if e["method"] == m])) for m in
                 _methods(at)}  # fmt: skip
        if means:
            best = min(means, key=lambda method: means[method])
            reached = "reached" if means[best] <= TARGET else "not reached"
            lines.append(
                f"- At n = {TARGET_AT}, {title}: {100 * means[best]:.2f} % by *{best}*; the target "
                f"of {100 * TARGET:.0f} % is {reached}."
            )
    return lines


def _draw(entries: Sequence[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for row, test in zip(axes, TESTS, strict=True):
        for which, ax in enumerate(row):
            for method in _methods(entries):
                n, mean, half = curve(entries, method, test, which)
                percent = 100 * np.array(mean)
                if n == [0]:
                    ax.axhline(percent[0], color=COLOURS[method], ls="--", label=method)
                else:
                    style = {"color": COLOURS[method], "marker": "o", "ms": 3, "capsize": 2}
                    ax.errorbar(n, percent, 100 * np.array(half), label=method, **style)
            sizes = sorted({entry["n"] for entry in entries if entry["n"]})
            ax.set(xscale="log", yscale="log", ylim=(1.5, 60.0))
            ax.set_xlim(0.85 * sizes[0], sizes[-1] / 0.85)
            ax.set_title(f"{PROPERTIES[which]}, {TESTS[test]}", fontsize=10)
            ax.grid(True, which="both", alpha=0.2)
            ax.set_yticks([2, 3, 5, 10, 20, 40], ["2", "3", "5", "10", "20", "40"])
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
