"""Fits the cost model to measurements: least squares with coefficients that are not negative."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from constants import Cluster, Measured
from cost_model import cached, share
from results import Run, all_of, load_steps
from scipy.optimize import nnls
from storage import checkpoint_bytes, files_to_restart

__all__ = ["CACHES", "fit", "line", "line_with_cache"]

BYTES_OF_FLOP = 6.0  # a number and its column, 12 bytes, for a product and a sum
CACHES = (0.0, *np.geomspace(1e6, 1e9, 31).tolist())  # bytes that are tried


def line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Slope and start, neither negative, of y over x; relative errors count alike.

    Of a single x the slope alone.
    """
    rows = np.array([x, np.ones(len(x))], dtype=float).T
    if len(set(x)) == 1:
        rows = rows[:, :1]
    seen = np.array(y, dtype=float)
    weights = 1.0 / np.where(seen > 0.0, seen, max(seen.max(), 1e-300))
    scale = np.abs(rows).max(axis=0)
    found, _ = nnls(rows / scale * weights[:, None], seen * weights)
    slope, *start = (found / scale).tolist()
    return slope, *(start or [0.0])


def line_with_cache(runs: Sequence[Run]) -> tuple[float, float, float, float]:
    """Seconds of an iteration of conjugate gradients: the bytes of matrices that caches keep, then
    for each unknown from memory and from the cache, and whatever the size."""
    seen = np.array([run.of_solution("cg", "seconds", "cg iterations") for run in runs])
    own = np.array([run.found["displacements of a rank"] for run in runs])
    most = max(run.ranks for run in runs)
    best, least = (0.0, 0.0, 0.0, 0.0), np.inf
    for cache in CACHES:
        here = Cluster(ranks_per_node=most, cache=cache)
        kept = np.array([cached(n, run.ranks, here) for n, run in zip(own, runs, strict=True)])
        if cache > 0.0 and not 0.0 < kept.mean() < 1.0:
            continue
        rows = np.array([own * (1.0 - kept), own * kept, np.ones(len(own))]).T / seen[:, None]
        scale = np.maximum(rows.max(axis=0), 1e-300)
        found, error = nnls(rows / scale, np.ones(len(own)))
        if error < 0.9 * least:  # not for a little
            memory, kept_ones, fixed = (found / scale).tolist()
            kept_ones = kept_ones if cache > 0.0 else memory
            # What comes from memory is no quicker, whatever a disturbed machine says.
            if kept_ones <= memory:
                best, least = (cache, memory, kept_ones, fixed), error
    return best


def fit(result: dict[str, Any], runs: Sequence[Run] | None = None) -> Measured:
    """The measured numbers of the model.

    Parameters
    ----------
    result : dict
        Of ``measure.py``.
    runs : sequence of Run, optional
        Load steps to fit; all of the result if left out, each in its best repeat.
    """
    runs = load_steps(result) if runs is None else runs
    shared = [run for run in runs if run.ranks > 1]
    points = [run.found["points of a rank"] for run in runs]
    own_unknowns = [run.found["displacements of a rank"] for run in runs]
    seconds = [run.iteration() for run in runs]
    assembly, setup, rest = (
        line(x, [one[part] for one in seconds])
        for x, part in ((points, "assembly"), (own_unknowns, "multigrid set-up"), (points, "rest"))
    )
    _, cg_memory, cg_cached, cg_fixed = line_with_cache(runs)
    first = [run.of_solution("setup", "seconds", "iterations", "first") for run in runs]
    steps = [run.found["steps"]["yielding"] for run in runs]
    size = np.log10([run.found["displacements"] for run in runs]).tolist()
    solves = line(size, [one["cg iterations"] / one["iterations"] for one in steps])
    grids = line(size, [run.found["levels"] for run in runs])
    flops = [run.of_solution("cg", "flops", "cg iterations") for run in runs]
    return Measured(
        micro_elastic=line(points, [run.iteration("elastic")["laws"] for run in runs])[0],
        micro_yielding=line(points, [one["laws"] for one in seconds])[0],
        assembly=assembly[0],
        assembly_fixed=assembly[1],
        rest=rest[0],
        rest_fixed=rest[1],
        setup=setup[0],
        setup_fixed=setup[1],
        # The step has two set-ups or so, of which the first is the long one.
        setup_first=2.0 * line(own_unknowns, first)[0],
        cg=cg_memory,
        cg_cached=cg_cached,
        cg_fixed=cg_fixed,
        cg_bytes=BYTES_OF_FLOP * line(own_unknowns, flops)[0],
        cg_iterations_growth=solves[0],
        cg_iterations=solves[1],
        levels_growth=grids[0],
        levels=grids[1],
        meetings=statistics.fmean(one["meetings"] / one["iterations"] for one in steps),
        unpickle=min(one["unpickle"] for one in all_of(result, "messages")),
        **_messages(shared),
        **_memory(runs),
        **_files(result, runs),
    )


def _messages(shared: Sequence[Run]) -> dict[str, float]:
    """Counts of runs on several ranks, which do not depend on a machine's speed."""

    def mean(part: str, what: str, per: str, over: list[float] | None = None) -> float:
        counts = [run.of_solution(part, what, per) for run in shared]
        return float(np.mean(np.array(counts) / (over or 1.0)))

    surfaces = [_surface(run) for run in shared]
    neighbours = [float(share(run.points, run.ranks, Cluster()).neighbours) for run in shared]
    levels = [run.found["levels"] * n for run, n in zip(shared, neighbours, strict=True)]
    return {
        "cg_exchanges": mean("cg", "sends", "cg iterations", levels),
        "cg_sums": mean("cg", "reductions", "cg iterations"),
        "cg_bytes_sent": mean("cg", "bytes sent", "cg iterations", surfaces),
        "setup_exchanges": mean("setup", "sends", "iterations", neighbours),
        "setup_sums": mean("setup", "reductions", "iterations"),
        "setup_bytes_sent": mean("setup", "bytes sent", "iterations", surfaces),
    }


def _surface(run: Run) -> float:
    """Unknowns that a rank shares with its neighbours: of two, those of the cut across the box; of
    more, as the model has it."""
    if run.ranks > 2:
        return share(run.points, run.ranks, Cluster()).surface
    width, height, _ = sorted(run.cells)
    return 3.0 * (2 * width + 1) * (2 * height + 1)


def _memory(runs: Sequence[Run]) -> dict[str, float]:
    memory = [run.found["memory"] for run in runs]
    program, point = (statistics.fmean(one[key] for one in memory) for key in ("program", "point"))
    points = [run.found["points of a rank"] for run in runs]
    grown = [one["peak"] - program - point * n for one, n in zip(memory, points, strict=True)]
    unknown, fixed = line([run.found["displacements of a rank"] for run in runs], grown)
    state = statistics.fmean(run.found["checkpoint"]["state size"] for run in runs)
    saved = [checkpoint_bytes(n, state) for n in points]
    copies = line(saved, [one["peak with checkpoint"] - one["peak"] for one in memory])[0]
    return {
        "program": program + fixed,
        "point_bytes": point,
        "unknown_bytes": unknown,
        "save_copies": copies,
        "state_size": state,
    }


def _files(result: dict[str, Any], runs: Sequence[Run]) -> dict[str, float]:
    of_runs = [run.found["checkpoint"] for run in runs]
    own = [one["bytes"] / run.ranks for one, run in zip(of_runs, runs, strict=True)]
    files = [files_to_restart(run.points, run.ranks, Cluster()) for run in runs]
    read = [size * number for size, number in zip(own, files, strict=True)]
    meshes = all_of(result, "read mesh")
    cells = [one["cells"] for one in meshes]
    return {
        "save": line(own, [one["write"] for one in of_runs])[0],
        "restart": line(read, [one["restart"] for one in of_runs])[0],
        "mesh_seconds": line(cells, [one["seconds"] for one in meshes])[0],
        "mesh_bytes": line(cells, [one["rank 0"] for one in meshes])[0],
    }
