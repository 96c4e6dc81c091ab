"""Isotropic hardening: the yield stress as a function of the equivalent plastic strain p."""

from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.checks import store_number
from dmn_fe.laws.kernel import Kernel

__all__ = ["Hardening", "LinearHardening", "PowerHardening", "VoceHardening", "check_hardening"]


class Hardening(Protocol):
    """Yield stress and its slope at equivalent plastic strains; concave and never softening."""

    def __call__(self, plastic_strain: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``σ_y(p)`` and ``dσ_y/dp``, both shaped as ``plastic_strain``."""


def check_hardening(law: object, hardening: object) -> None:
    """Raise ``InputError`` unless the hardening of a law can be called."""
    if not callable(hardening):
        raise InputError(
            f"{type(law).__name__}: hardening = {hardening!r} is no hardening law; give one, "
            "e.g. LinearHardening(yield_stress, modulus)."
        )


class _Checked:
    """Parameters must be finite and not negative, the yield stress above zero."""

    def __post_init__(self):
        for field in fields(self):  # type: ignore[arg-type]
            store_number(self, field.name, at_least=0)
        if not self.yield_stress > 0:  # type: ignore[attr-defined]
            raise InputError(f"{type(self).__name__}: yield_stress must be above zero.")


@dataclass(frozen=True)
class LinearHardening(_Checked):
    """``σ_y = yield_stress + modulus · p``; ``modulus = 0`` is perfect plasticity."""

    yield_stress: float
    modulus: float = 0.0

    def __call__(self, plastic_strain: Tensor) -> tuple[Tensor, Tensor]:
        slope = torch.full_like(plastic_strain, self.modulus)
        return self.yield_stress + self.modulus * plastic_strain, slope

    def kernel(self) -> Kernel:
        """The compiled twin."""
        return Kernel("LinearHardening", ("laws/hardening.hpp",), (self.yield_stress, self.modulus))


@dataclass(frozen=True)
class VoceHardening(_Checked):
    """``σ_y = yield_stress + modulus · p + saturation (1 − exp(−rate · p))``."""

    yield_stress: float
    saturation: float
    rate: float
    modulus: float = 0.0

    def __call__(self, plastic_strain: Tensor) -> tuple[Tensor, Tensor]:
        decay = torch.exp(-self.rate * plastic_strain)
        stress = self.yield_stress + self.modulus * plastic_strain + self.saturation * (1.0 - decay)
        return stress, self.modulus + self.saturation * self.rate * decay

    def kernel(self) -> Kernel:
        """The compiled twin."""
        parameters = (self.yield_stress, self.saturation, self.rate, self.modulus)
        return Kernel("VoceHardening", ("laws/hardening.hpp",), parameters)


@dataclass(frozen=True)
class PowerHardening(_Checked):
    """``σ_y = yield_stress (1 + p / reference_strain) ** exponent`` with ``exponent ≤ 1``."""

    yield_stress: float
    reference_strain: float
    exponent: float

    def __post_init__(self):
        super().__post_init__()
        if not self.reference_strain > 0:
            raise InputError("PowerHardening: reference_strain must be above zero.")
        if self.exponent > 1:
            raise InputError(f"PowerHardening: exponent = {self.exponent} must be at most 1.")

    def __call__(self, plastic_strain: Tensor) -> tuple[Tensor, Tensor]:
        base = 1.0 + plastic_strain / self.reference_strain
        stress = self.yield_stress * base**self.exponent
        return stress, self.exponent * stress / (base * self.reference_strain)

    def kernel(self) -> Kernel:
        """The compiled twin."""
        parameters = (self.yield_stress, self.reference_strain, self.exponent)
        return Kernel("PowerHardening", ("laws/hardening.hpp",), parameters)
