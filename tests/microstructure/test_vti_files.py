import contextlib

import numpy as np
import pytest
import torch

from dmn_fe import mandel
from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, read, write, write_fields

pyvista = pytest.importorskip("pyvista")  # VTK reads what we write, and writes what we read
RNG = np.random.default_rng(0)


def some_rve() -> VoxelRVE:
    """Phases, names, size and orientations that no default has."""
    rotations = np.array([np.eye(3), [[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1.0]]])
    return VoxelRVE(
        RNG.integers(0, 3, (4, 5, 6)),
        ("matrix", "fibre", "Füllstoff"),
        (1 / 3, 0.7, np.pi),
        rotations,
        RNG.integers(0, 2, (4, 5, 6)),
        (True, False, True),
    )


def other_file(path, dimensions, **arrays):
    """Image data as another program writes it: arrays of cells or points by their length."""
    grid = pyvista.ImageData(dimensions=dimensions, spacing=(0.5, 0.5, 0.25))
    for name, values in arrays.items():
        data = grid.cell_data if len(values) == grid.n_cells else grid.point_data
        data[name] = values
    grid.save(path)
    return path


def test_written_rve_is_read_back(tmp_path):
    rve = some_rve()
    write(rve, tmp_path / "rve.vti")
    back = read(tmp_path / "rve.vti")
    assert back.hash == rve.hash
    assert back.size == rve.size
    assert back.periodic == rve.periodic
    assert [file.name for file in tmp_path.iterdir()] == ["rve.vti"]
    assert read(tmp_path / "rve.vti", ("a", "b", "c"), (1, 1, 1)).names == ("a", "b", "c")


def test_paraview_sees_phases_and_material_axes(tmp_path):
    rve = some_rve()
    write(rve, tmp_path / "rve.vti")
    grid = pyvista.read(tmp_path / "rve.vti")
    x, y, z = 3, 1, 5
    cell = grid.find_containing_cell((np.array([x, y, z]) + 0.5) * rve.size / np.array(rve.shape))
    assert grid.cell_data["phase"][cell] == rve.phase[x, y, z]
    rotation = rve.orientations[rve.orientation_index[x, y, z]]
    np.testing.assert_allclose(grid.cell_data["material axis 2"][cell], rotation[:, 1], atol=1e-7)


def test_cell_data_of_others(tmp_path):
    values = np.array([0, 1, 1, 0, 2, 2])
    path = other_file(tmp_path / "o.vti", (4, 3, 2), labels=values, density=RNG.random(6))
    rve = read(path)
    assert rve.shape == (3, 2, 1)
    assert rve.size == (1.5, 1.0, 0.25)
    np.testing.assert_array_equal(rve.phase[:, 1, 0], [0, 2, 2])  # x runs fastest in VTK
    np.testing.assert_array_equal(read(path, array="labels").phase, rve.phase)
    assert read(path, array="density", thresholds=(0.5,)).names == ("matrix", "inclusion")


@pytest.mark.parametrize("compressor", ["None", "ZLib", "LZMA"])
@pytest.mark.parametrize("mode", ["Ascii", "Binary", "Appended", "Raw"])
@pytest.mark.parametrize(("header", "order"), [("UInt32", "LittleEndian"), ("UInt64", "BigEndian")])
def test_every_way_that_vtk_stores_numbers(tmp_path, compressor, mode, header, order):
    xml = pytest.importorskip("vtkmodules.vtkIOXML")
    values = RNG.integers(0, 3, 20 * 25 * 30)
    grid = pyvista.ImageData(dimensions=(21, 26, 31), spacing=(0.1, 0.2, 1 / 3))
    grid.cell_data["id"] = values.astype(np.int32)
    grid.cell_data["density"] = RNG.random(grid.n_cells).astype(np.float32)
    grid.field_data["note"] = ["some", "words"]
    writer = xml.vtkXMLImageDataWriter()
    getattr(writer, f"SetDataModeTo{mode.replace('Raw', 'Appended')}")()
    writer.SetEncodeAppendedData(mode != "Raw")
    getattr(writer, f"SetCompressorTypeTo{compressor}")()
    getattr(writer, f"SetHeaderTypeTo{header}")()
    getattr(writer, f"SetByteOrderTo{order}")()
    writer.SetFileName(str(tmp_path / "o.vti"))
    writer.SetInputData(grid)
    assert writer.Write() == 1
    rve = read(tmp_path / "o.vti")
    np.testing.assert_array_equal(rve.phase.ravel(order="F"), values)
    assert rve.size == pytest.approx((2.0, 5.0, 10.0))
    light = read(tmp_path / "o.vti", array="density", thresholds=(0.5,))
    np.testing.assert_array_equal(
        light.phase.ravel(order="F"), np.asarray(grid.cell_data["density"]) > 0.5
    )


def test_file_compressed_by_lz4(tmp_path):
    path = other_file(tmp_path / "o.vti", (4, 3, 2), labels=np.array([0, 1, 1, 0, 2, 2]))
    path.write_bytes(path.read_bytes().replace(b"vtkZLibData", b"vtkLZ4Data"))
    with pytest.raises(InputError, match=r"compressed by vtkLZ4DataCompressor: save it with zlib"):
        read(path)


def test_point_data_of_others_are_voxels(tmp_path):
    path = other_file(tmp_path / "o.vti", (3, 2, 2), MaterialID=np.tile([7, 9, 7], 4))
    rve = read(path)
    assert rve.shape == (3, 2, 2)
    assert rve.size == (1.5, 1.0, 0.5)
    np.testing.assert_array_equal(rve.phase[:, 0, 0], [0, 1, 0])


def test_array_must_be_clear(tmp_path):
    path = other_file(tmp_path / "o.vti", (4, 3, 2), a=np.arange(6), b=np.arange(6))
    with pytest.raises(InputError, match=r"o\.vti has not one array .*: 'a', 'b'"):
        read(path)
    with pytest.raises(InputError, match=r"no array 'c' .*: 'a', 'b'"):
        read(path, array="c")
    with pytest.raises(InputError, match="arrays of one component: none"):
        read(other_file(tmp_path / "empty.vti", (4, 3, 2)))


def test_turned_grid_is_refused(tmp_path):
    path = other_file(tmp_path / "o.vti", (4, 3, 2), labels=np.array([0, 1, 1, 0, 2, 2]))
    turned = 'Direction="0 -1 0 1 0 0 0 0 1"'
    path.write_bytes(path.read_bytes().replace(b'Direction="1 0 0 0 1 0 0 0 1"', turned.encode()))
    with pytest.raises(InputError, match=r"o\.vti has turned axes"):
        read(path)


def test_grey_values_are_not_segmented_silently(tmp_path):
    path = other_file(tmp_path / "o.vti", (21, 2, 2), ct=np.arange(20) * 3)
    with pytest.raises(InputError, match=r"o\.vti has 20 grey values"):
        read(path)
    assert read(path, thresholds=(29.0,)).volume_fractions == (0.5, 0.5)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_truncated_file(tmp_path, part):
    write(some_rve(), tmp_path / "rve.vti")
    content = (tmp_path / "rve.vti").read_bytes()
    (tmp_path / "rve.vti").write_bytes(content[: int(part * len(content))])
    with pytest.raises(InputError, match=r"rve\.vti is damaged or no image data of VTK"):
        read(tmp_path / "rve.vti")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AAAAA", "AA!AA"),  # no base64
        ("AQAAAAAAAAB4", "AQAAAAAAA/B4"),  # the size in a header
        ('WholeExtent="0 4', 'WholeExtent="4'),
        ('<Piece Extent="0 4', '<Piece Extent="0 9999'),
        ('<Piece Extent="0 4', '<Piece Extent="0 -4'),
        ('type="UInt8"', 'type="UIntX"'),
        ('type="UInt8"', 'type="UInt16"'),
        ('header_type="UInt64"', 'header_type="UInt16"'),
        ('type="ImageData"', 'type="PolyData"'),
        ("Spacing=", "Space="),
    ],
)
def test_damaged_file(tmp_path, old, new):
    write(some_rve(), tmp_path / "rve.vti")
    content = (tmp_path / "rve.vti").read_text()
    assert old in content
    (tmp_path / "rve.vti").write_text(content.replace(old, new))
    if "Whole" in old:  # the piece has the extent that counts
        assert read(tmp_path / "rve.vti").shape == (4, 5, 6)
        return
    with pytest.raises(InputError, match=r"rve\.vti is damaged or no image data of VTK"):
        read(tmp_path / "rve.vti")


def test_no_damaged_byte_ends_otherwise_than_by_a_sentence(tmp_path):
    write(some_rve(), tmp_path / "rve.vti")
    content = (tmp_path / "rve.vti").read_bytes()
    for place in RNG.integers(0, len(content), 300):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(RNG.integers(8))
        (tmp_path / "rve.vti").write_bytes(damaged)
        with contextlib.suppress(InputError):  # damage in a text may leave it readable
            assert read(tmp_path / "rve.vti").phase.size == 120


@pytest.mark.parametrize("content", [b"", b"no XML", b'<?xml version="1.0"?><VTKFile/>'])
def test_foreign_content(tmp_path, content):
    (tmp_path / "rve.vti").write_bytes(content)
    with pytest.raises(InputError, match=r"rve\.vti is damaged or no image data of VTK"):
        read(tmp_path / "rve.vti")


def test_fields_for_paraview(tmp_path):
    rve = some_rve()
    strain = RNG.standard_normal((6, *rve.shape))
    pressure = RNG.standard_normal(rve.shape)
    write_fields(rve, tmp_path / "f.vti", {"strain": strain, "pressure": pressure})
    grid = pyvista.read(tmp_path / "f.vti")
    np.testing.assert_array_equal(grid.cell_data["pressure"], pressure.ravel(order="F"))
    tensor = mandel.to_tensor(torch.from_numpy(strain[:, 1, 0, 0]))
    xx, yy, zz, xy, yz, xz = grid.cell_data["strain"][1]
    np.testing.assert_allclose([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]], tensor, rtol=1e-12)


def test_fields_that_do_not_fit(tmp_path):
    rve = some_rve()
    with pytest.raises(InputError, match=r"field 'u' has the shape \[3, 2, 2, 2\]"):
        write_fields(rve, tmp_path / "f.vti", {"u": np.zeros((3, 2, 2, 2))})
    with pytest.raises(InputError, match="names other than those of the RVE"):
        write_fields(rve, tmp_path / "f.vti", {"phase": np.zeros(rve.shape)})
    with pytest.raises(InputError, match=r"does not end in \.vti"):
        write_fields(rve, tmp_path / "f.vtk", {})
    assert list(tmp_path.iterdir()) == []
