"""Tests what reconstruction promises: ``python demos/reconstruction/study.py --help``.

Each finished case is one line of a results file; the same command goes on after an interruption,
and ``report.py`` writes a report of what is there.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from cases import add, is_new
from encoders import encoder_of, pruned_variants
from originals import VOLUMES, images_in, synthetic_images
from scales import errors_by_scale
from volumes import compare_volume

from dmn_fe import microstructure
from dmn_fe.microstructure import Encoder, VoxelRVE

app = typer.Typer(add_completion=False)

Images = Annotated[
    Path | None, typer.Option(help="Folder with images of phases (.npy, .png, .tif).")
]
Seeds = Annotated[int, typer.Option(help="Results of each case.")]
Size = Annotated[int, typer.Option(help="Voxels along an edge of a result.")]
Results = Annotated[Path, typer.Option(help="File with one line for each case.")]
Encoders = Annotated[
    list[str],
    typer.Option(
        "--encoder", help="shipped; 'random 0', with its seed; a VGG-19 file. Repeatable."
    ),
]
Only = Annotated[str, typer.Option(help="Names of the originals to take, with commas between.")]

_FOLDER = Path(__file__).parent / "results"


@app.command()
def general(
    images: Images = None,
    seeds: Seeds = 5,
    size: Size = 128,
    results: Results = _FOLDER / "general.jsonl",
    encoder: Encoders = ["shipped", "random 0"],  # noqa: B006
    only: Only = "",
) -> None:
    """One setting for all: every image with several seeds."""
    for name, original in _chosen({**images_in(images), **synthetic_images()}, only):
        for each in encoder:
            case = _case(name, original, each, "whole", size, seeds)
            if is_new(results, case):
                add(results, case, _judged(original, encoder_of(each), seeds, size))


@app.command()
def pruning(
    images: Images = None,
    seeds: Seeds = 5,
    size: Size = 128,
    results: Results = _FOLDER / "pruning.jsonl",
    encoder: Encoders = ["shipped", "random 0"],  # noqa: B006
    only: Only = "cell walls,labyrinth,packed disks",
) -> None:
    """Every encoder cut behind each of its blocks, and without each of them."""
    for name, original in _chosen({**images_in(images), **synthetic_images()}, only):
        for each in encoder:
            for variant, pruned in pruned_variants(encoder_of(each, whole=True)).items():
                case = _case(name, original, each, variant, size, seeds)
                if is_new(results, case):
                    add(results, case, _judged(original, pruned, seeds, size))


@app.command()
def volumes(
    seeds: Seeds = 3,
    size: Size = 64,
    hidden: Annotated[int, typer.Option(help="Voxels along an edge of hidden volumes.")] = 128,
    results: Results = _FOLDER / "volumes.jsonl",
    encoder: Encoders = ["shipped"],  # noqa: B006
    knows_fractions: Annotated[
        bool, typer.Option(help="Tell the volume fractions of the hidden volumes.")
    ] = False,
    only: Only = "",
) -> None:
    """Three sections of a hidden volume, and what was made of them beside it."""
    for name in [name for name in VOLUMES if not only or name in only.split(",")]:
        for each in encoder:
            case = {
                "volume": name,
                "encoder": each,
                "size": size,
                "hidden": hidden,
                "fractions": "of the volume" if knows_fractions else "of the sections",
                "seeds": seeds,
            }
            if is_new(results, case):
                volume, network = VOLUMES[name](hidden), encoder_of(each)
                add(results, case, compare_volume(volume, network, seeds, size, knows_fractions))


def _case(
    name: str, original: VoxelRVE, encoder: str, variant: str, size: int, seeds: int
) -> dict[str, str | int]:
    """What tells a case of one image from others."""
    own = {"image": name, "encoder": encoder, "variant": variant, "size": size}
    return {**own, "digest": original.hash, "seeds": seeds}


def _chosen(originals: dict[str, VoxelRVE], only: str) -> Iterator[tuple[str, VoxelRVE]]:
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    return ((name, rve) for name, rve in originals.items() if not wanted or name in wanted)


def _judged(original: VoxelRVE, encoder: Encoder, seeds: int, size: int) -> dict:
    """Seconds, verdict and the distances of all judges of several results."""
    started = time.perf_counter()
    made = microstructure.reconstruct(original, size, seeds=range(seeds), encoder=encoder)
    seconds = (time.perf_counter() - started) / seeds
    report = microstructure.judge_quality(original, made.rves)
    judges = {
        one.judge: {
            "values": [round(value, 5) for value in one.values],
            "floor": round(one.floor_worst, 5),
            "gaussian": round(one.gaussian, 5),
            "white noise": round(one.white_noise, 5),
        }
        for one in report.figures
    }
    return {
        "seconds": round(seconds, 2),
        "losses": [float(f"{loss:.3g}") for loss in made.losses],
        "verdict": report.verdict,
        "sentence": report.sentence,
        "judges": judges,
        "scales": errors_by_scale(report),
    }


if __name__ == "__main__":
    app()
