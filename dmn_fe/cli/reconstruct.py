"""``dmn-fe reconstruct``: from one photo to periodic RVEs of the same texture."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from dmn_fe.cli.photo_reading import (
    Crop,
    Despeckle,
    PhotoClusters,
    PhotoThreshold,
    picture_of_choices,
    read_photo_file,
)
from dmn_fe.errors import InputError

if TYPE_CHECKING:
    from dmn_fe.microstructure import QualityReport, VoxelRVE

__all__ = ["reconstruct"]

_ENDINGS = (".vti", ".npy")
_PHOTO, _RESULT, _WORK = "The photo", "The result", "The work"


def reconstruct(
    photos: Annotated[
        list[Path],
        typer.Argument(
            help="One micrograph in grey or colour (.png, .tif, .jpg, .bmp, .gif, .webp), or one "
            "layer of phases (.npy, .vti). For an anisotropic volume three: the sections normal to "
            "e1, e2 and e3, with the axes (e2, e3), (e1, e3) and (e1, e2) to the right and up."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="RVE to write, .vti or .npy; with several, their seeds are added to the name.  "
            "[default: name of the photo, _rve.vti]",
            rich_help_panel=_RESULT,
            show_default=False,
        ),
    ] = None,
    threshold: PhotoThreshold = None,
    clusters: PhotoClusters = None,
    despeckle: Despeckle = 0,
    crop: Crop = "",
    phases: Annotated[
        str,
        typer.Option(
            help="Names of the phases from dark to light, with commas between.",
            rich_help_panel=_PHOTO,
        ),
    ] = "",
    size: Annotated[
        int | None,
        typer.Option(
            help="Voxels along an edge, a multiple of 8.  [default: half the photo, at most 128; "
            "in three dimensions 64]",
            rich_help_panel=_RESULT,
            show_default=False,
        ),
    ] = None,
    dimension: Annotated[
        int, typer.Option(help="2 for a section, 3 for a volume.", rich_help_panel=_RESULT)
    ] = 2,
    fractions: Annotated[
        str,
        typer.Option(
            help="Volume fractions of the phases, with commas between.  [default: of the photo]",
            rich_help_panel=_RESULT,
            show_default=False,
        ),
    ] = "",
    count: Annotated[int, typer.Option(help="Number of RVEs.", rich_help_panel=_RESULT)] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the first one.", rich_help_panel=_RESULT)] = 0,
    encoder: Annotated[
        str,
        typer.Option(
            help="shipped, random, or a file with the weights of a VGG-19 (.pth, .safetensors).",
            rich_help_panel=_WORK,
        ),
    ] = "shipped",
    loss: Annotated[
        list[str] | None,
        typer.Option(
            help="gram, sliced-wasserstein, two-point. Repeatable.  [default: gram]",
            rich_help_panel=_WORK,
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(help="RVEs made side by side, for GPUs.", rich_help_panel=_WORK)
    ] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda …", rich_help_panel=_WORK)] = "cpu",
) -> None:
    """Make periodic RVEs from one photo, and judge them; interrupt and call again to go on."""
    from dmn_fe import microstructure
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.files import check_folder

    if len(photos) not in (1, 3) or (len(photos) == 3 and dimension != 3):
        raise InputError(
            f"{len(photos)} photos: give one, or with --dimension 3 the three sections normal to "
            "e1, e2, e3"
        )
    if count < 1:
        raise InputError(f"--count {count}: give 1 or more")
    output = output or Path(f"{photos[0].stem}_rve.vti")
    if output.suffix.lower() not in _ENDINGS:
        raise InputError(f"{output} does not end in {' or '.join(_ENDINGS)}: give a name that does")
    check_folder(output)
    seeds = range(seed, seed + count)
    written = [*_rve_files(output, seeds), *_report_files(output), picture_of_choices(output)]
    _check_not_read(photos, written)
    sections = [
        read_photo_file(photo, output, threshold, clusters, despeckle, crop, phases)
        for photo in photos
    ]
    if len(sections) == 3:
        sections = [_turned(rve, normal) for normal, rve in enumerate(sections)]
    image = sections[0] if len(sections) == 1 else sections
    wanted = _numbers(fractions)
    losses = tuple(loss or ("gram",))
    keep = output.with_name(output.name + ".partial.safetensors")
    unfinished = interruptible(lambda: f"{keep} keeps it, and the same command goes on there")
    with unfinished, progress_bar("reconstructing") as progress:
        made = microstructure.reconstruct(
            image,
            size,
            dimension,
            seeds=seeds,
            fractions=wanted,
            encoder=encoder,
            losses=losses,  # type: ignore[arg-type]
            batch=batch,
            device=device,
            restart=keep,
            progress=progress,
        )
    for path, rve in zip(_rve_files(output, seeds), made.rves, strict=True):
        microstructure.write(rve, path)
        shares = ", ".join(f"{fraction:.4f}" for fraction in rve.volume_fractions)
        print(f"{path}: {' × '.join(map(str, rve.shape))} voxels, volume fractions {shares}")
    in_loss = ("two-point probability",) if "two-point" in losses else ()
    report = microstructure.judge_quality(image, made.rves, fractions=wanted, in_loss=in_loss)
    _write_report(report, output)
    keep.unlink(missing_ok=True)


def _rve_files(output: Path, seeds: range) -> list[Path]:
    """One file for each seed."""
    if len(seeds) == 1:
        return [output]
    return [output.with_name(f"{output.stem}_{seed}{output.suffix}") for seed in seeds]


def _report_files(output: Path) -> list[Path]:
    """Picture and text of the quality."""
    return [output.with_name(f"{output.stem}_quality{ending}") for ending in (".png", ".md")]


def _check_not_read(photos: list[Path], written: list[Path]) -> None:
    """Raise ``InputError`` where a file would be written over a photo."""
    read = {photo.resolve() for photo in photos}
    for path in written:
        if path.resolve() in read:
            raise InputError(f"{path} would be written over a photo: give another --output")


def _numbers(text: str) -> list[float] | None:
    """Numbers with commas between; None of an empty text."""
    try:
        return [float(part) for part in text.split(",")] if text.strip() else None
    except ValueError:
        raise InputError(
            f"--fractions {text}: give numbers with commas between, as 0.7,0.3"
        ) from None


def _turned(rve: "VoxelRVE", normal: int) -> "VoxelRVE":
    """A section ``[a, b, 1]`` as the one normal to another axis."""
    order = np.insert([0, 1], normal, 2)
    x, y, z = (rve.periodic[axis] for axis in order)
    size = tuple(rve.size[axis] for axis in order)
    return dataclasses.replace(rve, phase=rve.phase.transpose(order), size=size, periodic=(x, y, z))


def _write_report(report: "QualityReport", output: Path) -> None:
    """Write the quality beside the RVEs, and print what it says."""
    names = _report_files(output)
    for name in names:
        report.write(name)
    print(f"{names[0]}: original and results side by side")
    print(f"{names[1]}: {report.verdict}: {report.sentence}")
    for finding in report.findings:
        print(f"  {finding}")
