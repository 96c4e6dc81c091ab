"""Small data sets for training, from networks whose response is known."""

import torch

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.homogenization import PathDataset, StiffnessDataset, sample_orthotropic
from dmn_fe.laws import laws_description, laws_fingerprint
from dmn_fe.training import HistoryRow, TrainingResult
from helpers.laminates import network_stiffness
from helpers.networks import random_network

META = {
    "phase_names": ["matrix", "inclusion"],
    "rve_hash": "abc",
    "volume_fractions": [0.7, 0.3],
}
LAWS = {
    "matrix": laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, 100.0)),
    "inclusion": laws.Elastic.isotropic(20000.0, 0.2),
}


def stiffness_data(samples: int = 20) -> StiffnessDataset:
    """Stiffness of a network of depth 3, by plain recursion."""
    phases = sample_orthotropic(samples, seed=1, contrast=20.0)
    teacher = random_network(3, seed=2)
    effective = torch.stack([network_stiffness(teacher, c) for c in phases])
    return StiffnessDataset(phases, effective, dict(META))


def path_data(samples: int = 6) -> PathDataset:
    """Histories of two steps of the same network."""
    generator = torch.Generator().manual_seed(3)
    strain = 0.01 * torch.randn(samples, 2, 6, generator=generator, dtype=torch.float64)
    law, stress = NetworkLaw(random_network(3, seed=2), LAWS), torch.empty_like(strain)
    state = law.initial_state(samples)
    for step in range(2):
        update = law.integrate(strain[:, step].contiguous(), state, 1.0)
        stress[:, step], state = update.stress, update.state
    meta = {
        **META,
        "kind": "history",
        "steps": 2,
        "samples": samples,
        "failed": [],
        "laws": laws_description(LAWS),
        "laws_fingerprint": laws_fingerprint(LAWS),
    }
    material = torch.full((samples, 2, 4), torch.nan, dtype=torch.float64)
    return PathDataset(strain, stress, material, torch.ones(samples, 2, dtype=torch.float64), meta)


def assert_identical(first: TrainingResult, second: TrainingResult) -> None:
    """Bit by bit, all but the time; not-a-number where the other has it."""
    for name in ("weights", "normals"):
        assert torch.equal(getattr(first.network, name), getattr(second.network, name))
    assert repr(timeless(first.history)) == repr(timeless(second.history))
    assert repr(timeless([first.chosen])) == repr(timeless([second.chosen]))
    assert (first.outcome, first.seed) == (second.outcome, second.seed)


def timeless(history: list[HistoryRow]) -> list[HistoryRow]:
    """The rows without their time."""
    return [row._replace(seconds=0.0) for row in history]
