"""Constitutive laws of the phases: parameters and a pure update, one file per family."""

from dmn_fe.laws.base import MaterialLaw, Status, Update, check_points
from dmn_fe.laws.elastic import Elastic
from dmn_fe.laws.hardening import LinearHardening, PowerHardening, VoceHardening
from dmn_fe.laws.j2 import J2

__all__ = [
    "J2",
    "Elastic",
    "LinearHardening",
    "MaterialLaw",
    "PowerHardening",
    "Status",
    "Update",
    "VoceHardening",
    "check_points",
]
