"""Which settings to use, as commands."""

import math
from collections.abc import Sequence

from dmn_fe.assessment.commands import train_command
from dmn_fe.assessment.markdown import percent
from dmn_fe.assessment.outcomes import Outcome, different, mean_score
from dmn_fe.assessment.plan import Plan

__all__ = ["recommended"]

_NEARLY = 1.5  # times the smallest error


def recommended(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """Which settings should I use? For each class of RVEs the command with the smallest error of
    all, and the cheapest whose error is less than half as large again."""
    lines = []
    for group in dict.fromkeys(outcome.group for outcome in outcomes):
        subjects = {subject.name for subject in plan.subjects if subject.group == group}
        variants: dict[str, list[Outcome]] = {}
        for outcome in different([o for o in outcomes if o.group == group]):
            variants.setdefault(_command(plan, outcome), []).append(outcome)
        complete = {
            c: each for c, each in variants.items() if {o.subject for o in each} == subjects
        }
        scores = {command: mean_score(each, "nonlinear") for command, each in complete.items()}
        scores = {command: score for command, score in scores.items() if math.isfinite(score)}
        if not scores:
            continue
        seconds = {c: sum(o.seconds for o in complete[c]) / len(complete[c]) for c in scores}
        best = min(scores, key=lambda command: scores[command])
        enough = [c for c in scores if scores[c] <= _NEARLY * scores[best]]
        cheap = min(enough, key=lambda command: seconds[command])
        for command in dict.fromkeys((best, cheap)):
            word = "the smallest error" if command == best else "cheaper"
            means = [o.main_truth["ensemble"]["overall_mean"] for o in complete[command]]
            lines.append(
                f"- {group}, {word} (of one network {percent(scores[command])} %, of the mean of "
                f"{plan.ensemble} {_range(means)} %; {seconds[command]:.0f} s to train one): "
                f"`{command}`"
            )
    if not lines:
        return "Which settings should I use? No way of training has been tried on all RVEs yet."
    intro = "Which settings should I use? Of all that was tried on every RVE of a class"
    return "\n".join([f"{intro} (data by their names in the study file):", "", *lines])


def _range(values: Sequence[float | None]) -> str:
    """The least and the largest, in percent."""
    known = [math.inf if value is None else value for value in values]
    low, high = percent(min(known)), percent(max(known))
    return low if low == high else f"{low}–{high}"


def _command(plan: Plan, outcome: Outcome) -> str:
    variant, networks = outcome.variant, outcome.comparison.seeds or plan.seeds
    command = train_command(variant.settings, variant.elastic, variant.nonlinear, networks)
    return command if variant.pretrained is None else f"{command} --start {variant.pretrained.name}"
