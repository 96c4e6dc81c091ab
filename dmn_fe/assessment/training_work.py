"""One training of an assessment: train all seeds, test them, keep the result in a file."""

import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmn_fe.assessment.coverage import coverage, mean_response
from dmn_fe.assessment.subject import Training
from dmn_fe.errors import InputError
from dmn_fe.evaluate import FixedPointLaw, NetworkLaw, follow_strain_path, path_errors
from dmn_fe.evaluate.path_error import PathErrors, response_errors
from dmn_fe.files import written_whole
from dmn_fe.homogenization import PathDataset, ReferencePaths, StiffnessDataset
from dmn_fe.laws import laws_from_description
from dmn_fe.network import Ensemble, Network, compress, load, save
from dmn_fe.progress import Progress
from dmn_fe.training import TrainingResult, compression_threshold, train_seeds
from dmn_fe.training.samples import split

__all__ = ["result_path", "starting_network", "work_on"]

_HISTORY_POINTS = 60


def result_path(folder: Path, training: Training) -> Path:
    """The file of a training's result."""
    return folder / f"{training.key}.json"


def work_on(training: Training, folder: Path, progress: Progress) -> None:
    """Train and test, unless the result is there; goes on where an earlier run stopped."""
    path = result_path(folder, training)
    if path.exists():
        return
    subject = training.subject
    data = {name: StiffnessDataset.load(file) for name, file in subject.elastic.items()}
    paths = None
    if training.nonlinear:
        paths = PathDataset.load(subject.nonlinear[training.nonlinear])
    checkpoint = folder / f"{training.key}.partial.safetensors"
    results = train_seeds(
        [data[name] for name in training.elastic],
        training.settings,
        training.seeds,
        paths,
        pretrained=starting_network(training),
        checkpoint=checkpoint,
        progress=progress,
    )
    networks = [result.network for result in results]
    threshold = compression_threshold(data.values())
    small = [compress(network, threshold) for network in networks]
    save(Ensemble(tuple(small)), folder / f"{training.key}.dmn")
    rows = [
        _row(result, network, data, training.settings.validation_fraction)
        for result, network in zip(results, small, strict=True)
    ]
    result = {
        "subject": subject.name,
        "seconds": results[0].seconds,
        "seeds": rows,
        "samples": results[0].network.metadata["training"]["training_samples"],
        "truth": _truth(training, small),
    }
    with written_whole(path) as partial:
        partial.write_text(json.dumps(result, indent=1))
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


def _row(
    result: TrainingResult, small: Network, data: dict[str, StiffnessDataset], fraction: float
) -> dict[str, Any]:
    """Offline figures of one network."""
    history = result.history
    shown = history[:: max(1, len(history) // _HISTORY_POINTS)]
    return {
        "seed": result.seed,
        "outcome": result.outcome,
        "iteration": result.chosen.iteration,
        "last_iteration": history[-1].iteration,
        "loss": _number(result.chosen.loss),
        "validation": _number(result.chosen.validation_mean),
        "path_error": _number(result.chosen.path_error),
        "elastic": {name: _elastic_error(small, own, fraction) for name, own in data.items()},
        "active_leaves": result.chosen.active_leaves,
        "leaves": len(small.weights),
        "fraction_error": _number(result.chosen.fraction_error),
        "history": [
            [row.iteration, _number(row.loss), _number(row.validation_mean)] for row in shown
        ],
    }


def _elastic_error(network: Network, data: StiffnessDataset, fraction: float) -> list[float | None]:
    """Mean and largest relative error on the samples of a data set that training never sees."""
    held_out = split(len(data), fraction)[1]
    reference = data.effective[held_out]
    difference = network.stiffness(data.phase_stiffness[held_out]) - reference
    error = torch.linalg.matrix_norm(difference) / torch.linalg.matrix_norm(reference)
    return [_number(error.mean().item()), _number(error.max().item())]


def _truth(training: Training, networks: list[Network]) -> dict[str, Any]:
    """Online figures for each reference: of all networks, and of the mean of the first few."""
    found = {}
    for number, (name, file) in enumerate(training.subject.truth.items()):
        reference = ReferencePaths.load(file)
        laws = laws_from_description(reference.meta["laws"])
        start = time.perf_counter()
        responses = [
            follow_strain_path(NetworkLaw(network, laws), reference.times, reference.strain)
            for network in networks
        ]
        seconds = (time.perf_counter() - start) / len(networks)
        members = [response_errors(response, reference) for response in responses]
        together = mean_response(responses[: training.ensemble])
        mean = response_errors(together, reference)
        entry: dict[str, Any] = {
            "paths": list(reference.names),
            "counted": mean.counted.tolist(),
            "seeds": [_errors(errors) for errors in members],
            "newton_seconds": seconds,
            "ensemble": _errors(mean),
            "coverage": coverage(responses[: training.ensemble], reference),
        }
        if number == 0 and training.fixed_point:
            start = time.perf_counter()
            errors = path_errors(FixedPointLaw(networks[0], laws), reference)
            entry["fixed_point_seconds"] = time.perf_counter() - start
            entry["fixed_point"] = _errors(errors)
        found[name] = entry
    return found


def _errors(errors: PathErrors) -> dict[str, Any]:
    return {
        "mean": _numbers(errors.mean),
        "largest": _numbers(errors.largest),
        "overall_mean": _number(errors.overall_mean),
        "overall_largest": _number(errors.overall_largest),
    }


def _numbers(values: Tensor) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | None:
    """JSON has no infinity and no not-a-number: None stands for both."""
    return value if math.isfinite(value) else None
