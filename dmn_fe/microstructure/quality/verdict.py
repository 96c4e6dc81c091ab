"""The verdict: pass, warn or fail, and the one sentence that says why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.quality.figures import Figures

__all__ = ["RULES", "Verdict", "verdict"]

# The floor is rough: some of an original's equals miss it by one judge or another, and warn.
RULES = (
    "*Pass*: every result is within the noise floor by every judge, and its lineal path is at most "
    "half as far from the original as that of a Gaussian field, or of white noise where such a "
    "field is within the floor too. *Fail*: a judge finds a result outside the floor and more than "
    "half as far as the Gaussian field; where that is within the floor, half as far as white "
    "noise; where that is too, farther than twice the floor. *Warn*: what is neither; a lineal "
    "path that cannot tell white noise from the original; a phase that percolates where the "
    "original never does, or does not where it always does."
)


@dataclass(frozen=True)
class Verdict:
    """What becomes of the results.

    Parameters
    ----------
    word : "pass", "warn" or "fail"
        The worst of all results counts.
    sentence : str
        The judge that decided, and its figures.
    """

    word: Literal["pass", "warn", "fail"]
    sentence: str


def verdict(figures: Sequence[Figures], percolation: Sequence[Finding]) -> Verdict:
    """Judge by the rules that ``RULES`` tells."""
    outside = [one for one in figures if not one.within]
    failed = [one for one in outside if one.worst > one.limit]
    if failed:
        worst = _farthest(failed)
        beyond = f"half as far as {worst.yardstick}" if worst.yardstick else "twice that"
        return Verdict(
            "fail",
            f"{_named(worst)} is outside the noise floor and more than {beyond}: {_shown(worst)}.",
        )
    if outside:
        worst = _farthest(outside)
        return Verdict("warn", f"{_named(worst)} is outside the noise floor: {_shown(worst)}.")
    if percolation:
        return Verdict("warn", f"{percolation[0].sentence}.")
    paths = [one for one in figures if one.judge == "lineal path"]
    blind = [one for one in paths if not one.sees_noise]
    if blind:
        worst = _farthest(blind)
        return Verdict(
            "warn",
            f"every judge finds less than the noise floor, but {_named(worst)} cannot even tell "
            f"white noise from the original: {_shown(worst)}; a larger original can tell more.",
        )
    doubtful = [one for one in paths if one.worst > one.limit]
    if doubtful:
        worst = _farthest(doubtful)
        return Verdict(
            "warn",
            f"{_named(worst)} is within the noise floor but more than half as far as "
            f"{worst.yardstick}: {_shown(worst)}; a larger original can tell more.",
        )
    worst = _farthest(figures)
    return Verdict(
        "pass",
        f"every judge finds less than the noise floor; nearest to it is {_named(worst)}: "
        f"{_shown(worst)}.",
    )


def _farthest(figures: Sequence[Figures]) -> Figures:
    return max(figures, key=lambda one: one.ratio)


def _named(one: Figures) -> str:
    place = f" {one.view}" if one.view else ""
    return f"the {one.judge} of phase {one.phase!r}{place}"


def _shown(one: Figures) -> str:
    return (
        f"{one.worst:.2g}, floor {one.floor_worst:.2g}, Gaussian field {one.gaussian:.2g}, white "
        f"noise {one.white_noise:.2g}"
    )
