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
        scores = {
            command: (mean_score(each, "nonlinear"), sum(o.seconds for o in each) / len(each))
            for command, each in variants.items()
            if {o.subject for o in each} == subjects
        }
        scores = {command: score for command, score in scores.items() if math.isfinite(score[0])}
        if not scores:
            continue
        best = min(scores, key=lambda command: scores[command][0])
        enough = [c for c in scores if scores[c][0] <= _NEARLY * scores[best][0]]
        cheap = min(enough, key=lambda command: scores[command][1])
        for command in dict.fromkeys((best, cheap)):
            error, seconds = scores[command]
            word = "the smallest error" if command == best else "cheaper"
            lines.append(
                f"- {group}, {word} ({percent(error)} %, {seconds:.0f} s a network): `{command}`"
            )
    if not lines:
        return "Which settings should I use? No way of training has been tried on all RVEs yet."
    return "\n".join(
        ["Which settings should I use? Of all that was tried on every RVE of a class:", "", *lines]
    )


def _command(plan: Plan, outcome: Outcome) -> str:
    variant, networks = outcome.variant, outcome.comparison.seeds or plan.seeds
    command = train_command(variant.settings, variant.elastic, variant.nonlinear, networks)
    return command if variant.pretrained is None else f"{command} --start {variant.pretrained.name}"
