"""The report of an assessment: Markdown, figures and tables."""

from collections.abc import Sequence
from pathlib import Path

from dmn_fe.assessment.advice import advice, data_size_verdict
from dmn_fe.assessment.csv_tables import write_networks, write_paths
from dmn_fe.assessment.figures import draw_comparison
from dmn_fe.assessment.markdown import band_text, percent, slug, table
from dmn_fe.assessment.offline_sections import elastic_against_nonlinear, leaves_against_error
from dmn_fe.assessment.online_sections import materials, solvers
from dmn_fe.assessment.outcomes import Outcome, different, outcomes_of, seconds_to_equal_error
from dmn_fe.assessment.plan import Comparison, Plan
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


def write_report(plan: Plan, results: str | Path, folder: str | Path, machine: str) -> Path:
    """Write ``report.md``, the figures, ``networks.csv`` and ``paths.csv`` of a plan.

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
            picture = f"{number:02d}-{slug(comparison.title)}.png"
            draw_comparison(own, folder / picture)
            parts.append(_section(comparison, own, picture))
    each = different(outcomes)
    parts += [elastic_against_nonlinear(each, folder), leaves_against_error(each, folder)]
    parts += [solvers(each), materials(outcomes)]
    parts.append(
        "The figures of every network are in [networks.csv](networks.csv), those of every path "
        "of every reference in [paths.csv](paths.csv)."
    )
    write_networks(outcomes, folder / "networks.csv")
    write_paths(each, folder / "paths.csv")
    report = folder / "report.md"
    with written_whole(report) as partial:
        partial.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return report


def _reading(plan: Plan, machine: str) -> str:
    return (
        f"Every figure is the median of {plan.seeds} networks from different seeds unless a title "
        "says otherwise, with a confidence interval of the median in brackets (at least 90 %, "
        "between order statistics: of five networks their least and largest value). "
        "*Elastic error* is ‖C_net − C_rve‖ / ‖C_rve‖ on samples held out of what it learnt from; "
        "*nonlinear error* is |σ_net − σ_rve| / max |σ_rve|, mean over time and over the counted "
        "reference paths, and *largest* its largest value; *mean of networks* the nonlinear error "
        f"of the mean of {plan.ensemble} networks, and *covered* the share of all times at which "
        "its error is below twice the networks' spread. All seeds of a variant were trained in one "
        f"batch; the time is that of the batch over the number of networks, on {machine}. *Equal "
        "error* is the largest of the variants' elastic errors on the RVE, so that all reach it."
    )


def _section(comparison: Comparison, outcomes: Sequence[Outcome], picture: str) -> str:
    title = comparison.title
    if comparison.seeds is not None:
        title += f" ({comparison.seeds} networks each)"
    lines = [f"## {title}", "", comparison.question, "", f"![]({picture})", ""]
    columns, rows = list(_COLUMNS), [_cells(outcome) for outcome in outcomes]
    seconds = seconds_to_equal_error(outcomes)
    if seconds is not None:
        columns.append("s to equal error")
        rows = [[*row, f"{s:.1f}"] for row, s in zip(rows, seconds, strict=True)]
    lines += table(columns, rows)
    variants = comparison.variants
    sizes, kinds = {v.settings.samples for v in variants}, {v.elastic for v in variants}
    if len(sizes) > 1 and len(kinds) == 1:
        lines += ["", data_size_verdict(outcomes)]
    return "\n".join(lines)


def _cells(outcome: Outcome) -> list[str]:
    truth = outcome.main_truth
    covered = truth["coverage"]["two_spreads"]
    return [
        outcome.variant.label,
        outcome.subject,
        band_text(outcome.validation),
        band_text(outcome.nonlinear),
        band_text(outcome.largest),
        percent(truth["ensemble"]["overall_mean"]),
        f"{covered:.0%}",
        f"{outcome.active_leaves.median:.0f}",
        f"{outcome.seconds:.1f}",
    ]
