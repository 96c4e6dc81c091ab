"""A network and its file."""

import tempfile
from pathlib import Path

import torch

from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.rooms.answers import GLASS, RESIN, expect, layers_along_e1
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.network import Network, load, save

__all__ = ["check", "one_laminate", "some_network"]


def check() -> Finding:
    """The stiffness of one laminate, which has a closed form, after writing and reading it."""
    with tempfile.TemporaryDirectory(prefix="dmn-fe-") as folder:
        file = Path(folder) / "layers.dmn"
        save(one_laminate(0.25), file)
        network = load(file)
    assert isinstance(network, Network)
    phases = torch.stack([isotropic_stiffness(*each) for each in (RESIN, GLASS)])
    found = torch.diagonal(network.stiffness(phases))[[0, 5, 3]]
    expect("the stiffness of a laminate", found, layers_along_e1(0.25), 1e-12)
    return Finding("ok", "stiffness of a laminate, written to a file and read")


def one_laminate(fraction: float) -> Network:
    """The network of depth 1 with layers normal to e1; ``fraction`` is that of the glass."""
    weights = torch.tensor([1.0 - fraction, fraction], dtype=torch.float64)
    normal = torch.eye(3, dtype=torch.float64)[:1]
    return Network(weights, normal, torch.tensor([0, 1]), ("resin", "glass"))


def some_network() -> Network:
    """A network of depth 3 with unequal weights and directions."""
    numbers = torch.arange(1.0, 9.0, dtype=torch.float64)
    normals = torch.sin(torch.arange(21.0, dtype=torch.float64)).view(7, 3)
    normals = normals / torch.linalg.vector_norm(normals, dim=-1, keepdim=True)
    return Network(numbers, normals, torch.arange(8) % 2, ("resin", "glass"))
