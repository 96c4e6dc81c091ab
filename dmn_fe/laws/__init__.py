"""Constitutive laws of the phases: parameters and a pure update, one file per family."""

from dmn_fe.laws.base import (
    MaterialLaw,
    Status,
    Update,
    check_points,
    stress_error,
    takes_temperature,
)
from dmn_fe.laws.batched import Batched
from dmn_fe.laws.chaboche import Backstress, Chaboche
from dmn_fe.laws.crystal import CrystalPlasticity
from dmn_fe.laws.description import laws_description, laws_fingerprint, laws_from_description
from dmn_fe.laws.drucker_prager import DruckerPrager
from dmn_fe.laws.elastic import Elastic
from dmn_fe.laws.hardening import LinearHardening, PowerHardening, VoceHardening
from dmn_fe.laws.j2 import J2
from dmn_fe.laws.maxwell import Maxwell, MaxwellBranch
from dmn_fe.laws.norton import Norton
from dmn_fe.laws.oriented import Oriented
from dmn_fe.laws.perzyna import Perzyna
from dmn_fe.laws.phases import check_phase_laws, refuse_voids
from dmn_fe.laws.plane_stress import PlaneStress, PlaneStressUpdate
from dmn_fe.laws.thermal import ThermalExpansion
from dmn_fe.laws.void import Void

__all__ = [
    "J2",
    "Backstress",
    "Batched",
    "Chaboche",
    "CrystalPlasticity",
    "DruckerPrager",
    "Elastic",
    "LinearHardening",
    "MaterialLaw",
    "Maxwell",
    "MaxwellBranch",
    "Norton",
    "Oriented",
    "Perzyna",
    "PlaneStress",
    "PlaneStressUpdate",
    "PowerHardening",
    "Status",
    "ThermalExpansion",
    "Update",
    "VoceHardening",
    "Void",
    "check_phase_laws",
    "check_points",
    "laws_description",
    "laws_fingerprint",
    "laws_from_description",
    "refuse_voids",
    "stress_error",
    "takes_temperature",
]
