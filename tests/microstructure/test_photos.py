"""Photos whose phases are known, and what is refused."""

import numpy as np
import pytest
from helpers.photos import blobs, disks, grey_photo, rows_of
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import draw_segmentation, read, read_photo
from dmn_fe.microstructure.photos import load_photo
from dmn_fe.microstructure.photos.colours import lab

tifffile = pytest.importorskip("tifffile")

DISKS = disks(150, 120)
STAINS = np.array([[90, 60, 160], [180, 60, 120], [230, 210, 225]])  # by rising lightness


def save(path, pixels, **options):
    Image.fromarray(rows_of(pixels)).save(path, **options)
    return path


def right(rve, phase) -> float:
    """Share of right pixels."""
    return float((rve.phase[:, :, 0] == phase).mean())


@pytest.mark.parametrize(("name", "share"), [("p.png", 0.985), ("p.jpg", 0.98), ("p.bmp", 0.985)])
def test_grey_photo_by_clusters(tmp_path, name, share):
    rve = read_photo(save(tmp_path / name, grey_photo(DISKS)), clusters=2, names=("resin", "glass"))
    assert rve.shape == (150, 120, 1)
    assert rve.periodic == (False, False, True)
    assert rve.names == ("resin", "glass")
    assert right(rve, DISKS) > share


def test_sixteen_bits_keep_their_values(tmp_path):
    grey = grey_photo(DISKS).astype(np.uint16) * 200 + 7
    tifffile.imwrite(tmp_path / "p.tif", rows_of(grey))
    assert (load_photo(tmp_path / "p.tif").pixels == grey).all()
    assert right(read_photo(tmp_path / "p.tif", thresholds=(95 * 200,)), DISKS) > 0.985


def test_despeckling_removes_noise_and_keeps_shapes(tmp_path):
    path = save(tmp_path / "p.png", grey_photo(DISKS, noise=25.0))
    assert right(read_photo(path, clusters=2), DISKS) < 0.93
    assert right(read_photo(path, clusters=2, despeckle=1), DISKS) > 0.97
    labels = save(tmp_path / "l.png", (DISKS * 200).astype(np.uint8))
    assert right(read_photo(labels, despeckle=1), DISKS) > 0.99
    thin = np.zeros((60, 60), dtype=np.uint8)
    thin[30] = 200
    with pytest.raises(InputError, match=r"despeckle = 2 takes a whole phase from .*t\.png"):
        read_photo(save(tmp_path / "t.png", thin), despeckle=2)
    with pytest.raises(InputError, match=r"despeckle = -1: give the radius"):
        read_photo(path, clusters=2, despeckle=-1)


@pytest.mark.parametrize("name", ["s.png", "s.tif", "s.webp"])
def test_three_stains(tmp_path, name):
    phase = blobs(140, 110, 3)
    noise = 12.0 * np.random.default_rng(1).normal(size=(140, 110, 3))
    colours = np.clip(STAINS[phase] + noise, 0, 255).astype(np.uint8)
    path = save(tmp_path / name, colours)
    assert right(read_photo(path, clusters=3), phase) > (0.97 if name == "s.webp" else 0.995)
    again = read_photo(path, clusters=3)
    assert again.hash == read_photo(path, clusters=3).hash
    with pytest.raises(InputError, match="is in colour, and thresholds part grey values"):
        read_photo(path, thresholds=(100,))
    with pytest.raises(InputError, match=r"colours: segment it with clusters=2 \(volume fractions"):
        read_photo(path)


def test_colours_of_one_lightness_are_told_apart(tmp_path):
    phase = blobs(64, 64)
    colours = np.array([[200, 60, 60], [0, 125, 80]])[phase].astype(np.uint8)
    assert np.ptp(lab(colours)[..., 0]) < 2.0
    noise = np.random.default_rng(0).integers(-9, 10, colours.shape)
    path = save(tmp_path / "c.png", np.clip(colours + noise, 0, 255).astype(np.uint8))
    found = read_photo(path, clusters=2)
    assert max(right(found, phase), right(found, 1 - phase)) > 0.995


def test_lab_of_known_colours():
    # White, black and the red of sRGB: Lindbloom's calculator, D65.
    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], dtype=np.uint8)
    expected = [[100, 0, 0], [0, 0, 0], [53.2408, 80.0925, 67.2032]]
    np.testing.assert_allclose(lab(colours), expected, atol=0.01)


def test_few_values_are_labels_as_in_the_reader_of_images(tmp_path):
    path = save(tmp_path / "l.png", (blobs(40, 50, 3) * 90).astype(np.uint8))
    assert read_photo(path).hash == read(path).hash
    colours = save(tmp_path / "c.png", STAINS[blobs(40, 50, 3)].astype(np.uint8))
    assert read_photo(colours).hash == read(path).hash


def test_grey_within_the_errors_of_a_jpeg_is_grey(tmp_path):
    grey = grey_photo(DISKS)
    tinted = np.repeat(grey[..., None], 3, -1)
    tinted[..., 0] = np.minimum(tinted[..., 0].astype(int) + 5, 255)
    assert not load_photo(save(tmp_path / "t.png", tinted)).coloured
    assert not load_photo(save(tmp_path / "t.jpg", np.repeat(grey[..., None], 3, -1))).coloured


def test_turned_photo_of_a_camera(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    Image.fromarray(rows_of(grey_photo(DISKS))).save(tmp_path / "p.jpg", exif=exif)
    turned = read_photo(tmp_path / "p.jpg", clusters=2)
    assert right(turned, np.rot90(DISKS, -1)) > 0.98


def test_crop_counts_from_the_upper_left(tmp_path):
    path = save(tmp_path / "p.png", grey_photo(DISKS))
    whole = read_photo(path, thresholds=(95,)).phase
    part = read_photo(path, thresholds=(95,), crop="10:80,20:100")
    np.testing.assert_array_equal(part.phase, whole[10:80, 20:100])  # 120 rows: 120 - 100 = 20
    part = read_photo(path, thresholds=(95,), crop=":,:50")
    np.testing.assert_array_equal(part.phase, whole[:, 70:])
    for crop, words in (
        ("0:151,0:50", "does not lie within the 150 columns and 120 rows"),
        ("80:10,0:50", "does not lie within"),
        ("-5:80,0:50", "does not lie within"),
        ("0:80", "cannot be read: give columns from the left"),
        ("a:80,0:50", "cannot be read"),
        ("0:31,0:50", r"has 31 × 50 pixels inside the crop: give a photo of at least 32"),
    ):
        with pytest.raises(InputError, match=words):
            read_photo(path, thresholds=(95,), crop=crop)


def test_the_refusal_offers_what_was_found(tmp_path):
    path = save(tmp_path / "p.png", grey_photo(DISKS))
    sentence = (
        r"p\.png has \d+ grey values: segment it with clusters=2 \(threshold [\d.]+, volume "
        r"fractions 0\.\d\d and 0\.\d\d\), clusters=3 \(thresholds [\d.]+ and [\d.]+, .*\), or "
        r"thresholds of your own; draw_segmentation\('p\.png', 'p_phases\.png'\) shows them"
    )
    with pytest.raises(InputError, match=sentence) as refusal:
        read_photo(path)
    fraction = read_photo(path, clusters=2).volume_fractions[0]
    assert f"{fraction:.2f} and" in str(refusal.value)


def test_wrong_photos_get_one_sentence(tmp_path):
    grey = grey_photo(DISKS)
    good = save(tmp_path / "p.png", grey)
    save(tmp_path / "tiny.png", grey[:31])
    save(tmp_path / "one.png", np.full((40, 40), 7, dtype=np.uint8))
    save(tmp_path / "clear.png", np.dstack([grey, grey, grey, grey]))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:3000])
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([grey] * 5))
    first = Image.fromarray(grey)
    first.save(tmp_path / "film.gif", save_all=True, append_images=[Image.fromarray(255 - grey)])
    tifffile.imwrite(tmp_path / "gaps.tif", np.where(DISKS, np.nan, 1.0).astype(np.float32))
    for name, words in (
        ("tiny.png", r"tiny\.png has 31 × 120 pixels: give a photo of at least 32"),
        ("one.png", r"one\.png has the same value everywhere"),
        ("clear.png", r"clear\.png has transparent pixels"),
        ("broken.jpg", r"broken\.jpg is damaged"),
        ("cut.png", r"cut\.png is damaged"),
        ("stack.tif", r"stack\.tif is a stack of 5 images: export one of them"),
        ("film.gif", r"film\.gif is a stack of 2 images"),
        ("gaps.tif", r"gaps\.tif has \d+ pixels without a value"),
        ("absent.png", r"there is no photo .*absent\.png"),
        ("p_*.png", r"stands for a series of images"),
        ("", r"stands for a series of images"),
    ):
        with pytest.raises(InputError, match=words):
            read_photo(tmp_path / name, clusters=2)
    (tmp_path / "p.pdf").write_text("x")
    with pytest.raises(InputError, match=r"p\.pdf has the ending '\.pdf': give a photo as \.png"):
        read_photo(tmp_path / "p.pdf")
    with pytest.raises(InputError, match="give one of them"):
        read_photo(good, thresholds=(100,), clusters=2)
    with pytest.raises(InputError, match="clusters = 1: give a number from 2"):
        read_photo(good, clusters=1)
    with pytest.raises(InputError, match=r"phase 1 of .* no voxel"):
        read_photo(good, thresholds=(254.5,))


def test_picture_of_the_choices(tmp_path):
    path = save(tmp_path / "p.png", grey_photo(DISKS))
    drawn = draw_segmentation(path, tmp_path / "choices.png", thresholds=(95,), crop=":,:100")
    assert [choice.how for choice in drawn] == ["clusters=2", "clusters=3", "thresholds=(95,)"]
    assert Image.open(tmp_path / "choices.png").width > 1000
    colours = STAINS[blobs(64, 64, 3)] + np.random.default_rng(0).integers(-9, 9, (64, 64, 3))
    save(tmp_path / "s.png", colours.astype(np.uint8))
    draw_segmentation(tmp_path / "s.png", tmp_path / "stains.png")
    assert Image.open(tmp_path / "stains.png").width > 500
    with pytest.raises(InputError, match=r"does not end in \.png"):
        draw_segmentation(path, tmp_path / "choices.jpg")
