"""Offline training: networks that behave as an RVE does."""

import dataclasses
import math
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmn_fe.device import check_device
from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network, with_volume_fractions
from dmn_fe.progress import Progress, no_progress
from dmn_fe.training.checkpoint import Checkpoint
from dmn_fe.training.history import TrainingResult
from dmn_fe.training.identity import identity_of, summary
from dmn_fe.training.judge import NonlinearValidation
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.run import Run
from dmn_fe.training.samples import Data, datasets_of
from dmn_fe.training.settings import Settings, with_changes
from dmn_fe.training.start import copies, random_start

__all__ = ["train", "train_seeds"]

_TRANSFER_NOISE = 0.05


def train(
    data: Data,
    settings: Settings | None = None,
    seed: int = 0,
    paths: PathDataset | None = None,
    **options: Any,
) -> TrainingResult:
    """Train one network: :func:`train_seeds` with one seed."""
    return train_seeds(data, settings, (seed,), paths, **options)[0]


def train_seeds(
    data: Data,
    settings: Settings | None = None,
    seeds: Sequence[int] = (0,),
    paths: PathDataset | None = None,
    laws: Mapping[str, MaterialLaw] | None = None,
    pretrained: Network | None = None,
    validation: NonlinearValidation | None = None,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    progress: Progress = no_progress,
    **changes: Any,
) -> list[TrainingResult]:
    """Train networks of several seeds together and keep the best parameters of each.

    The networks are independent of each other, but evaluated in one batch.

    Parameters
    ----------
    data : StiffnessDataset, or several of one RVE
        Phase and effective stiffness of the samples.
    settings : Settings, optional
    seeds : sequence of int
        Of the starts, and of the order of batches.
    paths : PathDataset, optional
        Nonlinear samples, which join after ``settings.elastic_iterations``.
    laws : mapping of str to MaterialLaw, optional
        The laws of ``paths``, where they were made with given laws of a kind that the file cannot
        describe.
    pretrained : Network, optional
        Trained network to start from, of the same depth or a smaller one; instead of random
        parameters. Its leaf weights are first scaled to the volume fractions of ``data``, where
        these are known: from other fractions the first steps would tear the network apart, and
        :func:`dmn_fe.network.interpolate` between such networks be far off. Of several seeds each
        changes its parameters at random by up to 0.05 (z, and angles in revolutions); such networks
        differ less than those of independent starts.
    validation : NonlinearValidation, optional
        Tests the networks on nonlinear paths while they are trained.
    checkpoint : path, optional
        File (.safetensors) that keeps the training every few seconds and whenever it is
        interrupted; the same call goes on from there to the same result. (Of a validation it knows
        how often it is made and whether it chooses, but not what it measures.)
    device : str
        Where to train: ``"cpu"``, ``"cuda"``; nonlinear samples are evaluated on the CPU.
    progress : Progress
        Called with (iterations done, limit, message).
    **changes
        Single settings, e.g. ``depth=7``.

    Returns
    -------
    list of TrainingResult
        In the order of the seeds.

    Raises
    ------
    InputError
        If an argument makes no sense, data do not fit together, or the checkpoint belongs to
        another training.
    """
    settings = with_changes(settings, changes)
    check_device(device)
    seeds = [_seed(seed) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise InputError(f"seeds = {seeds}: give at least one, and each once.")
    datasets = datasets_of(data)
    problem = TrainingProblem(datasets, settings, device, pretrained)
    objective = None if paths is None else PathObjective(problem, paths, laws, seeds)
    identity = identity_of(settings, seeds, datasets, paths, pretrained, validation)
    file = Checkpoint(checkpoint, identity)
    found = file.read()
    if found is None:
        first, seconds = _first_parameters(problem, seeds, pretrained, file.before, progress)
        run = Run(problem, first.to(device), seeds, objective, validation, seconds)
        state = _snapshot(run)
        if file.write(state) and pretrained is None and settings.start == "quilting":
            file.remove_before()
    else:
        first = random_start(problem.parametrisation, "uniform", seeds)  # the file has the others
        run = Run(problem, first.to(device), seeds, objective, validation)
        run.set_state(found)
        state = _snapshot(run)
        progress(run.iteration, run.limit, "resumed")
    try:
        while not run.finished:
            message = run.advance()
            state = _snapshot(run)
            progress(run.iteration, run.limit, message)
            if file.is_due():
                file.write(state)
    finally:
        file.write(state)
    results = [run.result(k) for k in range(len(seeds))]
    told = [summary(problem, result, paths, validation) for result in results]
    return [
        dataclasses.replace(result, network=result.network.with_metadata(**entries))
        for result, entries in zip(results, told, strict=True)
    ]


def _snapshot(run: Run) -> dict[str, Tensor]:
    """State after a report: of an interruption amid iterations only these are lost."""
    return {name: value.clone() for name, value in run.state().items()}


def _first_parameters(
    problem: TrainingProblem,
    seeds: list[int],
    pretrained: Network | None,
    checkpoint: Path | None,
    progress: Progress,
) -> tuple[Tensor, float]:
    """Parameters ``[K, size]`` to begin with, and the seconds that a training for them took.

    ``checkpoint`` is that of the training for the start.
    """
    settings, parametrisation = problem.settings, problem.parametrisation
    seconds = 0.0
    if pretrained is not None:
        networks = [_at_fractions(pretrained, problem)] * len(seeds)
    elif settings.start == "quilting":
        smaller = with_changes(settings, {"depth": settings.depth - 2, "start": "uniform"})
        results = train_seeds(
            problem.data,
            smaller,
            seeds,
            checkpoint=checkpoint,
            device=problem.device,
            progress=progress,
        )
        networks, seconds = [result.network for result in results], results[0].seconds
    else:
        low, high = settings.start_low, settings.start_high
        return random_start(parametrisation, settings.start, seeds, low, high), seconds
    rows = []
    assert settings.leaf_sum is not None
    for seed, network in zip(seeds, networks, strict=True):
        levels = settings.depth - network.depth
        larger = copies(network, levels, seed if levels or len(seeds) > 1 else None)
        scale = settings.leaf_sum / larger.weights.sum()
        larger = dataclasses.replace(larger, weights=larger.weights * scale)
        row = parametrisation.parameters(larger)
        if pretrained is not None and len(seeds) > 1:
            generator = torch.Generator().manual_seed(seed)
            noise = 2.0 * torch.rand(row.shape, generator=generator, dtype=row.dtype) - 1.0
            row = row + _TRANSFER_NOISE * noise
        rows.append(row)
    return torch.stack(rows), seconds


def _at_fractions(network: Network, problem: TrainingProblem) -> Network:
    """The network with the volume fractions of the data, if these are known."""
    if any(math.isnan(fraction) for fraction in problem.fractions):
        return network
    return with_volume_fractions(
        network, dict(zip(problem.phase_names, problem.fractions, strict=True))
    )


def _seed(seed: int) -> int:
    try:
        seed = operator.index(seed)
    except TypeError as error:
        raise InputError(f"seed = {seed!r} must be a whole number.") from error
    if not 0 <= seed < 2**32:  # torch would take larger ones modulo this
        raise InputError(f"seed = {seed} must lie between 0 and 2**32 - 1.")
    return seed
