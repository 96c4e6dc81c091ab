"""Laws of the phases of an RVE, by name."""

from collections.abc import Mapping, Sequence

from dmn_fe.errors import InputError
from dmn_fe.laws.base import MaterialLaw
from dmn_fe.laws.void import Void

__all__ = ["check_phase_laws", "refuse_voids"]


def check_phase_laws(names: Sequence[str], laws: Mapping[str, MaterialLaw]) -> None:
    """Raise ``InputError`` unless every phase has a law, and every law a phase."""
    for name in names:
        if name not in laws:
            raise InputError(f"phase {name!r} has no law; give one for each of {list(names)}.")
        if not isinstance(laws[name], MaterialLaw):
            raise InputError(
                f"phase {name!r}: {laws[name]!r} is no material law; give one, e.g. "
                "laws.Elastic.isotropic(young, poisson)."
            )
    for name in laws:
        if name not in names:
            raise InputError(f"there is a law for {name!r}, but the phases are {list(names)}.")


def refuse_voids(laws: Mapping[str, MaterialLaw]) -> None:
    """Raise ``InputError`` if a phase is a void: for solvers of nonlinear RVEs."""
    for name, law in laws.items():
        if isinstance(law, Void):
            raise InputError(
                f"phase {name!r} is a laws.Void, which the nonlinear solvers of RVEs do not take: "
                "nothing would hold its nodes, nor the hourglass modes beside it; give a soft "
                "elastic law there, e.g. with a thousandth of the matrix' Young's modulus."
            )
