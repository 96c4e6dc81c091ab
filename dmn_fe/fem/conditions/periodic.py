"""Mean strain and stress of a periodic cell."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dmn_fe.errors import InputError

__all__ = ["Periodic"]

_COMPONENTS = {2: ("11", "22", "12"), 3: ("11", "22", "33", "23", "13", "12")}


@dataclass(frozen=True)
class Periodic:
    """A box that repeats itself in all directions, under a mean strain or stress.

    Opposite faces of the mesh must be meshed alike. A component that is not named is free: its mean
    stress is zero. In plane strain and plane stress there are the components 11, 22 and 12.

    Parameters
    ----------
    strain : mapping of str to float
        Components of the mean strain tensor, such as ``{"11": 0.01, "12": 0.0}``, multiplied by the
        amplitude. A shear is that of the tensor, half of the engineering shear.
    stress : mapping of str to float
        The same of the mean stress, over the whole box with its holes.
    amplitude : callable of time, optional
        That of the case if left out, in a :class:`~dmn_fe.fem.problem.Problem` t ↦ t.
    """

    strain: Mapping[str, float] = field(default_factory=dict)
    stress: Mapping[str, float] = field(default_factory=dict)
    amplitude: Callable[[float], float] | None = None

    def __post_init__(self):
        for name, value in [*self.strain.items(), *self.stress.items()]:
            if name not in _COMPONENTS[3]:
                raise InputError(
                    f"periodic: there is no component {name!r}; give {', '.join(_COMPONENTS[3])}."
                )
            if not math.isfinite(value):
                raise InputError(f"periodic: the component {name} = {value} must be finite.")
        for name in self.strain:
            if name in self.stress:
                raise InputError(
                    f"periodic: strain and stress both have the component {name}; keep one."
                )

    def components(self, dimension: int) -> tuple[str, ...]:
        """Names of the components in a number of dimensions, in the order of Mandel vectors.

        Raises
        ------
        InputError
            If one is given that leaves the plane.
        """
        names = _COMPONENTS[dimension]
        for name in (*self.strain, *self.stress):
            if name not in names:
                raise InputError(
                    f"periodic: a mesh in two dimensions has no component {name}; give "
                    f"{', '.join(names)}."
                )
        return names
