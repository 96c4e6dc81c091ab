"""What the tests of laws have in common."""

import torch
from torch import Tensor

from dmn_fe.laws import MaterialLaw, Update


def random_strain(n: int, size: float, seed: int) -> Tensor:
    """Strains ``[n, 6]`` with normally distributed entries of the given size."""
    return size * torch.randn(
        n, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def strains_up_to(largest: float, n: int, seed: int) -> Tensor:
    """Strains ``[n, 6]`` of random direction, with norms of all sizes up to ``largest``."""
    generator = torch.Generator().manual_seed(seed)
    direction = torch.randn(n, 6, generator=generator, dtype=torch.float64)
    size = largest * torch.rand(n, 1, generator=generator, dtype=torch.float64)
    return size * direction / direction.norm(dim=-1, keepdim=True)


class AtFixedStep:
    """A law whose time step, and temperature if any, are fixed, for the check of its tangent."""

    def __init__(self, law, dt, **others):
        self.law, self.dt, self.others = law, dt, others

    def integrate(self, strain, state):
        return self.law.integrate(strain, state, self.dt, **self.others)


def stretched_bar(
    law: MaterialLaw, axial: float, state: Tensor, dt: float = 0.0, guess: Tensor | None = None
) -> tuple[Update, Tensor]:
    """Update ``[1]`` of a bar with given axial strain along e1 and free sides, and its strain.

    The sides' strains are found with the law's tangent, from those of ``guess`` ``[1, 6]``.
    """
    if guess is None:
        guess = -0.4 * axial * torch.tensor([[0.0, 1, 1, 0, 0, 0]], dtype=torch.float64)
    strain = guess.clone()
    strain[0, 0] = axial
    for _ in range(60):
        update = law.integrate(strain, state, dt)
        stress, tangent = update.stress[0], update.tangent[0]
        if stress[1:].abs().max() <= 1e-11 * stress.abs().max():
            return update, strain
        strain = strain.clone()
        strain[0, 1:] -= torch.linalg.solve(tangent[1:, 1:], stress[1:])
    raise AssertionError("the sides' strains did not converge")
