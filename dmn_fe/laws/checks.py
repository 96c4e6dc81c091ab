"""Checks of what a law is given: its parameters, and the time step."""

import math
from numbers import Real

from dmn_fe.errors import InputError

__all__ = ["check_time_step", "store_number"]


def store_number(
    law: object, name: str, *, at_least: float = -math.inf, above: float = -math.inf
) -> None:
    """Make the parameter ``name`` of a frozen dataclass a float: 30 is the same law as 30.0.

    Raises
    ------
    InputError
        Unless it is a finite number, no smaller than ``at_least`` and larger than ``above``.
    """
    who, given = type(law).__name__, getattr(law, name)
    if not isinstance(given, Real):
        raise InputError(f"{who}: {name} = {given!r} is not a number; give one.")
    value = float(given)
    if not math.isfinite(value):
        raise InputError(f"{who}: {name} = {value} must be finite.")
    if not value >= at_least:
        bound = ">= 0" if at_least == 0 else f"at least {at_least:g}"
        raise InputError(f"{who}: {name} = {value} must be {bound}.")
    if not value > above:
        bound = "zero" if above == 0 else f"{above:g}"
        raise InputError(f"{who}: {name} = {value} must be above {bound}.")
    object.__setattr__(law, name, value)


def check_time_step(law: object, dt: float) -> None:
    """Raise ``InputError`` unless ``dt`` is finite and not negative."""
    if not (math.isfinite(dt) and dt >= 0):
        raise InputError(f"{type(law).__name__}: dt = {dt} must be finite and >= 0.")
