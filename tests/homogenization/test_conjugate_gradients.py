import pytest
import torch

from dmn_fe.homogenization.conjugate_gradients import NotConverged, conjugate_gradients
from dmn_fe.homogenization.stopping import EnergyBound, EnergyEstimate, ResidualReduction

SAMPLES, LOADS, SIZE = 3, 2, 60
ENERGY = torch.tensor([[10.0, 100.0]] * SAMPLES, dtype=torch.float64)  # of u = 0


class Dense:
    """One dense matrix of known spectrum for each sample, without a preconditioner."""

    def __init__(self, matrices):
        self.matrices = matrices
        self.preconditioner = self

    def multiply(self, field):
        return (field.flatten(2) @ self.matrices).view_as(field)

    def solve(self, force):
        return force.clone()

    def subset(self, going):
        return Dense(self.matrices[going])


@pytest.fixture(scope="module")
def systems():
    """Samples of growing condition; the first load case of each excites three modes only."""
    generator = torch.Generator().manual_seed(0)
    matrices, loads = [], []
    for sample in range(SAMPLES):
        noise = torch.randn(SIZE, SIZE, generator=generator, dtype=torch.float64)
        basis = torch.linalg.qr(noise).Q
        spectrum = torch.logspace(-1 - sample, 0, SIZE, dtype=torch.float64)
        coefficients = torch.ones(LOADS, SIZE, dtype=torch.float64)
        coefficients[0, 3:] = 0.0
        matrices.append(basis * spectrum @ basis.mT)
        loads.append((coefficients * spectrum.sqrt()) @ basis.mT)
    lower = 0.99 * 10.0 ** (-1.0 - torch.arange(SAMPLES, dtype=torch.float64))
    return torch.stack(matrices), torch.stack(loads).view(SAMPLES, LOADS, 3, 20, 1, 1), lower


def relative_energy_error(matrices, load, u):
    u, load = u.flatten(2), load.flatten(2)
    exact = torch.linalg.solve(matrices, load.mT).mT
    energy = ENERGY[: len(u)] + ((u @ matrices - 2 * load) * u).sum(2)
    least = ENERGY[: len(u)] - (load * exact).sum(2)
    return (energy - least) / energy


@pytest.mark.parametrize("tolerance", [1e-1, 1e-4, 1e-8])
@pytest.mark.parametrize("kind", ["bound", "estimate"])
def test_the_energy_is_as_close_as_the_rule_says(systems, kind, tolerance):
    matrices, load, lower = systems
    rule = EnergyBound(ENERGY, lower) if kind == "bound" else EnergyEstimate(ENERGY, ENERGY)
    u, iterations, _ = conjugate_gradients(Dense(matrices), load, rule, tolerance, 1000)
    error = relative_energy_error(matrices, load, u)
    assert (error <= tolerance).all()
    assert (error >= -1e-14).all()
    if kind == "bound":
        assert (iterations[:, 0] <= 4).all()
        assert iterations[2, 1] > iterations[0, 1]


def test_residual_rule(systems):
    matrices, load, _ = systems
    u, _, left = conjugate_gradients(Dense(matrices), load, ResidualReduction(), 1e-6, 1000)
    residual = load - Dense(matrices).multiply(u)
    size = residual.flatten(2).norm(dim=2)
    assert (size <= 1.001e-6 * load.flatten(2).norm(dim=2)).all()
    torch.testing.assert_close(left, residual, rtol=0, atol=1e-13)


def test_members_do_not_depend_on_the_batch(systems):
    matrices, load, lower = systems
    together, counts, _ = conjugate_gradients(
        Dense(matrices), load, EnergyBound(ENERGY, lower), 1e-6, 1000
    )
    for sample in range(SAMPLES):
        one = slice(sample, sample + 1)
        for member in range(LOADS):
            rule = EnergyBound(ENERGY[one, member : member + 1], lower[one])
            alone, count, _ = conjugate_gradients(
                Dense(matrices[one]), load[one, member : member + 1], rule, 1e-6, 1000
            )
            assert count.item() == counts[sample, member]
            torch.testing.assert_close(alone[0, 0], together[sample, member], rtol=0, atol=1e-12)


def test_the_limit_of_iterations(systems):
    matrices, load, lower = systems
    with pytest.raises(NotConverged, match="did not converge in 3 iterations"):
        conjugate_gradients(Dense(matrices), load, EnergyBound(ENERGY, lower), 1e-8, 3)
