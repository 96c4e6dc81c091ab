"""Reactions of networks and of full FE² in one picture."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from dmn_fe.validation.styles import FE2, add_legend, labelled, style
from dmn_fe.validation.subject import NetworkResult, Subject

__all__ = ["draw_reactions"]


def draw_reactions(figure: Figure, subject: Subject, results: Sequence[NetworkResult]) -> None:
    count = len(subject.driven)
    figure.set_size_inches(2.0 + 4.4 * count, 7.2)
    axes, below = figure.subplots(2, count, squeeze=False, height_ratios=(3, 2))
    for axis, (s, c) in zip(below, subject.driven, strict=True):
        _differences(axis, subject, results, s, c)
    length, force, _ = subject.units
    for axis, (s, c) in zip(axes, subject.driven, strict=True):
        for number, one in enumerate(results):
            record, look = one.record, style(number)
            assert record is not None
            axis.plot(record.motions[:, s, c], record.reactions[:, s, c], label=one.name, **look)
            if one.bar is not None:
                _band(axis, one, s, c, look["color"])
        reference = subject.reference
        axis.plot(reference.motions[:, s, c], reference.reactions[:, s, c], **FE2)
        axis.set(
            title=subject.surface(s, c),
            xlabel=labelled("mean displacement", length),
            ylabel=labelled("reaction", force),
        )
        axis.grid(alpha=0.3)
    add_legend(figure, axes[0])


def _band(axis, one: NetworkResult, surface: int, component: int, colour: str) -> None:
    """The error bar along a curve that may go back and forth."""
    assert one.bar is not None
    assert one.record is not None
    its = np.searchsorted(one.record.times, one.bar.times)
    x = one.record.motions[its, surface, component]
    y, half = (values[:, surface, component] for values in (one.bar.centre, one.bar.half))
    turns = (1 + np.flatnonzero(np.diff(np.sign(np.diff(x))))).tolist()
    for number, (start, end) in enumerate(pairwise([0, *turns, len(x) - 1])):  # type: ignore[misc]
        part = slice(start, end + 1)
        label = f"error bar of {one.name}" if number == 0 else None
        lower, upper = y[part] - half[part], y[part] + half[part]
        axis.fill_between(x[part], lower, upper, color=colour, alpha=0.25, lw=0, label=label)


def _differences(
    axis, subject: Subject, results: Sequence[NetworkResult], surface: int, component: int
) -> None:
    """Reactions less those of FE² over time, in percent of the largest."""
    reference = subject.reference
    wanted = reference.reactions[:, surface, component]
    percent = 100.0 / np.abs(wanted).max()
    for number, one in enumerate(results):
        record, look = one.record, style(number)
        assert record is not None
        times = record.times[np.isin(record.times, reference.times)]
        own, its = np.searchsorted(record.times, times), np.searchsorted(reference.times, times)
        error = percent * (record.reactions[own, surface, component] - wanted[its])
        axis.plot(times, error, **look)
        if one.bar is not None:
            both = np.isin(times, one.bar.times)
            half = one.bar.half[np.searchsorted(one.bar.times, times[both]), surface, component]
            low, high = error[both] - percent * half, error[both] + percent * half
            axis.fill_between(times[both], low, high, color=look["color"], alpha=0.25, lw=0)
    axis.axhline(0.0, color="black", lw=1.0)
    axis.set(xlabel="time", ylabel="reaction − that of FE² / %\nof the largest")
    axis.grid(alpha=0.3)
