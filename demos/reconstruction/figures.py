"""Tables and figures of the report."""

from pathlib import Path

import numpy as np

from dmn_fe.files import written_whole

__all__ = ["draw_pruning", "half_interval", "table"]


def half_interval(values: list[float]) -> float:
    """Half of the 95 % confidence interval of a mean; zero of a single value."""
    if len(values) < 2:
        return 0.0
    from scipy.stats import t

    return float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def draw_pruning(cases: list[dict], path: Path) -> None:
    """Errors of the lineal path over their floors by length, for each variant of each encoder."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    encoders = list(dict.fromkeys(one["encoder"] for one in cases))
    figure = Figure(figsize=(6.0 * len(encoders), 4.8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    diagrams = figure.subplots(1, len(encoders), squeeze=False, sharey=True)[0]
    for diagram, encoder in zip(diagrams, encoders, strict=True):
        chosen = [one for one in cases if one["encoder"] == encoder]
        variants = list(dict.fromkeys(one["variant"] for one in chosen))
        bins = list(dict.fromkeys(name for one in chosen for name in one["scales"]))
        for number, variant in enumerate(variants):
            means, intervals = [], []
            for name in bins:
                ratios = [
                    value / max(one["scales"][name]["floor"], 1e-6)
                    for one in chosen
                    if one["variant"] == variant and name in one["scales"]
                    for value in one["scales"][name]["values"]
                ]
                means.append(np.mean(ratios))
                intervals.append(half_interval(ratios))
            places = np.arange(len(bins)) + 0.06 * (number - len(variants) / 2)
            style = (
                "o-" if variant == "whole" else ("s--" if variant.startswith("blocks") else "^:")
            )
            diagram.errorbar(places, means, intervals, fmt=style, capsize=2, label=variant)
        diagram.axhspan(0.0, 1.0, color="0.88", zorder=0)
        diagram.set_xticks(np.arange(len(bins)), bins)
        diagram.set(title=encoder, xlabel="length [voxels]", yscale="log")
        diagram.grid(alpha=0.3, which="both")
    diagrams[0].set_ylabel("error of the lineal path over its noise floor")
    diagrams[-1].legend(fontsize="small")
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")
