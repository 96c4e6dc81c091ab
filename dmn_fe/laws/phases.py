"""Laws of the phases of an RVE, by name."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import MaterialLaw

__all__ = ["check_phase_laws", "laws_description", "laws_fingerprint"]


def check_phase_laws(names: Sequence[str], laws: Mapping[str, MaterialLaw]) -> None:
    """Raise ``InputError`` unless every phase has a law, and every law a phase."""
    for name in names:
        if name not in laws:
            raise InputError(f"phase {name!r} has no law; give one for each of {list(names)}.")
        if not isinstance(laws[name], MaterialLaw):
            raise InputError(
                f"phase {name!r}: {laws[name]!r} is no material law; give one, e.g. "
                "laws.Elastic.isotropic(young, poisson)."
            )
    for name in laws:
        if name not in names:
            raise InputError(f"there is a law for {name!r}, but the phases are {list(names)}.")


def laws_description(laws: Mapping[str, MaterialLaw]) -> dict[str, Any]:
    """Kind and parameters of each law as JSON values; of others than dataclasses their ``repr``."""
    return {name: _parameters(law) for name, law in laws.items()}


def laws_fingerprint(laws: Mapping[str, MaterialLaw]) -> str:
    """SHA-256 (hex) of the description of laws."""
    text = json.dumps(laws_description(laws), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _parameters(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.tolist()
    if dataclasses.is_dataclass(value):
        entries = {f.name: _parameters(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return [type(value).__name__, entries]
    return value if isinstance(value, int | float | str | bool | None) else repr(value)
