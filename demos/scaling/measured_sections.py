"""The sections of the report on what was measured."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from comparison import compare, held_out
from constants import Cluster, Measured
from results import Run, all_of, load_steps, median
from units import large, percent, seconds_text, size_text

from dmn_fe.assessment.markdown import table

__all__ = ["coefficients_section", "fit_warning", "machine_section", "measured_section"]

FAR_OFF = 0.5
COUNTED = {"state_size", "meetings", "point_bytes", "cg_exchanges", "cg_sums", "setup_exchanges"}
COUNTED |= {"setup_sums", "cg_bytes_sent", "setup_bytes_sent", "cg_bytes", "program", "unpickle"}
TIMES = {
    "rest",
    "assembly",
    "setup",
    "setup_first",
    "cg",
    "cg_cached",
    "save",
    "restart",
    "unpickle",
}


def measured_section(result: dict[str, Any], measured: Measured, here: Cluster) -> list[str]:
    """Load steps: the measured seconds of an iteration, efficiencies, and errors of the model."""
    runs, middle = load_steps(result), load_steps(result, median)
    rows = []
    for (run, model), other in zip(compare(runs, measured, here), middle, strict=True):
        seconds = run.iteration()
        cells = [str(run.ranks), " × ".join(map(str, run.cells)), str(run.points)]
        cells += [f"{seconds[name]:.3g}" for name in seconds]
        cells += [f"{other.iteration()['all']:.3g}", f"{model:.3g}"]
        rows.append([*cells, _error(model, seconds["all"])])
    names = list(runs[0].iteration())
    header = ["ranks", "cubes", "points", *names, "all, median", "model", "error"]
    lines = [
        "## Measured",
        "",
        "Seconds of one Newton iteration of the step in which most points yield, of the best "
        "repeat; `rest` is what is left of the step.",
        "",
        *table(header, rows),
        "",
        "![measured and model](measured.png)",
        "",
    ]
    predicted = held_out(result)
    if predicted:
        errors = [
            f"{run.points} on {run.ranks}: {_error(t, run.iteration()['all'])}"
            for run, t in predicted
        ]
        lines += [
            "Held out: all load steps of one size are left out of the fit and predicted by it. "
            "Error of the iteration, by points and ranks: " + "; ".join(errors) + ".",
            "",
        ]
    return [*lines, *_efficiencies(runs)]


def fit_warning(result: dict[str, Any], measured: Measured, here: Cluster) -> list[str]:
    """A sentence where the model misses the measurements by so much that it predicts nothing."""
    worst = max(
        abs(model / run.iteration()["all"] - 1.0)
        for run, model in compare(load_steps(result), measured, here)
    )
    if worst <= FAR_OFF:
        return []
    return [
        f"**The model misses a measurement by {percent(worst)}: do not plan by it.** Measure "
        "again, with nothing beside it, larger parts than those of `--small`, and three repeats.",
        "",
    ]


def _error(model: float, seconds: float) -> str:
    return f"{100.0 * (model / seconds - 1.0):+.0f} %"


def _efficiencies(runs: Sequence[Run]) -> list[str]:
    """Strong and weak scaling by part."""
    by_box = {(run.ranks, run.cells): run for run in runs}
    rows = []
    for run in runs:
        alone = by_box.get((1, run.cells))
        if run.ranks > 1 and alone is not None:
            one, own = alone.iteration(), run.iteration()
            shares = [
                one[part] / (run.ranks * own[part]) for part in ("laws", "assembly", "CG", "all")
            ]
            rows.append(["strong", str(run.ranks), str(run.points), *map(percent, shares)])
    for run in runs:
        small = by_box.get((1, (min(run.cells),) * 3))
        if run.ranks > 1 and small is not None and run.points == run.ranks * small.points:
            one, own = small.iteration(), run.iteration()
            shares = [one[part] / own[part] for part in ("laws", "assembly", "CG", "all")]
            rows.append(["weak", str(run.ranks), str(run.points), *map(percent, shares)])
    header = ["scaling", "ranks", "points", "laws", "assembly", "CG", "all"]
    if not rows:
        return []
    return ["Parallel efficiency, over one rank:", "", *table(header, rows), ""]


def machine_section(result: dict[str, Any]) -> list[str]:
    """The machine, what its ranks pay to communicate, and its load."""
    machine = result["machine"]
    load = [one["load before"] for one in result["cases"].values()]
    lines = [
        f"Measured on {machine['cpu']}, {machine['cores']} cores, torch {machine['torch']}. "
        f"Load of the machine before a case: {np.median(load):.1f} (median), {max(load):.1f} "
        "(most); the ranks of the case before count in it.",
        "",
    ]
    rows = []
    cases = all_of(result, "messages")
    for ranks in sorted({one["ranks"] for one in cases}):
        own = [one for one in cases if one["ranks"] == ranks]
        bandwidth = max(one["memory bandwidth"] for one in own)
        sums, objects = (min(one[k] for one in own) for k in ("allreduce", "allgather of objects"))
        fast = {s: min(one["message"][s] for one in own) for s in own[0]["message"]}
        latency = seconds_text(min(fast.values())) if fast else "–"
        large_one = max(fast, key=int) if fast else ""
        speed = f"{size_text(int(large_one) / fast[large_one])}/s" if fast else "–"
        rows.append(
            [
                str(ranks),
                latency,
                speed,
                seconds_text(sums),
                seconds_text(objects),
                f"{size_text(bandwidth)}/s",
            ]
        )
    header = [
        "ranks",
        "short message",
        "long messages",
        "sum of all",
        "gathering objects",
        "memory, a rank",
    ]
    halos = []
    for run in load_steps(result):
        halo = run.found["halo"]
        if run.ranks > 1 and len(set(run.cells)) == 1:
            of = f"{size_text(halo['bytes'])}, {run.points} points on {run.ranks}"
            halos.append(f"{seconds_text(halo['seconds'])} ({of})")
    return [
        *lines,
        *table(header, rows),
        "",
        "Exchange of the ghosts of a displacement: " + "; ".join(halos) + ".",
        "",
    ]


def coefficients_section(measured: Measured, cluster: Cluster) -> list[str]:
    """All numbers of the model."""
    rows = []
    for name, value in dataclasses.asdict(measured).items():
        is_time = name in TIMES or name.startswith("micro") or name.endswith(("_fixed", "seconds"))
        text = seconds_text(value) if is_time else large(value)
        rows.append([f"`{name}`", text, "counted" if name in COUNTED else "fit"])
    assumed = [
        [f"`{name}`", value if isinstance(value, str) else large(value), "assumed"]
        for name, value in dataclasses.asdict(cluster).items()
    ]
    return [
        "## Numbers of the model",
        "",
        "Their meanings are in [constants.py](constants.py), where they are used in "
        "[cost_model.py](cost_model.py), and where the assumptions come from in "
        "[cluster.toml](cluster.toml). Seconds are of a point, an unknown, a byte or a cell, or of "
        "an iteration (`_fixed`).",
        "",
        *table(["number", "value", "origin"], rows + assumed),
        "",
    ]
