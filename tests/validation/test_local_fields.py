"""Stress inside RVEs and networks along the strain of a point."""

import numpy as np
import pytest
import torch
from helpers.networks import layers, random_network
from helpers.records import record

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw, follow_strain_path, network_law
from dmn_fe.homogenization import RVELaw, VoxelProblem
from dmn_fe.mandel import von_mises
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.network import Ensemble
from dmn_fe.validation.local_fields import _quantiles, distance, local_fields, strained_most
from dmn_fe.validation.record import LocalFields


def strained(*largest: float):
    """A record whose points are sheared and pulled along x."""
    strain = np.zeros((3, len(largest), 6))
    for point, value in enumerate(largest):
        strain[1:, point, 0] = [0.5 * value, value]
        strain[1:, point, 5] = [0.3 * value, 0.5 * value]
    return record(strain=strain)


def test_quantiles_of_weighted_values():
    values, weights = torch.tensor([30.0, 10.0, 20.0]), torch.tensor([1.0, 2.0, 1.0])
    found = _quantiles(values, weights)
    assert found[[0, 99, 101, 149, 151, 200]].tolist() == [10.0, 10.0, 20.0, 20.0, 30.0, 30.0]


def test_distance_is_the_area_between_two_distributions():
    shares = np.linspace(0.0, 1.0, 201)
    one = LocalFields(shares, {"matrix": np.full(201, 12.0)})
    other = LocalFields(shares, {"matrix": np.full(201, 10.0)})
    assert distance(one, other, "matrix") == pytest.approx(0.2)
    assert distance(one, one, "matrix") == 0.0


def test_a_laminate_is_as_its_network(phase_laws):
    """Both have one stress in each layer; the path makes the matrix plastic."""
    phase = np.array([0, 0, 0, 1], dtype=np.uint8)[:, None, None]
    rve = VoxelRVE(phase, names=("matrix", "inclusion"))
    full = RVELaw(VoxelProblem(rve, phase_laws, 1e-8))
    network = NetworkLaw(layers(0.25, 0), phase_laws)
    reference = strained(0.02)
    of_rve = local_fields(full, reference, [0])[0]
    of_network = local_fields(network, reference, [0])[0]
    assert of_rve.von_mises["matrix"].max() > 35.0  # it yields at 30
    for phase_name in rve.names:
        assert distance(of_network, of_rve, phase_name) < 1e-5


def test_leaves_of_members_count_together(phase_laws):
    members = [random_network(2, seed=seed) for seed in (0, 1)]
    reference = strained(0.02)
    whole = local_fields(network_law(Ensemble(tuple(members)), phase_laws), reference, [0])[0]
    each = [local_fields(NetworkLaw(one, phase_laws), reference, [0])[0] for one in members]
    for phase in ("matrix", "inclusion"):
        ends = [(one.von_mises[phase].min(), one.von_mises[phase].max()) for one in each]
        assert whole.von_mises[phase].min() == pytest.approx(min(low for low, _ in ends))
        assert whole.von_mises[phase].max() == pytest.approx(max(high for _, high in ends))


def test_leaves_of_one_law_all_have_its_stress(phase_laws):
    """A matrix alone: the von Mises stress of all leaves is that of the law itself."""
    matrix = phase_laws["matrix"]
    reference = strained(0.03, 0.01)
    law = NetworkLaw(random_network(3), {"matrix": matrix, "inclusion": matrix})
    found = local_fields(law, reference, [0, 1])
    strain = torch.from_numpy(reference.strain).transpose(0, 1)
    alone = follow_strain_path(matrix, torch.from_numpy(reference.times), strain)
    for point, expected in enumerate(von_mises(alone.stress[:, -1]).tolist()):
        for values in found[point].von_mises.values():
            assert values == pytest.approx(expected, rel=1e-6)


def test_points_of_the_largest_strain_come_first():
    assert strained_most(strained(0.01, 0.03, 0.02), 2) == [1, 2]


def test_a_law_that_fails_leaves_its_point_out(phase_laws):
    class Refuses(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            update = super().integrate(strain, state, dt)
            status = torch.full((len(strain),), int(laws.Status.MAX_ITERATIONS), dtype=torch.int8)
            return laws.Update(
                update.stress, update.state, lambda: update.tangent, status, update.iterations
            )

    law = Refuses(3000.0, 0.3, laws.LinearHardening(30.0, 10.0))
    assert local_fields(law, strained(0.02), [0]) == {}
