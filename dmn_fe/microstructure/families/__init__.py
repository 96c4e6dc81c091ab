"""Families of synthetic periodic sections: what encoders and property networks learn from."""

from dmn_fe.microstructure.families.sections import (
    FAMILIES,
    UNSEEN_FAMILIES,
    synthetic_section,
)

__all__ = ["FAMILIES", "UNSEEN_FAMILIES", "synthetic_section"]
