"""Material networks as constitutive laws in DOLFINx.

``import dmn_fe`` needs neither DOLFINx nor MPI nor a compiler; :mod:`dmn_fe.fem` needs DOLFINx.

The public names are loaded when first used: DOLFINx must be imported before torch in one process,
since the Fortran runtime in some torch wheels breaks MUMPS, and ``import dmn_fe.fem`` runs this
file first.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dmn_fe import evaluate, homogenization, laws, mandel, microstructure, network, training
    from dmn_fe.errors import InputError
    from dmn_fe.evaluate import NetworkLaw
    from dmn_fe.field_series import FieldSeries, read_series
    from dmn_fe.network import load, save
    from dmn_fe.training import train

_ORIGIN = {
    "FieldSeries": "dmn_fe.field_series",
    "InputError": "dmn_fe.errors",
    "NetworkLaw": "dmn_fe.evaluate",
    "load": "dmn_fe.network",
    "read_series": "dmn_fe.field_series",
    "save": "dmn_fe.network",
    "train": "dmn_fe.training",
}
_ROOMS = ("evaluate", "homogenization", "laws", "mandel", "microstructure", "network", "training")

__all__ = [
    "FieldSeries",
    "InputError",
    "NetworkLaw",
    "evaluate",
    "homogenization",
    "laws",
    "load",
    "mandel",
    "microstructure",
    "network",
    "read_series",
    "save",
    "train",
    "training",
]
__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> Any:
    if name in _ORIGIN:
        return getattr(importlib.import_module(_ORIGIN[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"dmn_fe.{name}")
    raise AttributeError(f"module 'dmn_fe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "fem"})
