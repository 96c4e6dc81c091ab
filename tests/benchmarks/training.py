"""Training on the compiled core and in torch: python tests/benchmarks/training.py [RESULT.json]

Epochs of Adam on 400 stiffness samples, and whole trainings of one network and of an ensemble of
five with one-step samples. Ratios come from the same run. Nothing is asserted; the result is
printed and, with an argument, stored with the machine it was measured on.
"""

import sys
import time
from pathlib import Path

import torch

from dmn_fe.evaluate.core.threads import thread_count
from dmn_fe.homogenization import PathDataset, StiffnessDataset
from dmn_fe.training import train_seeds
from dmn_fe.training.objective import StiffnessObjective
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish

DATA = Path(__file__).parents[2] / "demos" / "assessment" / "data"
SAMPLES = 400


def data() -> list[StiffnessDataset]:
    """Elastic samples of spheres: 600, of which a fifth is held out."""
    names = ("tangent-like", "orthotropic")
    return [StiffnessDataset.load(DATA / f"spheres_b_{name}.safetensors") for name in names]


def milliseconds_of_an_epoch(kind: str, depth: int, use_core: bool) -> float:
    """Best time of an epoch with its optimiser."""
    problem = TrainingProblem(data(), Settings(kind=kind, depth=depth))
    own = problem.objective
    objective = StiffnessObjective(
        own.parametrisation, own.leaf_phase, own.samples, problem.fractions, own.settings, use_core
    )
    chosen = torch.cat(own.samples.training)[:SAMPLES]
    assert len(chosen) == SAMPLES
    start = torch.rand(1, own.parametrisation.size, dtype=torch.float64)
    row = torch.nn.Parameter(start)
    optimiser = torch.optim.Adam([row], lr=1e-3)
    best = float("inf")
    for _ in range(100 if use_core else 6):
        begin = time.perf_counter()
        row.grad = objective(row.detach(), chosen)[1]
        optimiser.step()
        best = min(best, time.perf_counter() - begin)
    return 1e3 * best


def seconds_of_training(depth: int, networks: int, with_paths: bool) -> float:
    """Time of a training of 300 iterations of L-BFGS, all of it."""
    paths = PathDataset.load(DATA / "spheres_b_one-step.safetensors") if with_paths else None
    begin = time.perf_counter()
    train_seeds(data(), seeds=range(networks), depth=depth, iterations=300, paths=paths)
    return time.perf_counter() - begin


if __name__ == "__main__":
    torch.set_num_threads(1)
    epochs = {}
    for kind in ("imn", "dmn"):
        for depth in (5, 7):
            core, plain = (milliseconds_of_an_epoch(kind, depth, use) for use in (True, False))
            entry = {"core_ms": core, "torch_ms": plain, "torch_over_core": plain / core}
            epochs[f"{kind} {depth}"] = entry
    trainings = {
        "5, elastic, one network": seconds_of_training(5, 1, False),
        "7, elastic, one network": seconds_of_training(7, 1, False),
        "7, elastic and one-step, one network": seconds_of_training(7, 1, True),
        "7, elastic and one-step, five networks": seconds_of_training(7, 5, True),
    }
    result = {"samples": SAMPLES, "threads": thread_count(), "epochs": epochs}
    finish({**result, "training_s": trainings}, sys.argv[1] if len(sys.argv) > 1 else None)
