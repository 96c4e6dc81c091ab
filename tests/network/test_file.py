"""The exported file: what goes in comes out, and what is damaged is refused."""

import json
import struct

import pytest
import torch
from helpers.networks import random_network

import dmn_fe
from dmn_fe import InputError


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
        ({"weights": torch.ones(3)}, "2, 4, 8"),
        ({"weights": -torch.ones(4)}, "negative"),
        ({"weights": torch.zeros(4)}, "all zero"),
        ({"normals": torch.ones(3, 3)}, "unit vectors"),
        ({"normals": torch.ones(2, 3)}, "shape"),
        ({"leaf_phase": torch.tensor([0, 1, 2, 1])}, "leaf phases"),
    ],
)
def test_a_network_that_is_none_is_refused(change, word):
    good = random_network(2)
    entries = {name: getattr(good, name) for name in ("weights", "normals", "leaf_phase")}
    with pytest.raises(InputError, match=word):
        dmn_fe.network.Network(**{**entries, **change}, phase_names=("a", "b"))
