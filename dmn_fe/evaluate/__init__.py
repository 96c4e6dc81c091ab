"""Online evaluation: a trained network as a material law at many points."""

from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.path_error import PathErrors, path_errors
from dmn_fe.evaluate.strain_path import StrainPathResponse, follow_strain_path

__all__ = [
    "NetworkLaw",
    "PathErrors",
    "StrainPathResponse",
    "follow_strain_path",
    "path_errors",
]
