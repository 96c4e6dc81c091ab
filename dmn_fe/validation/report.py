"""The report of a validation, in Markdown with pictures and tables."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from dmn_fe.assessment.machine import machine_text
from dmn_fe.assessment.markdown import percent, table
from dmn_fe.files import written_whole
from dmn_fe.validation import pictures, result_csv
from dmn_fe.validation.bars_section import error_bars
from dmn_fe.validation.cost_section import costs
from dmn_fe.validation.local_fields import distance
from dmn_fe.validation.subject import NetworkResult, Subject
from dmn_fe.validation.verdict import LIMITS, verdict

__all__ = ["write_report"]

_HOW = (
    "*Reaction error* is |R − R_FE²| over the largest |R_FE²| of the run, of the direction that is "
    "prescribed; *displacement error* the root of the mean square over the nodes of ‖u − u_FE²‖, "
    "over the largest ‖u_FE²‖ of a node and step; *stress error* the root of the mean square over "
    "the volume of ‖σ − σ_FE²‖, over the largest such norm of σ_FE² of a step, and *stress error "
    "at a point* the largest ‖σ − σ_FE²‖ of any point and step, over the largest ‖σ_FE²‖. "
    "*Of the step* stands for errors over the value of the same step, where that is more than 5 % "
    "of the largest (of stresses: always). Mean and largest are over the steps. Each run solves "
    "its own part: errors of stress hold those of the strain."
)


def write_report(subject: Subject, results: Sequence[NetworkResult], folder: Path) -> Path:
    """Write ``report.md``, its pictures and its tables as CSV; returns the report."""
    folder.mkdir(parents=True, exist_ok=True)
    done = [one for one in results if one.comparison is not None]
    drawn = pictures.draw_all(subject, done, folder)
    tables = result_csv.write_all(subject, done, folder)
    parts = [
        f"# {subject.title}: networks against full FE²",
        _what(subject),
        f"**Full FE² is not complete: {subject.missing}.**" if subject.missing else "",
        "## In short",
        _in_short(subject, results),
        "## Errors",
        _errors(subject, done),
        _phases(subject, done),
        "## Cost",
        costs(subject, done),
        "## Error bars",
        error_bars(subject, done),
        "## Inside the RVE",
        _local(subject, done),
        "## Pictures",
        *[f"{caption}\n\n![]({file})" for file, caption in drawn.items()],
        "## How it is measured",
        _HOW,
        "Tables: " + ", ".join(f"[{name}]({name})" for name in tables) + ".",
    ]
    report = folder / "report.md"
    with written_whole(report) as partial:
        partial.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return report


def _what(subject: Subject) -> str:
    record = subject.reference
    facts = record.facts
    machine = facts.get("machine")
    told = f", on {machine_text(machine | {'processes': facts['ranks']})}" if machine else ""
    return (
        f"A part of {len(record.points)} quadrature points and {facts['unknowns']} components of "
        f"displacement in {len(record.times) - 1} steps. The reference is full FE², which solves "
        f"the RVE at every point, from {subject.source}, of {facts.get('date', 'unknown date')}"
        f"{told}, dmn_fe {facts['dmn_fe']}, DOLFINx {facts['dolfinx']}. Report of "
        f"{date.today().isoformat()}."
    )


def _in_short(subject: Subject, results: Sequence[NetworkResult]) -> str:
    lines = []
    for one in results:
        notes = [*one.doubts, *([f"not complete: {one.why}"] if one.why else [])]
        if one.comparison is None:
            lines.append(f"- **{one.name}** has no results: {one.why}.")
            continue
        lines.append(f"- **{one.name}**: {verdict(subject, one)}")
        lines += [f"  ({note})" for note in notes]
    return "\n".join([*lines, "", LIMITS])


def _errors(subject: Subject, results: Sequence[NetworkResult]) -> str:
    header = ["error %", *(one.name for one in results)]
    rows = []
    for surface, component in subject.driven:
        name = f"reaction of {subject.surface(surface, component)}"
        of_step = [one.comparison.reaction_of_step[:, surface, component] for one in results]  # type: ignore[union-attr]
        values = [one.comparison.reaction[:, surface, component] for one in results]  # type: ignore[union-attr]
        rows.append([f"{name}: mean, largest", *(_mean_largest(v) for v in values)])
        rows.append([f"{name}, of the step: mean, largest", *(_mean_largest(v) for v in of_step)])
    for label, key in (
        ("displacement", "displacement"),
        ("displacement of a node", "displacement_largest"),
        ("stress", "stress"),
        ("stress, of the step", "stress_of_step"),
        ("stress at a point", "stress_largest"),
    ):
        values = [getattr(one.comparison, key) for one in results]
        rows.append([f"{label}: mean, largest", *(_mean_largest(v) for v in values)])
    for name, point in subject.points.items():
        values = [one.comparison.stress_points[:, point] for one in results]  # type: ignore[union-attr]
        rows.append(
            [f"stress at {_place(subject, name)}: mean, largest", *map(_mean_largest, values)]
        )
    counts = [f"{len(one.comparison.times)}" for one in results]  # type: ignore[union-attr]
    rows.append(["steps compared", *counts])
    return "\n".join(table(header, rows))


def _place(subject: Subject, name: str) -> str:
    x = subject.reference.points[subject.points[name]]
    return f"{name} ({', '.join(f'{value:.3g}' for value in x)})"


def _mean_largest(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return f"{percent(known.mean())}, {percent(known.max())}" if len(known) else "–"


def _phases(subject: Subject, results: Sequence[NetworkResult]) -> str:
    rows = [
        [phase, *(_mean_largest(one.comparison.phase_stress[:, at]) for one in results)]  # type: ignore[union-attr]
        for at, phase in enumerate(subject.reference.phases)
    ]
    header = ["mean stress of a phase in the part, error %: mean, largest"]
    return "\n".join(table([*header, *(one.name for one in results)], rows))


def _local(subject: Subject, results: Sequence[NetworkResult]) -> str:
    reference, rows = subject.reference, []
    for name, point in subject.points.items():
        if point not in reference.local:
            continue
        for phase, values in reference.local[point].von_mises.items():
            cells = [
                percent(distance(one.local[point], reference.local[point], phase))
                if point in one.local
                else "–"
                for one in results
            ]
            rows.append([f"{_place(subject, name)}, {phase}", f"{values.mean():.4g}", *cells])
    if not rows:
        return subject.remark
    unit = f" / {subject.units[2]}" if subject.units[2] else ""
    header = ["point, phase", f"mean of FE²{unit}", *(f"{one.name} %" for one in results)]
    text = (
        "Distribution of the von Mises stress over the volume of each phase, in the voxels or "
        "elements of the RVE against the leaves of the network, after the same strain path (that "
        "of the point in FE²). A figure is the area between the two distributions over the mean."
    )
    return "\n".join(
        [text, "", *table(header, rows), *(["", subject.remark] * bool(subject.remark))]
    )
