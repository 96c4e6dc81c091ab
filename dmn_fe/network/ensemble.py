"""Several networks of one microstructure, whose mean is used."""

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
    """

    networks: tuple[Network, ...]

    def __post_init__(self):
        if len(self.networks) < 2:
            raise InputError(
                f"an ensemble has two or more networks; {len(self.networks)} were given."
            )
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
