"""Whether phases percolate in the results as they do in the original."""

from collections.abc import Sequence

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.quality.figures import Background
from dmn_fe.microstructure.quality.measurement import Measurement
from dmn_fe.microstructure.quality.views import View

__all__ = ["percolation_findings"]


def percolation_findings(
    names: tuple[str, ...],
    seen: Sequence[tuple[View, Background, Sequence[Measurement]]],
) -> list[Finding]:
    """At most two findings for each phase: where it does not percolate but should, or the reverse.

    Only what the original and all its crops agree in is asked for: that is known for sure. In
    layers of a volume, the majority counts.
    """
    found = []
    for phase, name in enumerate(names):
        for expected in (1.0, 0.0):
            places, wrong = [], set()
            for view, behind, results in seen:
                for at, axis in enumerate(view.axes):
                    known = (behind.original, *behind.floor.crops)
                    if any(one.percolation[phase, at] != expected for one in known):
                        continue
                    differ = {
                        number
                        for number, one in enumerate(results)
                        if abs(one.percolation[phase, at] - expected) > 0.5
                    }
                    if differ:
                        layers = f" in layers {view.name}" if view.name else ""
                        places.append(f"e{axis + 1}{layers}")
                        wrong |= differ
            if places:
                number = len(seen[0][2])
                which = "the result" if number == 1 else f"{len(wrong)} of {number} results"
                does, do = ("does not percolate", "do") if expected else ("percolates", "never do")
                found.append(
                    Finding(
                        "warning",
                        f"phase {name!r} {does} along {', '.join(places)} in {which}, the original "
                        f"and its crops {do}: try another seed or a larger result",
                    )
                )
    return found
