"""The part of the report on generality: targets, verdicts, and one encoder against another."""

import numpy as np
from figures import half_interval, table

__all__ = ["general_section"]

_HEADS = [
    "image",
    "encoder",
    "seeds",
    "lineal path: mean, worst",
    "floor, Gaussian",
    "S2: worst, floor",
    "target",
    "judges outside the floor",
    "verdict",
    "s each",
]
_SEPARATES = 2.0  # a lineal path so many times nearer than that of a Gaussian field


def general_section(cases: list[dict]) -> str:
    """Every image beside its noise floor and its Gaussian field."""
    ordered = sorted(cases, key=lambda one: (one["image"], one["encoder"]))
    return "\n".join(
        [
            "## General\n",
            "One setting for all; the worst of all seeds counts. Distances are relative; the floor "
            "is that of crops of the image from each other. The target: lineal path and two-point "
            "probability (S2) within the floor, and the lineal path at most half as far as that "
            "of a Gaussian field.\n",
            *_summary(ordered),
            "",
            table(_HEADS, [_row(case) for case in ordered]),
            *_compared(ordered),
        ]
    )


def _row(case: dict) -> list[str]:
    path, pairs = case["judges"]["lineal path"], case["judges"]["two-point probability"]
    return [
        case["image"],
        case["encoder"],
        str(case["seeds"]),
        f"{np.mean(path['values']):.3f}, {max(path['values']):.3f}",
        f"{path['floor']:.2f}, {path['gaussian']:.2f}",
        f"{max(pairs['values']):.3f}, {pairs['floor']:.2f}",
        "reached" if reaches_target(case) else "**missed**",
        _outside(case),
        case["verdict"],
        f"{case['seconds']:.0f}",
    ]


def reaches_target(case: dict) -> bool:
    """Whether the worst seed is within the floor, and far from a Gaussian field."""
    path, pairs = case["judges"]["lineal path"], case["judges"]["two-point probability"]
    worst = max(path["values"])
    within = worst <= path["floor"] and max(pairs["values"]) <= pairs["floor"]
    return within and _SEPARATES * worst <= path["gaussian"]


def _outside(case: dict) -> str:
    """Judges that find a result outside the floor, with their distances in floors."""
    found = [
        f"{name} {max(one['values']) / one['floor']:.1f}×"
        for name, one in case["judges"].items()
        if max(one["values"]) > one["floor"] > 0
    ]
    return ", ".join(found) or "none"


def _summary(cases: list[dict]) -> list[str]:
    """A line for each encoder: on how many images it reaches the target, and where not."""
    lines = []
    for encoder in dict.fromkeys(case["encoder"] for case in cases):
        own = [case for case in cases if case["encoder"] == encoder]
        missed = ", ".join(case["image"] for case in own if not reaches_target(case))
        verdicts = [case["verdict"] for case in own]
        lines.append(
            f"- *{encoder}*: the target is reached on {sum(map(reaches_target, own))} of "
            f"{len(own)} images{f' (missed: {missed})' if missed else ''}; verdicts: "
            + ", ".join(f"{verdicts.count(word)} {word}" for word in ("pass", "warn", "fail"))
            + "."
        )
    return lines


def _compared(cases: list[dict]) -> list[str]:
    """Differences of all judges between the encoders, over the images that both have."""
    encoders = list(dict.fromkeys(case["encoder"] for case in cases))
    lines = []
    for other in encoders:
        if other == "shipped" or "shipped" not in encoders:
            continue
        rows = []
        for judge in dict.fromkeys(name for case in cases for name in case["judges"]):
            differences = _differences(cases, judge, other)
            if len(differences) > 1 and any(differences):
                mean, half = np.mean(differences), half_interval(differences)
                counts = (sum(d < 0 for d in differences), sum(d > 0 for d in differences))
                word = "better" if mean < -half else "worse" if mean > half else "open"
                numbers = f"{mean:+.2f} ± {half:.2f}"
                rows.append([judge, numbers, word, f"{counts[0]} : {counts[1]}"])
        if rows:
            heads = [
                "judge",
                "shipped − other, in floors (95 %)",
                "shipped is",
                "images for : against",
            ]
            lines += [
                f"\n### The shipped encoder against *{other}*\n",
                "Mean errors of all seeds, over the noise floor; the interval is over the "
                "images.\n",
                table(heads, rows),
            ]
    return lines


def _differences(cases: list[dict], judge: str, other: str) -> list[float]:
    """Of the mean error over its floor, for each image."""
    errors: dict[tuple[str, str], float] = {}
    for case in cases:
        found = case["judges"].get(judge)
        if found and found["floor"] > 0:
            errors[case["encoder"], case["image"]] = np.mean(found["values"]) / found["floor"]
    images = [image for encoder, image in errors if encoder == other]
    return [
        float(errors["shipped", image] - errors[other, image])
        for image in images
        if ("shipped", image) in errors
    ]
