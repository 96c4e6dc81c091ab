"""Offline training: networks that behave as an RVE does."""

import dataclasses
import hashlib
import math
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset, StiffnessDataset
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network, with_volume_fractions
from dmn_fe.progress import Progress, no_progress
from dmn_fe.training.checkpoint import Checkpoint
from dmn_fe.training.history import TrainingResult
from dmn_fe.training.judge import NonlinearValidation
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.run import Run
from dmn_fe.training.settings import Settings, with_changes
from dmn_fe.training.start import copies, random_start

__all__ = ["train", "train_seeds"]

Data = StiffnessDataset | Sequence[StiffnessDataset]


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
        The laws of ``paths``, where they were made with given laws.
    pretrained : Network, optional
        Trained network to start from, of the same depth or a smaller one; instead of random
        parameters. Its leaf weights are first scaled to the volume fractions of ``data``, where
        these are known: from other fractions the first steps would tear the network apart, and
        :func:`dmn_fe.network.interpolate` between such networks be far off.
    validation : NonlinearValidation, optional
        Tests the networks on nonlinear paths while they are trained.
    checkpoint : path, optional
        File (.safetensors) that keeps the training every few seconds and whenever it is
        interrupted; the same call goes on from there to the same result.
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
    seeds = [_seed(seed) for seed in seeds]
    if not seeds:
        raise InputError("seeds: give at least one.")
    datasets = [data] if isinstance(data, StiffnessDataset) else list(data)
    problem = TrainingProblem(datasets, settings, device, pretrained)
    objective = None if paths is None else PathObjective(problem, paths, laws, len(seeds))
    identity = {
        "settings": dataclasses.asdict(settings)
        | {"oriented_phases": list(settings.oriented_phases)},
        "seeds": seeds,
        "data": [_digest(d.phase_stiffness, d.effective) for d in datasets],
        "paths": None if paths is None else _digest(paths.strain, paths.stress),
        "pretrained": None if pretrained is None else _network_digest(pretrained),
    }
    file = Checkpoint(checkpoint, identity)
    found = file.read()
    first = _first_parameters(problem, seeds, pretrained, found is not None, progress)
    run = Run(problem, first.to(device), seeds, objective, validation)
    if found is not None:
        run.set_state(found)
        progress(run.iteration, run.limit, "resumed")
    state = _snapshot(run)
    try:
        while not run.finished:
            message = run.advance()
            state = _snapshot(run)
            progress(run.iteration, run.limit, message)
            if file.is_due():
                file.write(state)
    finally:
        file.write(state)
    results = []
    for k, seed in enumerate(seeds):
        network, history, chosen, outcome = run.result(k)
        entries = _summary(problem, network, seed, chosen, outcome, paths)
        results.append(
            TrainingResult(
                network.with_metadata(**entries), seed, history, chosen, outcome, run.seconds
            )
        )
    return results


def _snapshot(run: Run) -> dict[str, Tensor]:
    """State after a report: of an interruption amid iterations only these are lost."""
    return {name: value.clone() for name, value in run.state().items()}


def _first_parameters(
    problem: TrainingProblem,
    seeds: list[int],
    pretrained: Network | None,
    resumed: bool,
    progress: Progress,
) -> Tensor:
    """Parameters ``[K, size]`` to begin with."""
    settings, parametrisation = problem.settings, problem.parametrisation
    if resumed:
        return random_start(parametrisation, "uniform", seeds)  # the checkpoint has the others
    if pretrained is not None:
        networks = [_at_fractions(pretrained, problem)] * len(seeds)
    elif settings.start == "quilting":
        smaller = with_changes(settings, {"depth": settings.depth - 2, "start": "uniform"})
        networks = [
            result.network
            for result in train_seeds(
                problem.data, smaller, seeds, device=problem.device, progress=progress
            )
        ]
    else:
        return random_start(parametrisation, settings.start, seeds)
    rows = []
    assert settings.leaf_sum is not None
    for seed, network in zip(seeds, networks, strict=True):
        levels = settings.depth - network.depth
        larger = copies(network, levels, seed if levels or len(seeds) > 1 else None)
        scale = settings.leaf_sum / larger.weights.sum()
        larger = dataclasses.replace(larger, weights=larger.weights * scale)
        rows.append(parametrisation.parameters(larger))
    return torch.stack(rows)


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
    if not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed} must lie between 0 and 2**63 - 1.")
    return seed


def _network_digest(network: Network) -> str:
    return _digest(network.weights, network.normals, network.leaf_phase, network.rotations)


def _digest(*tensors: Tensor) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _summary(
    problem: TrainingProblem,
    network: Network,
    seed: int,
    chosen,
    outcome: str,
    paths: PathDataset | None,
) -> dict[str, Any]:
    """Metadata of a trained network: data, training and errors on the validation samples."""
    settings = problem.settings
    training = {
        name: value
        for name, value in dataclasses.asdict(settings).items()
        if value not in (None, ())
    }
    return {
        # The stiffness of a network scales with those of its phases: no unit is built in.
        "unit_system": "any consistent units",
        "data": problem.data[0].meta if len(problem.data) == 1 else [d.meta for d in problem.data],
        "nonlinear_samples": None if paths is None else paths.meta,
        "training": {
            **training,
            "seed": seed,
            "iteration": chosen.iteration,
            "outcome": outcome,
            "training_samples": len(problem.training),
            "validation_samples": len(problem.validation),
        },
        "validation": {
            "linear_mean": chosen.validation_mean,
            "linear_max": chosen.validation_max,
            "one_step": _known(chosen.path_error),
            "nonlinear": _known(chosen.nonlinear_error),
        },
        "strain_envelope": None,
    }


def _known(value: float) -> float | None:
    return None if value != value else value
