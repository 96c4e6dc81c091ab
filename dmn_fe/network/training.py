"""Offline training: fit a network to linear-elastic data by full-batch L-BFGS.

    loss = 1/(2 n) Σ ‖C_net − C_rve‖² / ‖C_rve‖²  +  λ (Σ_leaf w − ξ)²,   ξ = leaves / 2

The second term fixes the scale of the weights, on which the stiffness does not depend (Liu & Wu,
JMPS 127 (2019) 20).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset
from dmn_fe.network.imn import imn_normals, imn_weights, initial_parameters
from dmn_fe.network.tree import Network, tree_stiffness
from dmn_fe.progress import Progress, no_progress

__all__ = ["TrainingResult", "relative_errors", "train"]

_ITERATIONS_PER_REPORT = 10
_REGULARISATION = 1e-3


@dataclass(frozen=True)
class TrainingResult:
    """The best network of a training and how it got there.

    ``history`` holds one row per report: iteration, loss, mean and largest validation error.
    """

    network: Network
    history: list[tuple[int, float, float, float]]


def relative_errors(network_stiffness: Tensor, reference: Tensor) -> Tensor:
    """``‖C_net − C_rve‖ / ‖C_rve‖`` (Frobenius) of stiffnesses ``[n, 6, 6]``, ``[n]``."""
    difference = torch.linalg.matrix_norm(network_stiffness - reference)
    return difference / torch.linalg.matrix_norm(reference)


def train(
    dataset: StiffnessDataset,
    depth: int = 5,
    seed: int = 0,
    iterations: int = 400,
    validation_fraction: float = 0.2,
    progress: Progress = no_progress,
) -> TrainingResult:
    """Train an IMN on a data set and keep the parameters with the lowest validation error.

    Parameters
    ----------
    dataset : StiffnessDataset
        Phase and effective stiffness of the samples.
    depth : int
        Levels N of the tree; it has ``2**N`` leaves, whose phases alternate.
    seed : int
        Seeds the start and the split into training and validation samples.
    iterations : int
        Limit of L-BFGS iterations.
    validation_fraction : float
        Share of the samples that is held out.
    progress : Progress
        Called with (iterations done, limit, message).

    Raises
    ------
    InputError
        If an argument is out of range or the data set is too small to split.
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed} must lie between 0 and 2**63 - 1.")
    training, validation = _split(len(dataset), validation_fraction, seed)
    if not 1 <= depth <= 12:
        raise InputError(f"depth = {depth} must lie between 1 and 12.")
    if iterations < 1:
        raise InputError(f"iterations = {iterations} must be at least 1.")
    generator = torch.Generator().manual_seed(seed)
    parameters = initial_parameters(depth, generator).requires_grad_()
    phases = len(dataset.phase_names)
    leaf_phase = torch.arange(2**depth) % phases

    def errors(samples: Tensor) -> Tensor:
        weights, normals = imn_weights(parameters), imn_normals(parameters)
        stiffness = tree_stiffness(dataset.phase_stiffness[samples], weights, normals, leaf_phase)
        return relative_errors(stiffness, dataset.effective[samples])

    def loss() -> Tensor:
        scale = imn_weights(parameters).sum() - 2 ** (depth - 1)
        return 0.5 * errors(training).square().mean() + _REGULARISATION * scale.square()

    best, best_error, history = parameters.detach().clone(), torch.inf, []
    for iteration, value in _lbfgs(parameters, loss, iterations):
        with torch.no_grad():
            validation_errors = errors(validation)
        mean, largest = validation_errors.mean().item(), validation_errors.max().item()
        history.append((iteration, value, mean, largest))
        if mean < best_error:
            best, best_error = parameters.detach().clone(), mean
        progress(iteration, iterations, f"loss {value:.3e}, validation error {mean:.2%}")

    if not history or best_error == torch.inf:
        raise InputError("the data set gives errors that are not finite; make it again.")
    network = Network(imn_weights(best), imn_normals(best), leaf_phase, dataset.phase_names)
    entries = _summary(network, dataset, seed, history[-1][0], training, validation)
    return TrainingResult(network.with_metadata(**entries), history)


def _split(samples: int, validation_fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Sample numbers for training and for validation."""
    if not 0 < validation_fraction < 1:
        raise InputError(f"validation_fraction = {validation_fraction} must lie between 0 and 1.")
    held_out = round(validation_fraction * samples)
    if not 1 <= held_out < samples:
        raise InputError(
            f"a data set of {samples} samples cannot be split at {validation_fraction}; "
            "make more samples or change validation_fraction."
        )
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(seed))
    return order[held_out:], order[:held_out]


def _lbfgs(
    parameters: Tensor, loss: Callable[[], Tensor], iterations: int
) -> Iterator[tuple[int, float]]:
    """Minimise; yields (iterations done, loss) every few iterations and ends where it stalls."""
    optimiser = torch.optim.LBFGS(
        [parameters],
        history_size=50,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    settings = optimiser.param_groups[0]

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    done, previous = 0, torch.inf
    while done < iterations:
        settings["max_iter"] = min(_ITERATIONS_PER_REPORT, iterations - done)
        settings["max_eval"] = 1000  # the line search counts evaluations, we count iterations
        optimiser.step(closure)
        done = optimiser.state[parameters]["n_iter"]
        with torch.no_grad():
            value = loss().item()
        yield done, value
        if not value < previous * (1.0 - 1e-9):
            return
        previous = value


def _summary(
    network: Network,
    dataset: StiffnessDataset,
    seed: int,
    iterations: int,
    training: Tensor,
    validation: Tensor,
) -> dict:
    """Metadata of a trained network: data, training and errors on the validation samples."""
    stiffness = network.stiffness(dataset.phase_stiffness[validation])
    errors = relative_errors(stiffness, dataset.effective[validation])
    return {
        # The stiffness of a network scales with those of its phases: no unit is built in.
        "unit_system": "any consistent units",
        "data": dataset.meta,
        "training": {
            "method": "L-BFGS, full batch",
            "seed": seed,
            "iterations": iterations,
            "training_samples": len(training),
            "validation_samples": len(validation),
        },
        "validation": {
            "linear_mean": errors.mean().item(),
            "linear_max": errors.max().item(),
            "nonlinear": None,
        },
        "strain_envelope": None,
    }
