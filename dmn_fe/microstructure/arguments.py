"""Checks of what the generators of RVEs are given."""

from numbers import Integral

from dmn_fe.errors import InputError

__all__ = ["check_counts", "check_fraction", "check_gap", "check_positive", "check_seed"]


def check_counts(**values: int) -> None:
    """Raise ``InputError`` unless every value is a whole number above zero."""
    for name, value in values.items():
        if not (isinstance(value, Integral) and value >= 1):
            raise InputError(f"{name} = {value} must be a positive whole number")


def check_positive(**values: float) -> None:
    """Raise ``InputError`` unless every value is a finite number above zero."""
    for name, value in values.items():
        if not 0.0 < value < float("inf"):
            raise InputError(f"{name} = {value} must be a number above zero")


def check_seed(seed: int) -> None:
    """Raise ``InputError`` unless the seed is a whole number from zero on."""
    if not (isinstance(seed, Integral) and seed >= 0):
        raise InputError(f"seed = {seed} must be a whole number, zero or above")


def check_fraction(volume_fraction: float) -> None:
    """Raise ``InputError`` unless the fraction lies between 0 and 1."""
    if not 0.0 < volume_fraction < 1.0:
        raise InputError(f"volume_fraction = {volume_fraction} must lie between 0 and 1")


def check_gap(gap: float, edge: int) -> None:
    """Raise ``InputError`` unless the gap (voxels) is not negative and less than the edge."""
    if not 0.0 <= gap < edge:
        raise InputError(f"gap = {gap} voxels must not be negative and be less than the edge")
