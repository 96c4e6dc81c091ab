"""Whether phases percolate in the results as they do in the original."""

from collections.abc import Sequence

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.quality.measurement import Measurement
from dmn_fe.microstructure.quality.views import View

__all__ = ["percolation_findings"]


def percolation_findings(
    view: View,
    names: tuple[str, ...],
    original: Measurement,
    crops: Sequence[Measurement],
    results: Sequence[Measurement],
) -> list[Finding]:
    """A finding for each phase and axis where a result clearly differs from the original.

    Only what the original and all its crops agree in is asked for: that is known for sure. In
    sections of a volume, the majority counts.
    """
    found = []
    for phase, name in enumerate(names):
        for at, axis in enumerate(view.axes):
            known = {float(one.percolation[phase, at]) for one in (original, *crops)}
            if len(known) > 1:
                continue
            expected = known.pop()
            wrong = [
                number
                for number, one in enumerate(results, 1)
                if abs(one.percolation[phase, at] - expected) > 0.5
            ]
            if wrong:
                which = "the result" if len(results) == 1 else f"{len(wrong)} of {len(results)}"
                does = "percolates" if expected == 0.0 else "does not percolate"
                whole = "percolate" if expected == 1.0 else "never percolate"
                place = f" in layers {view.name}" if view.name else ""
                found.append(
                    Finding(
                        "warning",
                        f"phase {name!r} {does} along e{axis + 1}{place} in {which}"
                        f"{'' if len(results) == 1 else ' results'}, but the original and its "
                        f"crops {whole}: try another seed or a larger result",
                    )
                )
    return found
