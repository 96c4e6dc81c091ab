"""The laws of the phases on the voxels of an RVE."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.rve_problem import PhaseField
from dmn_fe.laws import MaterialLaw, Oriented, Status, Update, check_phase_laws, refuse_voids
from dmn_fe.microstructure import VoxelRVE

__all__ = ["VoxelLaws", "VoxelStress"]

_ASYMMETRY = 1e-6  # of a tangent, relative to its largest entry


class VoxelStress:
    """Stress of all voxels for a strain field, with what follows from it.

    Attributes
    ----------
    stress : Tensor ``[6, nx, ny, nz]``
    state : dict of str to Tensor ``[voxels of the phase, state_size]``
        New state of each phase.
    failed : str
        Which phase failed and why, for a person; empty if none did.
    """

    def __init__(self, laws: "VoxelLaws", updates: dict[str, Update]):
        self._laws, self._updates = laws, updates
        self.stress = laws.scatter({name: update.stress for name, update in updates.items()})
        self.state = {name: update.state for name, update in updates.items()}
        self.failed = ""
        for name, update in updates.items():
            bad = update.status[update.status != Status.CONVERGED]
            if len(bad):
                sentence = Status(int(bad[0])).sentence
                self.failed = f"in {len(bad)} voxels of phase {name!r} {sentence}"

    def tangent(self) -> Tensor:
        """Consistent tangents ``[1, 6, 6, nx, ny, nz]``.

        Raises
        ------
        InputError
            If one is not symmetric: conjugate gradients would be wrong.
        """
        for name, update in self._updates.items():
            skew = (update.tangent - update.tangent.mT).abs().max()
            if skew > _ASYMMETRY * update.tangent.abs().max():
                raise InputError(
                    f"the law of phase {name!r} has no symmetric tangent, which the solver on "
                    "voxels needs; take a MeshRVEProblem."
                )
        return self._laws.scatter_tangents(
            {name: update.tangent for name, update in self._updates.items()}
        )[None]


class VoxelLaws:
    """One law for each phase, evaluated in the material axes of each voxel.

    Parameters
    ----------
    rve : VoxelRVE
    laws : mapping of phase name to MaterialLaw

    Raises
    ------
    InputError
        If a phase has no law, or a law no phase, or a law is that of a void.
    """

    def __init__(self, rve: VoxelRVE, laws: Mapping[str, MaterialLaw]):
        check_phase_laws(rve.names, laws)
        refuse_voids(laws)
        self.laws = {name: laws[name] for name in rve.names}
        self._local = dict(self.laws)
        self._shape = rve.shape
        phase = torch.from_numpy(rve.phase.astype("int64")).flatten()
        self.voxels = {
            name: torch.nonzero(phase == number)[:, 0] for number, name in enumerate(rve.names)
        }
        if rve.orientations is not None and rve.orientation_index is not None:
            table = torch.tensor(rve.orientations)
            index = torch.from_numpy(rve.orientation_index.astype("int64")).flatten()
            for name, at in self.voxels.items():
                self._local[name] = Oriented(self.laws[name], table[index[at]])

    def initial_state(self) -> dict[str, Tensor]:
        """Virgin state of each phase."""
        return {name: self.laws[name].initial_state(len(at)) for name, at in self.voxels.items()}

    def integrate(self, strain: Tensor, state: dict[str, Tensor], dt: float) -> VoxelStress:
        """Update all voxels from a strain field ``[6, nx, ny, nz]`` and committed states."""
        flat = strain.flatten(1).mT
        updates = {
            name: self._local[name].integrate(flat[at], state[name], dt)
            for name, at in self.voxels.items()
        }
        return VoxelStress(self, updates)

    def scatter(self, values: dict[str, Tensor]) -> Tensor:
        """Field ``[6, nx, ny, nz]`` from stresses ``[voxels of the phase, 6]``."""
        field = torch.empty(len(self), 6, dtype=torch.float64)
        for name, at in self.voxels.items():
            field[at] = values[name]
        return field.mT.contiguous().view(6, *self._shape)

    def scatter_tangents(self, values: dict[str, Tensor]) -> Tensor:
        """Field ``[6, 6, nx, ny, nz]`` from tangents ``[voxels of the phase, 6, 6]``."""
        field = torch.empty(len(self), 36, dtype=torch.float64)
        for name, at in self.voxels.items():
            field[at] = values[name].flatten(1)
        return field.mT.contiguous().view(6, 6, *self._shape)

    def mean_tangent(self, tangent: Tensor) -> Tensor:
        """Moduli ``[1, 6, 6]`` of a reference medium: the mean over the phases of theirs."""
        flat = tangent[0].flatten(2)
        return torch.stack([flat[:, :, at].mean(-1) for at in self.voxels.values()]).mean(0)[None]

    def averages(self, field: Tensor) -> Tensor:
        """Average ``[phases, 6]`` of a field ``[6, nx, ny, nz]`` over each phase."""
        flat = field.flatten(1)
        return torch.stack([flat[:, at].mean(1) for at in self.voxels.values()])

    def phase_fields(self, strain: Tensor, stress: Tensor) -> dict[str, PhaseField]:
        """Fields ``[6, nx, ny, nz]`` at the voxels of each phase."""
        flat_strain, flat_stress = strain.flatten(1), stress.flatten(1)
        share = 1.0 / len(self)
        return {
            name: PhaseField(
                torch.full((len(at),), share, dtype=torch.float64),
                flat_strain[:, at].mT,
                flat_stress[:, at].mT,
            )
            for name, at in self.voxels.items()
        }

    def __len__(self) -> int:
        return sum(len(at) for at in self.voxels.values())
