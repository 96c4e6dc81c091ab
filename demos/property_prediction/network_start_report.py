"""Table and figure of the iterations that networks take from several starts."""

import math
from pathlib import Path
from statistics import median

import numpy as np
from curves import interval
from results_file import Entry, read_results

from dmn_fe.files import written_whole

__all__ = ["STARTS", "write_report"]

STARTS = ("default", "chosen", "pretrained", "pretrained on mean", "pretrained on solved")
GOALS = (2.0, 1.1)  # times the error that half of the default starts reach
ROWS = 4  # stiffnesses of the pretraining
COSTS = ("pretraining not counted", "pretraining counted by rows", "pretraining counted by time")


def iterations_to(history: list, error: float) -> float:
    """First judged iteration with an error that small; infinite if there is none."""
    return min((i for i, e in history if e <= error), default=float("inf"))


def goal_of(entry: Entry) -> float:
    """Error that half of the default starts reach until the limit."""
    return median(min(e for _, e in history) for history in entry["rows"]["default"])


def middle_of(entry: Entry, name: str, error: float) -> tuple[float, int]:
    """Median of the iterations to an error, and how many of the seeds reach it.

    From the first judgement after the start to the limit: a start that is good enough counts as the
    former, seeds that do not reach the error count as the latter.
    """
    histories = entry["rows"][name]
    first, limit = histories[0][1][0], histories[0][-1][0]
    found = [iterations_to(history, error) for history in histories]
    return min(max(median(found), first), limit), sum(i < math.inf for i in found)


def costs_of(entry: Entry, name: str, settings: dict) -> tuple[float, float, float]:
    """Iterations on all samples that a start has cost before, in the order of ``COSTS``."""
    if not name.startswith("pretrained"):
        return 0.0, 0.0, 0.0
    rows = settings["pretraining"] * ROWS / (0.8 * settings["samples"])
    seconds = entry["seconds"]
    return 0.0, rows, seconds["pretraining"] / seconds["iteration"]


def write_report(path: Path, output: Path) -> str:
    """Write ``network_start.md`` and its figure from results; the table."""
    settings, results = read_results(path)
    lines = ["| section | error to reach | " + " | ".join(STARTS) + " |"]
    lines += ["|---" * (len(STARTS) + 2) + "|"]
    for entry in results:
        for goal in GOALS:
            error, cells = goal * goal_of(entry), []
            for name in STARTS:
                middle, reached = middle_of(entry, name, error)
                cells.append(f"{middle:.0f} ({reached} of {settings['seeds']})")
            row = f"| {entry['section']} | {100 * error:.2f} % | "
            lines.append(row + " | ".join(cells) + " |")
    lines += ["", "| ratio to default | error to reach | " + " | ".join(STARTS[1:]) + " |"]
    lines += ["|---" * (len(STARTS) + 1) + "|"]
    for goal in GOALS:
        for number, cost in enumerate(COSTS):
            texts = [_ratio(results, settings, name, goal, number) for name in STARTS[1:]]
            lines.append(f"| {cost} | {goal:g} × default's last | " + " | ".join(texts) + " |")
    text = "\n".join(lines) + "\n"
    _draw(results, output / f"{path.stem}.png")
    with written_whole(output / f"{path.stem}.md") as partial:
        partial.write_text(f"{_head(path.stem, settings, results)}\n{text}", encoding="utf-8")
    return text


def _ratio(results: list[Entry], settings: dict, name: str, goal: float, number: int) -> str:
    """Geometric mean over the sections with its confidence interval."""
    ratios = []
    for entry in results:
        error = goal * goal_of(entry)
        default, _ = middle_of(entry, "default", error)
        middle, _ = middle_of(entry, name, error)
        ratios.append(math.log((middle + costs_of(entry, name, settings)[number]) / default))
    mean, half = interval(ratios)
    low, high = math.exp(mean - half), math.exp(mean + half)
    return f"{math.exp(mean):.2f} ({low:.2f} … {high:.2f})"


def _head(stem: str, settings: dict, results: list[Entry]) -> str:
    step, limit = results[0]["rows"]["default"][0][1][0], settings["iterations"]
    rows, seconds = costs_of(results[0], "pretrained", settings)[1], [e["seconds"] for e in results]
    parts = {name: np.mean([s[name] for s in seconds]) for name in seconds[0]}
    time = np.mean([s["pretraining"] / s["iteration"] for s in seconds])
    return f"""# Iterations of training a network from five starts

Median over {settings["seeds"]} seeds of the iterations (L-BFGS) to an error of the held-out
stiffnesses, and how many of the seeds reach it. *Default's last* is the error that half of the
default starts reach in {limit} iterations. Errors are judged every {step} iterations: a start that
is good enough counts as {step}, seeds that do not reach the error count as {limit}, so that a
median of {limit} is a lower bound. The second table has geometric means over {len(results)}
sections with 95 % confidence intervals.

Pretraining is {settings["pretraining"]} iterations on {ROWS} stiffnesses instead of
{0.8 * settings["samples"]:g}: {rows:.1f} iterations of the training by rows, {time:.1f} by time
({parts["pretraining"]:.2f} s, {1000 * parts["iteration"]:.0f} ms an iteration; the four predictions
take {parts["prediction"]:.2f} s). What the predictors have cost, {settings["learnt"]} solved
sections at either contrast, is in no row.

![Error and iterations]({stem}.png)
"""


def _draw(results: list[Entry], path: Path) -> None:
    """Median error over the seeds, relative to the default's last, mean over the sections."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = figure.subplots()
    for name in STARTS:
        curves = []
        for entry in results:
            grid = [i for i, _ in entry["rows"]["default"][0]]
            best = [
                [min(e for i, e in history if i <= limit) for limit in grid]
                for history in entry["rows"][name]
            ]
            curves.append(np.log(np.median(best, axis=0) / goal_of(entry)))
        ax.plot(grid, np.exp(np.mean(curves, axis=0)), label=name)
    ax.set(xlabel="iterations", ylabel="validation error / default's last", yscale="log")
    ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.grid(True, alpha=0.2)
    ax.legend()
    with written_whole(path) as partial:
        figure.savefig(partial, dpi=110, format="png")
