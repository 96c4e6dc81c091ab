"""The figures of an assessment as CSV, one row for each network or path."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from dmn_fe.assessment.outcomes import Outcome
from dmn_fe.files import written_whole

__all__ = ["write_networks", "write_paths"]

_OF_SEED = ("seed", "iteration", "outcome", "loss", "validation_loss", "validation", "path_error")
_OF_NETWORK = ("active_leaves", "leaves", "fraction_error")


def write_networks(outcomes: Sequence[Outcome], path: Path) -> None:
    """One row for each network of each comparison, with its errors on the first reference.

    ``result`` is the name of the stored result, which several comparisons may share.
    """
    last = ("seconds", "nonlinear_mean", "nonlinear_largest", "result")
    header = ["comparison", "variant", "RVE", *_OF_SEED, *_OF_NETWORK, *last]
    rows = (
        [
            o.comparison.title,
            o.variant.label,
            o.subject,
            *(seed[key] for key in (*_OF_SEED, *_OF_NETWORK)),
            round(o.seconds, 3),
            errors["overall_mean"],
            errors["overall_largest"],
            o.file,
        ]
        for o in outcomes
        for seed, errors in o.seeds
    )
    _write(path, header, rows)


def write_paths(outcomes: Sequence[Outcome], path: Path) -> None:
    """One row for each path of each reference and each network, and for the mean of networks."""
    header = ["comparison", "variant", "RVE", "reference", "path", "counted", "network"]
    rows = (
        [
            o.comparison.title,
            o.variant.label,
            o.subject,
            reference,
            name,
            int(truth["counted"][k]),
            network,
            _short(errors["mean"][k]),
            _short(errors["largest"][k]),
        ]
        for o in outcomes
        for reference, truth in o.result["truth"].items()
        for network, errors in _networks(o, truth)
        for k, name in enumerate(truth["paths"])
    )
    _write(path, [*header, "mean", "largest"], rows)


def _networks(outcome: Outcome, truth: dict) -> list[tuple[str, dict]]:
    seeds = [str(seed["seed"]) for seed in outcome.result["seeds"]]
    return [*zip(seeds, truth["seeds"], strict=True), ("mean of networks", truth["ensemble"])]


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    with written_whole(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
