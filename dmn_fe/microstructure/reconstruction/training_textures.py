"""What an encoder is trained on: sections, and what is nearly the same as they are."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dmn_fe.microstructure.families import FAMILIES, UNSEEN_FAMILIES, synthetic_section
from dmn_fe.microstructure.reconstruction.corrupted_sections import CORRUPTIONS
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.encoder_recipe import Recipe
from dmn_fe.microstructure.reconstruction.multigrid import Multigrid
from dmn_fe.microstructure.reconstruction.phase_partition import labels, one_hot
from dmn_fe.microstructure.volume_fraction import exact_counts

__all__ = ["TrainingTextures"]

_LEVELS, _SHARPENING = 3, 12  # of the reconstructions
_RIPPLES = 0.05  # largest standard deviation of ripples in the images


class TrainingTextures:
    """Sections with what is nearly the same as they are."""

    def __init__(self, recipe: Recipe):
        self._recipe = recipe
        self._real: list[np.ndarray] = []
        self._wrong: list[list[np.ndarray]] = []
        self.reconstructions: list[tuple[int, np.ndarray]] = []  # of sections, by their numbers
        for family in FAMILIES:
            if family in UNSEEN_FAMILIES:
                continue
            for number in range(recipe.sections):
                rng = np.random.default_rng([recipe.seed, 1, len(self._real)])
                seed = recipe.seed * recipe.sections + number
                rve = synthetic_section(family, seed, recipe.voxels)
                phase = rve.phase[:, :, 0] == rng.integers(len(rve.names))
                self._real.append(phase)
                self._wrong.append([corrupted(phase, rng) for corrupted in CORRUPTIONS])

    def reconstruct(self, encoder: Encoder, number: int, tick: Callable[[int], None]) -> None:
        """Rebuild some of the sections, in the given round."""
        recipe = self._recipe
        shape = (recipe.crop, recipe.crop)
        rng = np.random.default_rng([recipe.seed, 2, number])
        for done in range(recipe.reconstructions):
            section = int(rng.integers(len(self._real)))
            phase = self._real[section]
            multigrid = Multigrid(
                [one_hot(phase, 2)[0]],
                shape,
                encoder,
                ("gram",),
                _LEVELS,
                recipe.iterations,
                _SHARPENING,
            )
            found = None
            for stage in range(len(multigrid.stages)):
                found = multigrid.run([done], stage, found, lambda: None)
            assert found is not None
            fraction = float(phase.mean())
            counts = exact_counts((1.0 - fraction, fraction), recipe.crop**2)
            cut = labels(found[0].numpy(), counts).astype(np.float32)
            self.reconstructions.append((section, cut))
            if number:
                # Before the cut too, so that the encoder sees what hides between 0 and 1.
                self.reconstructions.append((section, found[0, 1].numpy()))
            tick(done + 1)

    def groups(self, rng: np.random.Generator) -> Tensor:
        """Of some sections two crops and some wrong copies, ``[textures, 2 + wrong, c, c]``.

        Two thirds of the sections have a reconstruction among the wrong copies.
        """
        recipe = self._recipe
        groups: list[np.ndarray] = []
        rebuilt = rng.permutation(len(self.reconstructions))[: 2 * recipe.textures // 3]
        chosen = [self.reconstructions[number] for number in rebuilt]
        others = rng.permutation(len(self._real))[: recipe.textures - len(chosen)]
        for section in [number for number, _ in chosen] + [int(number) for number in others]:
            kinds = rng.permutation(len(CORRUPTIONS))[: recipe.wrong]
            wrong = [self._wrong[section][kind] for kind in kinds]
            if len(groups) < len(chosen):
                wrong[0] = chosen[len(groups)][1]
            groups.append(self._cropped(self._real[section], wrong, rng))
        x = torch.from_numpy(np.stack(groups))
        # Indicators lie between 0 and 1 while they are optimised: half of the images are blurred,
        # and ripples must not matter.
        x = _blurred(x, rng.uniform(0.3, 1.0)) if rng.random() < 0.5 else x
        strength = _RIPPLES * rng.random((*x.shape[:2], 1, 1))
        ripples = torch.from_numpy((strength * rng.standard_normal(x.shape)).astype(np.float32))
        width = int(rng.choice([1, 3, 5]))
        return x + width * functional.avg_pool2d(ripples, width, 1, width // 2)

    def _cropped(
        self, real: np.ndarray, wrong: list[np.ndarray], rng: np.random.Generator
    ) -> np.ndarray:
        """Crops ``[2 + wrong, c, c]``, turned and mirrored alike, some with phases exchanged.

        Wrong copies are cropped where the second real crop is, so that the fault is the only
        difference.
        """
        turns, mirrored, swapped = rng.integers(4), rng.random() < 0.5, rng.random() < 0.3
        here, there = rng.integers(0, len(real), (2, 2))
        found = []
        for image, place in [(real, here), *((image, there) for image in (real, *wrong))]:
            c = self._recipe.crop
            crop = np.roll(image, tuple(-place), (0, 1))[:c, :c].astype(np.float32)
            crop = np.rot90(1.0 - crop if swapped else crop, turns)
            found.append(crop[:, ::-1] if mirrored else crop)
        return np.stack(found)


def _blurred(images: Tensor, width: float) -> Tensor:
    """Images ``[a, b, c, c]`` under a Gaussian; pixels at the edges see zeros outside."""
    steps = torch.arange(-2.0, 3.0)
    window = torch.exp(-0.5 * (steps / width) ** 2)
    window = (window[:, None] * window / window.sum() ** 2)[None, None]
    flat = functional.pad(images.flatten(0, 1)[:, None], (2,) * 4, mode="reflect")
    return functional.conv2d(flat, window).view(images.shape)
