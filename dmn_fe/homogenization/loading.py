"""Macroscopic loading of an RVE over time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.rve_problem import MacroLoad

__all__ = ["Loading"]

_COMPONENTS = ("11", "22", "33", "23", "13", "12")


@dataclass(frozen=True, eq=False)
class Loading:
    """Prescribed strains or stresses, linear between points in time.

    Attributes
    ----------
    times : Tensor ``[n]``
        Rising; the first is the start and the others end the steps.
    strain, stress : Tensor ``[n, 6]``
        Prescribed values (Mandel), zero at the start, where the RVE is virgin; those of components
        of the other kind are ignored.
    stress_driven : bool Tensor ``[6]``
        Components whose stress is prescribed and whose strain is free.

    Raises
    ------
    InputError
        If shapes do not fit, a value is not finite, times do not rise, or the start is not zero.
    """

    times: Tensor
    strain: Tensor
    stress: Tensor
    stress_driven: Tensor

    def __post_init__(self):
        n = len(self.times)
        for name, shape, kind in (
            ("times", (n,), torch.float64),
            ("strain", (n, 6), torch.float64),
            ("stress", (n, 6), torch.float64),
            ("stress_driven", (6,), torch.bool),
        ):
            value = torch.as_tensor(getattr(self, name)).to(kind)
            if tuple(value.shape) != shape or not torch.isfinite(value).all():
                raise InputError(
                    f"the loading's {name} have the shape {list(value.shape)}: give finite values "
                    f"of shape {list(shape)}."
                )
            object.__setattr__(self, name, value)
        if n < 2 or not (self.times.diff() > 0).all():
            raise InputError("the times of a loading must rise, from a start to at least one end.")
        start = torch.where(self.stress_driven, self.stress[0], self.strain[0])
        if start.count_nonzero():
            raise InputError(
                f"the loading starts at {[float(f'{x:.4g}') for x in start]}, but a virgin RVE at "
                "zero: put a first point of zeros before it."
            )

    @classmethod
    def of_strain(cls, strain: Tensor, times: Tensor | None = None) -> "Loading":
        """All components by their strain ``[n, 6]``; times 0, 1, 2, … if none are given."""
        strain = torch.as_tensor(strain, dtype=torch.float64)
        if times is None:
            times = torch.arange(float(len(strain)))
        return cls(times, strain, torch.zeros_like(strain), torch.zeros(6, dtype=torch.bool))

    @classmethod
    def uniaxial_stress(
        cls, strains: Sequence[float] | Tensor, component: str = "11", times: Tensor | None = None
    ) -> "Loading":
        """One strain component ("11", …, "12") prescribed, all other stresses zero.

        ``strains`` are Mandel values, so that of a shear component is √2 times the tensor's.
        """
        if component not in _COMPONENTS:
            raise InputError(
                f"component {component!r} is unknown: give one of {', '.join(_COMPONENTS)}."
            )
        values = torch.as_tensor(strains, dtype=torch.float64)
        strain = torch.zeros(len(values), 6, dtype=torch.float64)
        strain[:, _COMPONENTS.index(component)] = values
        driven = torch.tensor([name != component for name in _COMPONENTS])
        if times is None:
            times = torch.arange(float(len(values)))
        return cls(times, strain, torch.zeros_like(strain), driven)

    def at(self, time: float) -> MacroLoad:
        """The load at a time between the first and the last."""
        after = int(torch.searchsorted(self.times, time).clamp(1, len(self.times) - 1))
        start, end = self.times[after - 1], self.times[after]
        share = (time - start) / (end - start)
        strain = torch.lerp(self.strain[after - 1], self.strain[after], share)
        stress = torch.lerp(self.stress[after - 1], self.stress[after], share)
        return MacroLoad(strain, stress, self.stress_driven)

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of all values."""
        values = (self.times, self.strain, self.stress, self.stress_driven.double())
        return hashlib.sha256(b"".join(v.numpy().tobytes() for v in values)).hexdigest()
