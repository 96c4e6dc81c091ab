"""The report of the study: tables and a figure from its results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from curves import PROPERTIES, TESTS, curve, draw_curves, interval, methods_of
from results_file import read_results

from dmn_fe.files import written_whole

__all__ = ["paired", "verdicts", "write_report"]

PAIRS = (
    ("trained features + ridge", "random features + ridge"),
    ("trained start, all weights", "random start, all weights"),
    ("transferred, early stopping", "from scratch, early stopping"),
    ("random features + ridge", "from scratch, early stopping"),
    ("trained start, all weights", "trained features + ridge"),
    ("random start, all weights", "random features + ridge"),
    ("random features + ridge", "S2-PCA + quadratic ridge"),
    ("S2-PCA + quadratic ridge", "S2-PCA + ridge"),
)
STARTS = PAIRS[:3]  # a trained encoder against a random one
FEW, TARGET_AT, TARGET = 100, 250, 0.02
ESTIMATE = "Hashin–Shtrikman mean"


def write_report(results: Path, output: Path) -> None:
    """Write ``report_NAME.md`` of ``results_NAME.json``, and the figure."""
    settings, entries = read_results(results)
    name = results.stem.removeprefix("results_")
    draw_curves(entries, output / f"learning_curves_{name}.png")
    counts = ", ".join(f"{count} of {TESTS[test]}" for test, count in settings["tests"].items())
    lines = [
        f"# Property prediction at a contrast of {settings['contrast']:g}",
        "",
        "Mean relative error (Frobenius norm) in per cent, ± half the 95 % confidence interval "
        "over ten seeds, or as many as stand in brackets. A seed draws the sections to learn from "
        f"out of {settings['pool']} (the largest sets overlap) and, where it is random, the "
        "encoder. The intervals say nothing of other test sections and other families. "
        f"Tests: {counts}. Encoders have {settings['blocks']} blocks.",
        "",
        f"![Learning curves](learning_curves_{name}.png)",
        "",
        *verdicts(entries),
    ]
    for test, title in TESTS.items():
        for which, what in enumerate(PROPERTIES):
            lines += ["", f"## {what.capitalize()}, {title}", "", *_table(entries, test, which)]
    lines += ["", "## Differences of methods on the same sections", "", *_differences(entries), ""]
    with written_whole(output / f"report_{name}.md") as partial:
        partial.write_text("\n".join(lines), encoding="utf-8")


def _table(entries: Sequence[dict[str, Any]], test: str, which: int) -> list[str]:
    sizes = sorted({entry["n"] for entry in entries if entry["n"]})
    lines = ["| | " + " | ".join(f"n = {n}" for n in sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    for method in methods_of(entries):
        found = curve(entries, method, test, which)
        cells = {}
        for n, mean, half in zip(*found, strict=True):
            count = sum((e["method"], e["n"]) == (method, n) for e in entries)
            few = f" ({count})" if n and count < 10 else ""
            spread = f" ± {100 * half:.2f}" if half else ""
            cells[n] = f"{100 * mean:.2f}{spread}{few}"
        row = [cells.get(n, cells.get(0, "")) for n in sizes]
        lines.append(f"| {method} | " + " | ".join(row) + " |")
    return lines


def paired(entries: Sequence[dict[str, Any]], pair: tuple[str, str], n: int, test: str) -> list:
    """Differences of the mean of both errors, seed by seed."""
    errors = [
        {e["seed"]: float(np.mean(e[test])) for e in entries if (e["method"], e["n"]) == (m, n)}
        for m in pair
    ]
    return [errors[0][seed] - errors[1][seed] for seed in sorted(errors[0].keys() & errors[1])]


def _differences(entries: Sequence[dict[str, Any]]) -> list[str]:
    sizes = sorted({entry["n"] for entry in entries if entry["n"]})
    lines = [
        "Points of per cent (mean of both properties), negative where the first is better; bold",
        "where the confidence interval leaves zero out. In brackets the seeds, where not ten.",
        "",
    ]
    lines += ["| | tests | " + " | ".join(f"n = {n}" for n in sizes) + " |"]
    lines += ["|---" * (len(sizes) + 2) + "|"]
    for pair in PAIRS:
        for test in TESTS:
            cells = []
            for n in sizes:
                values = paired(entries, pair, n, test)
                mean, half = interval(values) if values else (0.0, 0.0)
                text = f"{100 * mean:+.2f} ± {100 * half:.2f}" if len(values) > 1 else ""
                text = f"**{text}**" if text and abs(mean) > half else text
                cells.append(f"{text} ({len(values)})" if 1 < len(values) < 10 else text)
            if any(cells):
                lines.append(f"| {pair[0]} − {pair[1]} | {test} | " + " | ".join(cells) + " |")
    return lines


def verdicts(entries: Sequence[dict[str, Any]]) -> list[str]:
    """Whether the targets are met."""
    lines = []
    for pair in STARTS:
        wins = []
        for n in sorted({entry["n"] for entry in entries if 0 < entry["n"] <= FEW}):
            for test in TESTS:
                values = paired(entries, pair, n, test)
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
        means = {
            method: float(np.mean([e[test] for e in at if e["method"] == method]))
            for method in methods_of(at)
        }
        estimate = [np.mean(e[test]) for e in entries if e["method"] == ESTIMATE]
        if means and estimate:
            best = min(means, key=lambda method: means[method])
            reached = "reached" if means[best] <= TARGET else "not reached"
            lines.append(
                f"- At n = {TARGET_AT}, {title}: {100 * means[best]:.2f} % by *{best}*, "
                f"{means[best] / estimate[0]:.2f} of what the Hashin–Shtrikman mean leaves; the "
                f"target of {100 * TARGET:.0f} % is {reached}."
            )
    return lines
