"""The sections of the report on what the model predicts."""

from dataclasses import replace

from constants import Cluster, Measured
from cost_model import PARTS, first_setup, iteration, unknowns
from limits import INT32, fewest_ranks_of_integers, limits, nonzeros
from prediction import (
    FEWEST_POINTS,
    POINTS,
    RANKS,
    efficiency,
    fewest_ranks,
    messages_sentence,
    predict,
    sentence,
)
from units import large, percent, power, seconds_text, size_text

from dmn_fe.assessment.markdown import table

__all__ = ["code_section", "integers_section", "predicted_section", "summary"]

LARGE = 1e8, 4096  # what the report is about
ITERATIONS = 500  # of a run: 100 load steps of five


def summary(measured: Measured, cluster: Cluster) -> list[str]:
    """The first paragraph: the bottleneck, in words."""
    points, ranks = LARGE
    elastic = iteration(points, ranks, measured, cluster, yielding=False)["laws"]
    yielding = iteration(points, ranks, measured, cluster)["laws"]
    matter = [one for one in limits(points, ranks, measured, cluster) if one.verdict == "yes"]
    return [
        f"**{sentence(points, ranks, measured, cluster)}**",
        "",
        f"The networks take {seconds_text(yielding)} of it where most points yield, and "
        f"{seconds_text(elastic)} in an elastic step. "
        + messages_sentence(POINTS[1:], measured, cluster)
        + " Outside of the iterations these do not scale: "
        + "; ".join(one.what for one in matter)
        + " ([what they take](#what-in-our-code-does-not-scale)).",
        "",
    ]


def predicted_section(measured: Measured, cluster: Cluster) -> list[str]:
    """Tables of time, memory and checkpoints."""
    rows, files = [], []
    for row in predict(measured, cluster):
        size = [power(row.points), str(row.ranks)]
        times = [seconds_text(row.parts[name]) for name in PARTS]
        hours = ITERATIONS * row.seconds * row.ranks / 3600.0
        rows.append(
            [
                *size,
                *times,
                f"**{seconds_text(row.seconds)}**",
                percent(row.efficiency) if row.ranks >= cluster.ranks_per_node else "–",
                str(row.bottleneck),
            ]
        )
        on_node = min(row.ranks, cluster.ranks_per_node)
        node = size_text(on_node * row.memory_saving) + ("" if row.fits else " (**does not fit**)")
        saved = row.checkpoint
        files.append(
            [
                *size,
                size_text(row.memory),
                size_text(row.memory_saving),
                node,
                str(saved.files),
                size_text(saved.bytes),
                seconds_text(saved.write),
                seconds_text(saved.restart.seconds),
                f"{hours:.1f}" if hours < 100.0 else f"{hours:.0f}",
            ]
        )
    fewest = [
        f"{power(points)} points: {fewest_ranks(points, measured, cluster)}" for points in POINTS
    ]
    first = first_setup(*LARGE, measured, cluster)
    return [
        "## Predicted",
        "",
        f"On {cluster.name}: one Newton iteration in which most points yield. Efficiency is over "
        "one full node, whether its memory is large enough or not; it is more than 100 % where "
        "matrices come to fit the caches.",
        "",
        *table(["points", "ranks", *PARTS, "iteration", "efficiency", "bottleneck"], rows),
        "",
        _without_caches(measured, cluster),
        "",
        f"The first set-up of multigrid, once in a run, takes {seconds_text(first)} at "
        f"{power(LARGE[0])} points on {LARGE[1]} ranks.",
        "",
        "![predicted](predicted.png)",
        "",
        f"Memory, checkpoints, and the core hours of {ITERATIONS} iterations. A rank needs most "
        "while it writes a checkpoint.",
        "",
        *table(
            [
                "points",
                "ranks",
                "a rank",
                "writing",
                "a node",
                "files",
                "checkpoint",
                "to write",
                "to restart",
                "core hours",
            ],
            files,
        ),
        "",
        f"Fewest ranks by memory (powers of two): {', '.join(fewest)}.",
        "",
    ]


def _without_caches(measured: Measured, cluster: Cluster) -> str:
    """The efficiencies again, if caches keep nothing."""
    bare = replace(cluster, cache=0.0)
    found = []
    for points in POINTS[1:]:
        ranks = max(n for n in RANKS if points / n >= FEWEST_POINTS)
        share = percent(efficiency(points, ranks, measured, bare))
        found.append(f"{share} for {power(points)} points on {ranks} ranks")
    return f"If caches kept nothing, the efficiency would be {', '.join(found)}."


def code_section(measured: Measured, cluster: Cluster) -> list[str]:
    """What does not scale, and what it takes."""
    points, ranks = LARGE
    rows = [
        [one.what, f"`{one.where}`", one.estimate, one.verdict, one.instead]
        for one in limits(points, ranks, measured, cluster)
    ]
    return [
        "## What in our code does not scale",
        "",
        f"Found by reading `dmn_fe`; estimates for {power(points)} points on {ranks} ranks.",
        "",
        *table(["what", "where", "takes", "matters", "meanwhile"], rows),
        "",
    ]


def integers_section(cluster: Cluster) -> list[str]:
    """Whether 32-bit indices of PETSc are enough."""
    points = POINTS[-1]
    most = INT32 * points / unknowns(points)
    return [
        "## 32-bit integers",
        "",
        "Debian's and most other builds of PETSc number unknowns by 32-bit integers, up to "
        f"{INT32}. {power(points)} points have {large(unknowns(points))} unknowns; it is enough up "
        f"to about {large(most)} points. The {large(nonzeros(points))} entries of their matrix are "
        "more, but integers count only those of one rank, as they do the 36 components of the "
        f"tangent at each point: that takes {fewest_ranks_of_integers(points, cluster)} ranks or "
        "more. DOLFINx numbers cells and unknowns of all ranks by 64 bits.",
        "",
    ]
