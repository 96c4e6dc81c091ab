"""What a simulation leaves behind and tells: outputs to plug into a ``Simulation``."""

from dmn_fe.fem.output.cell_averages import CellAverages
from dmn_fe.fem.output.envelope import EnvelopeWatch, envelope_of
from dmn_fe.fem.output.fields import Fields
from dmn_fe.fem.output.phases import PhaseAverages
from dmn_fe.fem.output.point_cloud import PointCloud
from dmn_fe.fem.output.probes import Probes
from dmn_fe.fem.output.progress import Progress
from dmn_fe.fem.output.quantities import QUANTITIES, Quantity, quantity
from dmn_fe.fem.output.strain_paths import KeptNetwork, StrainPaths, group_numbers
from dmn_fe.fem.output.summary import Summary
from dmn_fe.fem.output.switching import SwitchingTable
from dmn_fe.fem.output.tables import Reactions, Table
from dmn_fe.fem.output.von_mises import von_mises_field

__all__ = [
    "QUANTITIES",
    "CellAverages",
    "EnvelopeWatch",
    "Fields",
    "KeptNetwork",
    "PhaseAverages",
    "PointCloud",
    "Probes",
    "Progress",
    "Quantity",
    "Reactions",
    "StrainPaths",
    "Summary",
    "SwitchingTable",
    "Table",
    "envelope_of",
    "group_numbers",
    "quantity",
    "von_mises_field",
]
