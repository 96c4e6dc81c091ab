"""What a simulation leaves behind and tells: outputs to plug into a ``Simulation``."""

from dmn_fe.fem.output.cell_averages import CellAverages
from dmn_fe.fem.output.envelope import EnvelopeWatch, envelope_of
from dmn_fe.fem.output.fields import Fields
from dmn_fe.fem.output.phases import PhaseAverages
from dmn_fe.fem.output.point_cloud import PointCloud
from dmn_fe.fem.output.probes import Probes
from dmn_fe.fem.output.progress import Progress
from dmn_fe.fem.output.quantities import QUANTITIES, Quantity, quantity
from dmn_fe.fem.output.tables import Reactions, Table
from dmn_fe.fem.output.von_mises import von_mises_field

__all__ = [
    "QUANTITIES",
    "CellAverages",
    "EnvelopeWatch",
    "Fields",
    "PhaseAverages",
    "PointCloud",
    "Probes",
    "Progress",
    "Quantity",
    "Reactions",
    "Table",
    "envelope_of",
    "quantity",
    "von_mises_field",
]
