"""What every nonlinear RVE solver offers: one macroscopic load step from a committed state.

The FFT solver on voxels and the finite element solver on meshes are the same kind of object to
whoever follows a loading path or calls an RVE at a quadrature point.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dmn_fe.collective import Communicator
from dmn_fe.laws import MaterialLaw

__all__ = ["MacroLoad", "NoSolution", "PhaseField", "RVEProblem", "RVEUpdate"]


class NoSolution(RuntimeError):
    """A linear system of an RVE could not be solved."""


class MacroLoad(NamedTuple):
    """Macroscopic load at the end of a step: each Mandel component by its strain or its stress.

    Attributes
    ----------
    strain, stress : Tensor ``[6]``
        Prescribed values (Mandel); those of the other kind are ignored.
    stress_driven : bool Tensor ``[6]``
        Where the stress is prescribed and the strain is unknown.
    """

    strain: Tensor
    stress: Tensor
    stress_driven: Tensor

    @classmethod
    def of_strain(cls, strain: Tensor) -> "MacroLoad":
        """All components by their strain ``[6]``."""
        return cls(strain, torch.zeros_like(strain), torch.zeros(6, dtype=torch.bool))


class PhaseField(NamedTuple):
    """Local values at the ``m`` points of a phase on this rank, voxels or quadrature points.

    Attributes
    ----------
    fraction : Tensor ``[m]``
        Share of each point in the volume of the RVE.
    strain, stress : Tensor ``[m, 6]``
        Mandel.
    """

    fraction: Tensor
    strain: Tensor
    stress: Tensor


class RVEUpdate:
    """Result of one step.

    Attributes
    ----------
    strain, stress : Tensor ``[6]``
        Macroscopic strain and stress at the end of the step (Mandel): volume averages.
    state : dict of str to Tensor
        New state; the caller commits it or throws it away.
    converged : bool
        If not, all other values mean nothing.
    iterations : int
        Newton iterations.
    linear_iterations : int
        Iterations of the linear solver in all of them.
    message : str
        Why it did not converge, for a person.
    phase_strain, phase_stress : Tensor ``[phases, 6]``
        Averages over each phase.
    phase_fields : dict of str to PhaseField
        Local values, by phase.
    tangent : Tensor ``[6, 6]``
        Consistent macroscopic tangent dσ/dε of this step, for all components by strain; computed
        when first asked for.
    """

    def __init__(
        self,
        strain: Tensor,
        stress: Tensor,
        state: dict[str, Tensor],
        phase_averages: Callable[[], tuple[Tensor, Tensor]],
        tangent: Callable[[], Tensor],
        phase_fields: Callable[[], dict[str, PhaseField]],
        converged: bool = True,
        iterations: int = 0,
        linear_iterations: int = 0,
        message: str = "",
    ):
        self.strain, self.stress, self.state = strain, stress, state
        self.converged, self.message = converged, message
        self.iterations, self.linear_iterations = iterations, linear_iterations
        self._phase_averages, self._tangent = phase_averages, tangent
        self._phase_fields = phase_fields

    @cached_property
    def _averages(self) -> tuple[Tensor, Tensor]:
        return self._phase_averages()

    @property
    def phase_strain(self) -> Tensor:
        """Average strain of each phase ``[phases, 6]``."""
        return self._averages[0]

    @property
    def phase_stress(self) -> Tensor:
        """Average stress of each phase ``[phases, 6]``."""
        return self._averages[1]

    @property
    def phase_fields(self) -> dict[str, PhaseField]:
        """Local values at the points of each phase."""
        return self._phase_fields()

    @cached_property
    def tangent(self) -> Tensor:
        """Consistent macroscopic tangent ``[6, 6]``."""
        return self._tangent()


class RVEProblem(Protocol):
    """An RVE with a law for each phase; it holds parameters only, the caller owns the state."""

    @property
    def comm(self) -> Communicator:
        """Ranks that share the RVE: on each of them all methods are called alike."""

    @property
    def tolerance(self) -> float:
        """Of the forces out of balance, relative to those of the stress."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the phases."""

    @property
    def has_orientations(self) -> bool:
        """Whether material axes differ from point to point of the RVE."""

    @property
    def laws(self) -> Mapping[str, MaterialLaw]:
        """Law of each phase by its name."""

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Volume fraction of each phase."""

    @property
    def fingerprint(self) -> str:
        """Changes with the RVE, its part on this rank, the laws and the accuracy: says whose a
        restart file is."""

    def initial_state(self) -> dict[str, Tensor]:
        """Virgin state; its tensors can be stored and given back in another run."""

    def solve(self, load: MacroLoad, state: dict[str, Tensor], dt: float = 0.0) -> RVEUpdate:
        """One step from a committed state to ``load``; never changes its arguments.

        Does not raise where Newton fails: the update says so, and the caller cuts the step.
        """
