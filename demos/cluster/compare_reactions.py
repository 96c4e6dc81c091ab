"""How far the reactions of two runs are apart.

usage: python compare_reactions.py RUN OTHER_RUN

Prints the largest difference of a force, relative to the largest force, and of a displacement,
relative to the largest displacement; fails where one is above 1e-10, or where the runs have not as
many steps.
"""

import csv
import sys
from pathlib import Path

import numpy as np

TOLERANCE = 1e-10


def read(run: str) -> tuple[list[str], np.ndarray]:
    """Names of the columns, and their values ``[steps + 1, columns]``."""
    with (Path(run) / "reactions.csv").open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    return names, np.array(rows, dtype=float)


def main(run: str, other: str) -> None:
    names, values = read(run)
    other_names, others = read(other)
    if names != other_names:
        sys.exit(f"{run} and {other} have the reactions of other surfaces.")
    if len(values) != len(others):
        sys.exit(f"{run} has {len(values) - 1} steps, {other} has {len(others) - 1}.")
    alike = True
    for letter, what in (("F", "force"), ("u", "displacement")):
        columns = [i for i, name in enumerate(names) if name.split()[-1][0] == letter]
        scale = np.abs(others[:, columns]).max()
        difference = np.abs(values - others)[:, columns].max() / scale
        print(f"largest difference of a {what}: {difference:.1e} of the largest")
        alike &= bool(difference <= TOLERANCE)  # which a number that is none is not
    if not alike:
        sys.exit(f"{run} and {other} differ by more than {TOLERANCE:g}.")


if __name__ == "__main__":
    main(*sys.argv[1:3])
