"""What acts on a part: supports, forces, and their factors over time."""

from dmn_fe.fem.conditions.amplitude import Amplitude
from dmn_fe.fem.conditions.forces import (
    BodyForce,
    Force,
    Pressure,
    Resultant,
    Traction,
    external_work,
)
from dmn_fe.fem.conditions.loads import Loads
from dmn_fe.fem.conditions.periodic import Periodic
from dmn_fe.fem.conditions.supports import (
    Support,
    check_agreement,
    displacement_field,
    prescribe,
)
from dmn_fe.fem.conditions.temperature import Temperature

__all__ = [
    "Amplitude",
    "BodyForce",
    "Force",
    "Loads",
    "Periodic",
    "Pressure",
    "Resultant",
    "Support",
    "Temperature",
    "Traction",
    "check_agreement",
    "displacement_field",
    "external_work",
    "prescribe",
]
