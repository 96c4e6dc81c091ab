"""What is trained: tree, parametrisation and objective, for a data set and settings."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset
from dmn_fe.mandel import DEVIATORIC, VOLUMETRIC, isotropic_part
from dmn_fe.network.network import Network
from dmn_fe.network.parametrisation import to_network
from dmn_fe.network.tree import Tree
from dmn_fe.training.leaf_phases import leaf_phases, void_phases
from dmn_fe.training.objective import StiffnessObjective
from dmn_fe.training.pretrained import check_axes, check_pretrained
from dmn_fe.training.samples import prepare
from dmn_fe.training.settings import Settings
from dmn_fe.training.start import parametrisation_of

__all__ = ["TrainingProblem"]


class TrainingProblem:
    """The networks that settings and data describe, but for their parameters.

    Parameters
    ----------
    data : sequence of StiffnessDataset
        One RVE.
    settings : Settings
    device : str
    pretrained : Network, optional
        Trained network to start from.

    Raises
    ------
    InputError
        If data and settings do not fit together.
    """

    def __init__(
        self,
        data: Sequence[StiffnessDataset],
        settings: Settings,
        device: str = "cpu",
        pretrained: Network | None = None,
    ):
        samples = prepare(data, settings)
        self.settings, self.data, self.device = settings, list(data), device
        self.phase_names = data[0].phase_names
        self.fractions = _fractions(data[0], settings)
        self.dimension = _dimension(data[0], settings)
        if pretrained is not None:
            check_pretrained(pretrained, self.phase_names, self.dimension, settings.depth)
        tree, voids = Tree.complete(settings.depth), void_phases(data)
        self.leaf_phase = _leaf_phase(settings, self.phase_names, voids, pretrained)
        turned = _turned_phases(data, settings, voids)
        if pretrained is not None:
            stiffness = torch.cat([d.phase_stiffness for d in data])
            solid = [p for p in range(len(self.phase_names)) if p not in voids]
            check_axes(
                pretrained, [p for p in solid if not _isotropic(stiffness[:, p])], turned.tolist()
            )
        turned_leaves = torch.nonzero(torch.isin(self.leaf_phase, turned)).flatten()
        self.parametrisation = parametrisation_of(
            settings.kind, tree, self.dimension, turned_leaves
        )
        self.objective = StiffnessObjective(
            self.parametrisation,
            self.leaf_phase.to(device),
            samples.to(device),
            self.fractions,
            settings,
        )

    def training(self, seeds: Sequence[int]) -> Tensor:
        """Numbers of the samples to learn from, ``[n]``, or for each seed its own ``[K, n]``."""
        return self.objective.samples.drawn(self.settings.samples, seeds)

    @property
    def validation(self) -> Tensor:
        """Numbers of the samples that are held out."""
        return self.objective.samples.validation

    def network(self, parameters: Tensor) -> Network:
        """The network of parameters ``[size]``."""
        return to_network(self.parametrisation, parameters.cpu(), self.leaf_phase, self.phase_names)


def _fractions(data: StiffnessDataset, settings: Settings) -> tuple[float, ...]:
    if "volume_fractions" in data.meta:
        return data.volume_fractions
    if settings.fraction_penalty:
        raise InputError("fraction_penalty: the data set does not say the volume fractions.")
    return (float("nan"),) * len(data.phase_names)


def _dimension(data: StiffnessDataset, settings: Settings) -> int:
    """Dimension that is asked for, or that of the RVE."""
    plane = data.effective.shape[-1] == 3
    grid = data.meta.get("grid")
    flat = plane or (grid is not None and len(grid) == 3 and grid[2] == 1)
    if settings.dimension == 2 and not flat and grid is not None:
        raise InputError(
            f"dimension = 2, but the RVE has {grid[2]} voxels along e3; give dimension = 3."
        )
    if settings.dimension == 3 and plane:
        raise InputError("dimension = 3, but the data is of plane strain; give dimension = 2.")
    if settings.dimension is not None:
        return settings.dimension
    return 2 if flat else 3


def _leaf_phase(
    settings: Settings, names: Sequence[str], voids: list[int], pretrained: Network | None
) -> Tensor:
    """Phases of the leaves; those of a smaller network are repeated in its copies."""
    if pretrained is not None:
        return pretrained.leaf_phase.repeat(2**settings.depth // len(pretrained.leaf_phase))
    if settings.start == "quilting":
        return leaf_phases(settings.depth - 2, names, voids).repeat(4)
    return leaf_phases(settings.depth, names, voids)


def _turned_phases(
    data: Sequence[StiffnessDataset], settings: Settings, voids: Sequence[int]
) -> Tensor:
    """Phases whose leaves have rotations: of a DMN those that are anisotropic in the data."""
    names = data[0].phase_names
    for name in settings.oriented_phases:
        if name not in names:
            raise InputError(
                f"oriented_phases: there is no phase {name!r}, the phases are {', '.join(names)}."
            )
    chosen = {names.index(name) for name in settings.oriented_phases}
    if chosen & set(voids):
        raise InputError(
            f"oriented_phases: {names[min(chosen & set(voids))]!r} is a void, which has no axes; "
            "leave it out."
        )
    if settings.kind == "dmn":
        stiffness = torch.cat([d.phase_stiffness for d in data])
        solids = [p for p in range(len(names)) if p not in voids]
        chosen |= {p for p in solids if not _isotropic(stiffness[:, p])}
    return torch.tensor(sorted(chosen), dtype=torch.int64)


def _isotropic(stiffness: Tensor) -> bool:
    if stiffness.shape[-1] == 3:
        return False  # of the components in the plane it cannot be told
    bulk, shear = (m[:, None, None] for m in isotropic_part(stiffness))
    isotropic = 3.0 * bulk * VOLUMETRIC + 2.0 * shear * DEVIATORIC
    return bool((stiffness - isotropic).abs().max() <= 1e-9 * stiffness.abs().max())
