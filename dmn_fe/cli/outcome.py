"""What a pass through the load steps gives, and the picture of all passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dmn_fe.cli.printing import warn
from dmn_fe.cli.runfile import UnitsTable
from dmn_fe.fem import Surface, draw

__all__ = ["Outcome", "draw_outcomes"]


@dataclass
class Outcome:
    """The force–displacement curve of a pass through the load steps, and the part at its end."""

    displacement: list[float] = field(default_factory=lambda: [0.0])
    force: list[float] = field(default_factory=lambda: [0.0])
    time: float = 0.0
    surface: Surface | None = None
    failure: str | None = None
    files: list[Path] = field(default_factory=list)


def draw_outcomes(path: Path, outcomes: Mapping[str, Outcome], units: UnitsTable) -> list[Path]:
    """The picture, on rank 0; the other results are worth more than it. Returns what was drawn."""
    shown = next(o for o in outcomes.values() if o.surface is not None)
    assert shown.surface is not None
    try:
        draw(
            path,
            {name: (o.displacement, o.force) for name, o in outcomes.items()},
            shown.surface,
            curve_axes=(_labelled("displacement", units.length), _labelled("force", units.force)),
            field=_labelled("von Mises stress", units.stress),
            title=f"time {shown.time:g}",
        )
        return [path]
    except Exception as error:
        reason = " ".join(str(error).split())
        warn(f"the picture could not be drawn ({type(error).__name__}: {reason}).")
        return []


def _labelled(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity
