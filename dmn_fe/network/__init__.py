"""Material networks: the tree of laminates, its parametrisations and its exported file."""

from dmn_fe.network.compression import compress
from dmn_fe.network.ensemble import Ensemble
from dmn_fe.network.family import NetworkFamily
from dmn_fe.network.file import load, save
from dmn_fe.network.interpolation import interpolate, with_volume_fractions
from dmn_fe.network.network import Network

__all__ = [
    "Ensemble",
    "Network",
    "NetworkFamily",
    "compress",
    "interpolate",
    "load",
    "save",
    "with_volume_fractions",
]
