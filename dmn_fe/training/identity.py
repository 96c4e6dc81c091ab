"""What a training is, in JSON values: for its checkpoint, and in the metadata of its network."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from dmn_fe.homogenization import PathDataset, StiffnessDataset
from dmn_fe.network import Network
from dmn_fe.training.envelope import envelope_entry
from dmn_fe.training.history import TrainingResult
from dmn_fe.training.judge import NonlinearValidation
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.settings import Settings

__all__ = ["identity_of", "summary"]


def identity_of(
    settings: Settings,
    seeds: list[int],
    datasets: Sequence[StiffnessDataset],
    paths: PathDataset | None,
    pretrained: Network | None,
    validation: NonlinearValidation | None,
) -> dict[str, Any]:
    """What the course of a training depends on; see the arguments of
    :func:`~dmn_fe.training.train_seeds`."""
    return {
        "settings": dataclasses.asdict(settings)
        | {"oriented_phases": list(settings.oriented_phases)},
        "seeds": seeds,
        "data": [[_digest(d.phase_stiffness, d.effective), _own(d.meta)] for d in datasets],
        "paths": None if paths is None else _paths_digest(paths),
        "pretrained": None if pretrained is None else _network_digest(pretrained),
        "validation": None if validation is None else [validation.every, validation.choose],
    }


def summary(
    problem: TrainingProblem,
    result: TrainingResult,
    paths: PathDataset | None,
    validation: NonlinearValidation | None,
) -> dict[str, Any]:
    """Metadata of a trained network: data, training, errors on the validation samples, and the
    strains up to which it was tried."""
    chosen = result.chosen
    settings = problem.settings
    training = {
        name: value
        for name, value in dataclasses.asdict(settings).items()
        if value not in (None, ())
    }
    return {
        # The stiffness of a network scales with those of its phases: no unit is built in.
        "unit_system": "any consistent units",
        "data": _copy(
            problem.data[0].meta if len(problem.data) == 1 else [d.meta for d in problem.data]
        ),
        "nonlinear_samples": None if paths is None else _copy(paths.meta),
        "strain_envelope": envelope_entry(paths, validation),
        "training": {
            **training,
            "seed": result.seed,
            "iteration": chosen.iteration,
            "outcome": result.outcome,
            "training_samples": problem.training([result.seed]).shape[-1],
            "validation_samples": len(problem.validation),
        },
        "validation": {
            "linear_mean": chosen.validation_mean,
            "linear_max": chosen.validation_max,
            "nonlinear_samples": _known(chosen.path_error),
            "nonlinear_paths": _known(chosen.nonlinear_error),
        },
    }


def _copy(meta: Any) -> Any:
    return json.loads(json.dumps(meta))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _network_digest(network: Network) -> str:
    return _digest(network.weights, network.normals, network.leaf_phase, network.rotations)


def _paths_digest(paths: PathDataset) -> str:
    names = ("kind", "rve_hash", "phase_names", "laws_fingerprint")
    own = json.dumps([paths.meta.get(name) for name in names])
    tensors = _digest(paths.strain, paths.stress, paths.material, paths.dt)
    return hashlib.sha256(f"{own} {tensors}".encode()).hexdigest()


def _own(meta: dict[str, Any]) -> dict[str, Any]:
    """What of a data set's metadata a training depends on."""
    names = ("rve_hash", "phase_names", "volume_fractions", "grid")
    return json.loads(json.dumps({name: meta.get(name) for name in names}))


def _digest(*tensors: Tensor) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
