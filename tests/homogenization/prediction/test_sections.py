"""The data set of sections: solved right, the same after an interruption, checked when read."""

import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import effective_conductivity, effective_stiffness
from dmn_fe.homogenization.prediction import (
    LEARNT_FAMILIES,
    TWO_PHASE_FAMILIES,
    SectionDataset,
    TwoPhases,
    make_section_dataset,
)
from dmn_fe.homogenization.prediction.section_generation import _SectionRecipe
from dmn_fe.microstructure import FAMILIES, UNSEEN_FAMILIES, VoxelRVE, synthetic_section
from dmn_fe.microstructure.families import THREE_PHASE_FAMILIES

PHASES = TwoPhases((1.0, 10.0))


class Interruption(Exception):
    pass


def test_samples_are_those_of_the_solver(sections):
    for k in (0, 17):
        rve = VoxelRVE(sections.images[k].numpy()[:, :, None])
        torch.testing.assert_close(
            sections.stiffness[k], effective_stiffness(rve, PHASES.stiffness, 1e-3)
        )
        torch.testing.assert_close(
            sections.conductivity[k],
            effective_conductivity(rve, torch.tensor(PHASES.conductivity), 1e-3),
        )
        assert sections.fractions[k].item() == pytest.approx(rve.volume_fractions[1])


def test_families_take_turns_and_none_that_is_unseen_is_learnt_from(sections):
    count = len(LEARNT_FAMILIES)
    assert sections.family(1) == sections.family(1 + count) == LEARNT_FAMILIES[1]
    assert not set(LEARNT_FAMILIES) & set(UNSEEN_FAMILIES)
    assert (sections.images[1] != sections.images[1 + count]).any()
    part = sections.subset([5, 3, 3])
    assert [part.family(k) for k in range(3)] == [LEARNT_FAMILIES[k] for k in (5, 3, 3)]
    assert torch.equal(part.stiffness[1], sections.stiffness[3])
    assert part.subset([0, 2]).meta["subset"] == [5, 3]
    assert part.subset([0, 2]).meta["samples"] == 2


def test_families_with_two_phases():
    """Those that are left out have three, whatever the seed; each other one has two of some."""
    assert set(FAMILIES) - set(TWO_PHASE_FAMILIES) == set(THREE_PHASE_FAMILIES)
    for family in THREE_PHASE_FAMILIES:
        assert all(len(synthetic_section(family, seed, 64).names) == 3 for seed in range(3))


def test_an_interrupted_making_goes_on_to_the_same_file(tmp_path):
    whole, path = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    make_section_dataset(4, PHASES, whole, seed=3, tolerance=1e-2)

    def interrupt(done, total, message=""):
        if done == 2:
            raise Interruption

    with pytest.raises(Interruption):
        make_section_dataset(4, PHASES, path, seed=3, tolerance=1e-2, progress=interrupt)
    calls = []
    make_section_dataset(
        4, PHASES, path, seed=3, tolerance=1e-2, progress=lambda *call: calls.append(call[:2])
    )
    assert calls == [(2, 4), (3, 4), (4, 4)]
    assert path.read_bytes() == whole.read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {whole.name, path.name}


def test_more_samples_are_appended(tmp_path):
    path = tmp_path / "sections.safetensors"
    few = make_section_dataset(2, PHASES, path, tolerance=1e-2)
    more = make_section_dataset(3, PHASES, path, tolerance=1e-2)
    assert torch.equal(more.stiffness[:2], few.stiffness)
    assert more.family(2) == LEARNT_FAMILIES[0]
    assert (more.images[2] != more.images[0]).any()


def test_appending_stops_before_the_sections_of_another_seed(tmp_path):
    recipe = _SectionRecipe(2, PHASES, LEARNT_FAMILIES, 0, 64, 1e-2)
    assert not torch.equal(recipe.draw(2, 9)["images"], recipe.draw(2, 8)["images"])
    with pytest.raises(InputError, match="appended to 9 times, no more seeds"):
        recipe.draw(2, 10)


def test_other_phases_need_another_file(tmp_path):
    path = tmp_path / "sections.safetensors"
    make_section_dataset(1, PHASES, path, tolerance=1e-2)
    with pytest.raises(InputError, match=r"made with phases = .* give another path"):
        make_section_dataset(1, TwoPhases((1.0, 20.0)), path, tolerance=1e-2)


def test_damaged_and_foreign_files(sections, tmp_path):
    path = tmp_path / "sections.safetensors"
    sections.save(path)
    assert torch.equal(SectionDataset.load(path).images, sections.images)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="does not match its checksum"):
        SectionDataset.load(path)
    path.write_text("no sections")
    with pytest.raises(InputError, match="damaged, or not a data set of sections"):
        SectionDataset.load(path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"families": ["rings"]}, "give names of families with two phases"),
        ({"families": "grains"}, "give names of families"),
        ({"n": 0}, "n = 0, seed = 0: give from 1 to"),
        ({"voxels": 20}, "voxels = 20: give at least 64"),
        ({"tolerance": 2.0}, "tolerance = 2.0"),
    ],
)
def test_wrong_arguments(options, sentence, tmp_path):
    options = {"n": 1, "phases": PHASES, "path": tmp_path / "x.safetensors"} | options
    with pytest.raises(InputError, match=sentence):
        make_section_dataset(**options)
