"""Does a predicted stiffness save iterations of training a network? python network_start.py

Networks of sections of families that the predictor has never seen are trained on solved stiffnesses
from four starts:

- default: random;
- chosen: of 64 random starts the one whose stiffness is nearest to the predicted one;
- pretrained: on the stiffness predicted at two contrasts, each with the phases in both orders;
- pretrained on solved: the same with these four stiffnesses solved, which no prediction can beat.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from network_start_report import STARTS, write_report
from study import BLOCKS, HERE, show
from torch import Tensor

from dmn_fe.files import written_whole
from dmn_fe.homogenization import (
    PropertyPredictor,
    SectionDataset,
    StiffnessDataset,
    TwoPhases,
    effective_stiffness,
    fit_frozen,
    make_dataset,
)
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.microstructure.reconstruction.shipped_encoder import shipped_encoder
from dmn_fe.training import Settings, train, train_seeds
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.start import random_start

CONTRASTS = (10.0, 100.0)
SECTIONS = range(9)  # three of each unseen family
SAMPLES, LEARNT, SEEDS, CANDIDATES = 100, 250, 8, 64
SETTINGS = Settings(depth=4, iterations=150)
PRETRAINING = 50  # iterations


def predictors(data: Path) -> list[PropertyPredictor]:
    """One for each contrast, from as many sections as a user may solve."""
    sets = [SectionDataset.load(data / f"learnt_{c:g}.safetensors") for c in CONTRASTS]
    encoder = shipped_encoder()
    assert len(encoder.blocks) == BLOCKS
    return [fit_frozen(one.subset(range(LEARNT)), encoder) for one in sets]


def few_samples(image: Tensor, found: list[PropertyPredictor] | None) -> StiffnessDataset:
    """Plane-strain stiffness at the contrasts, with the phases in both orders.

    Predicted, or solved where there are no predictors.
    """
    phases, effective = [], []
    for k, contrast in enumerate(CONTRASTS):
        two = TwoPhases((1.0, contrast), conductivity=(1.0, contrast))
        for swapped in (False, True):
            # The prediction for phases in the other order is that of the inverted image.
            seen = 1 - image if swapped else image
            if found is not None:
                effective.append(found[k].predict(seen[None]).stiffness[0])
            else:
                whole = effective_stiffness(VoxelRVE(seen.numpy()[:, :, None]), two.stiffness)
                effective.append(whole[[0, 1, 5]][:, [0, 1, 5]])
            plane = two.plane_stiffness
            phases.append(plane.flip(0) if swapped else plane)
    fraction = image.double().mean().item()
    meta = {"phase_names": ["matrix", "inclusion"], "volume_fractions": [1 - fraction, fraction]}
    # Each twice or more, so that a fifth can be held out.
    return StiffnessDataset(
        torch.stack(phases).repeat(5, 1, 1, 1), torch.stack(effective).repeat(5, 1, 1), meta
    )


def nearest_seed(data: StiffnessDataset, few: StiffnessDataset, first: int) -> int:
    """Of some seeds the one whose start has the stiffness nearest to a few samples."""
    problem = TrainingProblem([data], SETTINGS)
    seeds = range(first, first + CANDIDATES)
    rows = random_start(problem.parametrisation, SETTINGS.start, seeds)
    errors = []
    for row in rows:
        stiffness = problem.network(row).stiffness(few.phase_stiffness)
        norm = torch.linalg.matrix_norm
        errors.append((norm(stiffness - few.effective) / norm(few.effective)).mean().item())
    return seeds[errors.index(min(errors))]


def histories(data: StiffnessDataset, image: Tensor, found: list[PropertyPredictor]) -> dict:
    """Rows (iteration, validation error) of each start and seed."""
    few, solved = few_samples(image, found), few_samples(image, None)
    firsts = [seed * CANDIDATES for seed in range(SEEDS)]
    rows: dict[str, list] = {name: [] for name in STARTS}
    for name, seeds in (
        ("default", firsts),
        ("chosen", [nearest_seed(data, few, first) for first in firsts]),
    ):
        rows[name] = [_row(result) for result in train_seeds(data, SETTINGS, seeds)]
    for name, samples in (("pretrained", few), ("pretrained on solved", solved)):
        for first in firsts:
            start = train(samples, SETTINGS, first, iterations=PRETRAINING).network
            rows[name].append(_row(train(data, SETTINGS, first, pretrained=start)))
    return rows


def _row(result: Any) -> list[tuple[int, float]]:
    return [(row.iteration, round(row.validation_mean, 6)) for row in result.history]


def main() -> int:
    """Train from all starts; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of the sections")
    parser.add_argument("--output", type=Path, default=HERE, help="folder of the results")
    given = parser.parse_args()
    torch.set_num_threads(1)
    path = given.output / "network_start.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    found = predictors(given.data)
    sections = SectionDataset.load(given.data / f"unseen_{CONTRASTS[0]:g}.safetensors")
    for number in SECTIONS[len(results) :]:
        image = sections.images[number]
        file = given.data / f"network_{number}.safetensors"
        rve = VoxelRVE(image.numpy()[:, :, None])
        data = make_dataset(rve, "orthotropic", SAMPLES, 0, file, 1e-4, show).plane_strain()
        name = f"{sections.family(number)} {number}"
        results.append({"section": name, "rows": histories(data, image, found)})
        with written_whole(path) as partial:
            partial.write_text(json.dumps(results), encoding="utf-8")
    print(write_report(results, SETTINGS.iterations or 0, given.output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
