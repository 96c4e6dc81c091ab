"""Named quantities at the quadrature points of a problem, for files and tables.

Another one is registered where it is defined::

    @quantity("energy", unit="stress")
    def energy(problem: Problem) -> NDArray[np.float64]:
        \"\"\"Energy per volume.\"\"\"
        ...
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from dmn_fe import mandel
from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.switched_state import SwitchedState
from dmn_fe.laws.out_of_plane import OUT_OF_PLANE

__all__ = ["FAMILIES", "QUANTITIES", "Quantity", "at_points", "find_quantities", "quantity"]

Values = NDArray[Any]


@dataclass(frozen=True)
class Quantity:
    """Something that has a value at every quadrature point.

    Attributes
    ----------
    name : str
        In files.
    values : callable
        Values ``[n, *shape]`` of the owned points of a :class:`~dmn_fe.fem.problem.Problem`, cell
        by cell, as of its last committed step. It is called on all ranks, also on those without a
        point, and must not communicate.
    shape : tuple of int
        Of the value at one point.
    unit : str
        A word: ``"stress"``, ``"temperature"``, ``"volume"``, or ``"1"`` for plain numbers.
    of_cell : str
        What the value of a cell is: the ``"average"`` over its volume, the ``"largest"``, or the
        ``"sum"`` over its points.
    """

    name: str
    values: Callable[[Problem], Values]
    shape: tuple[int, ...]
    unit: str
    of_cell: Literal["average", "largest", "sum"] = "average"


#: All quantities that have a name.
QUANTITIES: dict[str, Quantity] = {}
#: What makes a quantity of the rest of a name that begins so, e.g. "matrix" of "stress of matrix".
FAMILIES: dict[str, Callable[[str], Quantity]] = {}


def quantity(
    name: str,
    shape: tuple[int, ...] = (),
    unit: str = "1",
    of_cell: Literal["average", "largest", "sum"] = "average",
) -> Callable[[Callable[[Problem], Values]], Callable[[Problem], Values]]:
    """Register the function below as a :class:`Quantity`.

    Raises
    ------
    InputError
        If there is one of this name.
    """

    def register(values: Callable[[Problem], Values]) -> Callable[[Problem], Values]:
        if name in QUANTITIES:
            raise InputError(f"there is a quantity {name!r} already; take another name.")
        QUANTITIES[name] = Quantity(name, values, shape, unit, of_cell)
        return values

    return register


def find_quantities(wanted: Iterable[str | Quantity]) -> list[Quantity]:
    """The quantities of these names; one that is not registered may be given itself.

    Raises
    ------
    InputError
        If there is none of a name, or two are of one name.
    """
    found: dict[str, Quantity] = {}
    for one in [wanted] if isinstance(wanted, str) else wanted:
        given = _named(one) if isinstance(one, str) else one
        if given.name in found:
            raise InputError(f"the quantity {given.name!r} is asked for twice; name it once.")
        found[given.name] = given
    return list(found.values())


def _named(name: str) -> Quantity:
    if name in QUANTITIES:
        return QUANTITIES[name]
    for beginning, make in FAMILIES.items():
        if name.startswith(beginning) and name != beginning:
            return make(name.removeprefix(beginning))
    names = [*sorted(QUANTITIES), *(f"{one}PHASE" for one in sorted(FAMILIES))]
    near = difflib.get_close_matches(name, names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    raise InputError(f"there is no quantity {name!r}; {guess}take some of: {', '.join(names)}.")


def at_points(problem: Problem, quantities: Iterable[Quantity]) -> dict[str, Values]:
    """Values ``[n, *shape]`` of the owned points by name (collective).

    Raises
    ------
    InputError
        On all ranks, if the problem does not have one of them.
    """
    q = problem.qmap.points_per_cell
    n = len(problem.qmap.cells) * q
    found = {}
    with RaiseTogether(problem.qmap.comm):
        for one in quantities:
            values = np.asarray(one.values(problem))
            if values.shape != (n, *one.shape):
                raise InputError(
                    f"the quantity {one.name!r} has the shape {values.shape} at {n} points, but "
                    f"should have {(n, *one.shape)}; mend its function or its shape."
                )
            found[one.name] = values
    return found


@quantity("stress", (3, 3), "stress")
def _stress(problem: Problem) -> Values:
    return _tensor(problem.qmap.committed_stress)


@quantity("strain", (3, 3))
def _strain(problem: Problem) -> Values:
    """Total strain; in plane stress with the strains out of the plane that the laws found."""
    return _tensor(total_strain(problem.qmap))


@quantity("von_mises", (), "stress")
def _von_mises(problem: Problem) -> Values:
    return mandel.von_mises(torch.from_numpy(problem.qmap.committed_stress)).numpy()


@quantity("pressure", (), "stress")
def _pressure(problem: Problem) -> Values:
    """−tr σ / 3: positive where the material is compressed."""
    trace: Values = problem.qmap.committed_stress[:, :3].sum(axis=1)
    return trace / -3.0


@quantity("status", of_cell="largest")
def _status(problem: Problem) -> Values:
    """:class:`~dmn_fe.laws.Status` in the last evaluation, also of a step that failed."""
    return problem.qmap.status.astype(np.int32)


@quantity("iterations")
def _iterations(problem: Problem) -> Values:
    """Local iterations in the last evaluation, also of a step that failed."""
    return problem.qmap.iterations.astype(np.int32)


@quantity("spread", (), "stress")
def _spread(problem: Problem) -> Values:
    """Error bar of the stress of ensembles; zero where the law is none."""
    spread = problem.qmap.spread
    return np.zeros(len(problem.qmap.committed_stress)) if spread is None else spread.copy()


@quantity("temperature", (), "temperature")
def _temperature(problem: Problem) -> Values:
    """Change from the temperature without thermal strain."""
    temperature = problem.qmap.temperature()
    if temperature is None:
        raise InputError("the problem has no temperature to write; leave this quantity out.")
    return temperature


@quantity("volume", (), "volume", of_cell="sum")
def _volume(problem: Problem) -> Values:
    """Volume of the part at the point; see :meth:`~dmn_fe.fem.quadrature.QuadratureMap.volumes`."""
    return problem.qmap.volumes()


def total_strain(qmap: QuadratureMap) -> NDArray[np.float64]:
    """Strain ``[n, 6]`` (Mandel) in space at the owned points (collective)."""
    strain = qmap.strain()
    if qmap.kinematics.kind == "plane stress":
        for key, points in qmap.points_of_groups().items():
            # As of PlaneStress, also where only one rank of a device has that law.
            strain[points, OUT_OF_PLANE] = qmap.state_of(key)[:, -3:].cpu().numpy()
            kept = qmap.kept_state(key)
            if isinstance(kept, SwitchedState):  # these rows are of its network
                strain[points[kept.active], OUT_OF_PLANE] = kept.rve[:, -3:].numpy()
    return strain


def _tensor(vectors: NDArray[np.float64]) -> Values:
    """Tensors ``[n, 3, 3]`` of Mandel vectors ``[n, 6]``."""
    return mandel.to_tensor(torch.from_numpy(vectors)).numpy()
