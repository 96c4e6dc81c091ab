"""Laws as JSON values: to know them again, and to make them again."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import MaterialLaw
from dmn_fe.laws.chaboche import Backstress, Chaboche
from dmn_fe.laws.crystal import CrystalPlasticity
from dmn_fe.laws.drucker_prager import DruckerPrager
from dmn_fe.laws.elastic import Elastic
from dmn_fe.laws.hardening import LinearHardening, PowerHardening, VoceHardening
from dmn_fe.laws.j2 import J2
from dmn_fe.laws.maxwell import Maxwell, MaxwellBranch
from dmn_fe.laws.norton import Norton
from dmn_fe.laws.perzyna import Perzyna
from dmn_fe.laws.thermal import ThermalExpansion
from dmn_fe.laws.void import Void

__all__ = ["laws_description", "laws_fingerprint", "laws_from_description"]

_KNOWN: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Backstress,
        Chaboche,
        CrystalPlasticity,
        DruckerPrager,
        Elastic,
        J2,
        LinearHardening,
        Maxwell,
        MaxwellBranch,
        Norton,
        Perzyna,
        PowerHardening,
        ThermalExpansion,
        VoceHardening,
        Void,
    )
}


def laws_description(laws: Mapping[str, MaterialLaw]) -> dict[str, Any]:
    """Kind and parameters of each law as JSON values.

    Of objects with a method ``fingerprint`` what it gives, of functions their names, and of others
    than dataclasses their ``repr``.
    """
    return {name: _parameters(law) for name, law in laws.items()}


def laws_fingerprint(laws: Mapping[str, MaterialLaw]) -> str:
    """SHA-256 (hex) of the description of laws."""
    text = json.dumps(laws_description(laws), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _parameters(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.tolist()
    if hasattr(value, "fingerprint"):
        return [type(value).__name__, value.fingerprint()]
    if isinstance(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    if dataclasses.is_dataclass(value):
        entries = {f.name: _parameters(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return [type(value).__name__, entries]
    if isinstance(value, tuple):
        return [_parameters(part) for part in value]
    return value if isinstance(value, int | float | str | bool | None) else repr(value)


def laws_from_description(description: Mapping[str, Any]) -> dict[str, MaterialLaw]:
    """The laws that :func:`laws_description` describes.

    Raises
    ------
    InputError
        If a law is none of this package, or its parameters are wrong.
    """
    for name, entry in description.items():
        if isinstance(entry, str):
            raise InputError(f"the law of {name!r} is {entry}; give the laws in Python.")
    return {name: _made(entry, name) for name, entry in description.items()}


def _made(value: Any, name: str) -> Any:
    if not isinstance(value, list):
        return value
    if not _is_part(value):
        if value and all(_is_part(part) for part in value):
            return tuple(_made(part, name) for part in value)
        return torch.tensor(value, dtype=torch.float64)
    kind, entries = value
    if kind not in _KNOWN:
        raise InputError(f"the law of {name!r} has a part {kind!r}; give the laws in Python.")
    try:
        return _KNOWN[kind](**{key: _made(entry, name) for key, entry in entries.items()})
    except TypeError as error:
        raise InputError(f"the law of {name!r} is described wrongly: {error}.") from error


def _is_part(value: Any) -> bool:
    """Whether a value describes an object: its kind and its parameters."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict)
