"""What the tests have in common that compare engines."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe import laws
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws.kernel import kernel_of
from dmn_fe.network import compress
from dmn_fe.network.tree import Tree
from helpers.laws import LAWS
from helpers.networks import UNEVEN, random_network

NEWTON, AGREEMENT = 1e-11, 1e-9
# Without hardening, flow that is not associated has several solutions, each as good as another.
SEVERAL_SOLUTIONS = {"DruckerPrager perfect"}
COMPILED = {name: case for name, case in LAWS.items() if kernel_of(case[0]) is not None}
NETWORKS = {
    "complete": random_network(4, 1),
    "uneven": random_network(tree=Tree(UNEVEN), seed=2),
    "pruned": compress(random_network(5, 3), 0.02),
    "plane": random_network(3, 4, dimension=2),
    "turned": random_network(3, 5, turned=True),
}


def reference_law(law: str, tree: str, backend: str = "torch", **options) -> NetworkLaw:
    """A network of one of the trees, with one of the laws in its matrix."""
    phases = {"matrix": LAWS[law][0], "inclusion": laws.Elastic.isotropic(70000.0, 0.2)}
    return NetworkLaw(NETWORKS[tree], phases, NEWTON, 200, backend, **options)


def path(n: int, steps: int, size: float) -> list[Tensor]:
    """Strains ``[n, 6]`` of the steps of random paths."""
    generator = torch.Generator().manual_seed(7)
    increments = torch.randn(steps, n, 6, generator=generator, dtype=torch.float64)
    return list((size * increments).cumsum(0))


def assert_alike(values: Tensor, reference: Tensor, what: str, least=0.0) -> None:
    """Equal but for round-off of the largest number, or of ``least``."""
    difference = (values.cpu() - reference).abs().max() if reference.numel() else 0.0
    assert difference <= AGREEMENT * max(reference.abs().max().item(), least), what


def assert_engines_agree(
    reference: NetworkLaw, others: Mapping[str, NetworkLaw], n: int, steps: int, dt: float
) -> None:
    """Along paths of ``n`` points, with a temperature that changes."""
    committed = reference.initial_state(n)
    states = {who: other.initial_state(n) for who, other in others.items()}
    for step, strain in enumerate(path(n, steps, 0.004)):
        warmth = torch.linspace(-50.0, 80.0 * step, n, dtype=torch.float64)
        expected = reference.integrate(strain, committed, dt, warmth)
        assert not expected.status.any()
        for who, other in others.items():
            update = other.integrate(strain, states[who], dt, warmth)
            assert not update.status.any(), who
            # A matrix of void leaves round-off of the inclusion's stress and stiffness.
            assert_alike(update.stress, expected.stress, f"stress, {who}, step {step}", 1.0)
            assert_alike(update.tangent, expected.tangent, f"tangent, {who}, step {step}", 1e3)
            if not any(isinstance(law, laws.Void) for law in reference.laws.values()):
                # Between voids jumps meet no stiffness but round-off, and are of no consequence.
                assert_alike(update.state, expected.state, f"state, {who}, step {step}")
            states[who] = update.state
        committed = expected.state
