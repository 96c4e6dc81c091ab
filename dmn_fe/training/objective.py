"""The loss of networks on stiffness samples, and its gradient.

    loss = 1/(2 n) Σ e²  +  λ (Σ_leaf w − ξ)²  +  μ Σ_phase (w_phase / Σ w − f_phase)²

with the error e of a sample ``‖C_net − C_rve‖ / ‖C_rve‖`` or ``‖L⁻¹ C_net L⁻ᵀ − I‖``. The second
term fixes the scale of the weights, on which the stiffness does not depend (Liu & Wu, JMPS 127
(2019) 20); the third ties the phases to their volume fractions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.backends import warn_of_torch
from dmn_fe.evaluate.core.compiler import the_compiler
from dmn_fe.mandel import rotation_matrix
from dmn_fe.network.parametrisation import Geometry, Parametrisation
from dmn_fe.network.tree import tree_stiffness
from dmn_fe.training.core_stiffness import CoreStiffness
from dmn_fe.training.samples import StiffnessSamples
from dmn_fe.training.settings import Settings

__all__ = ["StiffnessObjective"]

_PLANE = [0, 1, 5]
_CHUNK = 2**18  # leaves · networks · samples that are evaluated together: 75 MB of stiffness


class StiffnessObjective:
    """Loss of K networks of one parametrisation.

    Parameters
    ----------
    parametrisation : Parametrisation
    leaf_phase : Tensor ``[leaves]``
    samples : StiffnessSamples
    fractions : sequence of float
        Volume fraction of each phase in the RVE.
    settings : Settings
    use_core : bool
        Whether the compiled core is used where there are a compiler and samples on the processor;
        the results are the same.
    """

    def __init__(
        self,
        parametrisation: Parametrisation,
        leaf_phase: Tensor,
        samples: StiffnessSamples,
        fractions: Sequence[float],
        settings: Settings,
        use_core: bool = True,
    ):
        self.parametrisation, self.leaf_phase = parametrisation, leaf_phase
        self.samples, self.settings = samples, settings
        self._fractions = samples.effective.new_tensor(list(fractions))
        self._norm = samples.effective.square().sum((0, 1)).sqrt()
        self._core = self._on_core() if use_core else None

    def __call__(self, parameters: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ``[K]`` and gradient ``[K, size]`` at parameters ``[K, size]``.

        ``samples`` holds the numbers of the samples, ``[n]`` or for each network its own
        ``[K, n]``.
        """
        parameters = parameters.detach().requires_grad_()
        n = samples.shape[-1]
        if self._core is not None:
            geometry = self.parametrisation.geometry(parameters)
            loss = 0.5 * self._core(geometry, samples) / n + self.penalties(geometry)
            # Contiguous, so that what follows rounds alike in trainings that were interrupted.
            gradient = torch.autograd.grad(loss.sum(), parameters)[0].contiguous()
            return loss.detach(), gradient
        chunk = max(1, _CHUNK // (len(self.leaf_phase) * len(parameters)))
        total = torch.zeros(len(parameters), dtype=parameters.dtype, device=parameters.device)
        gradient = torch.zeros_like(parameters)
        for start in range(0, n, chunk):
            geometry = self.parametrisation.geometry(parameters)
            part = samples[..., start : start + chunk]
            loss = 0.5 * self._squared_errors(geometry, part).sum(-1) / n
            if start == 0:
                loss = loss + self.penalties(geometry)
            gradient += torch.autograd.grad(loss.sum(), parameters)[0]
            total += loss.detach()
        return total, gradient

    @torch.no_grad()
    def errors(self, parameters: Tensor, samples: Tensor) -> Tensor:
        """Relative errors ``‖C_net − C_rve‖ / ‖C_rve‖``, ``[K, n]``, whatever the loss; samples as
        in the loss."""
        chunk = max(1, _CHUNK // (len(self.leaf_phase) * len(parameters)))
        geometry = self.parametrisation.geometry(parameters)
        if self._core is not None:
            return self._core.squares(geometry, samples, "relative").sqrt()
        parts = [
            self._relative(self.stiffness(geometry, part), part).sum((0, 1)).sqrt()
            for part in samples.split(chunk, dim=-1)
        ]
        return torch.cat(parts, dim=-1)

    @torch.no_grad()
    def validation_loss(self, parameters: Tensor, samples: Tensor) -> Tensor:
        """The first term of the loss, ``[K]``."""
        chunk = max(1, _CHUNK // (len(self.leaf_phase) * len(parameters)))
        geometry = self.parametrisation.geometry(parameters)
        if self._core is not None:
            squares = self._core.squares(geometry, samples, self.settings.loss)
            return 0.5 * squares.sum(-1) / len(samples)
        parts = [self._squared_errors(geometry, part).sum(-1) for part in samples.split(chunk)]
        return 0.5 * torch.stack(parts).sum(0) / len(samples)

    def _on_core(self) -> CoreStiffness | None:
        if self.samples.effective.device.type != "cpu":
            return None
        tree, loss = self.parametrisation.tree, self.settings.loss
        try:
            return CoreStiffness(the_compiler(), tree, self.leaf_phase, self.samples, loss)
        except InputError as error:
            warn_of_torch(error)
            return None

    def penalties(self, geometry: Geometry) -> Tensor:
        """The second and the third term, ``[K]``."""
        settings, weights = self.settings, geometry.weights
        total = weights.sum(0)
        assert settings.leaf_sum is not None
        penalty = settings.regularisation * (total - settings.leaf_sum).square()
        if settings.fraction_penalty:
            sums = weights.new_zeros(len(self._fractions), weights.shape[1])
            shares = sums.index_add(0, self.leaf_phase, weights) / total
            misfit = (shares - self._fractions[:, None]).square().sum(0)
            penalty = penalty + settings.fraction_penalty * misfit
        return penalty

    def stiffness(self, geometry: Geometry, samples: Tensor) -> Tensor:
        """Effective stiffness ``[6, 6, K, n]`` of samples ``[n]`` or ``[K, n]``."""
        phases = self.samples.phase_stiffness[..., samples]  # [6, 6, phases, (K,) n]
        phases = phases if samples.ndim == 2 else phases[..., None, :]
        if geometry.rotation is None:
            leaves = phases[:, :, self.leaf_phase]
        else:
            leaves = _turned(phases, self.leaf_phase, geometry.rotation)
        parametrisation = self.parametrisation
        normals = geometry.normals
        if len(leaves) == 6 and len(normals) == 2:
            normals = torch.cat([normals, torch.zeros_like(normals[:1])])
        return tree_stiffness(parametrisation.tree, leaves, geometry.weights, normals)

    def _squared_errors(self, geometry: Geometry, samples: Tensor) -> Tensor:
        stiffness = self.stiffness(geometry, samples)
        if self.settings.loss == "relative":
            return self._relative(stiffness, samples).sum((0, 1))
        root = self.samples.inverse_root[..., samples]
        if samples.ndim == 1:
            root = root[:, :, None]
        white = torch.einsum("ij...,jk...,lk...->il...", root, stiffness, root)
        identity = torch.eye(len(white), dtype=white.dtype, device=white.device)
        return (white - identity[:, :, None, None]).square().sum((0, 1))

    def _relative(self, stiffness: Tensor, samples: Tensor) -> Tensor:
        """Squared differences, relative to the norm of the reference, ``[6, 6, K, n]``."""
        reference, norm = self.samples.effective[..., samples], self._norm[samples]
        if samples.ndim == 1:
            reference, norm = reference[:, :, None], norm[None]
        return ((stiffness - reference) / norm).square()


def _turned(phases: Tensor, leaf_phase: Tensor, rotation: Tensor) -> Tensor:
    """Stiffnesses ``[6, 6, leaves, K, n]`` of leaves that are turned.

    From phases ``[6, 6, phases, 1 or K, n]`` and rotations ``[3, 3, leaves, K]``. Turning is linear
    in the stiffness: one matrix product for all samples.
    """
    turn = rotation_matrix(rotation.permute(2, 3, 0, 1))  # [leaves, K, 6, 6]
    if len(phases) == 3:
        turn = turn[..., _PLANE, :][..., _PLANE]
    leaves = [phases] * len(leaf_phase)
    for phase in range(phases.shape[2]):
        own = torch.nonzero(leaf_phase == phase).flatten()
        both = torch.einsum("lkac,lkbd->ablkcd", turn[own], turn[own]).flatten(4)
        stiffness = phases[:, :, phase].flatten(0, 1)  # [36, 1 or K, n]
        if stiffness.shape[1] == 1:
            turned = both @ stiffness[:, 0]
        else:
            turned = torch.einsum("ablkm,mkn->ablkn", both, stiffness)
        for place, leaf in zip(own.tolist(), turned.unbind(2), strict=True):
            leaves[place] = leaf
    return torch.stack(leaves, dim=2)
