"""The fixed-point solver finds what Newton finds, in more iterations."""

import torch
from helpers.networks import random_network

from dmn_fe import NetworkLaw, laws
from dmn_fe.evaluate import FixedPointLaw
from dmn_fe.laws import Status

LAWS = {
    "matrix": laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, 100.0)),
    "inclusion": laws.Elastic.isotropic(60000.0, 0.2),
}


def test_it_finds_the_same_stress_and_tangent():
    network = random_network(3)
    newton, fixed = NetworkLaw(network, LAWS, 1e-11), FixedPointLaw(network, LAWS, 1e-11)
    generator = torch.Generator().manual_seed(0)
    strain = 0.01 * torch.randn(10, 6, generator=generator, dtype=torch.float64)
    first, second = (law.integrate(strain, law.initial_state(10)) for law in (newton, fixed))
    assert (second.status == Status.CONVERGED).all()
    torch.testing.assert_close(second.stress, first.stress, rtol=1e-8, atol=1e-7)
    torch.testing.assert_close(second.tangent, first.tangent, rtol=1e-6, atol=1e-3)
    assert (second.iterations > first.iterations).all()


def test_an_elastic_step_takes_one_iteration():
    law = FixedPointLaw(random_network(3), LAWS)
    strain = 1e-5 * torch.eye(6, dtype=torch.float64)
    assert law.integrate(strain, law.initial_state(6)).iterations.tolist() == [1] * 6
