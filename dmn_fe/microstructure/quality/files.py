"""The report of a quality as files: Markdown, JSON and a picture."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder, written_whole
from dmn_fe.microstructure.quality.figures import Figures
from dmn_fe.microstructure.quality.judges import JUDGES
from dmn_fe.microstructure.quality.picture import draw_quality
from dmn_fe.microstructure.quality.verdict import RULES

if TYPE_CHECKING:
    from dmn_fe.microstructure.quality.report import QualityReport

__all__ = ["write_report"]

_HOW = (
    "Every figure is a distance from the original, that of the phase which is farthest, lengths "
    "counted in voxels up to {length}: *volume fraction* the difference; *lineal path* and "
    "*two-point cluster* the sum of differences over the sum of the original; *chord length* the "
    "area between the distributions over the mean chord; *two-point probability* the mean "
    "difference at lags up to {lag} voxels in all directions over φ(1 − φ); *specific surface* "
    "relative; *Euler number* over the number of equal disks or spheres with the same surface and "
    "fraction; *isotropy* the difference of the anisotropies, from −1 to 1. *Floor*: crops of the "
    "original ({crops}) against the mean of its other, disjoint crops, mean and worst. "
    "*Gaussian field*, *white noise*: controls with the same volume fractions, the former with the "
    "same two-point statistics too; mean of three seeds. A "
    "judge *in the loss* was made equal, and is no evidence."
)


def write_report(report: "QualityReport", path: str | Path) -> None:
    """Write a report into a ``.md``, ``.json`` or ``.png`` file, or all three into a folder.

    Raises
    ------
    InputError
        If the path ends otherwise and is no folder, or cannot be written.
    """
    path = Path(path)
    writers = {".md": _write_markdown, ".json": _write_json, ".png": draw_quality}
    if path.is_dir():
        for ending, write in writers.items():
            write(report, path / f"quality{ending}")
    elif path.suffix in writers:
        check_folder(path)
        writers[path.suffix](report, path)
    else:
        raise InputError(
            f"{path} is no folder and does not end in {', '.join(writers)}: make the folder first, "
            "or give a name that ends so"
        )


def _write_json(report: "QualityReport", path: Path) -> None:
    document = {
        "verdict": report.verdict,
        "sentence": report.sentence,
        "findings": [asdict(finding) for finding in report.findings],
        "original_shapes": [one.shape for one in report.originals],
        "result_shape": report.results[0].shape,
        "result_hashes": [one.hash for one in report.results],
        "crops": [
            {"view": view, "shape": floor.shape, "factor": floor.factor}
            for view, floor in report.floors.items()
        ],
        "in_loss": report.in_loss,
        "reach": asdict(report.reach),
        "figures": [asdict(one) | {"within": one.within} for one in report.figures],
    }
    with written_whole(path) as partial:
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_markdown(report: "QualityReport", path: Path) -> None:
    sizes = [f"{floor.pixels} voxels {view}".rstrip() for view, floor in report.floors.items()]
    crops = ", ".join(sizes)
    how = _HOW.format(length=report.reach.length, lag=report.reach.lag, crops=crops)
    originals = ", ".join(" × ".join(map(str, one.shape)) for one in report.originals)
    shape = " × ".join(map(str, report.results[0].shape))
    lines = [
        "# Quality of statistically equivalent RVEs",
        "",
        f"**{report.verdict}**: {report.sentence}",
        "",
        f"Original of {originals} voxels; {len(report.results)} of {shape}.",
        "",
        *[f"- {finding}" for finding in report.findings],
        *[""] * bool(report.findings),
        *_table(report),
        "",
        how,
        "",
        RULES,
    ]
    with written_whole(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(report: "QualityReport") -> list[str]:
    """One line per judge: the view that is farthest beyond the floor."""
    several = len(report.results) > 1
    header = ["judge", "worst result" if several else "result", *["best result"] * several]
    header += ["farthest phase", "floor: mean", "worst", "Gaussian field", "white noise", "within"]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for judge in JUDGES:
        one = report.farthest(judge.name)
        cells = [
            report.named(judge.name),
            _number(one.worst),
            *[_number(min(one.values))] * several,
        ]
        cells += [_place(one), *map(_number, (one.floor_mean, one.floor_worst))]
        cells += [_number(one.gaussian), _number(one.white_noise), "yes" if one.within else "no"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _place(one: Figures) -> str:
    return f"{one.phase}, {one.view}" if one.view else one.phase


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 10.0 else f"{value:.3g}"
