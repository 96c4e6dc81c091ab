"""``dmn-fe plot``: curves and fields of a simulation as pictures."""

from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.errors import InputError

__all__ = ["plot"]


def plot(
    results: Annotated[Path, typer.Argument(help="Folder of a simulation.", show_default=False)],
    x: Annotated[
        str | None,
        typer.Option("--x", help="Column of a table for the abscissa.", show_default=False),
    ] = None,
    y: Annotated[
        list[str] | None,
        typer.Option("--y", help="Column for the ordinate; may be repeated.", show_default=False),
    ] = None,
    field: Annotated[
        str | None, typer.Option(help="Field of fields.vtkhdf to colour the part by.")
    ] = None,
    time: Annotated[
        float | None, typer.Option(help="Time of the field; the last one if left out.")
    ] = None,
    magnify: Annotated[float, typer.Option(help="Factor on the displacement.")] = 1.0,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the pictures.", show_default=False)
    ] = None,
) -> None:
    """Draw the curves of a simulation's tables, and its fields on the deformed part.

    Without options: the largest force over the displacement of its group, or mean stress over
    strain of a periodic cell, and the von Mises stress at the last time.
    """
    from dmn_fe.cli.plot_curves import draw_curves
    from dmn_fe.cli.plot_field import draw_field
    from dmn_fe.cli.result_tables import TABLES

    if not results.is_dir():
        raise InputError(f"{results}: there is no such folder; give that of a simulation.")
    folder = output or results
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    if any((results / name).is_file() for name in TABLES):
        pictures.append(draw_curves(results, x, list(y or []), folder))
    elif x or y:
        raise InputError(f"{results}: there is no table to draw from.")
    if (results / "fields.vtkhdf").is_file():
        pictures.append(draw_field(results, field or "von_mises", time, magnify, folder))
    elif field is not None:
        raise InputError(f"{results}: there is no fields.vtkhdf to draw from.")
    if not pictures:
        raise InputError(f"{results}: holds neither a table nor fields.vtkhdf.")
    for picture in pictures:
        print(picture)
