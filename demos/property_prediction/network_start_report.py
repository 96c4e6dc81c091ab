"""Table and figure of the iterations that networks take from several starts."""

import math
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from curves import interval

from dmn_fe.files import written_whole

__all__ = ["STARTS", "write_report"]

STARTS = ("default", "chosen", "pretrained", "pretrained on solved")
GOALS = (2.0, 1.1)  # times the error that half of the default starts reach
FIRST = 5  # iterations to the first judgement after the start; 0 counts as these
HEAD = """# Iterations of training a network from four starts

Median over the seeds of the iterations (L-BFGS) to an error of the held-out stiffnesses, and how
many of the seeds reach it; those that do not count as the limit. The last rows have the ratio to
the default's, as geometric mean over the sections with its 95 % confidence interval. Iterations of
the pretraining, on four stiffnesses instead of eighty, are not counted.

![Error and iterations](network_start.png)
"""


def iterations_to(history: list, error: float) -> float:
    """First iteration with an error that small; infinite if there is none."""
    return min((i for i, e in history if e <= error), default=float("inf"))


def write_report(results: list[dict[str, Any]], limit: int, output: Path) -> str:
    """Write ``network_start.md`` and its figure; ``limit`` is that of the iterations."""
    lines = ["| section | error to reach | " + " | ".join(STARTS) + " |"]
    lines += ["|---" * (len(STARTS) + 2) + "|"]
    ratios: dict[tuple[str, float], list[float]] = {(n, g): [] for n in STARTS for g in GOALS}
    for one in results:
        final = median(min(e for _, e in history) for history in one["rows"]["default"])
        for goal in GOALS:
            cells, default = [], 0.0
            for name in STARTS:
                found = [iterations_to(history, goal * final) for history in one["rows"][name]]
                reached = sum(value < float("inf") for value in found)
                middle = min(max(median(found), FIRST), limit)
                default = default or middle
                ratios[name, goal].append(math.log(middle / default))
                cells.append(f"{middle:.0f} ({reached} of {len(found)})")
            row = f"| {one['section']} | {100 * goal * final:.2f} % | "
            lines.append(row + " | ".join(cells) + " |")
    for goal in GOALS:
        texts = []
        for name in STARTS:
            mean, half = interval(ratios[name, goal])
            low, high = math.exp(mean - half), math.exp(mean + half)
            texts.append(f"{math.exp(mean):.2f} ({low:.2f} … {high:.2f})")
        goal_text = f"{goal:g} × the default's last"
        lines.append(f"| **ratio to default** | {goal_text} | " + " | ".join(texts) + " |")
    _draw(results, output / "network_start.png")
    text = "\n".join(lines) + "\n"
    with written_whole(output / "network_start.md") as partial:
        partial.write_text(f"{HEAD}\n{text}", encoding="utf-8")
    return text


def _draw(results: list[dict[str, Any]], path: Path) -> None:
    """Median error over the seeds, relative to the default's last, mean over the sections."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = figure.subplots()
    for name in STARTS:
        curves = []
        for one in results:
            grid = sorted({i for history in one["rows"]["default"] for i, _ in history})
            final = median(min(e for _, e in h) for h in one["rows"]["default"])
            best = [
                [min(e for i, e in history if i <= limit) for limit in grid]
                for history in one["rows"][name]
            ]
            curves.append(np.log(np.median(best, axis=0) / final))
        ax.plot(grid, np.exp(np.mean(curves, axis=0)), label=name)
    ax.set(xlabel="iterations", ylabel="validation error / last one of default", yscale="log")
    ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.grid(True, alpha=0.2)
    ax.legend()
    with written_whole(path) as partial:
        figure.savefig(partial, dpi=110, format="png")
