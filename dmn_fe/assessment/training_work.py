"""One training of an assessment: train all seeds, test them, keep the result in a file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from dmn_fe.assessment.online_work import number, tested
from dmn_fe.assessment.subject import Training
from dmn_fe.errors import InputError
from dmn_fe.files import written_whole
from dmn_fe.homogenization import PathDataset, StiffnessDataset
from dmn_fe.network import Ensemble, Network, load, save
from dmn_fe.progress import Progress
from dmn_fe.training import TrainingResult, compressed, train_seeds
from dmn_fe.training.compressed import held_out_errors
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem

__all__ = ["KEYS", "result_path", "starting_network", "work_on"]

KEYS = ("subject", "seconds", "machine", "seeds", "samples", "truth")

_HISTORY_POINTS = 60


def result_path(folder: Path, training: Training) -> Path:
    """The file of a training's result."""
    return folder / f"{training.key}.json"


def work_on(training: Training, path: Path, progress: Progress, machine: dict[str, Any]) -> None:
    """Train and test, and write the result to ``path``; goes on where an earlier run stopped.

    ``machine`` holds JSON values that say where the times were measured.
    """
    subject = training.subject
    data = {name: StiffnessDataset.load(file) for name, file in subject.elastic.items()}
    learnt = [data[name] for name in training.elastic]
    paths = None
    if training.nonlinear:
        paths = PathDataset.load(subject.nonlinear[training.nonlinear])
    checkpoint = path.with_suffix(".partial.safetensors")
    results = train_seeds(
        learnt,
        training.settings,
        training.seeds,
        paths,
        pretrained=starting_network(training),
        checkpoint=checkpoint,
        progress=progress,
    )
    small = [compressed(result.network, learnt) for result in results]
    save(Ensemble(tuple(small)), path.with_suffix(".dmn"))
    rows = [
        _row(result, network, data, training.settings.validation_fraction)
        for result, network in zip(results, small, strict=True)
    ]
    for row, errors in zip(rows, _learnt_errors(training, results, learnt, paths), strict=True):
        row |= errors
    result = {
        "subject": subject.name,
        "seconds": results[0].seconds,
        "machine": machine,
        "seeds": rows,
        "samples": results[0].network.metadata["training"]["training_samples"],
        "truth": tested(training, small),
    }
    with written_whole(path) as partial:
        partial.write_text(json.dumps(result))
    checkpoint.unlink(missing_ok=True)


def starting_network(training: Training) -> Network | None:
    """The trained network that a training starts from, if any."""
    if training.pretrained is None:
        return None
    network = load(training.pretrained)
    if not isinstance(network, Network):
        raise InputError(
            f"{training.pretrained}: holds an ensemble; give one network to start from."
        )
    return network


def _learnt_errors(
    training: Training,
    results: Sequence[TrainingResult],
    data: Sequence[StiffnessDataset],
    paths: PathDataset | None,
) -> list[dict[str, float | None]]:
    """Errors of each network on the samples that it has learnt from: the mean elastic one, and the
    root mean square one of nonlinear samples."""
    problem = TrainingProblem(data, training.settings, pretrained=starting_network(training))
    parametrisation = problem.parametrisation
    parameters = torch.stack([parametrisation.parameters(result.network) for result in results])
    elastic = problem.objective.errors(parameters, problem.training(training.seeds)).mean(-1)
    rows: list[dict[str, float | None]] = [{"learnt": number(e)} for e in elastic.tolist()]
    if paths is not None:
        objective = PathObjective(problem, paths, None, list(training.seeds))
        loss = objective(parameters, torch.arange(len(results)))[0]
        for row, error in zip(rows, loss.sqrt().tolist(), strict=True):
            row["learnt_paths"] = number(error)
    return rows


def _row(
    result: TrainingResult, small: Network, data: dict[str, StiffnessDataset], fraction: float
) -> dict[str, Any]:
    """Offline figures of one network."""
    history = result.history
    shown = history[:: max(1, len(history) // _HISTORY_POINTS)]
    if shown[-1] is not history[-1]:
        shown = [*shown, history[-1]]
    elastic = {}
    for name, own in data.items():
        errors = held_out_errors(small, own, fraction)
        elastic[name] = [number(errors.mean().item()), number(errors.max().item())]
    return {
        "seed": result.seed,
        "outcome": result.outcome,
        "diverged": result.diverged,
        "iteration": result.chosen.iteration,
        "loss": number(result.chosen.loss),
        "validation_loss": number(result.chosen.validation_loss),
        "validation": number(result.chosen.validation_mean),
        "path_error": number(result.chosen.path_error),
        "elastic": elastic,
        "active_leaves": result.chosen.active_leaves,
        "leaves": len(small.weights),
        "fraction_error": number(result.chosen.fraction_error),
        "history": [
            [row.iteration, number(row.loss), number(row.validation_mean), row.seconds]
            for row in shown
        ],
    }
