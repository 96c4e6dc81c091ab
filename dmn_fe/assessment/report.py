"""The report of an assessment: Markdown, figures and tables."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dmn_fe.assessment.advice import advice
from dmn_fe.assessment.commands import train_command
from dmn_fe.assessment.csv_tables import write_networks, write_paths
from dmn_fe.assessment.figures import draw_comparison
from dmn_fe.assessment.markdown import band_text, percent, slug, table
from dmn_fe.assessment.offline_sections import elastic_against_nonlinear, leaves_against_error
from dmn_fe.assessment.online_sections import materials, solvers
from dmn_fe.assessment.outcomes import (
    Outcome,
    different,
    machines,
    outcomes_of,
    seconds_to_equal_error,
)
from dmn_fe.assessment.plan import Comparison, Plan, Variant
from dmn_fe.assessment.recommendation import recommended
from dmn_fe.assessment.references_section import references
from dmn_fe.assessment.size_verdict import data_size_verdict
from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["write_report"]

_COLUMNS = (
    "variant",
    "RVE",
    "elastic error %",
    "nonlinear error %",
    "its deviation %",
    "largest %",
    "mean of networks %",
    "covered by 2 spreads",
    "leaves",
    "s per network",
    "sweeps online",
    "ms online",
)


def write_report(plan: Plan, results: str | Path, folder: str | Path) -> Path:
    """Write ``report.md``, the figures, ``networks.csv`` and ``paths.csv`` of a plan.

    Parameters
    ----------
    plan : Plan
    results : path
        Folder of the results of :func:`~dmn_fe.assessment.execute`.
    folder : path
        Where to write.

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
        raise InputError(f"{results}: there are no results of this study yet; run it first.")
    parts = [f"# {plan.title}", _missing(plan, outcomes), recommended(plan, outcomes)]
    parts.append(advice(outcomes))
    parts.append(_reading(plan, outcomes))
    for number, comparison in enumerate(plan.comparisons, start=1):
        own = [o for o in outcomes if o.comparison is comparison]
        if own:
            picture = f"{number:02d}-{slug(comparison.title)}.png"
            draw_comparison(own, folder / picture)
            parts.append(_section(comparison, own, picture))
    each = different(outcomes)
    parts += [elastic_against_nonlinear(each, folder), leaves_against_error(each, folder)]
    parts += [solvers(outcomes), materials(outcomes), references(plan)]
    parts.append(
        "The figures of every network are in [networks.csv](networks.csv), those of every path "
        "of every reference in [paths.csv](paths.csv)."
    )
    write_networks(outcomes, folder / "networks.csv")
    write_paths(outcomes, folder / "paths.csv")
    report = folder / "report.md"
    with written_whole(report) as partial:
        partial.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return report


def _missing(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    done, wanted = len(different(outcomes)), len(plan.trainings())
    return "" if done == wanted else f"**Not complete: {done} of {wanted} trainings are done.**"


def _reading(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    return (
        "Each comparison varies one choice. The others are those of its base case, which is no "
        f"advice: `{train_command(plan.settings, ['DATA'], '', plan.seeds)}`.\n\n"
        f"Every figure is the median of {plan.seeds} networks from different seeds unless a title "
        "says otherwise, with a confidence interval of the median in brackets (at least 90 %, "
        "between order statistics: of five networks their least and largest value). "
        "*Elastic error* is ‖C_net − C_rve‖ / ‖C_rve‖ on samples held out of what it learnt from, "
        "which have a part in the training only as they choose the best iteration; "
        "*nonlinear error* is |σ_net − σ_rve| / max |σ_rve|, mean over time and over the counted "
        "reference paths (all but uniaxial strain, whose nearly hydrostatic stress is large and "
        "easily learnt), and *largest* its largest value; *mean of networks* the nonlinear error "
        f"of the mean of {plan.ensemble} networks, a single draw without an interval, and "
        "*covered* the share of all times at which its error is below twice the networks' spread, "
        "of that one draw too; *leaves* are those in the file, after compression. "
        "All seeds of a variant were trained in one batch; *s per network* is the time of that "
        "batch over the number of networks, *ms online* that of all paths of the first reference "
        "with one network. These few paths are followed side by side, one point each, so that "
        "much of that time is overhead; with the many points of a mesh the cost is that of the "
        "leaves times the *sweeps online*, the Newton iterations of a point and step. Times are of "
        f"{'; '.join(machines(outcomes))}. *Equal error* is the median of the elastic "
        "errors that the variants of one depth reach on the RVE (of two the larger); ∞: not "
        "reached."
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if math.isfinite(value) else "∞"


def _section(comparison: Comparison, outcomes: Sequence[Outcome], picture: str) -> str:
    title = comparison.title
    if comparison.seeds is not None:
        title += f" ({comparison.seeds} networks each)"
    lines = [f"## {title}", "", comparison.question, "", f"![]({picture})", ""]
    columns, rows = list(_COLUMNS), [_cells(outcome) for outcome in outcomes]
    seconds = seconds_to_equal_error(outcomes)
    if seconds is not None:
        columns.append("s to equal error")
        rows = [[*row, _seconds(s)] for row, s in zip(rows, seconds, strict=True)]
    lines += table(columns, rows)
    if len(machines(outcomes)) > 1:
        lines += ["", f"Its times were measured in several ways: {'; '.join(machines(outcomes))}."]
    if _differ_in_size_alone(comparison.variants):
        lines += ["", data_size_verdict(outcomes)]
    return "\n".join(lines)


def _differ_in_size_alone(variants: Sequence[Variant]) -> bool:
    sizes = {(v.settings.samples, v.settings.path_samples) for v in variants}
    others = {
        (
            replace(v.settings, samples=None, path_samples=None),
            v.elastic,
            v.nonlinear,
            v.pretrained,
        )
        for v in variants
    }
    return len(sizes) > 1 and len(others) == 1


def _cells(outcome: Outcome) -> list[str]:
    truth = outcome.main_truth
    covered = truth["coverage"]["two_spreads"]
    return [
        outcome.variant.label,
        outcome.subject,
        band_text(outcome.validation),
        band_text(outcome.nonlinear),
        percent(outcome.nonlinear.deviation),
        band_text(outcome.largest),
        percent(truth["ensemble"]["overall_mean"]),
        f"{covered:.0%}",
        f"{outcome.leaves.median:.0f}",
        f"{outcome.seconds:.3g}",
        f"{statistics.median(cost['sweeps'] for cost in truth['newton']):.2f}",
        f"{1e3 * statistics.median(cost['seconds'] for cost in truth['newton']):.3g}",
    ]
