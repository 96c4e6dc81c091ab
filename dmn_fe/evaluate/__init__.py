"""Online evaluation: a trained network as a material law at many points."""

from dmn_fe.evaluate.network_law import NetworkLaw

__all__ = ["NetworkLaw"]
