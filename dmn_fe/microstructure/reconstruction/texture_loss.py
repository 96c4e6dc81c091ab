"""How far the texture of images is from that of a target image."""

from collections.abc import Callable, Iterator
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.feature_statistics import (
    gram_error,
    gram_matrix,
    sorted_projections,
    transport_error,
)
from dmn_fe.microstructure.reconstruction.pair_loss import PairLoss

__all__ = ["LOSSES", "Loss", "TextureLoss", "phase_channels"]

Loss = Literal["gram", "sliced-wasserstein", "two-point"]
LOSSES: tuple[Loss, ...] = get_args(Loss)

Place = tuple[int, int]  # level of the pyramid, block of the encoder

_DIRECTIONS = 32  # of the sliced Wasserstein distance, for each block


class TextureLoss:
    """Distance of the feature statistics of images from those of a target.

    Every block of the encoder gives an error at every level of an image pyramid, in which the image
    is averaged over 2 × 2 pixels from level to level; the loss is their mean. Errors are relative
    to the target at the level where most is left of it, so no weights are needed.

    Parameters
    ----------
    target : Tensor ``[k, h, w]``
        Indicators of the phases, not periodic.
    encoder : Encoder
        On the device of the target.
    levels : int
        Levels of the pyramid.
    losses : tuple of str
        Which statistics: ``"gram"``, ``"sliced-wasserstein"``, ``"two-point"``.

    Raises
    ------
    InputError
        If there are no such losses, or the target is too small for the encoder.
    """

    def __init__(
        self,
        target: Tensor,
        encoder: Encoder,
        levels: int = 3,
        losses: tuple[Loss, ...] = ("gram",),
    ):
        unknown = sorted(set(losses) - set(LOSSES))
        if unknown or not losses:
            raise InputError(f"losses = {losses}: give some of {', '.join(LOSSES)}")
        self._encoder, self._levels, self._losses = encoder, levels, losses
        generator = torch.Generator().manual_seed(0)
        self._grams: dict[Place, Tensor] = {}
        self._directions: dict[Place, Tensor] = {}
        self._sorted: dict[Place, Tensor] = {}
        with torch.no_grad():
            for place, features in self._features(target[None], periodic=False):
                directions = torch.randn(features.shape[1], _DIRECTIONS, generator=generator)
                directions = (directions / directions.norm(dim=0)).to(features)
                self._grams[place] = gram_matrix(features)
                self._directions[place] = directions
                if "sliced-wasserstein" in losses:
                    self._sorted[place] = sorted_projections(features, directions)
            self._gram_scale = _scales(self._grams, lambda gram: float(gram.square().sum()))
            self._transport_scale = _scales(
                self._sorted, lambda values: float(values.square().mean())
            )
            self._pairs = PairLoss(target) if "two-point" in losses else None
        if not self._grams:
            h, w = target.shape[1:]
            raise InputError(
                f"an image of {h} × {w} pixels is too small for the blocks of the encoder "
                f"{encoder.name!r}: give a larger one, or fewer blocks"
            )

    def __call__(self, indicator: Tensor, pooled: bool = False) -> Tensor:
        """Losses ``[n]`` of periodic images.

        Parameters
        ----------
        indicator : Tensor ``[n, k, h, w]``
        pooled : bool
            Take the images as parts of one: their features together are compared with those of
            the target, and there is one loss ``[1]``.
        """
        errors = []
        compares_features = set(self._losses) != {"two-point"}
        for place, features in self._features(indicator, True) if compares_features else ():
            if place not in self._grams:
                continue  # the target is too small for it
            if pooled:
                features = features.transpose(0, 1).flatten(1, 2)[None]
            if "gram" in self._losses:
                error = gram_error(gram_matrix(features), self._grams[place])
                errors.append(error / self._gram_scale[place])
            if "sliced-wasserstein" in self._losses:
                values = sorted_projections(features, self._directions[place])
                error = transport_error(values, self._sorted[place])
                errors.append(error / self._transport_scale[place])
        if self._pairs is not None:
            errors.append(self._pairs(indicator, pooled))
        return torch.stack(errors).mean(0)

    def backward(self, indicator: Tensor) -> Tensor:
        """Losses ``[n]`` of images ``[n, k, h, w]``; adds the gradient to ``indicator.grad``."""
        losses = self(indicator)
        losses.sum().backward()
        return losses.detach()

    def _features(self, indicator: Tensor, periodic: bool) -> Iterator[tuple[Place, Tensor]]:
        """Level, block and features ``[n, c, h', w']``; those of all phases together."""
        image = phase_channels(indicator)
        for level in range(self._levels):
            if level:
                odd = periodic and any(edge % 2 for edge in image.shape[2:])
                if odd or min(image.shape[2:]) < 16:
                    return
                image = functional.avg_pool2d(image, 2)
            n, k = image.shape[:2]
            found = self._encoder.features(image.flatten(0, 1)[:, None], periodic)
            for block, features in enumerate(found):
                yield (level, block), features.unflatten(0, (n, k)).flatten(1, 2)


def phase_channels(indicator: Tensor) -> Tensor:
    """The indicators that tell all: of two phases ``[n, 2, …]`` the second one alone."""
    return indicator[:, 1:] if indicator.shape[1] == 2 else indicator


def _scales(targets: dict[Place, Tensor], size: Callable[[Tensor], float]) -> dict[Place, float]:
    """What errors are relative to: the size of the target at the level where it is largest.

    Levels at which less is left of the target, as of stripes thinner than their pixels, so count
    less.
    """
    sizes = {place: size(target) for place, target in targets.items()}
    return {
        (level, block): max(other for (_, same), other in sizes.items() if same == block)
        for level, block in sizes
    }
