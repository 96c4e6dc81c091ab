"""Families of synthetic periodic sections: what encoders and property networks learn from."""

from dmn_fe.microstructure.families.sections import (
    FAMILIES,
    THREE_PHASE_FAMILIES,
    UNSEEN_FAMILIES,
    synthetic_section,
)

__all__ = ["FAMILIES", "THREE_PHASE_FAMILIES", "UNSEEN_FAMILIES", "synthetic_section"]
