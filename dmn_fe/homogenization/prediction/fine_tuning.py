"""Training of a predictor with all its weights, those of the encoder among them."""

import dataclasses
import math

import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction.coordinates import relative_errors
from dmn_fe.homogenization.prediction.fine_tuning_recipe import FineTuning
from dmn_fe.homogenization.prediction.frozen import fit_frozen
from dmn_fe.homogenization.prediction.predictor import PropertyPredictor
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.trainable_predictor import TrainablePredictor
from dmn_fe.microstructure.reconstruction.encoder import Encoder
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
    held_out: SectionDataset | None = None,
) -> PropertyPredictor:
    """Train all weights of a predictor, for the mean squared relative error; see
    :func:`train_predictor`.

    Every section is seen shifted and under some of the symmetries of the square, at random.

    Parameters
    ----------
    held_out : SectionDataset, optional
        Sections that are not learnt from. The predictor with the least mean error of these is kept
        (early stopping), the start among them, judged every ``recipe.judged_every`` steps; else the
        last one. Its step is ``origin["step"]``.

    Raises
    ------
    InputError
        If a data set has other phases than the predictor, or no sections.
    """
    for one in (data,) if held_out is None else (data, held_out):
        if one.phases != start.phases:
            raise InputError(
                f"the predictor is for {start.phases}, the data set has {one.phases}: train from "
                "fit_frozen with the data set."
            )
        if not len(one):
            raise InputError("no sections: give a data set with some to learn from and to judge.")
    steps = recipe.steps_of(len(data))
    model = TrainablePredictor(start)
    optimiser = torch.optim.Adam(model.parameters, recipe.learning_rate)
    generator = torch.Generator().manual_seed(seed)
    origin = {**start.origin, "steps": steps, "batch": recipe.batch, "seed": seed}
    best, least = start, math.inf
    if held_out is not None:
        best, least = (
            dataclasses.replace(start, origin={**origin, "step": 0}),
            _error(start, held_out),
        )
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
        if held_out is not None and ((step + 1) % recipe.judged_every == 0 or step + 1 == steps):
            found = model.predictor({**origin, "step": step + 1})
            error = _error(found, held_out)
            if error < least:
                best, least = found, error
    return model.predictor(origin) if held_out is None else best


def _error(predictor: PropertyPredictor, data: SectionDataset) -> float:
    return relative_errors(predictor.predict(data.images), data).mean().item()


def _shape(step: int, steps: int) -> float:
    """Learning rate relative to the largest."""
    return min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
