"""Online evaluation: a trained network as a material law at many points."""

from dmn_fe.evaluate.compiled_law import CompiledLaw
from dmn_fe.evaluate.ensemble_law import EnsembleLaw, EnsembleUpdate, network_law, spread_of
from dmn_fe.evaluate.fixed_point import FixedPointLaw
from dmn_fe.evaluate.leaf_averages import PhaseAverage
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.path_error import PathErrors, PathValidation, path_errors
from dmn_fe.evaluate.phase_averages import phase_averages
from dmn_fe.evaluate.strain_envelope import StrainEnvelope, strain_envelope
from dmn_fe.evaluate.strain_path import StrainPathResponse, follow_strain_path

__all__ = [
    "CompiledLaw",
    "EnsembleLaw",
    "EnsembleUpdate",
    "FixedPointLaw",
    "NetworkLaw",
    "PathErrors",
    "PathValidation",
    "PhaseAverage",
    "StrainEnvelope",
    "StrainPathResponse",
    "follow_strain_path",
    "network_law",
    "path_errors",
    "phase_averages",
    "spread_of",
    "strain_envelope",
]
