import numpy as np
import pytest
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, read, write


def test_written_array_is_read_back(tmp_path):
    phase = np.random.default_rng(0).integers(0, 3, (4, 5, 6))
    rve = VoxelRVE(phase, ("matrix", "fibre", "pore"))
    write(rve, tmp_path / "rve.npy")
    assert read(tmp_path / "rve.npy", rve.names).hash == rve.hash
    assert [file.name for file in tmp_path.iterdir()] == ["rve.npy"]


def test_two_dimensional_array_has_one_voxel_in_depth(tmp_path):
    np.save(tmp_path / "section.npy", np.eye(5, dtype=np.int64))
    rve = read(tmp_path / "section.npy")
    assert rve.shape == (5, 5, 1)
    np.testing.assert_array_equal(rve.phase[:, :, 0], np.eye(5))


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_grey_values_become_phases_in_rising_order(tmp_path, name):
    # Three columns, two rows; the first row of an image is its upper edge.
    grey = np.array([[200, 7, 7], [90, 90, 7]], dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / name)
    rve = read(tmp_path / name, ("pore", "matrix", "fibre"))
    assert rve.shape == (3, 2, 1)
    np.testing.assert_array_equal(rve.phase[:, 1, 0], [2, 0, 0])  # upper edge: e2 points upwards
    np.testing.assert_array_equal(rve.phase[:, 0, 0], [1, 1, 0])


def test_sixteen_bit_image_keeps_its_values(tmp_path):
    Image.fromarray(np.array([[0, 1000, 1001]], dtype=np.uint16)).save(tmp_path / "i.tif")
    np.testing.assert_array_equal(read(tmp_path / "i.tif").phase[:, 0, 0], [0, 1, 2])


def test_unsegmented_image_is_refused(tmp_path):
    Image.fromarray(np.arange(20, dtype=np.uint8)[None]).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"photo\.png has 20 grey values.*segment"):
        read(tmp_path / "photo.png")


@pytest.mark.parametrize("name", ["broken.npy", "broken.png"])
def test_damaged_file(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x93NUMPY\x01\x00 no more")
    with pytest.raises(InputError, match=f"{name} is damaged"):
        read(tmp_path / name)


def test_pickled_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"objects\.npy is damaged or not a plain NumPy array"):
        read(tmp_path / "objects.npy")


def test_bad_content_names_the_file(tmp_path):
    np.save(tmp_path / "rve.npy", np.full((2, 2, 2), 1))
    with pytest.raises(InputError, match=r"rve\.npy: phase 0 .* has no voxel"):
        read(tmp_path / "rve.npy")


def test_missing_file_and_foreign_endings(tmp_path):
    with pytest.raises(InputError, match="no RVE file"):
        read(tmp_path / "absent.npy")
    (tmp_path / "rve.stl").write_text("x")
    with pytest.raises(InputError, match=r"rve\.stl has the ending"):
        read(tmp_path / "rve.stl")
    with pytest.raises(InputError, match=r"does not end in \.npy"):
        write(VoxelRVE(np.zeros((1, 1, 1), dtype=int)), tmp_path / "rve.png")
    assert not (tmp_path / "rve.png").exists()
