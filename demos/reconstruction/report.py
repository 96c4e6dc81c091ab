"""Writes a report of what ``study.py`` has done: ``python demos/reconstruction/report.py``."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from figures import draw_pruning, half_interval, table
from general_report import general_section

from dmn_fe.files import written_whole

_FOLDER = Path(__file__).parent


def main(
    results: Annotated[Path, typer.Option(help="Folder with the results.")] = _FOLDER / "results",
    output: Annotated[Path, typer.Option(help="Report to write (.md).")] = _FOLDER / "report.md",
) -> None:
    """Write tables and figures of all results."""
    parts = ["# Reconstruction from one image: what was found\n"]
    general = _lines(results / "general.jsonl")
    if general:
        parts.append(general_section(general))
    pruning = _lines(results / "pruning.jsonl")
    if pruning:
        draw_pruning(pruning, output.with_name("pruning.png"))
        parts.append(_pruning(pruning))
    volumes = _lines(results / "volumes.jsonl")
    if volumes:
        parts.append(_volumes(volumes))
    with written_whole(output) as partial:
        partial.write_text("\n".join(parts), encoding="utf-8")
    print(f"{output}: written")


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low}–{high}"


def _pruning(cases: list[dict]) -> str:
    """What each block brings, and what it costs."""
    rows = []
    whole = {
        (one["image"], one["encoder"]): one["seconds"] for one in cases if one["variant"] == "whole"
    }
    variants = dict.fromkeys((one["encoder"], one["variant"]) for one in cases)
    for encoder, variant in variants:
        chosen = [one for one in cases if (one["encoder"], one["variant"]) == (encoder, variant)]
        ratios = [
            value / max(one["judges"]["lineal path"]["floor"], 1e-6)
            for one in chosen
            for value in one["judges"]["lineal path"]["values"]
        ]
        faster = [
            whole[one["image"], encoder] / one["seconds"]
            for one in chosen
            if (one["image"], encoder) in whole
        ]
        verdicts = [one["verdict"] for one in chosen]
        rows.append(
            [
                encoder,
                variant,
                _range([one["seeds"] for one in chosen]),
                f"{np.mean(ratios):.2f} ± {half_interval(ratios):.2f}",
                f"{max(ratios):.2f}",
                ", ".join(f"{verdicts.count(word)} {word}" for word in ("pass", "warn", "fail")),
                f"{np.mean(faster):.1f}" if faster else "–",
            ]
        )
    heads = [
        "encoder",
        "blocks",
        "seeds of each image",
        "lineal path over its floor (95 %)",
        "worst",
        "verdicts",
        "times as fast",
    ]
    return "\n".join(
        [
            "## Pruning\n",
            f"Images: {', '.join(dict.fromkeys(one['image'] for one in cases))}. A variant has the "
            "blocks that it names; *without block 2* has all blocks, but the loss leaves the "
            "features of the second one out.\n",
            *_smallest(cases),
            "",
            table(heads, rows),
            "![Errors over length scales](pruning.png)\n",
        ]
    )


def _smallest(cases: list[dict]) -> list[str]:
    """A line for each encoder: the fewest blocks that stay within the floor."""
    lines = []
    for encoder in dict.fromkeys(one["encoder"] for one in cases):
        own = [one for one in cases if one["encoder"] == encoder]
        cuts = sorted({one["variant"] for one in own if one["variant"].startswith("blocks")})
        enough = [
            cut
            for cut in cuts
            if all(
                max(path["values"]) <= path["floor"]
                for one in own
                if one["variant"] == cut
                for path in (one["judges"]["lineal path"],)
            )
        ]
        found = enough[0] if enough else "the whole encoder alone, if at all"
        lines.append(
            f"- *{encoder}*: the smallest whose lineal path stays within the floor, on all of "
            f"these images with all seeds, is {found}."
        )
    return lines


def _volumes(cases: list[dict]) -> str:
    """Hidden volumes beside what was made of three sections."""
    rows = []
    for case in cases:
        scatter = case["S2 of slices"]
        for kind in ("axes", "face diagonals", "space diagonals"):
            rows.append(
                [
                    case["volume"],
                    f"S2 along {kind}",
                    ", ".join(f"{one[kind]:.3f}" for one in case["S2"]),
                    f"{scatter[kind]['mean']:.3f} (largest {scatter[kind]['largest']:.3f})"
                    if kind in scatter
                    else "–",
                ]
            )
        for contrast, errors in case["stiffness error"].items():
            rows.append(
                [
                    case["volume"],
                    f"stiffness, contrast {contrast}",
                    ", ".join(f"{error:.2%}" for error in errors),
                    "2 %" if contrast == "10" else "5 %",
                ]
            )
        rows.append(
            [
                case["volume"],
                f"fraction (seeds: {case['seeds']})",
                f"{case['fraction of results']:.4f}",
                f"{case['fraction']:.4f} (the hidden one)",
            ]
        )
    heads = ["volume", "error of", "results", "slices of the hidden volume, or target"]
    return "## Volumes\n\n" + table(heads, rows)


if __name__ == "__main__":
    typer.run(main)
