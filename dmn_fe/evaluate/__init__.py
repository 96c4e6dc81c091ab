"""Online evaluation: a trained network as a material law at many points."""

from dmn_fe.evaluate.compiled_law import CompiledLaw
from dmn_fe.evaluate.ensemble_law import EnsembleLaw, EnsembleUpdate, network_law, spread_of
from dmn_fe.evaluate.fixed_point import FixedPointLaw
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.path_error import PathErrors, PathValidation, path_errors
from dmn_fe.evaluate.strain_path import StrainPathResponse, follow_strain_path

__all__ = [
    "CompiledLaw",
    "EnsembleLaw",
    "EnsembleUpdate",
    "FixedPointLaw",
    "NetworkLaw",
    "PathErrors",
    "PathValidation",
    "StrainPathResponse",
    "follow_strain_path",
    "network_law",
    "path_errors",
    "spread_of",
]
