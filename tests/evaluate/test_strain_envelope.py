"""Up to which strains networks were validated: ratios, metadata, and what trainings note."""

import json
import math
from dataclasses import replace

import pytest
import torch
from helpers.laws import LAWS, random_strain
from helpers.networks import random_network
from helpers.training_data import LAWS as GIVEN
from helpers.training_data import META, path_data, stiffness_data

from dmn_fe import InputError, laws, load, mandel, save
from dmn_fe.evaluate import (
    EnsembleLaw,
    NetworkLaw,
    PathValidation,
    StrainEnvelope,
    strain_envelope,
)
from dmn_fe.homogenization import PathDataset
from dmn_fe.homogenization.path_sampler import sample_paths
from dmn_fe.homogenization.reference_paths import ReferencePaths
from dmn_fe.laws import laws_description, laws_fingerprint
from dmn_fe.network import Ensemble, NetworkFamily, compress, interpolate, with_volume_fractions
from dmn_fe.training import NonlinearValidation, compressed, train

PHASES = {"matrix": LAWS["J2"][0], "inclusion": laws.Elastic.isotropic(70000.0, 0.2)}
YIELD = 30.0 / 3000.0


def sizes(strain) -> tuple[float, float]:
    """Largest deviatoric norm and trace, tensor by tensor."""
    tensors = mandel.to_tensor(strain.reshape(-1, 6))
    traces = [float(one.trace()) for one in tensors]
    eye = torch.eye(3, dtype=torch.float64)
    deviators = [float((one - one.trace() / 3.0 * eye).norm()) for one in tensors]
    return max(deviators), max(abs(one) for one in traces)


def test_the_ratio_is_that_of_the_part_that_goes_further():
    envelope = StrainEnvelope(0.02, 0.005)
    shear = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.03], dtype=torch.float64)
    pressure = -0.002 * mandel.IDENTITY
    strain = torch.stack([shear, pressure, shear + pressure, 0.0 * shear, torch.nan * shear])
    ratio = envelope.ratio(strain)
    torch.testing.assert_close(ratio, ratio.new_tensor([1.5, 1.2, 1.5, 0.0, 0.0]))
    random = random_strain(20, 0.01, 1)
    deviatoric, volumetric = sizes(random)
    own = StrainEnvelope.of(random)
    assert (own.deviatoric, own.volumetric) == pytest.approx((deviatoric, volumetric))
    assert own.ratio(random).max().item() == pytest.approx(1.0)
    assert own.ratio(1.1 * random).max().item() == pytest.approx(1.1)


def test_a_part_that_was_never_validated_is_beyond():
    none = StrainEnvelope(0.01, 0.0)
    shear = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0, 0.005]], dtype=torch.float64)
    assert none.ratio(shear).tolist() == [0.5]
    assert none.ratio(shear + 1e-6 * mandel.IDENTITY).tolist() == [math.inf]
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(InputError, match=r"volumetric = .* must be finite and >= 0"):
            StrainEnvelope(0.01, wrong)


def with_entry(seed: int = 0, depth: int = 3, **entry):
    return random_network(depth, seed).with_metadata(strain_envelope=entry)


def test_it_comes_from_the_metadata(tmp_path):
    network = with_entry(deviatoric=0.03, volumetric=0.01)
    save(network, tmp_path / "a.dmn")
    loaded = load(tmp_path / "a.dmn")
    assert StrainEnvelope.from_metadata(loaded) == StrainEnvelope(0.03, 0.01)
    assert StrainEnvelope.from_metadata(random_network(2)) is None
    old = random_network(2).with_metadata(strain_envelope=None)
    assert StrainEnvelope.from_metadata(old) is None
    assert StrainEnvelope.from_metadata(compress(loaded)) == StrainEnvelope(0.03, 0.01)


def test_of_random_materials_it_is_a_multiple_of_the_yield_strain():
    network = with_entry(deviatoric=4.0, volumetric=2.0, unit="yield strain")

    def known(phases):
        found = StrainEnvelope.from_metadata(network, phases)
        return found.deviatoric, found.volumetric

    assert known(PHASES) == pytest.approx((4.0 * YIELD, 2.0 * YIELD))
    softer = laws.ThermalExpansion(laws.J2(3000.0, 0.3, laws.LinearHardening(15.0)), 1e-5)
    assert known({**PHASES, "inclusion": softer}) == pytest.approx((2.0 * YIELD, YIELD))
    assert StrainEnvelope.from_metadata(network) is None
    nothing_yields = {"matrix": LAWS["Norton"][0], "inclusion": LAWS["Crystal"][0]}
    assert StrainEnvelope.from_metadata(network, nothing_yields) is None


def test_laws_have_that_of_their_networks_and_ensembles_the_smallest():
    networks = [
        with_entry(deviatoric=0.03, volumetric=0.02),
        with_entry(1, deviatoric=0.04, volumetric=0.01),
        random_network(3, 2),
    ]
    first, second, unknown = (NetworkLaw(network, PHASES) for network in networks)
    assert strain_envelope(laws.PlaneStress(first)) == StrainEnvelope(0.03, 0.02)
    axes = torch.eye(3, dtype=torch.float64)[None]
    assert strain_envelope(laws.Oriented(second, axes)) == StrainEnvelope(0.04, 0.01)
    assert strain_envelope(unknown) is None
    assert strain_envelope(PHASES["matrix"]) is None
    ensemble = EnsembleLaw(Ensemble(tuple(networks)), PHASES)
    assert strain_envelope(ensemble) == StrainEnvelope(0.03, 0.01)
    assert strain_envelope(EnsembleLaw(Ensemble((networks[2],) * 2), PHASES)) is None


def test_what_lies_between_networks_has_the_smallest():
    low = with_entry(deviatoric=0.03, volumetric=0.02)
    weights = torch.where(low.leaf_phase == 1, 1.5, 1.0) * low.weights
    high = replace(with_entry(deviatoric=0.04, volumetric=0.01), weights=weights)
    expected = {"deviatoric": 0.03, "volumetric": 0.01}
    assert interpolate([low, high], [0.0, 1.0], 0.3).metadata == {"strain_envelope": expected}
    family = NetworkFamily.of_volume_fractions({0.3: low, 0.4: high}, "inclusion")
    assert family.at(0.35).metadata["strain_envelope"] == expected
    assert set(family.at(0.35).metadata) == {"strain_envelope", "volume_fraction"}
    scaled = with_volume_fractions(low.with_metadata(seed=1), {"matrix": 0.7, "inclusion": 0.3})
    assert scaled.metadata == {"strain_envelope": low.metadata["strain_envelope"]}
    other = high.with_metadata(strain_envelope={**expected, "unit": "yield strain"})
    for unlike in (other, high.with_metadata(strain_envelope=None)):
        assert interpolate([low, unlike], [0.0, 1.0], 0.3).metadata == {}


def reference(given, names=("shear", "uniaxial-strain"), size: float = 1.0) -> ReferencePaths:
    """Paths whose stresses are made up; the second one is not counted."""
    strain = torch.zeros(2, 4, 6, dtype=torch.float64)
    strain[:, 1:] = size * torch.stack([random_strain(3, 0.01, 1), random_strain(3, 1.0, 2)])
    times = torch.arange(4, dtype=torch.float64).repeat(2, 1)
    meta = {
        **META,
        "laws": json.loads(json.dumps(laws_description(given))),
        "laws_fingerprint": laws_fingerprint(given),
        **{"grid": None, "scheme": "made up", "tolerance": 0.0},
    }
    return ReferencePaths(names, times, strain, 1000.0 * strain, meta)


def trained(paths=None, validation=None, **options):
    given = {"depth": 2, "iterations": 3, "elastic_iterations": 1, **options}
    return train(stiffness_data(), paths=paths, validation=validation, **given).network


def test_a_training_without_nonlinear_data_tells_none():
    network = trained(validation=NonlinearValidation(lambda network: 0.1))
    assert network.metadata["strain_envelope"] is None


def test_a_training_tells_the_strains_of_its_samples_and_paths():
    samples = path_data()
    network = trained(samples, laws=GIVEN)
    own = sizes(samples.strain)
    assert list(network.metadata["strain_envelope"].values()) == pytest.approx(own)
    assert list(network.metadata["strain_envelope"]) == ["deviatoric", "volumetric"]
    small = compressed(network, stiffness_data())
    assert small.metadata["strain_envelope"] == network.metadata["strain_envelope"]
    paths = reference(GIVEN)
    of_paths = sizes(paths.strain[0])  # of the counted one
    validation = NonlinearValidation(PathValidation(paths, GIVEN))
    network = trained(validation=validation)
    assert list(network.metadata["strain_envelope"].values()) == pytest.approx(of_paths)
    network = trained(samples, validation, laws=GIVEN)
    both = [max(pair) for pair in zip(own, of_paths, strict=True)]
    assert list(network.metadata["strain_envelope"].values()) == pytest.approx(both)


def random_samples() -> PathDataset:
    """One-step samples of random materials; the stresses are made up."""
    strain, material = sample_paths("one-step", 6, 2, (1.0, 13.0), seed=3)
    meta = {**META, "kind": "one-step", "steps": 2, "samples": 6, "failed": []}
    times = torch.ones(6, 2, dtype=torch.float64)
    return PathDataset(strain, strain.clone(), material, times, {**meta, "laws_fingerprint": None})


def test_of_random_materials_a_training_tells_yield_strains():
    samples = random_samples()
    own = sizes(samples.strain)
    entry = trained(samples).metadata["strain_envelope"]
    assert entry.pop("unit") == "yield strain"
    assert list(entry.values()) == pytest.approx(own)
    # The same samples in other units of stress and strain.
    factor = torch.tensor([3000.0, 1.0, 30.0, 30.0], dtype=torch.float64)
    material = samples.material * factor
    other = replace(samples, strain=0.01 * samples.strain, material=material)
    scaled = trained(other).metadata["strain_envelope"]
    assert [scaled[key] for key in entry] == pytest.approx(own)
    # Paths count in yield strains of their laws.
    paths = reference(GIVEN, size=20.0)
    validation = NonlinearValidation(PathValidation(paths, GIVEN))
    both = trained(samples, validation).metadata["strain_envelope"]
    of_paths = [one / YIELD for one in sizes(paths.strain[0])]
    assert [both[key] for key in entry] == pytest.approx(
        [max(pair) for pair in zip(own, of_paths, strict=True)]
    )
    assert any(b > a for a, b in zip(own, of_paths, strict=True))


def test_inspect_shows_it(dmn_fe, tmp_path):
    save(with_entry(deviatoric=12.97, volumetric=5.5, unit="yield strain"), tmp_path / "a.dmn")
    lines = dmn_fe("inspect", "a.dmn").stdout.splitlines()
    told = dict(line.split(maxsplit=1) for line in lines if "strain_envelope" in line)
    assert told == {
        "strain_envelope.deviatoric": "12.97",
        "strain_envelope.volumetric": "5.5",
        "strain_envelope.unit": "yield strain",
    }
