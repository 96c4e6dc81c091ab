"""The report of an assessment: Markdown, figures and tables."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from dmn_fe.assessment.advice import advice, data_size_verdict
from dmn_fe.assessment.figures import draw_comparison, draw_relation
from dmn_fe.assessment.outcomes import Outcome, outcomes_of
from dmn_fe.assessment.plan import Comparison, Plan
from dmn_fe.assessment.statistics import Band, rank_correlation
from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["write_report"]

_COLUMNS = (
    "variant",
    "RVE",
    "elastic error %",
    "nonlinear error %",
    "largest %",
    "mean of networks %",
    "covered by 2 spreads",
    "active leaves",
    "s per network",
)
_OF_SEED = ("seed", "iteration", "outcome", "loss", "validation", "path_error")
_OF_NETWORK = ("active_leaves", "leaves", "fraction_error")


def write_report(plan: Plan, results: str | Path, folder: str | Path, machine: str) -> Path:
    """Write ``report.md``, ``results.csv`` and the figures of a plan.

    Parameters
    ----------
    plan : Plan
    results : path
        Folder of the results of :func:`~dmn_fe.assessment.execute`.
    folder : path
        Where to write.
    machine : str
        What the times were measured on.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    InputError
        If there is no result.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = outcomes_of(plan, Path(results))
    if not outcomes:
        raise InputError(f"{results}: there are no results of this plan; execute it first.")
    parts = [f"# {plan.title}", advice(outcomes), _reading(plan, machine)]
    for number, comparison in enumerate(plan.comparisons, start=1):
        own = [o for o in outcomes if o.comparison is comparison]
        if own:
            picture = f"{number:02d}-{_slug(comparison.title)}.png"
            draw_comparison(own, folder / picture)
            parts.append(_section(comparison, own, picture))
    parts += [_elastic_against_nonlinear(outcomes, folder), _leaves(outcomes, folder)]
    parts += [_online(outcomes), _references(outcomes)]
    _write_csv(outcomes, folder / "results.csv")
    report = folder / "report.md"
    with written_whole(report) as partial:
        partial.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return report


def _reading(plan: Plan, machine: str) -> str:
    return (
        f"Every figure is the median of {plan.seeds} networks from different seeds, with the 90 % "
        "confidence interval of the median in brackets (bootstrap). *Elastic error* is "
        "‖C_net − C_rve‖ / ‖C_rve‖ on samples that were held out; *nonlinear error* is "
        "|σ_net − σ_rve| / max |σ_rve|, mean over time and over the counted reference paths, and "
        "*largest* its largest value; *mean of networks* the nonlinear error of the mean of "
        f"{plan.ensemble} networks, and *covered* the share of all times at which its error is "
        "below twice the networks' spread. All seeds of a variant were trained in one batch; the "
        f"time is that of the batch over the number of networks, on {machine}."
    )


def _section(comparison: Comparison, outcomes: Sequence[Outcome], picture: str) -> str:
    lines = [f"## {comparison.title}", "", comparison.question, "", f"![]({picture})", ""]
    lines += _table(_COLUMNS, [_cells(outcome) for outcome in outcomes])
    if comparison.axis == "training samples":
        lines += ["", data_size_verdict(outcomes)]
    return "\n".join(lines)


def _cells(outcome: Outcome) -> list[str]:
    truth = outcome.main_truth
    covered = truth["coverage"]["two_spreads"]
    return [
        outcome.variant.label,
        outcome.subject,
        _band(outcome.validation),
        _band(outcome.nonlinear),
        _band(outcome.largest),
        _percent(truth["ensemble"]["overall_mean"]),
        f"{covered:.0%}",
        f"{outcome.active_leaves.median:.0f}",
        f"{outcome.seconds:.1f}",
    ]


def _elastic_against_nonlinear(outcomes: Sequence[Outcome], folder: Path) -> str:
    """Whether the elastic error tells the nonlinear one: among variants, and among seeds."""
    names = sorted({name for o in outcomes for name in o.result["seeds"][0]["elastic"]})
    lines = ["## Does the elastic error tell the nonlinear error?", ""]
    rows = []
    for name in names:
        points: dict[str, tuple[list[float], list[float]]] = {}
        within = []
        for outcome in _different(outcomes):
            pairs = [
                (seed["elastic"][name][0], errors["overall_mean"])
                for seed, errors in zip(
                    outcome.result["seeds"], outcome.main_truth["seeds"], strict=True
                )
                if name in seed["elastic"] and errors["overall_mean"] is not None
            ]
            if not pairs:
                continue
            first, second = (list(values) for values in zip(*pairs, strict=True))
            within.append(rank_correlation(first, second))
            group = points.setdefault(outcome.group, ([], []))
            group[0].extend(100.0 * v for v in first)
            group[1].extend(100.0 * v for v in second)
        picture = f"elastic-{_slug(name)}.png"
        draw_relation(
            points, f"elastic error on {name} samples / %", "nonlinear / %", folder / picture
        )
        for kind, (first, second) in points.items():
            rows.append([name, kind, f"{rank_correlation(first, second):.2f}", _mean(within)])
        lines += [f"![]({picture})", ""]
    header = ("held-out samples", "group", "rank correlation of all", "among seeds of one variant")
    return "\n".join(lines + _table(header, rows))


def _leaves(outcomes: Sequence[Outcome], folder: Path) -> str:
    points: dict[str, tuple[list[float], list[float]]] = {}
    for outcome in _different(outcomes):
        for seed, errors in zip(outcome.result["seeds"], outcome.main_truth["seeds"], strict=True):
            if errors["overall_mean"] is not None:
                group = points.setdefault(outcome.group, ([], []))
                group[0].append(seed["active_leaves"])
                group[1].append(100.0 * errors["overall_mean"])
    draw_relation(points, "active leaves", "nonlinear error / %", folder / "leaves.png")
    rows = [[g, f"{rank_correlation(*values):.2f}"] for g, values in points.items()]
    table = _table(("group", "rank correlation of leaves and nonlinear error"), rows)
    return "\n".join(["## Active leaves and error", "", "![](leaves.png)", "", *table])


def _online(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for outcome in _different(outcomes):
        truth = outcome.main_truth
        newton, fixed = truth["newton_seconds"], truth["fixed_point_seconds"]
        same = truth["fixed_point"]["overall_mean"]
        rows.append(
            [
                outcome.comparison.title,
                outcome.variant.label,
                outcome.subject,
                f"{newton:.1f}",
                f"{fixed:.1f}",
                f"{fixed / newton:.1f}",
                f"{_percent(truth['seeds'][0]['overall_mean'])} / {_percent(same)}",
            ]
        )
    header = (
        "comparison",
        "variant",
        "RVE",
        "Newton s",
        "fixed point s",
        "ratio",
        "error % of both",
    )
    text = (
        "All paths of the reference with one network (the first seed with the fixed-point solver). "
        "The fixed point keeps the elastic stiffness of the leaves, one sweep an iteration."
    )
    return "\n".join(["## Newton or fixed point online?", "", text, "", *_table(header, rows)])


def _references(outcomes: Sequence[Outcome]) -> str:
    """Errors on every reference, path by path."""
    lines = ["## All reference paths", ""]
    for outcome in _different(outcomes):
        for name, truth in outcome.result["truth"].items():
            medians = [
                _percent(_median([seed["mean"][k] for seed in truth["seeds"]]))
                for k in range(len(truth["paths"]))
            ]
            rows = [[*medians, _percent(_median([s["overall_mean"] for s in truth["seeds"]]))]]
            title = (
                f"{outcome.comparison.title}: {outcome.variant.label}, {outcome.subject}, {name}"
            )
            lines += [f"{title}; median of the mean errors in %:", ""]
            lines += [*_table((*truth["paths"], "counted"), rows), ""]
    return "\n".join(lines)


def _write_csv(outcomes: Sequence[Outcome], path: Path) -> None:
    """One row for each network."""
    with written_whole(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.writer(file)
        last = ("seconds", "nonlinear_mean", "nonlinear_largest")
        writer.writerow(["comparison", "variant", "RVE", *_OF_SEED, *_OF_NETWORK, *last])
        for o in outcomes:
            for seed, errors in zip(o.result["seeds"], o.main_truth["seeds"], strict=True):
                own = [seed[key] for key in (*_OF_SEED, *_OF_NETWORK)]
                nonlinear = [errors["overall_mean"], errors["overall_largest"]]
                start = [o.comparison.title, o.variant.label, o.subject]
                writer.writerow([*start, *own, round(o.seconds, 3), *nonlinear])


def _different(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome for each training, though several comparisons may show it."""
    found: dict[tuple, Outcome] = {}
    for outcome in outcomes:
        variant = outcome.variant
        key = (outcome.subject, repr(variant.settings), variant.elastic, variant.nonlinear)
        found.setdefault(key, outcome)
    return list(found.values())


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def _band(values: Band) -> str:
    return f"{_percent(values.median)} [{_percent(values.low)}, {_percent(values.high)}]"


def _percent(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "failed"
    return f"{100.0 * value:.3g}"


def _median(values: Sequence[float | None]) -> float:
    finite = sorted(v if v is not None else math.inf for v in values)
    return finite[(len(finite) - 1) // 2]


def _mean(values: Sequence[float]) -> str:
    finite = [v for v in values if math.isfinite(v)]
    return f"{sum(finite) / len(finite):.2f}" if finite else "–"


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")
