"""Learning curves of property prediction: python study.py [--small]; the same command goes on.

Every (method, number of sections, seed) is one entry of the results, which are written after each.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from methods import METHODS, Sections, predict
from report import write_report

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole
from dmn_fe.homogenization import TwoPhases, make_section_dataset
from dmn_fe.homogenization.prediction.coordinates import relative_errors
from dmn_fe.microstructure import UNSEEN_FAMILIES
from dmn_fe.microstructure.reconstruction.shipped_encoder import shipped_encoder
from dmn_fe.progress import Progress

HERE = Path(__file__).parent
SIZES = (25, 50, 100, 250, 500, 1000, 2000)
LEARN_NOTHING = ("Hill", "Hashin–Shtrikman mean")
POOL, TESTED, UNSEEN = 2000, 240, 150
BLOCKS = 4


def seeds_of(n: int, method: str) -> range:
    """Fewer where all weights are trained on many sections, which takes the most time.

    Of all sections there is one choice, and only where weights are trained seeds differ then.
    """
    if method.endswith("all weights"):
        return range(10 if n <= 100 else 5 if n <= 500 else 2)
    return range(1 if n >= POOL else 10)


def entries(sizes: tuple[int, ...], most_seeds: int) -> Iterator[tuple[str, int, int]]:
    """All (method, sections, seed): the quick ones first."""
    yield from ((method, 0, 0) for method in LEARN_NOTHING)
    others = [method for method in METHODS if method not in LEARN_NOTHING]
    quick = [method for method in others if not method.endswith("all weights")]
    slow = [method for method in others if method.endswith("all weights")]
    yield from ((m, n, s) for m in quick for n in sizes for s in seeds_of(n, m)[:most_seeds])
    for s in range(most_seeds):  # so that all sizes have as many seeds when it is stopped
        yield from ((m, n, s) for n in sizes for m in slow if n < 1000 and s in seeds_of(n, m))
    many = [n for n in sizes if n >= 1000]
    yield from ((m, n, s) for n in many for m in slow for s in seeds_of(n, m)[:most_seeds])


def read_sections(folder: Path, contrast: float, small: bool, progress: Progress) -> Sections:
    """Make the sections, or read them where they are."""
    pool, tested, unseen = (12, 6, 3) if small else (POOL, TESTED, UNSEEN)
    phases = TwoPhases(young=(1.0, contrast), conductivity=(1.0, contrast))
    name = f"{'small_' if small else ''}{contrast:g}.safetensors"
    # Seeds 1, 2: the encoder has seen sections of seed 0.
    learnt = make_section_dataset(
        pool + tested, phases, folder / f"learnt_{name}", seed=1, progress=progress
    )
    others = make_section_dataset(
        unseen, phases, folder / f"unseen_{name}", UNSEEN_FAMILIES, seed=2, progress=progress
    )
    tests = {"learnt": learnt.subset(range(pool, pool + tested)), "unseen": others}
    blocks = 2 if small else BLOCKS
    return Sections(learnt.subset(range(pool)), tests, shipped_encoder(), blocks)


def run(
    results: Path, sections: Sections, contrast: float, work: list[tuple[str, int, int]]
) -> dict[str, Any]:
    """Add what is missing to a results file."""
    settings = {
        "contrast": contrast,
        "pool": len(sections.pool),
        "tests": {name: len(data) for name, data in sections.tests.items()},
        "encoder": sections.trained.digest,
        "blocks": sections.blocks,
    }
    found: dict[str, Any] = {"settings": settings, "entries": []}
    if results.exists():
        found = json.loads(results.read_text(encoding="utf-8"))
        if found["settings"] != settings:
            raise InputError(
                f"{results}: begun with {found['settings']}, not {settings}; give another --output."
            )
    done = {(entry["method"], entry["n"], entry["seed"]) for entry in found["entries"]}
    for number, (method, n, seed) in enumerate(work):
        if (method, n, seed) in done:
            continue
        begun = time.perf_counter()
        predictions = predict(sections, method, n, seed)
        entry: dict[str, Any] = {"method": method, "n": n, "seed": seed}
        for name, data in sections.tests.items():
            entry[name] = [
                round(e, 6) for e in relative_errors(predictions[name], data).mean(0).tolist()
            ]
        entry["seconds"] = round(time.perf_counter() - begun, 2)
        found["entries"].append(entry)
        with written_whole(results) as partial:
            lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in found["entries"])
            text = f'{{"settings": {json.dumps(settings)},\n"entries": [\n{lines}\n]}}\n'
            partial.write_text(text, encoding="utf-8")
        print(f"{number + 1}/{len(work)} {entry}", flush=True)
    return found


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
    add("--small", action="store_true", help="a few sections, in seconds")
    given = parser.parse_args()
    sizes = (8, 12) if given.small else SIZES
    if given.sizes:
        sizes = tuple(int(n) for n in given.sizes.split(","))
    torch.set_num_threads(1)
    given.data.mkdir(exist_ok=True, parents=True)
    given.output.mkdir(exist_ok=True, parents=True)
    try:
        methods = given.methods.split(";") if given.methods else list(METHODS)
        if set(methods) - set(METHODS):
            raise InputError(f"--methods {given.methods!r}: give some of {'; '.join(METHODS)}.")
        sections = read_sections(given.data, given.contrast, given.small, show)
        work = list(entries(sizes, min(2, given.seeds) if given.small else given.seeds))
        work = [entry for entry in work if entry[0] in methods]
        results = given.output / f"results_{given.contrast:g}.json"
        run(results, sections, given.contrast, work)
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
