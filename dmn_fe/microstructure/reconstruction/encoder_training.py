"""Training of an encoder whose feature statistics tell a texture from nearly the same one.

The encoder sees two crops of a synthetic section and copies of it with the faults that
reconstructions have: corrupted on purpose, or reconstructed with the encoder as it was before.
It learns that the distance of the Gram matrices, the same as a reconstruction minimises, is small
between the two crops and large to all others (contrastive learning of instances). No statistic by
which reconstructions are judged is used.

References
----------
A. van den Oord, Y. Li, O. Vinyals, Representation learning with contrastive predictive coding
(2018), Eq. (4): the loss.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder
from dmn_fe.microstructure.reconstruction.encoder_recipe import Recipe
from dmn_fe.microstructure.reconstruction.feature_statistics import gram_matrix
from dmn_fe.microstructure.reconstruction.random_encoder import random_encoder
from dmn_fe.microstructure.reconstruction.training_textures import TrainingTextures
from dmn_fe.progress import Progress, no_progress
from dmn_fe.tensor_file import TensorFormat

__all__ = ["train_encoder"]

_CHECKPOINT = TensorFormat(
    key="dmn_fe.encoder_training",
    version=1,
    tensors=None,
    what="a checkpoint of the training of an encoder",
    mend="remove it and train anew",
)
_STEPS_BETWEEN_CHECKPOINTS = 50
_LEVELS = 2  # of the image pyramid
_SHARPNESS = 2.0  # the power of the distance
_LEAST = 1e-4  # distance that counts


def train_encoder(
    recipe: Recipe, checkpoint: str | Path | None = None, progress: Progress = no_progress
) -> tuple[Encoder, list[float]]:
    """Train an encoder, and go on where a checkpoint of the same recipe ends.

    Parameters
    ----------
    recipe : Recipe
    checkpoint : path, optional
        A file that is written as the training goes on.
    progress : callable

    Returns
    -------
    Encoder, list of float
        And the loss of every step since the start or the checkpoint.

    Raises
    ------
    InputError
        If the checkpoint cannot be read.
    """
    textures = TrainingTextures(recipe)
    training = _Training(recipe, textures)
    if checkpoint is not None and Path(checkpoint).is_file():
        training.resume(checkpoint)
    losses = []
    total = recipe.rounds * recipe.steps
    while training.step < total:
        if training.step % recipe.steps == 0:
            training.begin_round(lambda done: progress(training.step, total, f"{done} rebuilt"))
        losses.append(training.advance())
        progress(training.step, total, f"loss {np.mean(losses[-50:]):.3f}")
        if checkpoint is not None and training.step % _STEPS_BETWEEN_CHECKPOINTS == 0:
            training.save(checkpoint)
    with torch.no_grad():
        return training.encoder(f"trained (seed {recipe.seed})"), losses


class _Training:
    """The weights, the optimiser and the step at which they are."""

    def __init__(self, recipe: Recipe, textures: TrainingTextures):
        self._recipe, self._textures, self.step = recipe, textures, 0
        start = random_encoder(recipe.seed, recipe.widths)
        self._start = [block[0] for block in start.blocks]
        self._parameters = [layer.weight.clone().requires_grad_() for layer in self._start]
        self._optimiser = torch.optim.Adam(self._parameters, recipe.rate)

    def encoder(self, name: str = "") -> Encoder:
        """The encoder, differentiable.

        The shapes of the filters are learnt, while their lengths and means stay: with free means
        all filters become such that what is frequent excites none, which tells textures apart but
        leaves a reconstruction in poor minima. There are no biases: faint ripples below a threshold
        would be free.
        """
        blocks = []
        for weight, start in zip(self._parameters, self._start, strict=True):
            over = (1, 2, 3) if start.weight.shape[1] > 1 else (2, 3)
            means = start.weight.mean(dim=over, keepdim=True)
            weight = weight - weight.mean(dim=over, keepdim=True) + means
            length = weight.flatten(1).norm(dim=1)[:, None, None, None]
            layer = Convolution(2.0**0.5 * weight / length, start.bias, start.slope)
            blocks.append((layer,))
        return Encoder(name, tuple(blocks))

    def begin_round(self, tick: Callable[[int], None]) -> None:
        with torch.no_grad():
            encoder = self.encoder()
        self._textures.reconstruct(encoder, self.step // self._recipe.steps, tick)
        self._optimiser = torch.optim.Adam(self._parameters, self._recipe.rate)

    def advance(self) -> float:
        """One step; its loss."""
        recipe = self._recipe
        here = (self.step % recipe.steps) / recipe.steps
        warm = min(1.0, (self.step % recipe.steps + 1) / 20)
        for group in self._optimiser.param_groups:
            group["lr"] = recipe.rate * warm * 0.5 * (1.0 + np.cos(np.pi * here))
        images = self._textures.groups(np.random.default_rng([recipe.seed, 3, self.step]))
        loss = _contrast(self.encoder(), images)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self.step += 1
        return float(loss.detach())

    def save(self, path: str | Path) -> None:
        state = self._optimiser.state_dict()["state"]
        tensors = {f"parameter {i}": p.detach() for i, p in enumerate(self._parameters)}
        for i, moments in state.items():
            tensors |= {f"{name} {i}": value for name, value in moments.items()}
        rebuilt = self._textures.reconstructions
        tensors["sections"] = torch.tensor([number for number, _ in rebuilt])
        tensors["reconstructions"] = torch.from_numpy(np.stack([image for _, image in rebuilt]))
        _CHECKPOINT.save(path, tensors, {"recipe": asdict(self._recipe), "step": self.step})

    def resume(self, path: str | Path) -> None:
        _CHECKPOINT.read(path, self._restore)

    def _restore(self, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
        recipe = {
            k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self._recipe).items()
        }
        if header["recipe"] != recipe:
            raise ValueError("it is of another recipe")
        count = len(self._parameters)
        for i, parameter in enumerate(self._parameters):
            parameter.data.copy_(tensors[f"parameter {i}"])
        moments = ("step", "exp_avg", "exp_avg_sq")
        state = {i: {name: tensors[f"{name} {i}"] for name in moments} for i in range(count)}
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": state, "param_groups": groups})
        numbers, images = tensors["sections"].tolist(), tensors["reconstructions"].numpy()
        self._textures.reconstructions = list(zip(numbers, images, strict=True))
        self.step = header["step"]


def _contrast(encoder: Encoder, images: Tensor) -> Tensor:
    """How badly ``[b, 2 + wrong, c, c]`` are told apart: InfoNCE over their Gram distances."""
    b, each = images.shape[:2]
    x, distances = images.flatten(0, 1)[:, None], []
    for level in range(_LEVELS):
        if level:
            x = functional.avg_pool2d(x, 2)
        for features in encoder.features(x, periodic=False):
            gram = gram_matrix(features).unflatten(0, (b, each))
            first = gram[:, 0]
            size = first.square().sum((-2, -1))[:, None]
            own = (gram[:, 1:] - first[:, None]).square().sum((-2, -1)) / size
            other = (gram[None, :, 1] - first[:, None]).square().sum((-2, -1)) / size
            # A section's own second crop is among the first already.
            other = other.masked_fill(torch.eye(b, dtype=torch.bool), 1e6)
            distances.append(torch.cat([own, other], dim=1))
    distance = torch.stack(distances).mean(0)
    scores = -_SHARPNESS * torch.log(distance + _LEAST)
    return functional.cross_entropy(scores, torch.zeros(b, dtype=torch.long))
