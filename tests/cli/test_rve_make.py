"""RVEs from the command line."""

import numpy as np
import pytest

from dmn_fe import microstructure

KINDS = {
    "laminate": (
        ("--voxels", 8, "--volume-fraction", 0.25, "--axis", 2, "--periods", 2),
        lambda: microstructure.laminate(8, 0.25, 2, 2),
    ),
    "spheres": (
        ("--voxels", 16, "--volume-fraction", 0.2, "--count", 2, "--gap", 1, "--seed", 5),
        lambda: microstructure.random_spheres(16, 0.2, 2, 1.0, 5),
    ),
    "polydisperse-spheres": (
        ("--voxels", 20, "--radii", "1,2,1.5", "--gap", 1, "--seed", 5),
        lambda: microstructure.polydisperse_spheres(20, radii=[1, 2, 1.5], gap=1.0, seed=5),
    ),
    "fibres": (
        ("--voxels", 16, "--count", 2),
        lambda: microstructure.random_fibres(16, count=2),
    ),
    "short-fibres": (
        ("--voxels", 32, "--count", 6, "--aspect-ratio", 4, "--orientation-tensor", "0.5,0.3,0.2"),
        lambda: microstructure.short_fibres(32, 0.1, 6, 4.0, np.diag([0.5, 0.3, 0.2])),
    ),
    "plain-weave": (
        ("--voxels", 40, "--height", 14, "--volume-fraction", 0.32, "--yarn-width", 0.75),
        lambda: microstructure.plain_weave(40, 0.32, 14, 0.75),
    ),
    "polycrystal": (
        ("--voxels", 12, "--count", 5, "--lloyd-steps", 1),
        lambda: microstructure.voronoi_polycrystal(12, 5, 1),
    ),
    "gaussian-field": (
        ("--voxels", 16, "--volume-fraction", 0.4, "--correlation-length", 2),
        lambda: microstructure.gaussian_field(16, 0.4, 2.0),
    ),
    "bicontinuous": (
        ("--voxels", 24, "--wavelength", 6, "--bandwidth", 0.2),
        lambda: microstructure.bicontinuous(24, 0.5, 6.0, 0.2),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_as_it_is_made(dmn_fe, tmp_path, kind):
    options, generate = KINDS[kind]
    process = dmn_fe("rve", "make", kind, *options, "--output", "rve.vti")
    assert process.returncode == 0, process.stderr
    expected = generate()
    assert microstructure.read(tmp_path / "rve.vti").hash == expected.hash
    assert " × ".join(map(str, expected.shape)) in process.stdout
    for name, fraction in zip(expected.names, expected.volume_fractions, strict=True):
        assert f"{name} {fraction:.4f}" in process.stdout


def test_every_kind_has_a_command(dmn_fe):
    helped = dmn_fe("rve", "make", "--help").stdout
    for kind in KINDS:
        assert f" {kind} " in helped


def test_six_numbers_are_a_tensor(dmn_fe, tmp_path):
    tensor = ("--orientation-tensor", "0.5,0.3,0.2,0.05,-0.1,0.15")
    size = ("--voxels", 32, "--count", 6, "--aspect-ratio", 4)
    assert (
        dmn_fe("rve", "make", "short-fibres", *size, *tensor, "--output", "a.vti").returncode == 0
    )
    directions = microstructure.read(tmp_path / "a.vti").orientations[1:, :, 0]
    expected = [[0.5, 0.15, -0.1], [0.15, 0.3, 0.05], [-0.1, 0.05, 0.2]]
    np.testing.assert_allclose(directions.T @ directions / 6, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("polycrystal", "--voxels", 8, "--count", 3, "--output", "a.npy"), "ending in .vti"),
        (("polydisperse-spheres", "--radii", "1;2", "--output", "a.vti"), "--radii '1;2'"),
        (("short-fibres", "--orientation-tensor", "1,0", "--output", "a.vti"), "three numbers"),
        (("short-fibres", "--orientation-tensor", "1,1,1", "--output", "a.vti"), "trace 1"),
        (("bicontinuous", "--volume-fraction", 0.05, "--output", "a.vti"), "falls apart"),
        (("bicontinuous", "--volume-fraction", 0.05, "--output", "a.vti"), "use gaussian-field"),
        (("spheres", "--volume-fraction", 1.5, "--output", "a.vti"), ": --volume-fraction = 1.5"),
        (
            ("spheres", "--volume-fraction", 0.9, "--output", "a.vti"),
            "lower --volume-fraction, gap",
        ),
        (("spheres", "--output", "no/volume_fraction.vti"), "no/volume_fraction.vti: the folder"),
        (("short-fibres", "--aspect-ratio", 0.5, "--output", "a.vti"), "--aspect-ratio = 0.5 must"),
    ],
)
def test_wrong_input_gets_one_sentence(dmn_fe, tmp_path, arguments, words):
    process = dmn_fe("rve", "make", *arguments)
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert words in line
    assert not list(tmp_path.iterdir())
