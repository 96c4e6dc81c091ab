"""What is found in photos that hold more than a material, and in none that do not."""

from pathlib import Path

import numpy as np
import pytest
from helpers.photos import blobs, disks, grey_photo, rows_of, seen
from PIL import Image, ImageDraw

from dmn_fe.microstructure import VoxelRVE, read_photo
from dmn_fe.microstructure.photos import Photo, load_photo, photo_findings, segment_photo

SIZE = (260, 240)
GREY = grey_photo(disks(*SIZE, radius=7.0, count=70))
X, Y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]), indexing="ij")


def sentences(tmp_path, rows, name="p.png", crop=None) -> list[str]:
    """Findings of rows of pixels in a file."""
    Image.fromarray(rows).save(tmp_path / name)
    return [f.sentence for f in photo_findings(load_photo(tmp_path / name, crop))]


def drawn(rows, *shapes, text=(), value=255) -> np.ndarray:
    """Rows of pixels with rectangles and text."""
    image = Image.fromarray(rows.copy())
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        draw.rectangle(shape, fill=value)
    for place, words in text:
        draw.text(place, words, fill=value, font_size=13)
    return np.asarray(image)


def found_of(pixels, phases=2) -> list[str]:
    """Findings of pixels ``[nx, ny]`` and of their phases."""
    photo = Photo(Path("p.png"), pixels)
    phase = segment_photo(photo, clusters=phases).phase
    rve = VoxelRVE(phase[:, :, None], periodic=(False, False, True))
    return [finding.sentence for finding in photo_findings(photo, rve)]


def clean_structures():
    """Phases that hold lines, edges and uniform parts of their own."""
    for seed in range(4):
        yield f"disks {seed}", disks(*SIZE, radius=7.0, count=20 + 25 * seed, seed=seed)
        yield f"blobs {seed}", blobs(*SIZE, seed=seed)
        yield f"three {seed}", blobs(*SIZE, 3, seed)
        yield f"layers {seed}", (X + 7 * seed) // 9 % 2
        yield f"rows {seed}", (Y + 3 * seed) // (8 + 2 * seed) % 3 // 2
        yield f"slanted {seed}", (3 * X + (seed - 2) * Y) // 40 % 2
        yield f"checks {seed}", ((X + 5 * seed) // 13 + Y // 11) % 2
        yield (
            f"bricks {seed}",
            ((Y % 14 >= 3) & ((X + Y // 14 % 2 * 20 + seed) % 40 >= 3)).astype(int),
        )


@pytest.mark.parametrize("noise", [None, 6.0])
def test_nothing_is_found_in_clean_photos(noise):
    alarms = {}
    for name, phase in clean_structures():
        pixels = (phase * 80).astype(np.uint8) if noise is None else grey_photo(phase, 0.7, noise)
        found = found_of(pixels, phase.max() + 1)
        if found:
            alarms[name] = found
    assert not alarms


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.tif"])
def test_frame(tmp_path, name):
    framed = np.pad(rows_of(GREY), ((6, 10), (4, 0)), constant_values=255)
    first, *others = sentences(tmp_path, framed, name)
    assert "uniform border, 4 columns at the left, 6 rows at the top, 10 rows at the b" in first
    assert first.endswith("crop 4:264,6:246")
    assert len(others) == (name == "p.jpg")
    rve = read_photo(tmp_path / name, clusters=2, crop="4:264,6:246")
    assert rve.shape == (*SIZE, 1)
    assert not [s for s in sentences(tmp_path, framed, "c.png", "4:264,6:246")]


def test_frame_around_labels_in_the_value_of_a_phase(tmp_path):
    labels = rows_of(blobs(*SIZE)).astype(np.uint8) * 200
    (found,) = sentences(tmp_path, np.pad(labels, 5))
    assert found.endswith("crop 5:265,5:245")


@pytest.mark.parametrize("name", ["p.png", "p.jpg"])
@pytest.mark.parametrize("top", [False, True])
def test_data_strip(tmp_path, name, top):
    strip = drawn(
        np.zeros((36, 260), dtype=np.uint8),
        (180, 26, 240, 29),
        text=[((5, 8), "HV 15 kV  WD 10.2"), ((195, 8), "10 µm")],
    )
    rows = np.vstack([strip, rows_of(GREY)] if top else [rows_of(GREY), strip])
    first = sentences(tmp_path, rows, name)[0]
    where, rest = ("top", "36:276") if top else ("bottom", "0:240")
    lines = "0 to 35" if top else "240 to 275"
    assert f"a strip of text at the {where} (columns 0 to 259, rows {lines})" in first
    assert first.endswith(f"crop 0:260,{rest}")


def test_data_strip_below_labels(tmp_path):
    labels = rows_of(blobs(*SIZE)).astype(np.uint8) * 255
    strip = drawn(np.zeros((30, 260), dtype=np.uint8), text=[((5, 8), "HV 15 kV  WD 10.2")])
    (found,) = sentences(tmp_path, np.vstack([labels, strip]))
    assert "strip of text at the bottom" in found
    assert found.endswith("crop 0:260,0:240")


@pytest.mark.parametrize("name", ["p.png", "p.jpg"])
@pytest.mark.parametrize("value", [0, 255])
def test_scale_bar(tmp_path, name, value):
    rows = drawn(rows_of(GREY), (190, 222, 244, 226), text=[((205, 204), "5 µm")], value=value)
    first = sentences(tmp_path, rows, name)[0]
    assert "what looks like a scale bar (columns 19" in first
    bottom = int(first.rsplit(":", 1)[1])
    assert 195 <= bottom <= 210  # above the letters, too
    assert first.endswith(f"crop 0:260,0:{bottom}")
    # In the columns and rows of the file where it was cropped before.
    assert "rows 222 to 226" in sentences(tmp_path, rows, "c.png", "20:260,30:240")[0]


def test_scale_bar_with_ticks_in_a_box(tmp_path):
    rows = drawn(rows_of(GREY), (20, 200, 110, 235))
    rows = drawn(rows, (30, 222, 100, 224), (30, 218, 31, 228), (99, 218, 100, 228), value=0)
    assert any("looks like a scale bar" in found for found in sentences(tmp_path, rows))


def test_coloured_annotation_in_a_grey_photo(tmp_path):
    rows = np.repeat(rows_of(GREY)[..., None], 3, -1)
    image = Image.fromarray(rows)
    ImageDraw.Draw(image).rectangle((200, 210, 240, 214), fill=(255, 230, 0))
    (found,) = sentences(tmp_path, np.asarray(image))
    assert "colours in one place" in found
    assert "(columns 200 to 240, rows 210 to 214)" in found
    assert found.endswith("crop 0:260,0:210")
    assert not load_photo(tmp_path / "p.png", "0:260,0:210").coloured


@pytest.mark.parametrize(
    ("light", "words"),
    [
        (50.0 * X / SIZE[0], "brighter at the right than"),
        (-50.0 * Y / SIZE[1], "brighter at the bottom than"),
        (-35.0 * ((X / 130 - 1) ** 2 + (Y / 120 - 1) ** 2), "brighter in the middle than"),
    ],
)
def test_uneven_light(light, words):
    grey = np.clip(GREY + light, 0, 255).astype(np.uint8)
    (found,) = [s for s in found_of(grey) if "brighter" in s]
    assert words in found
    assert "even out the light" in found


def test_a_structure_that_varies_is_not_uneven_light():
    # More disks towards the right: the share varies, the levels stay.
    phase = disks(*SIZE, radius=6.0, count=150)
    phase[:130] *= disks(*SIZE, radius=6.0, count=40, seed=3)[:130]
    assert phase[130:].mean() > 2 * phase[:130].mean()
    assert not [s for s in found_of(grey_photo(phase)) if "brighter" in s]


def test_few_features():
    large = disks(*SIZE, radius=50.0, count=5)
    (found,) = found_of(grey_photo(large))
    assert "are large in this photo" in found
    (found,) = found_of(grey_photo((X >= 130).astype(int)))
    assert "measure 100% of it" in found
    # Few particles in much matrix have long chords in the matrix only.
    assert not found_of(grey_photo(disks(*SIZE, radius=5.0, count=25)))


def test_noise_in_the_phases():
    noisy = grey_photo(disks(*SIZE), noise=30.0)
    assert any("lie in the midst of another phase: noise" in s for s in found_of(noisy))


def test_jpeg_is_told(tmp_path):
    (found,) = sentences(tmp_path, rows_of(GREY), "p.jpg")
    assert found.startswith(".jpg files change pixels near edges")


def test_helpers_are_inverse():
    np.testing.assert_array_equal(seen(rows_of(GREY)), GREY)
