"""What the tests of laws have in common."""

import torch
from torch import Tensor

from dmn_fe import laws
from dmn_fe.laws import MaterialLaw, Update

VOCE = laws.VoceHardening(30.0, 20.0, 50.0, 10.0)
POWER = laws.PowerHardening(30.0, 0.01, 0.3)
PERFECT = laws.LinearHardening(30.0)
SOFT_AND_HARD = (laws.Backstress(8000.0, 400.0), laws.Backstress(1500.0, 30.0))
BRANCHES = (laws.MaxwellBranch(900.0, 0.2, 500.0), laws.MaxwellBranch(400.0, 30.0))
COPPER = (168400.0, 121400.0, 75400.0)
SLIP = laws.VoceHardening(16.0, 132.0, 180.0 / 132.0)


def squared(strain, state, dt):
    """A law of one's own, with a state: the largest norm so far."""
    norm = strain.square().sum(-1, keepdim=True)
    return 3000.0 * (1.0 + norm) * strain, torch.maximum(state, norm)


#: A law of each kind, and the time step it is tested at.
LAWS = {
    "Elastic": (laws.Elastic.isotropic(3000.0, 0.35), 0.0),
    "J2": (laws.J2(3000.0, 0.35, VOCE), 0.0),
    "Norton": (laws.Norton(3000.0, 0.35, 1e-3, 20.0, 5.0), 0.5),
    "Void": (laws.Void(), 0.0),
    "Prager": (laws.Chaboche(3000.0, 0.35, VOCE, (laws.Backstress(900.0),)), 0.0),
    "Chaboche": (laws.Chaboche(3000.0, 0.35, POWER, SOFT_AND_HARD), 0.0),
    "DruckerPrager": (laws.DruckerPrager(3000.0, 0.35, VOCE, 0.8, 0.3), 0.0),
    "DruckerPrager associated": (laws.DruckerPrager(3000.0, 0.35, POWER, 0.5, 0.5), 0.0),
    "DruckerPrager perfect": (laws.DruckerPrager(3000.0, 0.35, PERFECT, 0.8, 0.0), 0.0),
    "Perzyna": (laws.Perzyna(3000.0, 0.35, VOCE, 1e-2, 4.0), 0.5),
    "Perzyna steep": (laws.Perzyna(3000.0, 0.35, POWER, 1e-2, 20.0), 0.5),
    "Maxwell": (laws.Maxwell(3000.0, 0.35, BRANCHES), 0.5),
    "Crystal": (laws.CrystalPlasticity(*COPPER, SLIP, 1e-3, 10.0), 5.0),
    "Crystal steep": (laws.CrystalPlasticity(*COPPER, SLIP, 1e-3, 20.0), 0.01),
    "Crystal perfect": (laws.CrystalPlasticity(*COPPER, PERFECT, 1e-3, 5.0), 5.0),
    "ThermalExpansion": (laws.ThermalExpansion(laws.J2(3000.0, 0.35, VOCE), 1e-5), 0.0),
    "Batched": (laws.Batched(squared, 1, symmetric=True), 0.0),
}


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
