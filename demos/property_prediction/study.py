"""Learning curves of property prediction: python study.py [--small]; the same command goes on.

Every (method, number of sections, seed) is one entry of the results, which are written after each.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from methods import HEAD, HELD_OUT, METHODS, PRODUCTS, RECIPES, Sections, predict
from report import write_report
from results_file import Entry, read_entries, write_results

from dmn_fe.errors import InputError
from dmn_fe.homogenization import TwoPhases, make_section_dataset
from dmn_fe.homogenization.prediction import relative_errors
from dmn_fe.microstructure import UNSEEN_FAMILIES
from dmn_fe.microstructure.reconstruction.shipped_encoder import shipped_encoder
from dmn_fe.progress import Progress

HERE = Path(__file__).parent
SIZES = (25, 50, 100, 250, 500, 1000, 2000)
LEARN_NOTHING = ("Hill", "Hashin–Shtrikman mean")
POOL, TESTED, UNSEEN = 2000, 240, 150
BLOCKS = 4
DATA_SEEDS = (1, 2)  # of sections to learn from, and of unseen families; the encoder has seen 0


def seeds_of(n: int, method: str) -> range:
    """Fewer where all weights are trained on many sections, which takes the most time.

    Of all sections there is one choice, for which the quick methods have one seed.
    """
    if method.endswith("early stopping"):
        return range(0 if n > 250 else 5)
    if method.endswith("all weights"):
        return range(10 if n <= 100 else 5 if n <= 500 else 2)
    return range(1 if n >= POOL else 10)


def entries(
    sizes: tuple[int, ...], methods: list[str], most_seeds: int
) -> Iterator[tuple[str, int, int]]:
    """All (method, sections, seed): the quick ones first, and all sizes of a seed together."""
    yield from ((method, 0, 0) for method in LEARN_NOTHING if method in methods)
    others = [method for method in methods if method not in LEARN_NOTHING]
    slow = [m for m in others if m.endswith(("all weights", "early stopping"))]
    quick = [(m,) for m in others if m not in slow]
    for group in (*quick, slow):
        for seed in range(most_seeds):
            yield from ((m, n, seed) for n in sizes for m in group if seed in seeds_of(n, m))


def read_sections(folder: Path, contrast: float, small: bool, progress: Progress) -> Sections:
    """Make the sections, or read them where they are."""
    pool, tested, unseen = (16, 6, 3) if small else (POOL, TESTED, UNSEEN)
    phases = TwoPhases(young=(1.0, contrast), conductivity=(1.0, contrast))
    name = f"{'small_' if small else ''}{contrast:g}.safetensors"
    first, second = DATA_SEEDS
    learnt = make_section_dataset(
        pool + tested, phases, folder / f"learnt_{name}", seed=first, progress=progress
    )
    others = make_section_dataset(
        unseen, phases, folder / f"unseen_{name}", UNSEEN_FAMILIES, seed=second, progress=progress
    )
    tests = {"learnt": learnt.subset(range(pool, pool + tested)), "unseen": others}
    blocks, recipes = BLOCKS, RECIPES
    if small:
        changes = {"steps": 4, "judged_every": 2}
        blocks, recipes = 2, {n: dataclasses.replace(r, **changes) for n, r in RECIPES.items()}
    return Sections(learnt.subset(range(pool)), tests, shipped_encoder(), blocks, recipes)


def settings_of(sections: Sections, contrast: float) -> dict[str, Any]:
    """All that the errors depend on, but for method, number of sections and seed."""
    return {
        "contrast": contrast,
        "pool": len(sections.pool),
        "tests": {name: len(data) for name, data in sections.tests.items()},
        "data seeds": list(DATA_SEEDS),
        "voxels": sections.pool.meta["voxels"],
        "tolerance": sections.pool.meta["tolerance"],
        "encoder": sections.trained.digest,
        "blocks": sections.blocks,
        "products of scores": list(PRODUCTS),
        "recipes": {name: dataclasses.asdict(recipe) for name, recipe in sections.recipes.items()},
        "held out": HELD_OUT,
        "random linear map": HEAD,
    }


def run(
    results: Path, sections: Sections, contrast: float, work: list[tuple[str, int, int]]
) -> None:
    """Add what is missing to a results file."""
    settings = settings_of(sections, contrast)
    found = read_entries(results, settings)
    done = {(entry["method"], entry["n"], entry["seed"]) for entry in found}
    for number, (method, n, seed) in enumerate(work):
        if (method, n, seed) in done:
            continue
        begun = time.perf_counter()
        outcome = predict(sections, method, n, seed)
        entry: Entry = {"method": method, "n": n, "seed": seed}
        for name, data in sections.tests.items():
            means = relative_errors(outcome.predictions[name], data).mean(0).tolist()
            entry[name] = [round(error, 6) for error in means]
        if outcome.step is not None:
            entry["step"] = outcome.step
        entry["seconds"] = round(time.perf_counter() - begun, 2)
        found.append(entry)
        write_results(results, settings, found)
        print(f"{number + 1}/{len(work)} {entry}", flush=True)


def sizes_of(text: str, small: bool) -> tuple[int, ...]:
    """Numbers of sections that ``--sizes`` says."""
    most = 12 if small else POOL
    if not text:
        return (8, 12) if small else SIZES
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 2 <= int(part) <= most for part in parts):
        raise InputError(f"--sizes {text!r}: give numbers from 2 to {most}, as in 8,12.")
    return tuple(int(part) for part in parts)


def main() -> int:
    """Do the study; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--contrast", type=float, default=10.0, help="of Young's moduli and conductivities")
    add("--data", type=Path, default=HERE / "data", help="folder of the sections")
    add("--output", type=Path, default=HERE, help="folder of results and report")
    add("--methods", default="", help="some methods, separated by semicolons")
    add("--sizes", default="", help="some numbers of sections, e.g. 25,50")
    add("--seeds", type=int, default=10, help="at the most")
    add("--small", action="store_true", help="a few sections, in half a minute")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        given.data.mkdir(exist_ok=True, parents=True)
        given.output.mkdir(exist_ok=True, parents=True)
        methods = given.methods.split(";") if given.methods else list(METHODS)
        if set(methods) - set(METHODS):
            raise InputError(f"--methods {given.methods!r}: give some of {'; '.join(METHODS)}.")
        sizes = sizes_of(given.sizes, given.small)
        sections = read_sections(given.data, given.contrast, given.small, show)
        seeds = min(2, given.seeds) if given.small else given.seeds
        name = f"{'small_' if given.small else ''}{given.contrast:g}"
        results = given.output / f"results_{name}.json"
        run(results, sections, given.contrast, list(entries(sizes, methods, seeds)))
        write_report(results, given.output)
    except InputError as error:
        print(f"study.py: {error}", file=sys.stderr)
        return 1
    return 0


def show(done: int, total: int, message: str = "") -> None:
    """Tell of sections that are made."""
    if done % 100 == 0 or done == total:
        print(f"sections: {done}/{total}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
