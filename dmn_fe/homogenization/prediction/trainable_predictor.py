"""A predictor whose weights have gradients, and its loss."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.homogenization.prediction.pooled_features import pooled_features
from dmn_fe.homogenization.prediction.predictor import PropertyPredictor
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.square_group import CHARACTERS, COMPONENTS, EVEN, transformed
from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder

__all__ = ["TrainablePredictor"]


class TrainablePredictor:
    """The weights of a predictor ``start``, all in ``parameters``, with gradients."""

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
        # Some of the symmetries leave what the predictor drops from the other intercepts.
        intercept = self._intercept * EVEN.float()
        single = (features @ self._weight + intercept).unflatten(0, elements.shape)
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
