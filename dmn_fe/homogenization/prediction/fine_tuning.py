"""Training of a predictor with all its weights, those of the encoder among them."""

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.homogenization.prediction.fine_tuning_recipe import FineTuning
from dmn_fe.homogenization.prediction.frozen import fit_frozen
from dmn_fe.homogenization.prediction.pooled_features import pooled_features
from dmn_fe.homogenization.prediction.predictor import PropertyPredictor
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.square_group import CHARACTERS, COMPONENTS, transformed
from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder
from dmn_fe.progress import Progress, no_progress

__all__ = ["fine_tune", "train_predictor"]

_WARM_UP = 10  # steps


def train_predictor(
    data: SectionDataset,
    encoder: Encoder,
    recipe: FineTuning | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> PropertyPredictor:
    """Fit the linear map on the encoder as it is, then train all weights.

    The linear map first: from a random one the first steps would spoil the encoder (Kumar et al.,
    Fine-tuning can distort pretrained features, ICLR (2022)).

    Parameters
    ----------
    data : SectionDataset
    encoder : Encoder
        The start of the convolutions, trained for something else or random; how many of its blocks
        count, its ``outputs`` say.
    recipe : FineTuning, optional
    seed : int
        Of the order of the sections, and of how they are shifted and mirrored.
    progress : Progress
        Called after every step with (steps done, all, error).

    Raises
    ------
    InputError
        If the encoder cannot take the images.
    """
    recipe = recipe or FineTuning()
    return fine_tune(fit_frozen(data, encoder), data, recipe, seed, progress)


def fine_tune(
    start: PropertyPredictor,
    data: SectionDataset,
    recipe: FineTuning,
    seed: int = 0,
    progress: Progress = no_progress,
) -> PropertyPredictor:
    """Train all weights of a predictor, for the mean squared relative error; see
    :func:`train_predictor`.

    Every section is seen shifted and under some of the symmetries of the square, at random. Raises
    ``InputError`` if the data have other phases than the predictor.
    """
    if data.phases != start.phases:
        raise InputError(
            f"the predictor is for {start.phases}, the data set has {data.phases}: train from "
            "fit_frozen with the data set."
        )
    steps = recipe.steps_of(len(data))
    model = _Trainable(start)
    optimiser = torch.optim.Adam(model.parameters, recipe.learning_rate)
    generator = torch.Generator().manual_seed(seed)
    waiting: list[int] = []
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * _shape(step, steps)
        while len(waiting) < recipe.batch:
            waiting += torch.randperm(len(data), generator=generator).tolist()
        chosen, waiting = waiting[: recipe.batch], waiting[recipe.batch :]
        loss = model.loss(data, chosen, recipe.symmetries, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        progress(step + 1, steps, f"relative error {math.sqrt(loss.item()):.3f}")
    return model.predictor({**start.origin, "steps": steps, "batch": recipe.batch, "seed": seed})


class _Trainable:
    """The weights of a predictor, with gradients."""

    def __init__(self, start: PropertyPredictor):
        self._start = start
        used = start.encoder.blocks[: max(start.encoder.outputs) + 1]
        self._encoder = _copied(start.encoder, used, gradient=True)
        self._weight = start.weight.float().requires_grad_()
        self._intercept = start.intercept.float().requires_grad_()
        layers = [layer for block in self._encoder.blocks for layer in block]
        self.parameters = [tensor for layer in layers for tensor in (layer.weight, layer.bias)]
        self.parameters += [self._weight, self._intercept]
        self._signs = torch.stack([CHARACTERS[name] for name in COMPONENTS], dim=1)  # [8, 9]

    def loss(
        self,
        data: SectionDataset,
        chosen: Sequence[int],
        symmetries: int,
        generator: torch.Generator,
    ) -> Tensor:
        """Mean squared relative error of stiffness and conductivity of some sections."""
        images, edge = data.images[chosen], data.images.shape[1]
        elements = torch.stack(
            [torch.randperm(8, generator=generator)[:symmetries] for _ in chosen]
        )  # [sections, symmetries]
        shifts = torch.randint(edge, (len(chosen), 2), generator=generator).tolist()
        seen = [
            transformed(torch.roll(image, shift, (0, 1)), element)
            for image, shift, row in zip(images, shifts, elements.tolist(), strict=True)
            for element in row
        ]
        features = pooled_features(self._encoder, torch.stack(seen))
        features = (features - self._start.middle) / self._start.scale
        single = (features @ self._weight + self._intercept).unflatten(0, elements.shape)
        components = (single * self._signs[elements]).mean(1)
        coordinates = Coordinates(data.phases, images.double().mean((1, 2)))
        truth = (data.plane_stiffness[chosen], data.plane_conductivity[chosen])
        loss = components.new_zeros(())
        for found, exact in zip(coordinates.properties(components), truth, strict=True):
            scale = exact.square().sum((1, 2))
            loss = loss + ((found - exact).square().sum((1, 2)) / scale).mean() / 2
        return loss

    def predictor(self, origin: dict) -> PropertyPredictor:
        """The predictor with the weights as they are now."""
        return dataclasses.replace(
            self._start,
            encoder=_copied(self._encoder, self._encoder.blocks, gradient=False),
            weight=self._weight.detach().double(),
            intercept=self._intercept.detach().double(),
            origin=origin,
        )


def _copied(encoder: Encoder, blocks: Sequence[Sequence[Convolution]], gradient: bool) -> Encoder:
    """An encoder with copies of the weights of some blocks."""
    copies = tuple(
        tuple(
            Convolution(
                layer.weight.detach().clone().requires_grad_(gradient),
                layer.bias.detach().clone().requires_grad_(gradient),
                layer.slope,
            )
            for layer in block
        )
        for block in blocks
    )
    return Encoder(encoder.name, copies, encoder.outputs)


def _shape(step: int, steps: int) -> float:
    """Learning rate relative to the largest."""
    return min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
