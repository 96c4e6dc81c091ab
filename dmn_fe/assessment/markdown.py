"""Tables and numbers of a report, in Markdown."""

import math
from collections.abc import Sequence

from dmn_fe.assessment.statistics import Band

__all__ = ["band_text", "percent", "slug", "table"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def band_text(values: Band) -> str:
    """Median with its confidence interval in percent, and how many networks failed."""
    text = percent(values.median)
    if not math.isnan(values.low):
        text += f" [{percent(values.low)}, {percent(values.high)}]"
    return f"{text}, {values.failed} failed" if values.failed else text


def percent(value: float | None) -> str:
    """A share in percent with three digits; what is not finite has failed."""
    if value is None or not math.isfinite(value):
        return "failed"
    return f"{100.0 * value:.3g}"


def slug(text: str) -> str:
    """A title as part of a file name."""
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")
