"""What runs with networks and with full FE² have cost."""

from collections.abc import Callable, Sequence

from dmn_fe.assessment.markdown import table
from dmn_fe.validation.record import RunRecord
from dmn_fe.validation.subject import NetworkResult, Subject
from dmn_fe.validation.verdict import processor, speed_up

__all__ = ["costs"]


def _short(value: float) -> str:
    """Three digits, and all of those before the point."""
    return f"{value:.3g}" if value < 1000.0 else f"{value:.0f}"


_ROWS: tuple[tuple[str, Callable[[RunRecord], str]], ...] = (
    ("s of the run", lambda record: _short(record.facts["seconds"])),
    ("s in the laws", lambda record: _short(record.facts["seconds_laws"])),
    ("Newton iterations", lambda record: f"{record.facts['newton_iterations']}"),
    ("steps cut back", lambda record: f"{record.facts['cut_back_steps']}"),
    ("kB of a quadrature point", lambda record: _short(record.facts["bytes_per_point"] / 1e3)),
    ("MB of all ranks at the peak", lambda record: f"{record.facts['memory'] / 1e6:.0f}"),
    ("ranks", lambda record: f"{record.facts['ranks']}"),
    ("starts", lambda record: f"{record.facts['starts']}"),
    ("date", lambda record: f"{record.facts.get('date', '–')}"),
    ("dmn_fe", lambda record: f"{record.facts['dmn_fe']}"),
)

_SWITCHING: tuple[tuple[str, Callable[[RunRecord], str]], ...] = (
    ("points with the RVE at most", lambda record: f"{record.facts.get('rve_points', '–')}"),
    ("left the network", lambda record: f"{record.facts.get('left_network', '–')}"),
    ("came back to it", lambda record: f"{record.facts.get('came_back', '–')}"),
)


def costs(subject: Subject, results: Sequence[NetworkResult]) -> str:
    """Table of times and memory, and what they hold."""
    records = [subject.reference, *(one.record for one in results if one.record is not None)]
    rows = [[name, *(cell(record) for record in records)] for name, cell in _ROWS]
    pairs = [one.comparison for one in results if one.comparison is not None]
    if pairs:
        sums = [str(pair.iterations.sum()) for pair in pairs]
        of_fe2 = str(pairs[0].reference_iterations.sum())
        rows.insert(3, ["Newton iterations of the steps compared", of_fe2, *sums])
    if any("rve_points" in record.facts for record in records):
        rows += [[name, *(cell(record) for record in records)] for name, cell in _SWITCHING]
    for name, key in (("speed-up", "seconds"), ("speed-up in the laws", "seconds_laws")):
        factors = [speed_up(subject, one, key) for one in results]
        rows.append([name, "1", *("–" if f is None else _short(f) for f in factors)])
        if key == "seconds":
            shares = ["–" if f is None else f"{100.0 / f:.2g}" for f in factors]
            rows.append(["% of the time of full FE²", "100", *shares])
    ranks = subject.reference.facts["ranks"]
    for name, key in (("a point's memory", "bytes_per_point"), ("all memory", "memory")):
        theirs = subject.reference.facts[key]
        ratios = [
            "–" if key == "memory" and facts["ranks"] != ranks else f"{theirs / facts[key]:.3g}"
            for facts in (record.facts for record in records)
        ]
        rows.append([f"FE² over the network, {name}", *ratios])
    header = ["", "full FE²", *(one.name for one in results)]
    return "\n".join([*table(header, rows), "", *_remarks(records)])


def _remarks(records: Sequence[RunRecord]) -> list[str]:
    text = [
        "Seconds are of the steps with the outputs of every one of them, and of laws those of the "
        "rank that needed most. Starting the program, compiling forms and reading the mesh are not "
        "in them. The memory of a process holds Python, torch, PETSc and DOLFINx; runs this small "
        "consist of little else."
    ]
    if remark := records[0].facts.get("remark"):
        text.append(f"Of full FE²: {remark}")
    if len({record.facts["ranks"] for record in records}) > 1:
        text.append(
            "**The runs had different numbers of ranks, so that their times do not compare: give "
            f"--ranks {records[0].facts['ranks']}.**"
        )
    machines = {processor(record) for record in records}
    if len(machines) > 1:
        text.append(f"**The runs were on different processors: {'; '.join(sorted(machines))}.**")
    return text
