"""Does a predicted stiffness save iterations of training a network? python network_start.py

Networks of sections of families that the predictor has never seen are trained on solved stiffnesses
from five starts:

- default: random;
- chosen: of 64 random starts the one whose stiffness is nearest to the predicted one;
- pretrained: on the stiffness predicted at two contrasts, each with the phases in both orders;
- pretrained on mean: the same with the means of the Hashin–Shtrikman bounds, which know the volume
  fraction alone;
- pretrained on solved: the same with these four stiffnesses solved, which no prediction can beat.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from network_start_report import write_report
from results_file import Entry, read_entries, write_results
from study import HERE, read_sections, show
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    PropertyPredictor,
    StiffnessDataset,
    TwoPhases,
    effective_stiffness,
    fit_frozen,
    hashin_shtrikman_mean,
    make_dataset,
)
from dmn_fe.mandel import plane_part
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.training import Settings, train, train_seeds
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.samples import split
from dmn_fe.training.start import random_start

CONTRASTS = (10.0, 100.0)
#: ``samples``: solved stiffnesses; ``learnt``: sections of the predictor; ``pretraining``:
#: iterations; ``candidates``: random starts of which one is chosen.
WHOLE = {
    "sections": 9,  # three of each unseen family
    "seeds": 8,
    "samples": 100,
    "learnt": 250,
    "pretraining": 50,
    "iterations": 150,
    "candidates": 64,
}
SMALL = {
    "sections": 1,
    "seeds": 2,
    "samples": 10,
    "learnt": 16,
    "pretraining": 10,
    "iterations": 20,
    "candidates": 3,
}
Estimate = Callable[[int, TwoPhases, Tensor], Tensor]  # plane stiffness, by number of the contrast


def few_samples(image: Tensor, estimate: Estimate) -> StiffnessDataset:
    """Plane-strain stiffness at the contrasts, with the phases in both orders: four rows, and their
    copies where :func:`split` holds out half."""
    phases, effective = [], []
    for k, contrast in enumerate(CONTRASTS):
        two = TwoPhases((1.0, contrast), conductivity=(1.0, contrast))
        for swapped in (False, True):
            # The stiffness for phases in the other order is that of the inverted image.
            effective.append(estimate(k, two, 1 - image if swapped else image))
            plane = two.plane_stiffness
            phases.append(plane.flip(0) if swapped else plane)
    fraction = image.double().mean().item()
    meta = {"phase_names": ["matrix", "inclusion"], "volume_fractions": [1 - fraction, fraction]}
    places = torch.empty(2 * len(effective), dtype=torch.int64)
    for half in split(len(places), 0.5):
        places[half] = torch.arange(len(effective))
    return StiffnessDataset(torch.stack(phases)[places], torch.stack(effective)[places], meta)


def predicted(found: list[PropertyPredictor]) -> Estimate:
    """Of the predictors, one for each contrast."""
    return lambda k, two, image: found[k].predict(image[None]).stiffness[0]


def mean(k: int, two: TwoPhases, image: Tensor) -> Tensor:
    """Of the volume fraction."""
    return hashin_shtrikman_mean(two, image.double().mean()[None])[0][0]


def solved(k: int, two: TwoPhases, image: Tensor) -> Tensor:
    """Of the FFT solver."""
    return plane_part(effective_stiffness(VoxelRVE(image.numpy()[:, :, None]), two.stiffness))


def nearest_seed(
    data: StiffnessDataset, few: StiffnessDataset, settings: Settings, seeds: range
) -> int:
    """Of some seeds the one whose start has the stiffness nearest to a few samples."""
    problem = TrainingProblem([data], settings)
    norm, errors = torch.linalg.matrix_norm, []
    for row in random_start(problem.parametrisation, settings.start, seeds):
        stiffness = problem.network(row).stiffness(few.phase_stiffness)
        errors.append((norm(stiffness - few.effective) / norm(few.effective)).mean().item())
    return seeds[errors.index(min(errors))]


def histories(
    data: StiffnessDataset, image: Tensor, found: list[PropertyPredictor], counts: dict[str, int]
) -> Entry:
    """Rows (iteration, validation error) of each start and seed, and what pretraining costs."""
    settings = Settings(depth=4, iterations=counts["iterations"])
    begun = time.perf_counter()
    few = few_samples(image, predicted(found))
    prediction = time.perf_counter() - begun
    candidates = counts["candidates"]
    firsts = [seed * candidates for seed in range(counts["seeds"])]
    ranges = [range(first, first + candidates) for first in firsts]
    chosen = [nearest_seed(data, few, settings, seeds) for seeds in ranges]
    rows: dict[str, list] = {}
    for name, seeds in (("default", firsts), ("chosen", chosen)):
        rows[name] = [_row(result) for result in train_seeds(data, settings, seeds)]
    others = {"pretrained": few}
    others["pretrained on mean"] = few_samples(image, mean)
    others["pretrained on solved"] = few_samples(image, solved)
    pretraining, iteration = [], []
    changes = {"iterations": counts["pretraining"], "validation_fraction": 0.5}
    for name, samples in others.items():
        rows[name] = []
        for first in firsts:
            short = train(samples, settings, first, **changes)
            whole = train(data, settings, first, pretrained=short.network)
            rows[name].append(_row(whole))
            pretraining.append(short.seconds)
            iteration.append(whole.seconds / whole.history[-1].iteration)
    seconds = {"prediction": prediction, "pretraining": _mean(pretraining)}
    seconds["iteration"] = _mean(iteration)
    return {"rows": rows, "seconds": {name: round(s, 5) for name, s in seconds.items()}}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _row(result: Any) -> list[tuple[int, float]]:
    return [(row.iteration, round(row.validation_mean, 6)) for row in result.history]


def main() -> int:
    """Train from all starts; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of the sections")
    parser.add_argument("--output", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--small", action="store_true", help="one section, in half a minute")
    given = parser.parse_args()
    torch.set_num_threads(1)
    counts, small = (SMALL, "small_") if given.small else (WHOLE, "")
    try:
        given.data.mkdir(exist_ok=True, parents=True)
        given.output.mkdir(exist_ok=True, parents=True)
        path = given.output / f"{small}network_start.json"
        both = [read_sections(given.data, c, given.small, show) for c in CONTRASTS]
        encoder = both[0].encoder("trained", 0)
        settings = {**counts, "contrasts": list(CONTRASTS), "encoder": encoder.digest}
        results = read_entries(path, settings)
        found = [fit_frozen(one.pool.subset(range(counts["learnt"])), encoder) for one in both]
        unseen = both[0].tests["unseen"]
        for number in range(len(results), counts["sections"]):
            image = unseen.images[number]
            file = given.data / f"{small}network_{number}.safetensors"
            rve, samples = VoxelRVE(image.numpy()[:, :, None]), counts["samples"]
            data = make_dataset(rve, "orthotropic", samples, 0, file, 1e-4, show).plane_strain()
            name = f"{unseen.family(number)} {number}"
            results.append({"section": name, **histories(data, image, found, counts)})
            write_results(path, settings, results)
        print(write_report(path, given.output))
    except InputError as error:
        print(f"network_start.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
