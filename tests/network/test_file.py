"""The exported file: what goes in comes out, and what is damaged is refused."""

import json
import struct

import pytest
import torch
from helpers.networks import UNEVEN, random_network

import dmn_fe
from dmn_fe import InputError
from dmn_fe.network import Ensemble
from dmn_fe.network.tree import Tree


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "spheres.dmn"
    dmn_fe.save(random_network(3).with_metadata(seed=7, data={"kind": "test"}), path)
    return path


def rewrite_header(path, **changes):
    """Change entries of the JSON header of the file in place."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    outer = json.loads(content[8 : 8 + length])
    inner = json.loads(outer["__metadata__"]["dmn_fe.network"])
    inner.update(changes)
    outer["__metadata__"]["dmn_fe.network"] = json.dumps(inner)
    text = json.dumps(outer).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


def test_round_trip(path):
    network, loaded = random_network(3), dmn_fe.load(path)
    assert torch.equal(loaded.weights, network.weights)
    assert torch.equal(loaded.normals, network.normals)
    assert torch.equal(loaded.leaf_phase, network.leaf_phase)
    assert loaded.phase_names == ("matrix", "inclusion")
    assert loaded.metadata == {"seed": 7, "data": {"kind": "test"}}
    assert [p.name for p in path.parent.iterdir()] == ["spheres.dmn"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.dmn: no such file"):
        dmn_fe.load(tmp_path / "nowhere.dmn")


@pytest.mark.parametrize("position", [5, 200, -5])
def test_a_damaged_file_is_refused(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"spheres\.dmn"):
        dmn_fe.load(path)


def test_a_truncated_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        dmn_fe.load(path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"format_version": 99}, "format version 99"),
        ({"networks": []}, "checksum"),
    ],
)
def test_a_foreign_header_is_refused(path, change, word):
    rewrite_header(path, **change)
    with pytest.raises(InputError, match=word):
        dmn_fe.load(path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"dimension": 2}, "normals in the plane"),
        ({"depth": 4}, "depth 4"),
        ({"phase_names": ["matrix"]}, "leaf phases"),
    ],
)
def test_a_whole_file_with_a_network_that_is_none_is_refused(path, change, word):
    file_format = dmn_fe.network.file._FORMAT
    tensors, header = file_format.load(path)
    header["networks"][0] |= change
    file_format.save(path, tensors, header)
    with pytest.raises(InputError, match=rf"spheres\.dmn: .*{word}"):
        dmn_fe.load(path)


def test_saving_into_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="folder"):
        dmn_fe.save(random_network(2), tmp_path / "none" / "a.dmn")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"weights": torch.ones(3).double()}, "2, 4, 8"),
        ({"weights": -torch.ones(4).double()}, "negative"),
        ({"weights": torch.zeros(4).double()}, "all zero"),
        ({"weights": torch.ones(4)}, "weights of a network must be one row of torch.float64"),
        ({"weights": torch.ones(4, 2).double()}, "in 2 dimensions"),
        ({"normals": torch.ones(3, 3).double()}, "unit vectors"),
        ({"normals": torch.ones(2, 3).double()}, "shape"),
        ({"normals": torch.eye(3)}, "normals of a network must be torch.float64"),
        ({"leaf_phase": torch.tensor([0.0, 1.0, 0.0, 1.0])}, "leaf_phase"),
        ({"leaf_phase": torch.tensor([0, 1, 2, 1])}, "leaf phases"),
    ],
)
def test_a_network_that_is_none_is_refused(change, word):
    good = random_network(2)
    entries = {name: getattr(good, name) for name in ("weights", "normals", "leaf_phase")}
    with pytest.raises(InputError, match=word):
        dmn_fe.network.Network(**{**entries, **change}, phase_names=("a", "b"))


@pytest.mark.parametrize("kind", ["imn", "dmn"])
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("turned", [False, True])
def test_uneven_trees_and_turned_leaves_come_back(tmp_path, kind, dimension, turned):
    network = random_network(
        tree=Tree(UNEVEN), kind=kind, dimension=dimension, turned=turned, seed=3
    )
    path = tmp_path / "uneven.dmn"
    dmn_fe.save(network, path)
    loaded = dmn_fe.load(path)
    for name in ("weights", "normals", "leaf_phase", "is_leaf", "leaf_rotation"):
        assert_same(getattr(loaded, name), getattr(network, name))
    assert (loaded.kind, loaded.dimension, loaded.depth) == (kind, dimension, 4)
    assert loaded.phase_names == network.phase_names


def assert_same(first, second):
    assert first is second is None or torch.equal(first, second)


def test_metadata_come_back_as_json(tmp_path):
    path = tmp_path / "a.dmn"
    dmn_fe.save(random_network(2).with_metadata(turns={10: (1, 2), 2: None}), path)
    assert dmn_fe.load(path).metadata == {"turns": {"10": [1, 2], "2": None}}


def test_an_ensemble_comes_back_in_its_order(tmp_path):
    members = (
        random_network(2, seed=1, kind="dmn", turned=True).with_metadata(seed=1),
        random_network(tree=Tree(UNEVEN), seed=2).with_metadata(seed=2),
        random_network(3, seed=3),
    )
    path = tmp_path / "three.dmn"
    dmn_fe.save(Ensemble(members, error=0.01), path)
    loaded = dmn_fe.load(path)
    assert isinstance(loaded, Ensemble)
    assert loaded.error == 0.01
    assert [n.metadata for n in loaded.networks] == [{"seed": 1}, {"seed": 2}, {}]
    assert [n.kind for n in loaded.networks] == ["dmn", "imn", "imn"]
    for one, other in zip(loaded.networks, members, strict=True):
        for name in ("weights", "normals", "leaf_phase", "is_leaf", "leaf_rotation"):
            assert_same(getattr(one, name), getattr(other, name))


def test_an_ensemble_of_one_network_or_of_other_phases_is_refused():
    with pytest.raises(InputError, match="two or more"):
        Ensemble((random_network(2),))
    with pytest.raises(InputError, match="no ensemble"):
        Ensemble((random_network(2), random_network(2, dimension=2)))
    with pytest.raises(InputError, match="must be a number from 0"):
        Ensemble((random_network(2), random_network(2)), error=-0.1)


def test_the_bytes_of_a_file_depend_on_its_content_alone(tmp_path):
    for name in ("a.dmn", "b.dmn"):
        dmn_fe.save(random_network(3, turned=True), tmp_path / name)
    assert (tmp_path / "a.dmn").read_bytes() == (tmp_path / "b.dmn").read_bytes()


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("0.leaf_rotation", lambda r: 1.1 * r, "proper"),
        ("0.leaf_rotation", lambda r: -r, "proper"),
        ("0.leaf_rotation", lambda r: r[:3], "shape"),
        ("0.leaf_rotation", lambda r: r.float(), "rotations|float64"),
        ("0.is_leaf", lambda t: ~t, "tree"),
        ("0.weights", lambda w: w[:-1], "leaves"),
        ("0.weights", lambda w: w.float(), "float64"),
        ("0.weights", lambda w: w * torch.nan, "weights"),
        ("0.normals", lambda n: n * torch.nan, "unit"),
        ("0.leaf_phase", None, "lacks leaf_phase"),
    ],
)
def test_a_whole_file_of_wrong_tensors_is_refused(tmp_path, name, change, word):
    path = tmp_path / "spheres.dmn"
    dmn_fe.save(random_network(tree=Tree(UNEVEN), turned=True), path)
    file_format = dmn_fe.network.file._FORMAT
    tensors, header = file_format.load(path)
    if change is None:
        del tensors[name]
    else:
        tensors[name] = change(tensors[name])
    file_format.save(path, tensors, header)
    with pytest.raises(InputError, match=rf"spheres\.dmn: .*({word})"):
        dmn_fe.load(path)
