"""Evaluating a network at many points, by each of its engines."""

import torch

from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.rooms.answers import RESIN, expect
from dmn_fe.doctor.rooms.network import some_network
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.evaluate.backends import Backend
from dmn_fe.laws import J2, LinearHardening

__all__ = ["check_core", "check_gpu", "check_torch"]


def check_torch() -> Finding:
    """The reference in torch."""
    return _equal_phases("torch")


def check_core() -> Finding:
    """The compiled core, which the first call builds."""
    return _equal_phases("cpu")


def check_gpu() -> Finding:
    """The kernels for a GPU, which the first call compiles."""
    return _equal_phases("cuda")


def _equal_phases(backend: Backend) -> Finding:
    """A network whose phases are the same plastic law responds as that law, step by step."""
    law = J2(*RESIN, LinearHardening(30.0, 100.0))
    network = NetworkLaw(some_network(), {"resin": law, "glass": law}, backend=backend)
    strain = 0.03 * torch.sin(torch.arange(60.0, dtype=torch.float64)).view(10, 6)
    state, plain = network.initial_state(10), law.initial_state(10)
    for factor in (0.5, 1.0, 0.7):
        update = network.integrate(factor * strain, state)
        right = law.integrate(factor * strain, plain)
        expect("the stress of a network of equal phases", update.stress, right.stress, 1e-6)
        expect("the tangent of a network of equal phases", update.tangent, right.tangent, 1e-5)
        state, plain = update.state, right.state
    return Finding("ok", "a network of equal plastic phases responds as its phases do")
