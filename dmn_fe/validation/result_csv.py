"""The curves of a validation as CSV."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dmn_fe.files import written_whole
from dmn_fe.validation.comparison import matched
from dmn_fe.validation.error_bars import ReactionBar
from dmn_fe.validation.record import RunRecord
from dmn_fe.validation.subject import NetworkResult, Subject

__all__ = ["write_all"]

_COMPONENTS = ("11", "22", "33", "23", "13", "12")


def write_all(subject: Subject, results: Sequence[NetworkResult], folder: Path) -> list[str]:
    """Write all tables; returns their names."""
    files = {
        "errors.csv": _errors(subject, results),
        "reactions.csv": _reactions(subject, results),
        "points.csv": _points(subject, results),
        "local.csv": _local(subject, results),
    }
    for name, rows in files.items():
        with (
            written_whole(folder / name) as partial,
            open(partial, "w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file).writerows(rows)
    return list(files)


def _errors(subject: Subject, results: Sequence[NetworkResult]) -> Iterable[Sequence[Any]]:
    """Errors of every step as shares of one, and Newton iterations."""
    keys = ("displacement", "displacement_largest", "stress", "stress_of_step", "stress_largest")
    reactions = [
        (f"{name} {c + 1}", s, c)
        for s, name in enumerate(subject.reference.surfaces)
        for c in range(subject.reference.reactions.shape[-1])
    ]
    yield [
        "network",
        "time",
        *(f"reaction {name}" for name, _, _ in reactions),
        *(f"reaction {name} of the step" for name, _, _ in reactions),
        *keys,
        *(f"mean stress of {phase}" for phase in subject.reference.phases),
        "Newton iterations",
        "Newton iterations of FE²",
    ]
    for one in results:
        comparison = one.comparison
        assert comparison is not None
        for k, time in enumerate(comparison.times):
            yield [
                one.name,
                time,
                *(comparison.reaction[k, s, c] for _, s, c in reactions),
                *(comparison.reaction_of_step[k, s, c] for _, s, c in reactions),
                *(getattr(comparison, key)[k] for key in keys),
                *comparison.phase_stress[k],
                comparison.iterations[k],
                comparison.reference_iterations[k],
            ]


def _reactions(subject: Subject, results: Sequence[NetworkResult]) -> Iterable[Sequence[Any]]:
    """Reactions and mean displacements of all surfaces, and the error bar."""
    yield ["run", "time", "surface", "direction", "displacement", "reaction", "error bar"]
    runs: list[tuple[str, RunRecord, ReactionBar | None]] = [("FE²", subject.reference, None)]
    runs += [(one.name, one.record, one.bar) for one in results if one.record is not None]
    for name, record, bar in runs:
        half: dict[float, Any] = {} if bar is None else dict(zip(bar.times, bar.half, strict=True))
        for k, time in enumerate(record.times):
            for s, surface in enumerate(record.surfaces):
                for c in range(record.reactions.shape[-1]):
                    own = half[time][s, c] if time in half else ""
                    moved, force = record.motions[k, s, c], record.reactions[k, s, c]
                    yield [name, time, surface, c + 1, moved, force, own]


def _points(subject: Subject, results: Sequence[NetworkResult]) -> Iterable[Sequence[Any]]:
    """Strain and stress (Mandel) at the chosen points; each run has those of its own part."""
    header = [*(f"strain {c}" for c in _COMPONENTS), *(f"stress {c}" for c in _COMPONENTS)]
    yield ["run", "point", "time", *header, "spread"]
    runs = [("FE²", subject.reference)]
    runs += [(one.name, one.record) for one in results if one.record is not None]
    for name, record in runs:
        rows = matched(record.points, subject.reference.points, "quadrature points")
        for point, number in subject.points.items():
            at = rows[number]
            for k, time in enumerate(record.times):
                values = [*record.strain[k, at], *record.stress[k, at], record.spread[k, at]]
                yield [name, point, time, *values]


def _local(subject: Subject, results: Sequence[NetworkResult]) -> Iterable[Sequence[Any]]:
    """Quantiles of the von Mises stress of each phase at the chosen points."""
    yield ["of", "point", "phase", "share of the volume", "von Mises stress"]
    runs = [("FE²", subject.reference.local), *((one.name, one.local) for one in results)]
    for name, local in runs:
        for point, number in subject.points.items():
            if number in local:
                for phase, values in local[number].von_mises.items():
                    for share, value in zip(local[number].shares, values, strict=True):
                        yield [name, point, phase, share, value]
