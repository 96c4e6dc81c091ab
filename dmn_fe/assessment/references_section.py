"""Section of a report about the RVEs, and what the networks are measured by."""

from dmn_fe.assessment.markdown import table
from dmn_fe.assessment.plan import Plan
from dmn_fe.homogenization import ReferencePaths

__all__ = ["references"]


def references(plan: Plan) -> str:
    """RVEs, grids and references; the first reference of an RVE is what variants are ranked by."""
    rows = []
    for subject in plan.subjects:
        for place, (name, file) in enumerate(subject.truth.items()):
            reference = ReferencePaths.load(file)
            meta, laws = reference.meta, reference.meta["laws"]
            rows.append(
                [
                    subject.name if place == 0 else "",
                    " × ".join(str(n) for n in meta.get("grid", ())) if place == 0 else "",
                    name,
                    "; ".join(f"{phase}: {_law(law)}" for phase, law in laws.items()),
                    f"{len(reference.names)} of {reference.strain.shape[1] - 1} steps",
                ]
            )
    text = (
        "Variants are ranked by the first reference of each RVE. Networks learn from the same "
        "voxels and the same solver, so that the errors do not contain that of the voxels."
    )
    header = ("RVE", "voxels", "reference", "phases", "paths")
    return "\n".join(["## RVEs and references", "", text, "", *table(header, rows)])


def _law(described: list) -> str:
    """A law and its parameters, from its description."""
    name, parameters = described
    shown = []
    for key, value in parameters.items():
        if isinstance(value, list) and value and isinstance(value[0], str):
            shown.append(f"{key} ({_law(value)})")
        elif isinstance(value, list):  # a stiffness
            shown.append(f"C11 {value[0][0]:.4g}, C12 {value[0][1]:.4g}")
        else:
            shown.append(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}")
    return f"{name}, " + ", ".join(shown)
