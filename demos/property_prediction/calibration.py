"""Error bars of an ensemble against its errors: python calibration.py [--small]

Five predictors on encoders with different random weights, each on its own draw from 250 sections;
60 further sections give the factor of the error bars; all others are tests.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import torch
from calibration_report import write_report
from results_file import write_results
from study import DATA_SEEDS, HERE, read_sections, show

from dmn_fe.errors import InputError
from dmn_fe.homogenization import FineTuning, train_predictor_ensemble
from dmn_fe.homogenization.prediction import relative_errors
from dmn_fe.microstructure import random_encoder

WHOLE = {"learnt": 250, "calibrated": 60, "members": 5}
SMALL = {"learnt": 10, "calibrated": 6, "members": 2}


def main() -> int:
    """Train, calibrate, and write results, table and figure; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of the sections")
    parser.add_argument("--output", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--small", action="store_true", help="a few sections, in half a minute")
    given = parser.parse_args()
    torch.set_num_threads(1)
    counts, small = (SMALL, "small_") if given.small else (WHOLE, "")
    try:
        given.data.mkdir(exist_ok=True, parents=True)
        given.output.mkdir(exist_ok=True, parents=True)
        sections = read_sections(given.data, 10.0, given.small, show)
        outputs = tuple(range(sections.blocks))
        encoders = [
            dataclasses.replace(random_encoder(seed), outputs=outputs)
            for seed in range(counts["members"])
        ]
        end = counts["learnt"] + counts["calibrated"]
        learnt = sections.pool.subset(range(counts["learnt"]))
        others = sections.pool.subset(range(counts["learnt"], end))
        # Without steps the encoders stay as they are.
        recipe = FineTuning(steps=0)
        ensemble = train_predictor_ensemble(learnt, encoders, recipe, counts["members"])
        ensemble = ensemble.calibrated(others)
        entries = []
        for test, data in sections.tests.items():
            found = ensemble.predict(data.images)
            errors = relative_errors(found.mean, data)
            pairs = zip(errors.tolist(), found.error_bar.tolist(), strict=True)
            for number, (error, bar) in enumerate(pairs):
                entry = {"test": test, "family": data.family(number)}
                entry["error"] = [round(value, 6) for value in error]
                entry["bar"] = [round(value, 6) for value in bar]
                entries.append(entry)
        factor = [round(value, 4) for value in ensemble.factor]
        settings = {**counts, "contrast": 10.0, "data seeds": list(DATA_SEEDS), "factor": factor}
        path = given.output / f"{small}calibration.json"
        write_results(path, settings, entries)
        print(write_report(path, given.output))
    except InputError as error:
        print(f"calibration.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
