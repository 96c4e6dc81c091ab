"""Online evaluation: a trained network as a material law at many points."""

from dmn_fe.evaluate.ensemble_law import EnsembleLaw, EnsembleUpdate, network_law
from dmn_fe.evaluate.network_law import NetworkLaw

__all__ = ["EnsembleLaw", "EnsembleUpdate", "NetworkLaw", "network_law"]
