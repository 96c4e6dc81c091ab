import numpy as np
import pytest
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import read

tifffile = pytest.importorskip("tifffile")

# Five slices of two rows and six columns: not three or four of anything, which could be colours.
STACK = np.random.default_rng(0).integers(0, 3, (5, 2, 6)).astype(np.uint8) * 100
STACK[0, 0, :3] = [0, 100, 200]


def expected() -> np.ndarray:
    """Phases ``[x, y, z]``: columns to the right, rows from the upper edge down."""
    return np.array([[[s[row, x] for s in STACK] for row in (1, 0)] for x in range(6)]) // 100


def write_series(folder, numbers, ending="png"):
    folder.mkdir()
    for number, image in zip(numbers, STACK, strict=True):
        Image.fromarray(image).save(folder / f"slice_{number}.{ending}")


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib"}, {"imagej": True}, {"metadata": None}, {"bigtiff": True}],
)
def test_tiff_stack(tmp_path, options):
    tifffile.imwrite(tmp_path / "ct.tif", STACK, **options)
    rve = read(tmp_path / "ct.tif", ("pore", "matrix", "fibre"))
    np.testing.assert_array_equal(rve.phase, expected())
    assert rve.periodic == (False, False, False)
    assert read(tmp_path / "ct.tif", periodic=(True, True, True)).periodic == (True, True, True)


def test_tiff_stack_of_other_writers_and_codecs(tmp_path):
    first, *others = [Image.fromarray(image) for image in STACK]
    for codec in ("raw", "tiff_lzw"):
        first.save(tmp_path / "p.tif", save_all=True, append_images=others, compression=codec)
        np.testing.assert_array_equal(read(tmp_path / "p.tif").phase, expected())


def test_large_imagej_stack_describes_its_first_slice_only(tmp_path):
    path = tmp_path / "block.tif"
    description = "ImageJ=1.54\nimages=5\nslices=5\n"
    tifffile.imwrite(path, STACK[0], description=description, metadata=None)
    with open(path, "ab") as file, tifffile.TiffFile(path) as tiff:
        assert tiff.pages[0].dataoffsets[0] + STACK[0].nbytes == path.stat().st_size
        file.write(STACK[1:].tobytes())
    np.testing.assert_array_equal(read(path).phase, expected())


def test_wide_and_floating_values_are_kept(tmp_path):
    for dtype in (np.uint16, np.float32):
        tifffile.imwrite(tmp_path / "ct.tif", STACK.astype(dtype) * 200)
        assert read(tmp_path / "ct.tif", thresholds=(39_000,)).volume_fractions[1] == np.mean(
            STACK == 200
        )


def test_colour_palette_and_white_is_zero(tmp_path):
    tifffile.imwrite(tmp_path / "c.tif", np.repeat(STACK[..., None], 3, -1), photometric="rgb")
    np.testing.assert_array_equal(read(tmp_path / "c.tif").phase, expected())
    tifffile.imwrite(tmp_path / "w.tif", 255 - STACK, photometric="miniswhite")
    np.testing.assert_array_equal(read(tmp_path / "w.tif").phase, expected())
    palette = np.zeros((3, 256), dtype=np.uint16)
    palette[:, :3] = np.array([0, 100, 200]) << 8
    tifffile.imwrite(tmp_path / "p.tif", STACK // 100, photometric="palette", colormap=palette)
    np.testing.assert_array_equal(read(tmp_path / "p.tif").phase, expected())


def save_colours(path, pixels):
    """A PNG or TIFF of one row of pixels, red, green, blue and perhaps opacity."""
    image = np.array([pixels], dtype=np.uint8)
    if path.suffix == ".png":
        Image.fromarray(image).save(path)
    else:
        opacity = {"extrasamples": ["unassalpha"]} if image.shape[2] == 4 else {}
        tifffile.imwrite(path, image, photometric="rgb", **opacity)


@pytest.mark.parametrize("name", ["c.png", "c.tif"])
def test_colours_are_refused(tmp_path, name):
    # Red, and the green of the same luminance.
    save_colours(tmp_path / name, [(255, 0, 0), (0, 130, 0)])
    with pytest.raises(InputError, match=rf"c\.{name[2:]} is a colour image.*convert it to grey"):
        read(tmp_path / name)
    save_colours(tmp_path / name, [(10, 10, 10, 255), (90, 90, 90, 255)])
    np.testing.assert_array_equal(read(tmp_path / name).phase.ravel(), [0, 1])
    save_colours(tmp_path / name, [(10, 10, 10, 255), (90, 90, 90, 254)])
    with pytest.raises(InputError, match="transparent pixels"):
        read(tmp_path / name)


def test_palettes_of_colours_are_refused(tmp_path):
    image = Image.fromarray(STACK[0] // 100)
    image.putpalette([10, 10, 10, 80, 80, 80, 200, 200, 200])
    image.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read(tmp_path / "p.png").phase[..., 0], expected()[..., 0])
    image.putpalette([10, 10, 10, 80, 80, 81, 200, 200, 200])
    image.save(tmp_path / "p.png")
    with pytest.raises(InputError, match="colour image"):
        read(tmp_path / "p.png")


def test_wide_channels_keep_their_values(tmp_path):
    channels = np.repeat(STACK[..., None].astype(np.uint16) * 200, 3, -1)
    tifffile.imwrite(tmp_path / "c.tif", channels, photometric="rgb")
    rve = read(tmp_path / "c.tif", thresholds=(19_000, 39_000))
    np.testing.assert_array_equal(rve.phase, expected())


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "bmp"])
def test_other_images_must_be_converted(tmp_path, ending):
    (tmp_path / f"i.{ending}").write_bytes(b"x")
    with pytest.raises(InputError, match=r"only \.png, \.tif, \.tiff are read: convert it"):
        read(tmp_path / f"i.{ending}")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"metadata": None}])
def test_truncated_stack_is_refused_whatever_is_cut(tmp_path, options, caplog, capfd):
    stack = np.random.default_rng(1).integers(0, 2, (5, 30, 40)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "whole.tif", stack, **options)
    content = (tmp_path / "whole.tif").read_bytes()
    for part in (0.02, 0.2, 0.5, 0.8, 0.95):
        (tmp_path / "ct.tif").write_bytes(content[: int(part * len(content))])
        with pytest.raises(InputError, match=r"ct\.tif is (truncated|damaged)"):
            read(tmp_path / "ct.tif")
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_truncated_stack_tells_how_many_slices_are_whole(tmp_path):
    stack = np.zeros((10, 30, 40), dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "pages.tif") as writer:
        for image in stack:
            writer.write(image, contiguous=False)
    tifffile.imwrite(tmp_path / "block.tif", stack)
    for name, sentence in (("pages.tif", "7 slices"), ("block.tif", "7 of 10 slices")):
        with open(tmp_path / name, "r+b") as file, tifffile.TiffFile(tmp_path / name) as tiff:
            page = tiff.pages[7]
            file.truncate(page.dataoffsets[0] + page.nbytes // 2)
        with pytest.raises(InputError, match=f"truncated or damaged: {sentence} at its beginning"):
            read(tmp_path / name)


def test_stack_of_different_pages(tmp_path):
    with tifffile.TiffWriter(tmp_path / "ct.tif") as writer:
        writer.write(STACK[0])
        writer.write(STACK[0, :, :3])
    with pytest.raises(InputError, match=r"ct\.tif, slice 2 has 3 × 2 pixels"):
        read(tmp_path / "ct.tif")


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_series_in_natural_order(tmp_path, ending):
    write_series(tmp_path / "ct", (8, 9, 10, 11, 12), ending)
    (tmp_path / "ct" / "notes.txt").write_text("x")
    np.testing.assert_array_equal(read(tmp_path / "ct").phase, expected())
    np.testing.assert_array_equal(read(tmp_path / "ct" / f"slice_*.{ending}").phase, expected())
    assert read(tmp_path / "ct").periodic == (False, False, False)


def test_series_with_a_gap(tmp_path):
    write_series(tmp_path / "ct", (1, 2, 4, 5, 6))
    with pytest.raises(InputError, match=r"slice after number 2 is missing.*number 4"):
        read(tmp_path / "ct")


def test_series_of_every_tenth_slice(tmp_path):
    write_series(tmp_path / "ct", ("0000", "0010", "0020", "0030", "0040"))
    np.testing.assert_array_equal(read(tmp_path / "ct").phase, expected())


def test_series_with_wrong_slices(tmp_path):
    write_series(tmp_path / "ct", (1, 2, 3, 4, 5))
    Image.fromarray(STACK[0, :, :3]).save(tmp_path / "ct" / "slice_2.png")
    with pytest.raises(InputError, match=r"slice_2\.png has 3 × 2 pixels, but .*slice_1\.png"):
        read(tmp_path / "ct")
    path = tmp_path / "ct" / "slice_3.png"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"slice_3\.png is damaged"):
        read(tmp_path / "ct")


def test_folders_that_hold_no_series(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        read(tmp_path)
    with pytest.raises(InputError, match="holds no image"):
        read(tmp_path / "a_*.png")
    write_series(tmp_path / "ct", (1, 2, 3, 4, 5))
    Image.fromarray(STACK[0]).save(tmp_path / "ct" / "mask_1.png")
    with pytest.raises(InputError, match=r"more than one series, with mask_1\.png and slice_"):
        read(tmp_path / "ct")


def test_one_image_is_constant_in_depth(tmp_path):
    Image.fromarray(STACK[0]).save(tmp_path / "i.png")
    assert read(tmp_path / "i.png").periodic == (False, False, True)
