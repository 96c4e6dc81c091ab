"""Whether the error bars of ensembles cover full FE²."""

from collections.abc import Sequence

import numpy as np

from dmn_fe.assessment.markdown import percent, table
from dmn_fe.validation.subject import NetworkResult, Subject
from dmn_fe.validation.verdict import driven_error

__all__ = ["error_bars"]

_COVERED = 0.9  # share of steps that makes an error bar reliable


def error_bars(subject: Subject, results: Sequence[NetworkResult]) -> str:
    """Table of the error bars of ensembles, and whether they may be relied on."""
    rows = []
    for one in results:
        if one.bar is None:
            continue
        assert one.comparison is not None
        for surface, component in subject.driven:
            inside, steps = one.bar.covered(subject.reference, surface, component)
            half = one.bar.half[:, surface, component]
            largest = np.abs(subject.reference.reactions[:, surface, component]).max()
            error = driven_error(one.comparison, [(surface, component)])
            rows.append(
                [
                    f"{one.name}: {subject.surface(surface, component)}",
                    f"{inside} of {steps}",
                    percent(half[1:].mean() / largest),
                    percent(error.mean()),
                    percent(one.comparison.covered),
                ]
            )
    if not rows:
        return "None of the networks is an ensemble whose members have been run alone."
    counts = [
        one.bar.covered(subject.reference, *pair)
        for one in results
        if one.bar is not None
        for pair in subject.driven
    ]
    share = sum(inside for inside, _ in counts) / max(1, sum(steps for _, steps in counts))
    said = f"The bars of the reactions cover FE² at {percent(share)} % of the steps"
    said += (
        ": they may be relied on."
        if share >= _COVERED
        else " only: take the bar for an order of magnitude."
    )
    header = ["reaction", "steps covered", "bar %, mean", "error %, mean", "points covered %"]
    text = (
        "The error bar of a reaction is two standard deviations of the runs with each member alone "
        "(*steps covered*: FE² lies within it); that of a stress two spreads of the members at the "
        "point (*points covered*: share of points and steps where ‖σ − σ_FE²‖ is less)."
    )
    for one in results:
        if one.bar is None:
            continue
        text += f" {_shared(one)}"
    return "\n".join([text, "", *table(header, rows), "", said])


def _shared(one: NetworkResult) -> str:
    """What the bars of an ensemble hold of the error that its members share."""
    if one.shared_error is None:
        return (
            f"The file of {one.name} does not tell the error that its members share (one that has "
            "learnt from nonlinear samples does), so that the bars hold their differences alone."
        )
    return (
        f"Added to both, as the root of the sum of squares, is the error of the mean of {one.name} "
        f"on samples of the RVE that no member has learnt from, {percent(one.shared_error)} %, "
        "times the largest force or stress so far: the members share an error that their "
        "differences do not show."
    )
