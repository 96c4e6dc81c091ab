"""Nonlinear response of a voxel RVE."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.collective import Alone, Communicator
from dmn_fe.homogenization.arguments import check_tolerance, check_voxels
from dmn_fe.homogenization.kinematics import Strain
from dmn_fe.homogenization.moduli import FieldModuli
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.homogenization.rve_problem import MacroLoad, RVEUpdate
from dmn_fe.homogenization.unit_loads import solve_unit_loads
from dmn_fe.homogenization.voxel_laws import VoxelLaws, VoxelStress
from dmn_fe.homogenization.voxel_newton import VoxelStep
from dmn_fe.laws import MaterialLaw, laws_fingerprint
from dmn_fe.microstructure import VoxelRVE

__all__ = ["VoxelProblem", "VoxelUpdate"]


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
        Pores are a soft phase: the control of hourglass modes that
        :func:`~dmn_fe.homogenization.effective_stiffness` has beside exact voids is not made here.
    laws : mapping of phase name to MaterialLaw
        Laws with a symmetric tangent; others are refused when it is first computed.
    tolerance : float
        Of the residual of a step: its norm in the energy of a uniform reference medium, relative
        to that of the stress. Also the relative error of the work ``⟨σ·ε⟩ − ⟨σ⟩·⟨ε⟩``.
    max_iterations : int
        Limit of Newton iterations in a step.
    max_linear_iterations : int
        Limit of conjugate gradient iterations in one of them.
    tangent_tolerance : float
        Relative error of the macroscopic tangent, as an energy. From 1e-7 on single precision may
        do, which takes half the time.

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
        tangent_tolerance: float = 1e-9,
    ):
        check_voxels(rve)
        check_tolerance(tolerance)
        check_tolerance(tangent_tolerance)
        self.tangent_tolerance = tangent_tolerance
        self.rve, self.tolerance = rve, tolerance
        self.max_iterations, self.max_linear_iterations = max_iterations, max_linear_iterations
        self._laws = VoxelLaws(rve, laws)
        self._strain = Strain(RotatedScheme(rve.shape, rve.size))

    @property
    def comm(self) -> Communicator:
        """Each rank has its own RVE."""
        return Alone()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the phases."""
        return self.rve.names

    @property
    def has_orientations(self) -> bool:
        """Whether material axes differ from voxel to voxel."""
        return self.rve.orientations is not None

    @property
    def laws(self) -> Mapping[str, MaterialLaw]:
        """Law of each phase by its name."""
        return self._laws.laws

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
        step = VoxelStep(self._strain, self._laws, load, state, dt)
        message = step.run(self.tolerance, self.max_iterations, self.max_linear_iterations)
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
            phase_fields=lambda: self._laws.phase_fields(step.strain, step.local.stress),
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
            self._laws.mean_tangent(tangent),
            torch.ones(1),
            True,  # the spectrum of tangents is not known
            self.tangent_tolerance,
            self.max_linear_iterations,
        ).effective[0]
