"""Numbers for people."""

import math

__all__ = ["large", "percent", "power", "seconds_text", "size_text"]

_PREFIXES = {1e15: "P", 1e12: "T", 1e9: "G", 1e6: "M", 1e3: "k"}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def large(value: float) -> str:
    """Three digits with a prefix: 166 G."""
    for factor, prefix in _PREFIXES.items():
        if abs(value) >= 0.9995 * factor:
            return f"{value / factor:.3g} {prefix}"
    return f"{value:.3g}"


def size_text(value: float) -> str:
    """Bytes: 166 GB, 12 B."""
    text = large(value)
    return f"{text}B" if text[-1].isalpha() else f"{text} B"


def power(value: float) -> str:
    """A power of ten: 10⁸."""
    return "10" + str(round(math.log10(value))).translate(_RAISED)


def seconds_text(value: float) -> str:
    """Seconds in a unit that fits: 2.3 ms, 14 s, 37 min, 2.1 h."""
    if not math.isfinite(value):
        return "for ever"
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        if value < limit:
            return f"{value * factor:.3g} {unit}"
    return f"{value / 60:.3g} min" if value < 7200.0 else f"{value / 3600:.3g} h"


def percent(value: float) -> str:
    """A share without digits that mean nothing: 85 %."""
    return f"{100.0 * value:.0f} %"
