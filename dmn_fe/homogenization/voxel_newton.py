"""Newton's method with conjugate gradients for one step of a voxel RVE.

The balance of forces on the nodes and, where a stress is prescribed, of the macroscopic stress.
A step begins with the linear prediction from the committed state: a macroscopic strain spread
uniformly would load stiff phases far beyond what they take in equilibrium.
"""

import math

import torch
from torch import Tensor

from dmn_fe.homogenization.conjugate_gradients import Balance, NotConverged, conjugate_gradients
from dmn_fe.homogenization.kinematics import Strain
from dmn_fe.homogenization.mixed_control import MixedMedium, MixedStrain
from dmn_fe.homogenization.moduli import FieldModuli
from dmn_fe.homogenization.rve_problem import MacroLoad
from dmn_fe.homogenization.stopping import ResidualReduction
from dmn_fe.homogenization.voxel_laws import VoxelLaws

__all__ = ["VoxelStep"]

_LOOSEST = 0.01  # residual reduction of the linear solver far from the solution
# Of the linear systems: a correction needs few digits, the residual and the stress have all.
_INNER = torch.float32
_SMALLEST_STEP = 1.0 / 16.0  # of the line search
# Stresses below this part of the largest in the step are round-off: a step may unload to nothing.
_UNLOADED = 1e-3


class VoxelStep:
    """The unknowns of one step while Newton's method runs.

    Parameters
    ----------
    strain : Strain
    laws : VoxelLaws
    load : MacroLoad
        What is prescribed at the end of the step.
    state : dict of str to Tensor
        Committed state of the RVE.
    dt : float

    Attributes
    ----------
    macroscopic : Tensor ``[6]``
    displacement : Tensor ``[3, nx, ny, nz]``
        Fluctuation.
    strain : Tensor ``[6, nx, ny, nz]``
    local : VoxelStress
        What the laws answer.
    iterations, linear_iterations : int
    """

    def __init__(
        self,
        strain: Strain,
        laws: VoxelLaws,
        load: MacroLoad,
        state: dict[str, Tensor],
        dt: float,
    ):
        self._fluctuation, self._laws, self._dt = strain, laws, dt
        self._voxels = math.prod(strain.scheme.shape)
        driven = load.stress_driven
        self._kinematics = MixedStrain(strain, driven)
        self._jump = torch.where(driven, 0.0, load.strain - state["strain"])
        self._target = torch.where(driven, load.stress, 0.0) * self._voxels
        self._committed = {name: state[f"phase {name}"] for name in laws.laws}
        self.macroscopic, self.displacement = state["strain"], state["displacement"]
        self.strain = strain.apply(self.displacement) + _everywhere(self.macroscopic)
        self.local = laws.integrate(self.strain, self._committed, dt)
        self.iterations = self.linear_iterations = 0

    def run(self, tolerance: float, max_iterations: int, max_linear_iterations: int) -> str:
        """Iterate; give the reason if it failed."""
        if self.local.failed:
            return self.local.failed
        relative, largest = 1.0, 0.0
        while self.iterations < max_iterations:
            tangent = self.local.tangent()
            reference = self._laws.mean_tangent(tangent)
            medium = MixedMedium(self._kinematics, self._fluctuation, reference).to(_INNER)
            largest = max(largest, self._scale(reference))
            if self.iterations == 0 and not self._jump.any():  # perhaps nothing changes
                relative = self._relative(medium, reference, largest)
                if relative <= tolerance:
                    return ""
            self.iterations += 1
            moduli = FieldModuli(tangent.to(_INNER))
            predicted = self.local.stress
            if self.iterations == 1:
                jump = _everywhere(self._jump).expand_as(self.strain)
                predicted = predicted + FieldModuli(tangent).multiply(jump[None, None])[0, 0]
            residual = self._residual(predicted)
            # Superlinear, and not further than the tolerance needs.
            reduction = max(min(_LOOSEST, relative), 0.3 * tolerance / relative)
            try:
                correction, counts, _ = conjugate_gradients(
                    Balance(self._kinematics, moduli, medium),
                    residual[None, None].to(_INNER),
                    ResidualReduction(),
                    reduction,
                    max_linear_iterations,
                )
            except NotConverged as error:
                return str(error)
            self.linear_iterations += int(counts)
            correction = correction.to(residual)
            if self.iterations == 1:
                self._move(correction[0, 0], 1.0, self._jump)
                accepted = True
            else:
                accepted = self._search(correction[0, 0], medium, residual)
            if self.local.failed:
                return self.local.failed
            relative = self._relative(medium, reference, largest)
            if relative <= tolerance:
                return ""
            if not accepted:
                return f"no step along Newton's direction lowers the residual of {relative:.1e}"
        return (
            f"Newton's method did not converge in {self.iterations} iterations: the residual is "
            f"{relative:.1e} against a tolerance of {tolerance:.1e}"
        )

    def _search(self, correction: Tensor, medium: MixedMedium, residual: Tensor) -> bool:
        """Move along the correction until the residual falls; whether it did."""
        start = (self.macroscopic, self.displacement, self.strain)
        before, factor = self._size(residual, medium), 1.0
        while True:
            self._move(correction, factor)
            if not self.local.failed:
                after = self._size(self._residual(self.local.stress), medium)
                if after < before:
                    return True
            if factor <= _SMALLEST_STEP:
                return False
            factor /= 2.0
            self.macroscopic, self.displacement, self.strain = start

    def _move(self, correction: Tensor, factor: float, jump: Tensor | None = None) -> None:
        """Add a multiple of a correction, and a jump of the macroscopic strain."""
        nodal, macroscopic = self._kinematics.split(correction)
        macroscopic = factor * macroscopic if jump is None else factor * macroscopic + jump
        self.displacement = self.displacement + factor * nodal
        self.macroscopic = self.macroscopic + macroscopic
        fluctuation = self._fluctuation.apply(nodal)
        self.strain = self.strain + factor * fluctuation + _everywhere(macroscopic)
        self.local = self._laws.integrate(self.strain, self._committed, self._dt)

    def _residual(self, stress: Tensor) -> Tensor:
        """Unbalanced forces, and the missing macroscopic stress, as a flat vector."""
        forces, sums = self._kinematics.split(self._kinematics.transpose(stress))
        return self._kinematics.join(-forces, self._target - sums)

    def _relative(self, medium: MixedMedium, reference: Tensor, largest: float) -> float:
        """Norm of the residual relative to that of the stress; ``largest`` is its largest so
        far."""
        scale = max(self._scale(reference), _UNLOADED * largest)
        return self._size(self._residual(self.local.stress), medium) / scale

    def _size(self, residual: Tensor, medium: MixedMedium) -> float:
        """Norm of a residual in the energy of the reference medium, per voxel."""
        batch = residual[None, None].to(_INNER)
        square = (batch * medium.solve(batch)).sum() / self._voxels
        return square.clamp(min=0.0).sqrt().item()

    def _scale(self, reference: Tensor) -> float:
        """The same norm of the stress itself; tiny where there is none."""
        flat = self.local.stress.flatten(1)
        energy = (flat * torch.linalg.solve(reference[0], flat)).sum() / flat.shape[1]
        return max(energy.sqrt().item(), torch.finfo(torch.float64).tiny)


def _everywhere(strain: Tensor) -> Tensor:
    return strain[:, None, None, None]
