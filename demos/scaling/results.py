"""What ``measure.py`` has stored, with repeats put together."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmn_fe.errors import InputError

__all__ = ["Run", "all_of", "best", "load_steps", "median", "read_result"]


@dataclass(frozen=True)
class Run:
    """Load steps of a box on some ranks: what ``load_steps.py`` gives, of one or all repeats."""

    ranks: int
    cells: tuple[int, ...]
    found: dict[str, Any]

    @property
    def points(self) -> int:
        """Quadrature points of all ranks."""
        return int(self.found["points"])

    def iteration(self, step: str = "yielding") -> dict[str, float]:
        """Seconds of one Newton iteration, by part and in ``all``."""
        one = self.found["steps"][step]
        parts = {"laws": one["micro"], "assembly": one["assembly"]}
        parts |= {"multigrid set-up": one["setup"]["seconds"], "CG": one["cg"]["seconds"]}
        # Of the slowest rank each: together they may be more than the step.
        parts["rest"] = max(0.0, one["seconds"] - sum(parts.values()))
        seconds = {name: value / one["iterations"] for name, value in parts.items()}
        return seconds | {"all": sum(seconds.values())}

    def of_solution(self, part: str, what: str, per: str, step: str = "yielding") -> float:
        """What ``setup`` or ``cg`` counted, for each of the step's ``iterations`` or ``cg
        iterations``."""
        one = self.found["steps"][step]
        return float(one[part][what]) / one[per]


def read_result(path: Path) -> dict[str, Any]:
    """The content of a result file.

    Raises
    ------
    InputError
        If it cannot be read, or is none, or lacks load steps of two sizes, a part on several
        ranks, messages or a mesh.
    """
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        runs = load_steps(result)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); run measure.py.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is no result of measure.py; give another file.") from error
    lacking = {
        "load steps of two sizes": len({one.points for one in runs}) < 2,
        "load steps on several ranks": all(one.ranks == 1 for one in runs),
        "messages between ranks": not any(one["message"] for one in all_of(result, "messages")),
        "a mesh file": not all_of(result, "read mesh"),
    }
    missing = [name for name, lacks in lacking.items() if lacks]
    if missing:
        raise InputError(f"{path}: lacks {' and '.join(missing)}; let measure.py finish.")
    return result


def best(repeats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The repeat whose step takes least: disturbances only make times longer."""
    return min(repeats, key=lambda one: float(one["steps"]["yielding"]["seconds"]))


def median(repeats: Sequence[Any]) -> Any:
    """The median of each of several equally nested numbers."""
    if isinstance(repeats[0], dict):
        return {key: median([one[key] for one in repeats]) for key in repeats[0]}
    return statistics.median(repeats)


def load_steps(
    result: dict[str, Any],
    choose: Callable[[Sequence[dict[str, Any]]], dict[str, Any]] = best,
) -> list[Run]:
    """All boxes and numbers of ranks, by ranks and points; of repeats the best or the median."""
    repeats: dict[tuple[int, tuple[int, ...]], list[dict[str, Any]]] = {}
    for case in result["cases"].values():
        if case["measure"] == "load steps":
            key = case["ranks"], tuple(case["arguments"]["cells"])
            repeats.setdefault(key, []).append(case["found"])
    runs = [Run(*key, choose(found)) for key, found in repeats.items()]
    return sorted(runs, key=lambda run: (run.ranks, run.points))


def all_of(result: dict[str, Any], measure: str) -> list[dict[str, Any]]:
    """What all cases of a kind have found, each with its ``ranks``."""
    return [
        one["found"] | {"ranks": one["ranks"]}
        for one in result["cases"].values()
        if one["measure"] == measure
    ]
