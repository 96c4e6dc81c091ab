"""What laws with isotropic elasticity have in common."""

from dataclasses import dataclass

from dmn_fe.laws.elastic import check_isotropic

__all__ = ["Isotropic"]


@dataclass(frozen=True)
class Isotropic:
    """Elastic constants of a law that responds alike in all directions.

    Parameters
    ----------
    young, poisson : float
        Elastic constants.
    """

    young: float
    poisson: float

    def __post_init__(self):
        check_isotropic(type(self).__name__, self.young, self.poisson)
        for name in ("young", "poisson"):  # 3000 is the same law as 3000.0
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def is_isotropic(self) -> bool:
        """It has no axes."""
        return True

    @property
    def bulk(self) -> float:
        """Bulk modulus."""
        return self.young / (3.0 * (1.0 - 2.0 * self.poisson))

    @property
    def shear(self) -> float:
        """Shear modulus."""
        return self.young / (2.0 * (1.0 + self.poisson))
