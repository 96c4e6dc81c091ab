"""Error bars of an ensemble against its errors: python calibration.py

Five predictors on encoders with different random weights, each on its own draw of 250 sections; 60
further sections give the factor of the error bars; all others are tests.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from curves import PROPERTIES, TESTS
from scipy import stats
from study import HERE, read_sections, show

from dmn_fe.files import written_whole
from dmn_fe.homogenization import FineTuning, train_predictor_ensemble
from dmn_fe.homogenization.prediction.coordinates import relative_errors
from dmn_fe.microstructure import random_encoder

LEARNT, CALIBRATED, MEMBERS = 250, 60, 5


def main() -> int:
    """Train, calibrate, and write table and figure; the exit status."""
    from matplotlib.figure import Figure

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of the sections")
    parser.add_argument("--output", type=Path, default=HERE, help="folder of table and figure")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sections = read_sections(given.data, 10.0, False, show)
    encoders = [random_encoder(seed) for seed in range(MEMBERS)]
    learnt = sections.pool.subset(range(LEARNT))
    # Without steps the encoders stay as they are.
    ensemble = train_predictor_ensemble(learnt, encoders, FineTuning(steps=0), MEMBERS)
    others = sections.pool.subset(range(LEARNT, LEARNT + CALIBRATED))
    ensemble = ensemble.calibrated(others)

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    lines = [
        f"Factors of the error bars: {ensemble.factor[0]:.2f} (stiffness), "
        f"{ensemble.factor[1]:.2f} (conductivity).",
        "",
        "| | mean error | within one bar | within two | rms of error / bar | rank correlation |",
        "|---|---|---|---|---|---|",
    ]
    for test, data in sections.tests.items():
        found = ensemble.predict(data.images)
        errors = relative_errors(found.mean, data)
        for which, ax in enumerate(axes):
            error, bar = errors[:, which].numpy(), found.error_bar[:, which].numpy()
            ratio, rank = error / bar, stats.spearmanr(error, bar).statistic
            shares = " | ".join(f"{100 * np.mean(ratio <= k):.0f} %" for k in (1, 2))
            rms = np.sqrt(np.mean(ratio**2))
            lines.append(
                f"| {PROPERTIES[which]}, {TESTS[test]} | {100 * error.mean():.2f} % | {shares} | "
                f"{rms:.2f} | {rank:.2f} |"
            )
            ax.loglog(100 * bar, 100 * error, ".", ms=4, alpha=0.6, label=TESTS[test])
    for ax, title in zip(axes, PROPERTIES, strict=True):
        ends = np.array([0.3, 30.0])
        ax.plot(ends, ends, "k-", lw=1, label="error = bar")
        ax.plot(ends, 2 * ends, "k--", lw=1, label="error = twice the bar")
        ax.set(title=title, xlabel="error bar in %", xlim=ends, ylim=(0.1, 60.0))
        ax.grid(True, which="both", alpha=0.2)
    axes[0].set_ylabel("relative error in %")
    axes[0].legend(fontsize=8, loc="lower right")
    with written_whole(given.output / "calibration.png") as partial:
        figure.savefig(partial, dpi=110, format="png")
    text = "\n".join(lines) + "\n"
    with written_whole(given.output / "calibration.md") as partial:
        partial.write_text("# Error bars at a contrast of 10\n\n" + text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
