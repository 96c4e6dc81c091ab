"""Up to which strains a network was validated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.ensemble_law import EnsembleLaw
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws import MaterialLaw, Oriented, PlaneStress, ThermalExpansion
from dmn_fe.mandel import deviator, trace
from dmn_fe.network import Network

__all__ = ["YIELD_STRAIN", "StrainEnvelope", "least_yield_strain", "strain_envelope"]

#: Unit of an entry in the metadata whose strains are in yield strains, as of samples of random
#: materials; entries without a unit hold strains.
YIELD_STRAIN = "yield strain"


@dataclass(frozen=True)
class StrainEnvelope:
    """Largest strains that a network was validated for.

    Parameters
    ----------
    deviatoric : float
        Norm of the deviator ``|dev ε|`` (that of its Mandel vector).
    volumetric : float
        Absolute value of the trace ``|tr ε|``.
    """

    deviatoric: float
    volumetric: float

    def __post_init__(self):
        for name in ("deviatoric", "volumetric"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise InputError(
                    f"StrainEnvelope: {name} = {getattr(self, name)} must be finite and >= 0."
                )

    @classmethod
    def of(cls, strain: Tensor) -> "StrainEnvelope":
        """The smallest that holds strains ``[..., 6]`` (Mandel), of which there is one at least."""
        deviatoric = torch.linalg.vector_norm(deviator(strain), dim=-1)
        return cls(float(deviatoric.max()), float(trace(strain).abs().max()))

    @classmethod
    def smallest(cls, envelopes: "list[StrainEnvelope]") -> "StrainEnvelope":
        """The smallest of both parts."""
        return cls(
            min(one.deviatoric for one in envelopes), min(one.volumetric for one in envelopes)
        )

    @classmethod
    def from_metadata(
        cls, network: Network, laws: Mapping[str, MaterialLaw] | None = None
    ) -> "StrainEnvelope | None":
        """That which the metadata of a network tells; None if it is unknown.

        Parameters
        ----------
        network : Network
        laws : mapping of str to MaterialLaw, optional
            Of the phases. A network that learnt from random materials knows its envelope as a
            multiple of the yield strain: it is unknown without laws, and if none of them yields.
        """
        entry = network.metadata.get("strain_envelope")
        if entry is None:
            return None
        scale: float | None = 1.0
        if entry.get("unit") == YIELD_STRAIN:
            scale = least_yield_strain(laws or {})
        if scale is None:
            return None
        return cls(scale * entry["deviatoric"], scale * entry["volumetric"])

    def entry(self, unit: str | None = None) -> dict[str, Any]:
        """The entry of the metadata."""
        entry: dict[str, Any] = {"deviatoric": self.deviatoric, "volumetric": self.volumetric}
        return entry if unit is None else {**entry, "unit": unit}

    def ratio(self, strain: Tensor) -> Tensor:
        """How far strains ``[n, 6]`` (Mandel) go, ``[n]``: the larger of their two parts, relative
        to the largest validated ones.

        Above 1 they lie beyond the envelope. It is infinite for a part that no validation had, and
        zero for a strain that is not a number.
        """
        parts = (torch.linalg.vector_norm(deviator(strain), dim=-1), trace(strain).abs())
        limits = (self.deviatoric, self.volumetric)
        ratios = [
            torch.where(part > 0, part / limit, 0.0)
            for part, limit in zip(parts, limits, strict=True)
        ]
        return torch.maximum(*ratios)


def strain_envelope(law: MaterialLaw) -> StrainEnvelope | None:
    """The envelope of the network in a law, the smallest one of the members of an ensemble.

    Also of those in plane stress, in material axes of their own or with thermal expansion. None
    where there is no network, or none that tells.
    """
    if isinstance(law, PlaneStress | Oriented | ThermalExpansion):
        return strain_envelope(law.law)
    if isinstance(law, NetworkLaw):
        return StrainEnvelope.from_metadata(law.network, law.laws)
    if not isinstance(law, EnsembleLaw):
        return None
    members = [strain_envelope(member) for member in law.members]
    known = [one for one in members if one is not None]
    return StrainEnvelope.smallest(known) if known else None


def least_yield_strain(laws: Mapping[str, MaterialLaw]) -> float | None:
    """Smallest uniaxial yield strain (yield stress over Young's modulus) of laws that have
    ``hardening`` and ``young``; None if there are none."""
    found = []
    for law in laws.values():
        inner = law.law if isinstance(law, ThermalExpansion) else law
        hardening, young = getattr(inner, "hardening", None), getattr(inner, "young", None)
        if hardening is not None and young is not None:
            yield_stress, _ = hardening(torch.zeros(1, dtype=torch.float64))
            found.append(float(yield_stress) / young)
    return min(found, default=None)
