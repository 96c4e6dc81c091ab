"""The pictures of a validation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dmn_fe.files import written_whole
from dmn_fe.validation.comparison import matched
from dmn_fe.validation.reaction_picture import draw_reactions
from dmn_fe.validation.stress_map import draw_stress_map
from dmn_fe.validation.styles import FE2, add_legend, labelled, style
from dmn_fe.validation.subject import NetworkResult, Subject
from dmn_fe.validation.verdict import driven_error

__all__ = ["draw_all"]

_TENSOR = np.array([1.0, 1.0, 1.0, *3 * [np.sqrt(0.5)]])  # of Mandel components
_NAMES = ("11", "22", "33", "23", "13", "12")


def draw_all(subject: Subject, results: Sequence[NetworkResult], folder: Path) -> dict[str, str]:
    """Draw all pictures; returns their captions by the names of the files."""
    drawn = {
        "reactions.png": (
            draw_reactions,
            "Reaction over displacement, and how far it is from FE²; bands are the error bars.",
        ),
        "errors.png": (_errors, "Errors over time."),
        "points.png": (_points, "Stress over strain at the chosen points, each run its own."),
        "map.png": (draw_stress_map, "Stress error at the last step, by cells."),
    }
    if subject.reference.local:
        drawn["local.png"] = (
            _local,
            "Share of a phase's volume whose von Mises stress is no larger, at the last step.",
        )
    for name, (draw, _) in drawn.items():
        figure = Figure(layout="constrained")
        draw(figure, subject, results)
        with written_whole(folder / name) as partial:
            figure.savefig(partial, dpi=150, format="png")
    return {name: caption for name, (_, caption) in drawn.items()}


def _errors(figure: Figure, subject: Subject, results: Sequence[NetworkResult]) -> None:
    figure.set_size_inches(11.0, 3.8)
    axes = figure.subplots(1, 3)
    titles = ("reaction", "displacement", "stress (mean square)")
    for number, one in enumerate(results):
        comparison = one.comparison
        assert comparison is not None
        curves = (
            driven_error(comparison, subject.driven),
            comparison.displacement,
            comparison.stress,
        )
        for axis, values in zip(axes, curves, strict=True):
            times = comparison.times
            axis.plot(times, 100.0 * values, marker=".", label=one.name, **style(number))
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title, xlabel="time", ylabel="error / % of the largest value")
        axis.set_ylim(0.0, None)
        axis.grid(alpha=0.3)
    add_legend(figure, axes[0])


def _points(figure: Figure, subject: Subject, results: Sequence[NetworkResult]) -> None:
    count = len(subject.points)
    figure.set_size_inches(0.6 + 4.2 * count, 4.2)
    axes = figure.subplots(1, count, squeeze=False)[0]
    reference = subject.reference
    for axis, (name, point) in zip(axes, subject.points.items(), strict=True):
        strain = reference.strain[:, point] * _TENSOR
        c = int(np.ptp(strain, axis=0).argmax())
        for number, one in enumerate(results):
            record = one.record
            assert record is not None
            at = matched(record.points, reference.points, "quadrature points")[point]
            x, y = (values[:, at, c] * _TENSOR[c] for values in (record.strain, record.stress))
            axis.plot(100.0 * x, y, label=one.name, **style(number))
        axis.plot(100.0 * strain[:, c], reference.stress[:, point, c] * _TENSOR[c], **FE2)
        axis.set(
            title=name,
            xlabel=f"strain {_NAMES[c]} / %",
            ylabel=labelled(f"stress {_NAMES[c]}", subject.units[2]),
        )
        axis.grid(alpha=0.3)
    add_legend(figure, axes[0])


def _local(figure: Figure, subject: Subject, results: Sequence[NetworkResult]) -> None:
    local = {
        name: subject.reference.local[point]
        for name, point in subject.points.items()
        if point in subject.reference.local
    }
    phases = list(next(iter(local.values())).von_mises)
    figure.set_size_inches(0.6 + 4.2 * len(local), 0.8 + 3.0 * len(phases))
    axes = figure.subplots(len(phases), len(local), squeeze=False)
    for row, phase in zip(axes, phases, strict=True):
        for axis, (name, of_fe2) in zip(row, local.items(), strict=True):
            share = 100.0 * of_fe2.shares
            axis.plot(of_fe2.von_mises[phase], share, color="black", lw=2.4, alpha=0.6, label="FE²")
            for number, one in enumerate(results):
                found = one.local.get(subject.points[name])
                if found is not None:
                    values = found.von_mises[phase]
                    axis.plot(
                        values, share, drawstyle="steps-post", label=one.name, **style(number)
                    )
            # A few corners of the RVE would take most of the axis.
            limits = of_fe2.von_mises[phase][[0, -3]]
            room = 0.08 * max(float(np.ptp(limits)), 0.02 * float(limits.max()))
            axis.set(
                title=f"{name}, {phase}",
                xlabel=labelled("von Mises stress", subject.units[2]),
                ylabel="share of the phase / %",
                xlim=(limits[0] - room, limits[1] + room),
            )
            axis.grid(alpha=0.3)
    add_legend(figure, axes[0, 0])
