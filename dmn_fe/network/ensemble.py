"""Several networks of one microstructure, whose mean is used."""

import math
from dataclasses import dataclass

from dmn_fe.errors import InputError
from dmn_fe.network.network import Network

__all__ = ["Ensemble"]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks of one microstructure that were trained from different starts.

    Their mean response usually has a smaller error than most of them, and their spread tells how
    far it may be trusted.

    Parameters
    ----------
    networks : tuple of Network
        Two or more, with the same phases in the same order and of the same dimension.
    error : float, optional
        Relative error of the mean's stress where it was measured, on samples that no member has
        learnt from: it holds what all members have in common, which their spread does not show.
    """

    networks: tuple[Network, ...]
    error: float | None = None

    def __post_init__(self):
        if len(self.networks) < 2:
            raise InputError(
                f"an ensemble has two or more networks; {len(self.networks)} were given."
            )
        if self.error is not None and not (math.isfinite(self.error) and self.error >= 0):
            raise InputError(f"the error {self.error} of an ensemble must be a number from 0.")
        first = self.networks[0]
        for network in self.networks[1:]:
            if (network.phase_names, network.dimension) != (first.phase_names, first.dimension):
                raise InputError(
                    f"networks of the phases {first.phase_names} in dimension {first.dimension} "
                    f"and of {network.phase_names} in dimension {network.dimension} make no "
                    "ensemble; give networks of one microstructure."
                )

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the phases."""
        return self.networks[0].phase_names

    @property
    def dimension(self) -> int:
        """Dimension of all networks."""
        return self.networks[0].dimension
