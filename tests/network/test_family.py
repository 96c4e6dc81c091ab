"""Families of networks over volume fractions and fibre orientations."""

import math

import numpy as np
import pytest
import torch
from helpers.networks import UNEVEN, random_network, random_stiffness

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.laws import Oriented
from dmn_fe.microstructure.rotations import random_rotations
from dmn_fe.network import Network, NetworkFamily, interpolate, with_volume_fractions
from dmn_fe.network.cells import Cells
from dmn_fe.network.family_parameters import FibreOrientation
from dmn_fe.network.tree import Tree

UD, PLANAR, ISOTROPIC = (1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (1 / 3, 1 / 3, 1 / 3)
CORNERS = (UD, PLANAR, ISOTROPIC)
# Some on edges of the triangle, some within it.
NODES = (*CORNERS, (0.75, 0.25, 0.0), (0.6, 0.2, 0.2), (0.7, 0.2, 0.1), (0.5, 0.35, 0.15))
C = random_stiffness(2)
NAMES = ("matrix", "inclusion")


def tilted(network: Network, size: float, seed: int) -> Network:
    """The network with other weights, and normals turned by up to ``size`` or so."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(network.normals.shape, generator=generator, dtype=torch.float64)
    if network.dimension == 2:
        noise[:, 2] = 0.0
    normals = torch.nn.functional.normalize(network.normals + size * noise, dim=-1)
    factors = 0.5 + torch.rand(len(network.weights), generator=generator, dtype=torch.float64)
    return Network(
        network.weights * factors,
        normals,
        network.leaf_phase,
        network.phase_names,
        network.is_leaf,
        network.leaf_rotation,
        network.dimension,
    )


def siblings(count: int, size: float = 0.1, **options) -> list[Network]:
    """Networks near one, as of training one from the other."""
    whole = random_network(tree=Tree(UNEVEN), **options)
    return [tilted(whole, size, seed) for seed in range(count)]


def oriented(nodes=NODES, **options) -> NetworkFamily:
    return NetworkFamily.of_orientations(
        dict(zip(nodes, siblings(len(nodes), **options), strict=True))
    )


def axial(count: int) -> list[Network]:
    """Networks with normals along the axes, whose response to isotropic phases is orthotropic."""
    generator = torch.Generator().manual_seed(5)
    normals = torch.eye(3, dtype=torch.float64)[[0, 1, 2, 0, 1, 1, 0]]
    phases = torch.tensor([0, 1] * 4)
    return [
        Network(torch.rand(8, generator=generator, dtype=torch.float64), normals, phases, NAMES)
        for _ in range(count)
    ]


def by_fraction(fractions=(0.1, 0.2, 0.4), **options) -> tuple[NetworkFamily, list[Network]]:
    networks = [
        with_volume_fractions(network, {"matrix": 1.0 - f, "inclusion": f})
        for f, network in zip(fractions, siblings(len(fractions), **options), strict=True)
    ]
    family = NetworkFamily.of_volume_fractions(
        dict(zip(fractions, networks, strict=True)), phase="inclusion"
    )
    return family, networks


def random_tensors(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Orientation tensors ``[n, 3, 3]`` of all kinds, and their falling eigenvalues ``[n, 3]``."""
    rng = np.random.default_rng(seed)
    values = -np.sort(-rng.dirichlet([1.0, 1.0, 1.0], n), axis=1)
    turn = random_rotations(n, rng)
    return np.einsum("nij,nj,nkj->nik", turn, values, turn), values


def turned(stiffness: torch.Tensor, rotation) -> torch.Tensor:
    q = mandel.rotation_matrix(torch.as_tensor(np.asarray(rotation)))
    return q @ stiffness @ q.mT


# Between the nodes.


@pytest.mark.parametrize("options", [{}, {"turned": True}, {"dimension": 2}], ids=str)
def test_at_the_nodes_of_a_triangle_are_the_given_networks(options):
    networks = siblings(len(NODES), **options)
    family = NetworkFamily.of_orientations(dict(zip(NODES, networks, strict=True)))
    for node, network in zip(NODES, networks, strict=True):
        found = family.at(node)
        torch.testing.assert_close(found.stiffness(C), network.stiffness(C), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(found.volume_fractions, network.volume_fractions)
        assert found.metadata == {"orientation_eigenvalues": pytest.approx(list(node), abs=1e-12)}


def test_volume_fractions_are_interpolated_as_by_interpolate():
    family, networks = by_fraction()
    for value in (0.1, 0.13, 0.2, 0.333, 0.4):
        found, expected = family.at(value), interpolate(networks, [0.1, 0.2, 0.4], value)
        torch.testing.assert_close(
            found.stiffness(C), expected.stiffness(C), rtol=1e-11, atol=1e-11
        )
        torch.testing.assert_close(found.weights, expected.weights, rtol=1e-12, atol=1e-15)
        assert found.volume_fractions[1].item() == pytest.approx(value, rel=1e-12)
        assert found.metadata == {"volume_fraction": {"inclusion": pytest.approx(value)}}


def test_the_order_of_the_given_networks_does_not_matter():
    _, networks = by_fraction()
    given = dict(zip((0.1, 0.2, 0.4), networks, strict=True))
    backwards = dict(reversed(given.items()))
    for pair in (
        [NetworkFamily.of_volume_fractions(g, "inclusion").at(0.25) for g in (given, backwards)],
        [
            NetworkFamily.of_orientations(dict(zip(order, members, strict=True))).at(
                (0.6, 0.3, 0.1)
            )
            for order, members in ((CORNERS, networks), (CORNERS[::-1], networks[::-1]))
        ],
    ):
        torch.testing.assert_close(pair[0].stiffness(C), pair[1].stiffness(C))


def test_a_laminate_of_any_fraction_is_exact():
    """The family of rank-1 laminates of one normal is itself linear in the fraction."""
    normal = torch.nn.functional.normalize(torch.tensor([[1.0, 2.0, -0.5]]).double(), dim=-1)
    phases = torch.tensor([0, 1])

    def laminate(fraction, scale=1.0, sign=1.0):
        weights = scale * torch.tensor([1.0 - fraction, fraction], dtype=torch.float64)
        return Network(weights, sign * normal, phases, NAMES)

    family = NetworkFamily.of_volume_fractions(
        {0.0: laminate(0.0), 0.3: laminate(0.3, 7.0, -1.0), 0.8: laminate(0.8)}, "inclusion"
    )
    for fraction in (0.0, 0.1, 0.3, 0.5, 0.8):
        torch.testing.assert_close(
            family.at(fraction).stiffness(C),
            laminate(fraction).stiffness(C),
            rtol=1e-11,
            atol=1e-12,
        )


def test_weights_in_a_triangle_are_mixed_by_the_shares_of_its_corners():
    """Shares (λ1 − λ2, 2 λ2 − 2 λ3, 3 λ3), so that all that is linear in the tensor is exact."""
    networks = siblings(3)
    family = NetworkFamily.of_orientations(dict(zip(CORNERS, networks, strict=True)))
    each = torch.stack([network.weights / network.weights.sum() for network in networks])
    for value in ((0.7, 0.2, 0.1), (0.45, 0.4, 0.15), (0.5, 0.25, 0.25)):
        a, b, c = value
        shares = torch.tensor([a - b, 2 * (b - c), 3 * c], dtype=torch.float64)
        found = family.at(value)
        torch.testing.assert_close(found.weights, shares @ each, rtol=1e-12, atol=1e-15)
        fractions = torch.stack([network.volume_fractions for network in networks])
        torch.testing.assert_close(found.volume_fractions, shares @ fractions)


def test_on_an_edge_of_the_triangle_it_is_the_interpolation_between_two():
    networks = siblings(3)
    family = NetworkFamily.of_orientations(dict(zip(CORNERS, networks, strict=True)))
    line = NetworkFamily.of_orientations(dict(zip(CORNERS[:2], networks[:2], strict=True)))
    for share in (0.0, 0.2, 0.5, 0.9, 1.0):
        value = (1.0 - share / 2, share / 2, 0.0)
        expected = interpolate(networks[:2], [0.0, 1.0], share)
        for found in (family.at(value), line.at(value)):
            torch.testing.assert_close(
                found.stiffness(C), expected.stiffness(C), rtol=1e-11, atol=1e-11
            )


@pytest.mark.parametrize("along", [((0.7, 0.3, 0.0), (0.4, 0.4, 0.2)), (UD, (0.4, 0.3, 0.3))])
def test_stiffness_is_continuous_over_the_triangle(along):
    """Across the sides of cells, and where another network becomes the most influential."""
    family = oriented()
    start, end = (np.array(point) for point in along)
    path = [start + s * (end - start) for s in np.linspace(0.0, 1.0, 401)]
    stiffness = torch.stack([family.at(point).stiffness(C) for point in path])
    size = stiffness[0].norm()
    jumps = stiffness.diff(dim=0).flatten(1).norm(dim=1) / size
    assert jumps.max() < 5e-3
    assert (stiffness[-1] - stiffness[0]).norm() / size > 10 * jumps.max()


def test_normals_of_three_networks_have_their_mean_on_the_sphere():
    """It is where the arcs to all three, times their shares, balance."""
    generator = torch.Generator().manual_seed(3)
    normals = torch.nn.functional.normalize(
        torch.tensor([1.0, 0.3, -0.2]) + 0.5 * torch.randn(3, 3, generator=generator), dim=-1
    ).double()
    normals = torch.nn.functional.normalize(normals, dim=-1)
    half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    signs = (1.0, -1.0, 1.0)
    networks = {
        node: Network(half, sign * normal[None], torch.tensor([0, 1]), NAMES)
        for node, normal, sign in zip(CORNERS, normals, signs, strict=True)
    }
    mean = NetworkFamily.of_orientations(networks).at((0.6, 0.3, 0.1)).normals[0]
    balance = torch.zeros(3, dtype=torch.float64)
    for share, normal in zip((0.3, 0.4, 0.3), normals, strict=True):
        normal = normal * torch.sign(normal @ mean)
        cosine = normal @ mean
        across = normal - cosine * mean
        balance += share * torch.acos(cosine) * across / across.norm()
    assert balance.norm() < 1e-12
    assert normals.std(0).norm() > 0.2


def test_signs_of_normals_are_chosen_towards_the_most_influential():
    """At 0°, 60° and 120° = −60°, so that the choice matters."""
    half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    networks = {}
    for node, angle in zip(CORNERS, (0.0, math.pi / 3, 2 * math.pi / 3), strict=True):
        normal = torch.tensor([[math.cos(angle), math.sin(angle), 0.0]], dtype=torch.float64)
        networks[node] = Network(half, normal, torch.tensor([0, 1]), NAMES)
    value = np.array([0.5, 0.3, 0.2]) @ np.array(CORNERS)
    normal = NetworkFamily.of_orientations(networks).at(value).normals[0]
    assert torch.atan2(normal[1], normal[0]).item() == pytest.approx(0.1 * math.pi / 3)


def test_shares_are_linear_also_with_nodes_on_the_edges_of_the_triangle():
    """Of which round-off makes triangles without area, in some of these families."""
    rng, corners = np.random.default_rng(0), np.array(CORNERS)
    mixtures = np.random.default_rng(1).dirichlet([1.0, 1.0, 1.0], 50)
    for _ in range(60):
        on_edges = [(1 - t) * corners[0] + t * corners[1] for t in rng.uniform(size=3)]
        on_edges += [(1 - t) * corners[0] + t * corners[2] for t in rng.uniform(size=2)]
        nodes = FibreOrientation().coordinates(np.array([*corners, *on_edges]))
        cells = Cells(nodes)
        at = np.concatenate([mixtures @ nodes[:3], nodes, 0.5 * (nodes[3:5] + nodes[4:6])])
        np.testing.assert_allclose(cells.nearest(at), at, atol=1e-12)
        which, shares = cells.shares(at)
        np.testing.assert_allclose(np.einsum("nc,nci->ni", shares, nodes[which]), at, atol=1e-9)


# Assigning points of a part.


@pytest.mark.parametrize("mandel_vectors", [False, True])
def test_rotations_are_right_handed_frames_of_the_tensors(mandel_vectors):
    tensors, values = random_tensors(300)
    given = mandel.from_tensor(torch.from_numpy(tensors)) if mandel_vectors else tensors
    networks, index, rotation = oriented().assign(given)
    assert index.shape == (300,)
    assert index.max() == len(networks) - 1
    identity = np.broadcast_to(np.eye(3), (300, 3, 3))
    np.testing.assert_allclose(rotation @ rotation.transpose(0, 2, 1), identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0, rtol=1e-12)
    back = np.einsum("nij,nj,nkj->nik", rotation, values, rotation)
    np.testing.assert_allclose(back, tensors, atol=1e-12)
    again = oriented().assign(given)
    np.testing.assert_array_equal(again[2], rotation)


@pytest.mark.parametrize("resolution", [None, 0.1, 0.03])
def test_rounded_eigenvalues_are_off_by_half_the_resolution_at_most(resolution):
    tensors, values = random_tensors(3000, seed=1)
    networks, index, _ = oriented().assign(tensors, resolution)
    step = resolution or 0.02
    found = np.array([network.metadata["orientation_eigenvalues"] for network in networks])[index]
    assert np.abs(found - values).max() < 0.5 * step
    assert np.abs(found - values).max() > 0.3 * step  # it is a grid of this step
    parts = math.ceil(1.0 / step - 1e-9)
    assert len(networks) <= (parts + 1) * (parts + 2) // 2
    corners, where, _ = oriented().assign(np.array([np.diag(c) for c in CORNERS]), resolution)
    for corner, number in zip(CORNERS, where, strict=True):
        found = corners[number].metadata["orientation_eigenvalues"]
        assert found == pytest.approx(list(corner), abs=1e-12)


@pytest.mark.parametrize("resolution", [None, 0.07])
def test_rounded_fractions_are_off_by_half_the_resolution_at_most(resolution):
    family, _ = by_fraction()
    values = np.random.default_rng(2).uniform(0.1, 0.4, 2000)
    networks, index, rotation = family.assign(values, resolution)
    assert rotation is None
    step = resolution or 0.005
    found = np.array([network.volume_fractions[1].item() for network in networks])[index]
    assert np.abs(found - values).max() <= 0.5 * step * (1 + 1e-9)
    assert len(networks) <= 0.3 / step + 2
    assert found.min() >= 0.1 - 1e-12
    assert found.max() <= 0.4 + 1e-12
    told = [network.metadata["volume_fraction"]["inclusion"] for network in networks]
    np.testing.assert_allclose(np.array(told)[index], found, rtol=1e-12)


def test_rounding_does_not_leave_what_was_trained():
    nodes = ((0.83, 0.1, 0.07), (0.53, 0.4, 0.07), (0.43, 0.4, 0.17))
    family, cells = oriented(nodes), Cells(FibreOrientation().coordinates(np.array(nodes)))
    values = np.random.default_rng(11).dirichlet([1.0, 1.0, 1.0], 500) @ np.array(nodes)
    networks, index, _ = family.assign([np.diag(value) for value in values], 0.1)
    found = np.array([network.metadata["orientation_eigenvalues"] for network in networks])
    coordinates = FibreOrientation().coordinates(found)
    np.testing.assert_allclose(cells.nearest(coordinates), coordinates, atol=1e-9)
    assert np.abs(found[index] - values).max() <= 0.05


def test_the_error_of_rounding_falls_with_the_resolution():
    family, (tensors, values) = oriented(size=0.3), random_tensors(40, seed=3)
    exact = [family.at(value).stiffness(C) for value in values]
    errors = []
    for resolution in (0.1, 0.02, 0.004):
        networks, index, _ = family.assign(tensors, resolution)
        found = [networks[k].stiffness(C) for k in index]
        errors.append(
            max(((a - b).norm() / b.norm()).item() for a, b in zip(found, exact, strict=True))
        )
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] > 0


def test_a_turned_tensor_has_the_turned_stiffness():
    """With networks that are orthotropic in their axes, as those of large RVEs are."""
    solid = torch.stack([mandel.isotropic_stiffness(*c) for c in ((3.0, 0.35), (70.0, 0.2))])
    family = NetworkFamily.of_orientations(dict(zip(CORNERS, axial(3), strict=True)))
    tensors, _ = random_tensors(30, seed=4)
    turn = random_rotations(30, np.random.default_rng(5))

    def stiffness(tensors):
        networks, index, rotation = family.assign(tensors)
        local = torch.stack([networks[k].stiffness(solid) for k in index])
        return turned(local, rotation)

    plain = stiffness(tensors)
    other = stiffness(turn @ tensors @ turn.transpose(0, 2, 1))
    torch.testing.assert_close(other, turned(plain, turn), rtol=0, atol=1e-10)
    assert (other - plain).abs().max() > 0.5


def test_a_turned_tensor_has_the_turned_frame_but_for_signs():
    tensors, _ = random_tensors(50, seed=6)
    turn = random_rotations(50, np.random.default_rng(7))
    family = oriented()
    networks, index, frame = family.assign(tensors)
    others, where, turned_frame = family.assign(turn @ tensors @ turn.transpose(0, 2, 1))
    signs = np.einsum("nji,njk->nik", turn @ frame, turned_frame)
    np.testing.assert_allclose(np.abs(signs), np.broadcast_to(np.eye(3), signs.shape), atol=1e-10)
    for k, j in zip(index, where, strict=True):
        assert torch.equal(networks[k].weights, others[j].weights)


@pytest.mark.parametrize(
    ("eigenvalues", "frame"),
    [
        (ISOTROPIC, np.eye(3)),
        ((0.8, 0.1, 0.1), np.eye(3)),
        ((0.1, 0.1, 0.8), [[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
        (PLANAR, np.eye(3)),
        ((0.1, 0.6, 0.3), [[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    ],
)
def test_frames_of_tensors_along_the_axes(eigenvalues, frame):
    """Also if eigenvalues are equal, and whatever round-off there is."""
    rng = np.random.default_rng(8)
    tensors = np.diag(eigenvalues) + 1e-12 * rng.normal(size=(20, 3, 3))
    tensors = 0.5 * (tensors + tensors.transpose(0, 2, 1))
    _, _, rotation = oriented().assign(tensors)
    np.testing.assert_allclose(rotation, np.broadcast_to(frame, rotation.shape), atol=1e-9)


def test_frames_of_turned_tensors_with_equal_eigenvalues_are_frames():
    turn = random_rotations(100, np.random.default_rng(9))
    for values, axis in ((UD, 0), (PLANAR, 2), ((0.6, 0.2, 0.2), 0), ((0.4, 0.4, 0.2), 2)):
        tensors = np.einsum("nij,j,nkj->nik", turn, np.array(values), turn)
        _, _, rotation = oriented().assign(tensors)
        back = np.einsum("nij,j,nkj->nik", rotation, np.array(values), rotation)
        np.testing.assert_allclose(back, tensors, atol=1e-12)
        np.testing.assert_allclose(np.linalg.det(rotation), 1.0, rtol=1e-12)
        along = np.einsum("ni,ni->n", rotation[:, :, axis], turn[:, :, axis])
        np.testing.assert_allclose(np.abs(along), 1.0, rtol=1e-12)


def test_points_are_integrated_by_their_network_in_their_axes():
    """What a part is computed with: a law for each network, in the axes of its points."""
    phases = {"matrix": laws.Elastic.isotropic(3.0, 0.35), "inclusion": laws.Elastic(C[1])}
    family, (tensors, _) = oriented(), random_tensors(6, seed=10)
    networks, index, rotation = family.assign(tensors, 0.5)
    assert 1 < len(networks) < 6
    strain = torch.randn(6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    solid = torch.stack([phases["matrix"].stiffness, C[1]])
    for number, network in enumerate(networks):
        points = np.flatnonzero(index == number)
        law = Oriented(NetworkLaw(network, phases), torch.from_numpy(rotation[points]))
        update = law.integrate(strain[points], law.initial_state(len(points)))
        expected = turned(network.stiffness(solid).expand(len(points), 6, 6), rotation[points])
        expected = (expected @ strain[points, :, None])[..., 0]
        torch.testing.assert_close(update.stress, expected, rtol=1e-6, atol=1e-6)


def test_no_points_need_no_networks():
    networks, index, rotation = oriented().assign(np.empty((0, 3, 3)))
    assert networks == []
    assert index.shape == (0,)
    assert rotation.shape == (0, 3, 3)
    assert by_fraction()[0].assign([])[0] == []


# Outside of what was trained, and errors.


def test_beyond_the_range_the_nearest_is_taken_where_that_is_asked_for():
    family, networks = by_fraction()
    with pytest.raises(InputError, match=r"0\.45 of 'inclusion' lies outside .* 0\.1, 0\.2, 0\.4"):
        family.at(0.45)
    found = family.at(0.45, clamp=True)
    torch.testing.assert_close(found.stiffness(C), networks[2].stiffness(C))
    with pytest.raises(InputError, match=r"0\.05 of 'inclusion' at point 1 .*clamp=True"):
        family.assign([0.2, 0.05])
    chosen, index, _ = family.assign([0.2, 0.05], clamp=True)
    torch.testing.assert_close(chosen[index[1]].stiffness(C), networks[0].stiffness(C))


def test_beyond_the_triangle_the_nearest_orientation_is_taken_where_that_is_asked_for():
    family = oriented(((0.8, 0.1, 0.1), (0.5, 0.4, 0.1), (0.4, 0.4, 0.2)))
    with pytest.raises(InputError, match=r"\(0\.65, 0\.3, 0\.05\) lies outside .*\(0\.8, 0\.1"):
        family.at((0.65, 0.3, 0.05))
    # λ3 = 0.1 is an edge, across which the nearest has λ1 and λ2 less by half of the change each.
    found = family.at((0.65, 0.3, 0.05), clamp=True)
    torch.testing.assert_close(found.stiffness(C), family.at((0.625, 0.275, 0.1)).stiffness(C))
    with pytest.raises(InputError, match=r"\(0\.9, 0\.05, 0\.05\) at point 0 lies outside"):
        family.assign([np.diag((0.05, 0.9, 0.05))])
    networks, _, rotation = family.assign([np.diag((0.05, 0.9, 0.05))], clamp=True)
    torch.testing.assert_close(networks[0].stiffness(C), family.at((0.8, 0.1, 0.1)).stiffness(C))
    assert rotation[0, 1, 0] == pytest.approx(1.0)


def test_a_family_on_a_line_of_the_triangle_has_what_lies_on_it():
    family = oriented((UD, (0.6, 0.2, 0.2), ISOTROPIC))
    networks, index, _ = family.assign([np.diag((0.2, 0.2, 0.6)), np.diag((0.8, 0.1, 0.1))])
    values = [networks[k].metadata["orientation_eigenvalues"] for k in index]
    assert values[0] == pytest.approx([0.6, 0.2, 0.2])
    assert values[1] == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    with pytest.raises(InputError, match="lies outside"):
        family.at((0.7, 0.2, 0.1))
    found = family.at((0.7, 0.2, 0.1), clamp=True).metadata["orientation_eigenvalues"]
    assert found == pytest.approx([0.7, 0.15, 0.15])


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        ([[0.5, 0.1, 0], [0, 0.3, 0], [0, 0, 0.2]], r"0\.1, .*at point 1 is not symmetric"),
        (np.diag([0.5, 0.3, 0.1]), "at point 1 has another trace than 1; divide it by its trace"),
        (np.diag([0.8, 0.3, -0.1]), "at point 1 has an eigenvalue below zero"),
        (np.diag([math.nan, 0.5, 0.5]), "at point 1 holds a value that is not finite"),
    ],
)
def test_what_is_no_orientation_tensor_is_named(tensor, sentence):
    with pytest.raises(InputError, match=f"the orientation tensor .*{sentence}"):
        oriented().assign(np.array([np.eye(3) / 3, tensor]))


def test_round_off_of_tensors_is_allowed():
    tensor = np.diag([1.0 + 4e-7, 1e-7, -4e-7])
    tensor[0, 1] = 5e-7
    networks, _, rotation = oriented().assign([tensor])
    assert networks[0].metadata["orientation_eigenvalues"] == pytest.approx(list(UD), abs=1e-12)
    np.testing.assert_allclose(rotation[0], np.eye(3), atol=1e-5)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda f: f.at((0.5, 0.3, 0.1)), "must fall, none below zero, and add up to one"),
        (lambda f: f.at((0.2, 0.3, 0.5)), "must fall"),
        (lambda f: f.at((0.8, 0.3, -0.1)), "none below zero"),
        (lambda f: f.at(0.5), "must be three eigenvalues"),
        (lambda f: f.at("UD"), "must be three eigenvalues"),
        (lambda f: f.assign(np.eye(3)), r"have the shape \[3, 3\]; give \[n, 3, 3\]"),
        (lambda f: f.assign(np.eye(3)[None] / 3, 0.0), "resolution = 0.0 must lie above 0"),
        (lambda f: f.assign(np.eye(3)[None] / 3, math.nan), "resolution = nan must lie above 0"),
    ],
)
def test_bad_questions_are_named(ask, sentence):
    with pytest.raises(InputError, match=sentence):
        ask(oriented(CORNERS))


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda f: f.at(1.2), "fraction 1.2 of 'inclusion' must be a number from 0 to 1"),
        (lambda f: f.at(math.nan), "fraction nan of 'inclusion' must be"),
        (lambda f: f.at("much"), "fraction 'much' of 'inclusion' must be"),
        (lambda f: f.assign([0.2, math.nan]), "nan of 'inclusion' at point 1 must be a number"),
        (lambda f: f.assign(0.2), "give one for each point"),
    ],
)
def test_bad_fractions_are_named(ask, sentence):
    with pytest.raises(InputError, match=sentence):
        ask(by_fraction()[0])


def test_families_that_are_none_are_named():
    first, second = siblings(2)
    cases = (
        ({0.1: first}, "inclusion", "two or more networks"),
        ([first, second], "inclusion", "two or more networks"),
        ({0.1: first, 0.2: 3.0}, "inclusion", "at 0.2 is of type float; give a network"),
        ({0.1: first, 0.2: random_network(3)}, "inclusion", "differ in tree or phases"),
        ({0.1: first, 1.2: second}, "inclusion", "1.2 of 'inclusion' must be a number"),
        ({0.1: first, 0.2: second}, "fibre", "matrix, inclusion, but no 'fibre'"),
        ({0.1: first, 0.1 + 1e-8: second}, "inclusion", "two networks at the volume fraction 0.1"),
    )
    for networks, phase, sentence in cases:
        with pytest.raises(InputError, match=sentence):
            NetworkFamily.of_volume_fractions(networks, phase)
    rich, poor = (
        with_volume_fractions(first, {"matrix": 1 - f, "inclusion": f}) for f in (0.4, 0.1)
    )
    with pytest.raises(
        InputError, match=r"\[0.1, 0.3\] of 'inclusion' have \[0.4, 0.1\] themselves"
    ):
        NetworkFamily.of_volume_fractions({0.1: rich, 0.3: poor}, "inclusion")
    with pytest.raises(InputError, match=r"\(0\.0, 1\.0, 0\.0\) of a fibre orientation must fall"):
        NetworkFamily.of_orientations({(0, 1, 0): first, PLANAR: second})
    with pytest.raises(
        InputError, match=r"two networks at the fibre orientation \(0\.5, 0\.5, 0\)"
    ):
        NetworkFamily.of_orientations({PLANAR: first, (0.5 + 1e-7, 0.5 - 1e-7, 0.0): second})
