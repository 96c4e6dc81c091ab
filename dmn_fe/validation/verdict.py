"""Sentences about a network against full FE²."""

import numpy as np

from dmn_fe.assessment.markdown import percent
from dmn_fe.validation.comparison import Comparison
from dmn_fe.validation.record import RunRecord
from dmn_fe.validation.subject import NetworkResult, Subject

__all__ = ["LIMITS", "driven_error", "processor", "speed_up", "verdict"]

_GOOD, _FAIR = (0.01, 0.03), (0.03, 0.10)  # largest errors of reaction and of stress

LIMITS = (
    "*Good*: the reaction errs by less than 1 % and the stress (mean square over the volume) by "
    "less than 3 % at every step; *fair*: less than 3 % and 10 %; *not good*: more. Stresses "
    "inside the RVE are not judged."
)


def driven_error(comparison: Comparison, driven: list[tuple[int, int]]) -> np.ndarray:
    """Largest reaction error ``[k]`` of those that are prescribed."""
    return np.nanmax([comparison.reaction[:, s, c] for s, c in driven], axis=0)


def verdict(subject: Subject, one: NetworkResult) -> str:
    """Whether it is good, and how fast."""
    comparison = one.comparison
    assert comparison is not None
    reaction = driven_error(comparison, subject.driven)
    worst = (float(reaction.max()), float(comparison.stress.max()))
    word = "not good"
    for name, limits in (("fair", _FAIR), ("good", _GOOD)):
        if all(value < limit for value, limit in zip(worst, limits, strict=True)):
            word = name
    text = (
        f"{word}. The reaction errs by {percent(worst[0])} % at most, {percent(reaction.mean())} % "
        f"in the mean, the stress by {percent(worst[1])} % at most, "
        f"{percent(float(comparison.stress.mean()))} % in the mean"
    )
    speed = speed_up(subject, one, "seconds")
    text += f"; it was {_rounded(speed)} times as fast" if speed else ""
    steps, of_fe2 = len(comparison.times), len(subject.reference.times) - 1
    return text + (f" ({steps} of {of_fe2} steps compared)." if steps < of_fe2 else ".")


def _rounded(speed: float) -> str:
    """Two digits, and all of those before the point."""
    return f"{speed:.2g}" if speed < 10 else f"{speed:.0f}"


def processor(record: RunRecord) -> str:
    """Name of the processor of a run."""
    return str(record.facts.get("machine", {}).get("cpu"))


def speed_up(subject: Subject, one: NetworkResult, key: str) -> float | None:
    """Time of full FE² over that of the network; None if they did not go equally far, or not on as
    many ranks of a machine alike."""
    assert one.record is not None
    ours, theirs = one.record.facts, subject.reference.facts
    if not (one.record.finished and subject.reference.finished and ours[key] > 0):
        return None
    if ours["ranks"] != theirs["ranks"] or processor(one.record) != processor(subject.reference):
        return None
    return float(theirs[key] / ours[key])
