"""Table and figure of error bars against errors."""

from pathlib import Path

import numpy as np
from curves import PROPERTIES, TESTS
from results_file import read_results
from scipy import stats

from dmn_fe.files import written_whole

__all__ = ["write_report"]

TICKS = (0.1, 0.3, 1, 3, 10, 30)


def write_report(path: Path, output: Path) -> str:
    """Write ``calibration.md`` and its figure from results; the table."""
    from matplotlib.figure import Figure

    settings, entries = read_results(path)
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    lines = [
        "| | mean error | within one bar | within two | rms of error / bar | rank correlation |",
        "|---|---|---|---|---|---|",
    ]
    for test, title in TESTS.items():
        for which, ax in enumerate(axes):
            error, bar = (
                np.array([entry[name][which] for entry in entries if entry["test"] == test])
                for name in ("error", "bar")
            )
            ratio, rank = error / bar, stats.spearmanr(error, bar).statistic
            shares = " | ".join(f"{100 * np.mean(ratio <= k):.0f} %" for k in (1, 2))
            rms = np.sqrt(np.mean(ratio**2))
            lines.append(
                f"| {PROPERTIES[which]}, {title} | {100 * error.mean():.2f} % | {shares} | "
                f"{rms:.2f} | {rank:.2f} |"
            )
            ax.loglog(100 * bar, 100 * error, ".", ms=4, alpha=0.6, label=title)
    for ax, name in zip(axes, PROPERTIES, strict=True):
        ends = np.array([0.3, 30.0])
        ax.plot(ends, ends, "k-", lw=1, label="error = bar")
        ax.plot(ends, 2 * ends, "k--", lw=1, label="error = twice the bar")
        ax.set(title=name, xlabel="error bar in %", xlim=ends, ylim=(0.1, 60.0))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(TICKS, [f"{tick:g}" for tick in TICKS])
        ax.set_xlim(ends)
        ax.minorticks_off()
        ax.grid(True, alpha=0.2)
    axes[0].set_ylabel("relative error in %")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    with written_whole(output / f"{path.stem}.png") as partial:
        figure.savefig(partial, dpi=110, format="png")
    text = "\n".join(lines) + "\n"
    with written_whole(output / f"{path.stem}.md") as partial:
        partial.write_text(f"{_head(path.stem, settings)}\n{text}", encoding="utf-8")
    return text


def _head(stem: str, settings: dict) -> str:
    first, second = settings["factor"]
    return f"""# Error bars at a contrast of {settings["contrast"]:g}

{settings["members"]} predictors on different random encoders, each on its own draw from
{settings["learnt"]} sections; {settings["calibrated"]} further ones give the factors of the error
bars, {first:.2f} (stiffness) and {second:.2f} (conductivity), so that the root mean square of error
over bar is 1 there.

![Error bars]({stem}.png)
"""
