"""Figures of the report."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from constants import Cluster, Measured
from cost_model import PARTS, iteration, ranks_on_node
from prediction import POINTS, efficiency, weak_efficiency
from results import Run
from storage import rank_memory

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import NullFormatter

__all__ = ["draw_measured", "draw_predicted"]

RANKS = 2 ** np.arange(14)  # 1 to 8192
EACH = (12_500, 100_000)  # points of a rank, weak scaling


def draw_measured(path: Path, runs: Sequence[Run], measured: Measured, here: Cluster) -> None:
    """Measured seconds of a Newton iteration, in all and by part, with the lines of the model."""
    fig, axes = plt.subplots(1, 2, figsize=(9.0, 3.6), layout="constrained")
    numbers = sorted({run.ranks for run in runs})
    grid = np.geomspace(min(run.points for run in runs), max(run.points for run in runs), 30)
    for index, ranks in enumerate(numbers):
        own = [run for run in runs if run.ranks == ranks]
        x = [run.points for run in own]
        axes[0].plot(x, [run.iteration()["all"] for run in own], "o", color=f"C{index}")
        model = [sum(iteration(n, ranks, measured, here).values()) for n in grid]
        axes[0].plot(grid, model, color=f"C{index}", label=f"{ranks} rank" + "s" * (ranks > 1))
    one = [run for run in runs if run.ranks == numbers[0]]
    for index, part in enumerate(("laws", "assembly", "multigrid set-up", "CG")):
        x, y = [run.points for run in one], [run.iteration()[part] for run in one]
        axes[1].plot(x, y, "o", color=f"C{index}")
        names = [name for name in PARTS if name == part or (part == "CG" and "CG" in name)]
        model = [
            sum(iteration(n, numbers[0], measured, here)[name] for name in names) for n in grid
        ]
        axes[1].plot(grid, model, color=f"C{index}", label=part)
    axes[0].set_title("Newton iteration: measured (points), model")
    axes[1].set_title(f"its parts on {numbers[0]} rank" + "s" * (numbers[0] > 1))
    for axis in axes:
        axis.set(xlabel="quadrature points", ylabel="seconds", xscale="log", yscale="log")
        _finish(axis)
    _save(fig, path)


def draw_predicted(path: Path, measured: Measured, cluster: Cluster) -> None:
    """Time, its parts, efficiency and memory over the number of ranks."""
    fig, axes = plt.subplots(2, 2, figsize=(9.5, 7.0), layout="constrained")
    for index, points in enumerate(POINTS):
        ranks = [n for n in RANKS if points / n >= 500]
        colour, label = f"C{index}", f"$10^{round(np.log10(points))}$ points"
        total = [sum(iteration(points, n, measured, cluster).values()) for n in ranks]
        axes[0, 0].plot(ranks, total, color=colour, label=label)
        memory = [rank_memory(points, n, measured, cluster) for n in ranks]
        axes[1, 1].plot(ranks, np.array(memory) / 1e9, color=colour, label=label)
        if points > POINTS[0]:
            nodes = [n for n in ranks if n >= cluster.ranks_per_node]
            strong = [efficiency(points, n, measured, cluster) for n in nodes]
            axes[1, 0].plot(nodes, strong, color=colour, label=f"strong, {label}")
    parts = [iteration(POINTS[-1], int(n), measured, cluster) for n in RANKS]
    for index, name in enumerate(PARTS):
        seconds = np.array([one[name] for one in parts])
        style = "-" if index < 6 else "--"
        axes[0, 1].plot(RANKS, np.where(seconds > 0, seconds, np.nan), style, label=name)
    for each, style in zip(EACH, ("k:", "k--"), strict=True):
        nodes = [int(n) for n in RANKS if n >= cluster.ranks_per_node]
        weak = [weak_efficiency(each, n, measured, cluster) for n in nodes]
        axes[1, 0].plot(nodes, weak, style, label=f"weak, {each} points a rank")
    most = [cluster.node_memory / ranks_on_node(int(n), cluster) / 1e9 for n in RANKS]
    axes[1, 1].plot(RANKS, most, "k:", label="its share of a node")
    titles = ("Newton iteration / s", "its parts / s, $10^8$ points")
    titles += (
        "efficiency over one full node (above 1: caches)",
        "memory of a rank / GB, with a checkpoint",
    )
    for axis, title in zip(axes.flat, titles, strict=True):
        axis.set(title=title, xlabel="ranks", xscale="log", yscale="log")
        _finish(axis)
    top = 1e3 * max(parts[0].values())  # room for the legend
    axes[0, 1].set_ylim(1e-4, top)
    axes[0, 1].legend(fontsize=7, loc="upper right", ncols=2)
    axes[1, 0].set(yscale="linear", ylim=(0.0, None))
    axes[1, 0].legend(fontsize=7, loc="lower left")
    _save(fig, path)


def _finish(axis) -> None:
    axis.grid(alpha=0.3, which="both")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.legend(fontsize=7)


def _save(fig, path: Path) -> None:
    fig.savefig(path, dpi=90)
    plt.close(fig)
