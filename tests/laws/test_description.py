"""Laws made again from their description."""

import json

import pytest
import torch

from dmn_fe import InputError, laws

LINEAR = laws.LinearHardening(0.1, 0.2)


@pytest.mark.parametrize(
    "law",
    [
        laws.Elastic.isotropic(70.0, 0.2),
        laws.J2(3.0, 0.3, laws.LinearHardening(0.1, 0.2)),
        laws.J2(3.0, 0.3, laws.VoceHardening(0.1, 0.2, 30.0)),
        laws.J2(3.0, 0.3, laws.PowerHardening(0.1, 0.01, 0.3)),
        laws.Norton(3.0, 0.3, 1e-3, 1.0, 5.0),
        laws.Void(),
        laws.Chaboche(3.0, 0.3, LINEAR, (laws.Backstress(1.0, 20.0), laws.Backstress(0.5))),
        laws.DruckerPrager(3.0, 0.3, LINEAR, 0.5, 0.2),
        laws.Perzyna(3.0, 0.3, LINEAR, 1e-3, 5.0),
        laws.Maxwell(3.0, 0.3, (laws.MaxwellBranch(1.0, 20.0),)),
        laws.CrystalPlasticity(3.0, 1.0, 2.0, LINEAR, 1e-3, 20.0),
        laws.ThermalExpansion(laws.J2(3.0, 0.3, LINEAR), 1e-5),
        laws.ThermalExpansion(laws.Elastic.isotropic(70.0, 0.2), torch.arange(6.0) * 1e-6),
    ],
    ids=lambda law: type(law).__name__,
)
def test_a_law_comes_back(law):
    description = json.loads(json.dumps(laws.laws_description({"a": law})))
    again = laws.laws_from_description(description)
    assert type(again["a"]) is type(law)
    assert laws.laws_fingerprint(again) == laws.laws_fingerprint({"a": law})


def test_foreign_and_wrong_descriptions_are_refused():
    with pytest.raises(InputError, match="'Mystery'"):
        laws.laws_from_description({"a": ["Mystery", {}]})
    with pytest.raises(InputError, match="'a' is Mystery"):
        laws.laws_from_description({"a": "Mystery()"})
    own = laws.laws_description({"a": laws.Batched(lambda strain, state, dt: (strain, state))})
    with pytest.raises(InputError, match="'a' is Batched"):
        laws.laws_from_description(own)
    with pytest.raises(InputError, match="described wrongly"):
        laws.laws_from_description({"a": ["J2", {"young": 1.0}]})
