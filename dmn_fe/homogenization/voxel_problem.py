"""Nonlinear response of a voxel RVE: Newton's method with conjugate gradients.

The balance of forces on the nodes and, where a stress is prescribed, of the macroscopic stress.
A step begins with the linear prediction from the committed state: a macroscopic strain spread
uniformly would load stiff phases far beyond what they take in equilibrium.
"""

import hashlib
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.conjugate_gradients import Balance, NotConverged, conjugate_gradients
from dmn_fe.homogenization.kinematics import Strain
from dmn_fe.homogenization.mixed_control import MixedMedium, MixedStrain
from dmn_fe.homogenization.moduli import FieldModuli
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.homogenization.rve_problem import MacroLoad, RVEUpdate
from dmn_fe.homogenization.stopping import ResidualReduction
from dmn_fe.homogenization.unit_loads import solve_unit_loads
from dmn_fe.homogenization.voxel_laws import VoxelLaws, VoxelStress
from dmn_fe.laws import MaterialLaw, laws_fingerprint
from dmn_fe.microstructure import VoxelRVE

__all__ = ["VoxelProblem", "VoxelUpdate"]

_LOOSEST = 0.01  # residual reduction of the linear solver far from the solution
# Of the linear systems: a correction needs few digits, the residual and the stress have all.
_INNER = torch.float32
_SMALLEST_STEP = 1.0 / 16.0  # of the line search
_TANGENT_TOLERANCE = 1e-9  # energy error of the macroscopic tangent


class VoxelUpdate(RVEUpdate):
    """Result of one step, with the fields.

    Attributes
    ----------
    strain_field, stress_field : Tensor ``[6, nx, ny, nz]``
        Local strain and stress (Mandel) at the end of the step.
    """

    strain_field: Tensor
    stress_field: Tensor


class VoxelProblem:
    """A voxel RVE with a law for each phase; see :class:`~dmn_fe.homogenization.RVEProblem`.

    Parameters
    ----------
    rve : VoxelRVE
    laws : mapping of phase name to MaterialLaw
        Laws with a symmetric tangent.
    tolerance : float
        Of the residual of a step: its norm in the energy of a uniform reference medium, relative
        to that of the stress. Also the relative error of the work ``⟨σ·ε⟩ − ⟨σ⟩·⟨ε⟩``.
    max_iterations : int
        Limit of Newton iterations in a step.
    max_linear_iterations : int
        Limit of conjugate gradient iterations in one of them.

    Raises
    ------
    InputError
        If a phase has no law, a law no phase, or a number makes no sense.
    """

    def __init__(
        self,
        rve: VoxelRVE,
        laws: Mapping[str, MaterialLaw],
        tolerance: float = 1e-6,
        max_iterations: int = 20,
        max_linear_iterations: int = 1000,
    ):
        if not 0.0 < tolerance < 1.0:
            raise InputError(f"tolerance = {tolerance} must lie between 0 and 1.")
        self.rve, self.tolerance = rve, tolerance
        self.max_iterations, self.max_linear_iterations = max_iterations, max_linear_iterations
        self._laws = VoxelLaws(rve, laws)
        self._strain = Strain(RotatedScheme(rve.shape, rve.size))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the phases."""
        return self.rve.names

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Volume fraction of each phase."""
        return self.rve.volume_fractions

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the RVE, the parameters of the laws and the tolerance."""
        parts = (self.rve.hash, laws_fingerprint(self._laws.laws), repr(self.tolerance))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def initial_state(self) -> dict[str, Tensor]:
        """Virgin state: no strain, no displacement, and the virgin state of each phase."""
        phases = {f"phase {name}": s for name, s in self._laws.initial_state().items()}
        return {
            "strain": torch.zeros(6, dtype=torch.float64),
            "displacement": torch.zeros(3, *self.rve.shape, dtype=torch.float64),
            **phases,
        }

    def solve(self, load: MacroLoad, state: dict[str, Tensor], dt: float = 0.0) -> VoxelUpdate:
        """One step from a committed state; see :class:`~dmn_fe.homogenization.RVEProblem`."""
        step = _Step(self, load, state, dt)
        message = step.run()
        update = VoxelUpdate(
            strain=step.macroscopic.clone(),
            stress=step.local.stress.mean((1, 2, 3)),
            state={
                "strain": step.macroscopic,
                "displacement": step.displacement,
                **{f"phase {name}": s for name, s in step.local.state.items()},
            },
            phase_averages=lambda: (
                self._laws.averages(step.strain),
                self._laws.averages(step.local.stress),
            ),
            tangent=lambda: self._macroscopic_tangent(step.local),
            converged=not message,
            iterations=step.iterations,
            linear_iterations=step.linear_iterations,
            message=message,
        )
        update.strain_field, update.stress_field = step.strain, step.local.stress
        return update

    def _macroscopic_tangent(self, local: VoxelStress) -> Tensor:
        tangent = local.tangent()
        return solve_unit_loads(
            self._strain,
            FieldModuli(tangent),
            self.reference(tangent),
            torch.ones(1),
            True,  # the spectrum of tangents is not known
            _TANGENT_TOLERANCE,
            self.max_linear_iterations,
        ).effective[0]

    def reference(self, tangent: Tensor) -> Tensor:
        """Moduli ``[1, 6, 6]`` of the reference medium: the mean over the phases of theirs."""
        flat = tangent[0].flatten(2)
        means = [flat[:, :, at].mean(-1) for at in self._laws.voxels.values()]
        return torch.stack(means).mean(0)[None]


class _Step:
    """The unknowns of one step while Newton's method runs."""

    def __init__(self, problem: VoxelProblem, load: MacroLoad, state: dict[str, Tensor], dt: float):
        self._problem, self._laws, self._dt = problem, problem._laws, dt
        self._kinematics = MixedStrain(problem._strain, load.stress_driven)
        driven = load.stress_driven
        self._jump = torch.where(driven, 0.0, load.strain - state["strain"])
        self._target = torch.where(driven, load.stress, 0.0) * math.prod(problem.rve.shape)
        self._committed = {name: state[f"phase {name}"] for name in problem.names}
        self.macroscopic, self.displacement = state["strain"], state["displacement"]
        self.strain = problem._strain.apply(self.displacement) + _everywhere(self.macroscopic)
        self.local = self._laws.integrate(self.strain, self._committed, dt)
        self.iterations = self.linear_iterations = 0

    def run(self) -> str:
        """Iterate; give the reason if it failed."""
        if self.local.failed:
            return self.local.failed
        problem, relative = self._problem, 1.0
        while self.iterations < problem.max_iterations:
            self.iterations += 1
            tangent = self.local.tangent()
            reference = problem.reference(tangent)
            medium = MixedMedium(self._kinematics, problem._strain, reference).to(_INNER)
            moduli = FieldModuli(tangent.to(_INNER))
            predicted = self.local.stress
            if self.iterations == 1:
                jump = _everywhere(self._jump).expand_as(self.strain)
                predicted = predicted + FieldModuli(tangent).multiply(jump[None, None])[0, 0]
            residual = self._residual(predicted)
            # Superlinear, and not further than the tolerance needs.
            reduction = max(min(_LOOSEST, relative), 0.3 * problem.tolerance / relative)
            try:
                correction, counts, _ = conjugate_gradients(
                    Balance(self._kinematics, moduli, medium),
                    residual[None, None].to(_INNER),
                    ResidualReduction(),
                    reduction,
                    problem.max_linear_iterations,
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
            relative = self._size(self._residual(self.local.stress), medium) / self._scale(
                reference
            )
            if relative <= problem.tolerance:
                return ""
            if not accepted:
                return f"no step along Newton's direction lowers the residual of {relative:.1e}"
        return (
            f"Newton's method did not converge in {self.iterations} iterations: the residual is "
            f"{relative:.1e} against a tolerance of {problem.tolerance:.1e}"
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
        fluctuation = self._problem._strain.apply(nodal)
        self.strain = self.strain + factor * fluctuation + _everywhere(macroscopic)
        self.local = self._laws.integrate(self.strain, self._committed, self._dt)

    def _residual(self, stress: Tensor) -> Tensor:
        """Unbalanced forces, and the missing macroscopic stress, as a flat vector."""
        forces, sums = self._kinematics.split(self._kinematics.transpose(stress))
        return self._kinematics.join(-forces, self._target - sums)

    def _size(self, residual: Tensor, medium: MixedMedium) -> float:
        """Norm of a residual in the energy of the reference medium, per voxel."""
        batch = residual[None, None].to(_INNER)
        square = (batch * medium.solve(batch)).sum() / math.prod(self._problem.rve.shape)
        return square.clamp(min=0.0).sqrt().item()

    def _scale(self, reference: Tensor) -> float:
        """The same norm of the stress itself; tiny where there is none."""
        flat = self.local.stress.flatten(1)
        energy = (flat * torch.linalg.solve(reference[0], flat)).sum() / flat.shape[1]
        return max(energy.sqrt().item(), torch.finfo(torch.float64).tiny)


def _everywhere(strain: Tensor) -> Tensor:
    return strain[:, None, None, None]
