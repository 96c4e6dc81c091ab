"""The material tables of a run file become laws."""

import pytest
from helpers.networks import random_network
from pydantic import TypeAdapter, ValidationError

from dmn_fe import laws, save
from dmn_fe.cli.material_tables import MaterialTable
from dmn_fe.cli.materials import comparison_law, material_law
from dmn_fe.errors import InputError

TABLES = TypeAdapter(MaterialTable)
ELASTIC = {"law": "Elastic", "young": 3000.0, "poisson": 0.35}
CREEP = {
    "law": "Norton",
    "young": 3000.0,
    "poisson": 0.35,
    "reference_rate": 1e-3,
    "reference_stress": 40.0,
    "exponent": 5.0,
}
PLASTIC = {
    "law": "J2",
    "young": 3000.0,
    "poisson": 0.35,
    "hardening": {"type": "voce", "yield_stress": 30.0, "saturation": 20.0, "rate": 50.0},
}


HARDENING = {"type": "linear", "yield_stress": 30.0}
OTHERS = [
    (
        {
            "law": "Elastic",
            "transversely_isotropic": {
                "young_axial": 230.0,
                "young_transverse": 15.0,
                "poisson_axial": 0.2,
                "poisson_transverse": 0.07,
                "shear_axial": 24.0,
                "axis": 3,
            },
        },
        laws.Elastic.transversely_isotropic(
            young_axial=230.0,
            young_transverse=15.0,
            poisson_axial=0.2,
            poisson_transverse=0.07,
            shear_axial=24.0,
            axis=3,
        ),
    ),
    (
        {
            "law": "Chaboche",
            "young": 3000.0,
            "poisson": 0.35,
            "hardening": HARDENING,
            "backstresses": [{"modulus": 900.0, "recovery": 20.0}, {"modulus": 100.0}],
        },
        laws.Chaboche(
            3000.0,
            0.35,
            laws.LinearHardening(30.0),
            (laws.Backstress(900.0, 20.0), laws.Backstress(100.0)),
        ),
    ),
    (
        {
            "law": "DruckerPrager",
            "young": 3000.0,
            "poisson": 0.35,
            "hardening": HARDENING,
            "friction": 0.5,
            "dilatancy": 0.1,
        },
        laws.DruckerPrager(3000.0, 0.35, laws.LinearHardening(30.0), 0.5, 0.1),
    ),
    (
        {
            "law": "Perzyna",
            "young": 3000.0,
            "poisson": 0.35,
            "hardening": HARDENING,
            "reference_rate": 1e-3,
            "exponent": 5.0,
        },
        laws.Perzyna(3000.0, 0.35, laws.LinearHardening(30.0), 1e-3, 5.0),
    ),
    (
        {
            "law": "Maxwell",
            "young": 3000.0,
            "poisson": 0.35,
            "branches": [{"shear": 900.0, "time": 2.0}],
        },
        laws.Maxwell(3000.0, 0.35, (laws.MaxwellBranch(900.0, 2.0),)),
    ),
    (
        {
            "law": "CrystalPlasticity",
            "c11": 168e3,
            "c12": 121e3,
            "c44": 75e3,
            "hardening": HARDENING,
            "reference_rate": 1e-3,
            "exponent": 20.0,
        },
        laws.CrystalPlasticity(168e3, 121e3, 75e3, laws.LinearHardening(30.0), 1e-3, 20.0),
    ),
]
WOOD = {
    "young_1": 12.0,
    "young_2": 1.0,
    "young_3": 0.6,
    "poisson_12": 0.4,
    "poisson_13": 0.45,
    "poisson_23": 0.5,
    "shear_12": 0.9,
    "shear_13": 0.7,
    "shear_23": 0.06,
}


@pytest.mark.parametrize(
    ("table", "law"),
    [
        (ELASTIC, laws.Elastic.isotropic(3000.0, 0.35)),
        (CREEP, laws.Norton(3000.0, 0.35, 1e-3, 40.0, 5.0)),
        (PLASTIC, laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0))),
        ({"law": "Elastic", "orthotropic": WOOD}, laws.Elastic.orthotropic(**WOOD)),
        *OTHERS,
    ],
    ids=lambda value: value["law"] if isinstance(value, dict) else "",
)
def test_a_table_becomes_its_law(table, law):
    made = material_law(TABLES.validate_python(table), "run.toml: materials.body")
    assert laws.laws_fingerprint({"body": made}) == laws.laws_fingerprint({"body": law})
    network = {"network": "net.dmn", "phases": {"matrix": table, "inclusion": ELASTIC}}
    alone = comparison_law(TABLES.validate_python(network), "matrix", "run.toml: materials.body")
    assert laws.laws_fingerprint({"body": alone}) == laws.laws_fingerprint({"body": law})


def test_a_void_is_a_phase_of_a_network_and_no_part():
    table = {"network": "net.dmn", "phases": {"matrix": ELASTIC, "pore": {"law": "Void"}}}
    network = TABLES.validate_python(table)
    assert network.phases["pore"].law == "Void"
    with pytest.raises(InputError, match=r"'comparison\.phase' = 'pore' names a void"):
        comparison_law(network, "pore", "run.toml: materials.body")
    with pytest.raises(
        ValidationError, match="give 'network', 'networks' or 'rve' with 'phases', or 'law'"
    ):
        TABLES.validate_python({"law": "Void"})


def test_a_network_with_a_void_becomes_its_law(tmp_path):
    save(random_network(2), tmp_path / "net.dmn")
    phases = {"matrix": PLASTIC, "inclusion": {"law": "Void"}}
    table = TABLES.validate_python({"network": tmp_path / "net.dmn", "phases": phases})
    assert material_law(table, "run.toml: materials.body").laws["inclusion"] == laws.Void()


def test_a_missing_or_unknown_key_is_refused():
    for key in CREEP.keys() - {"law"}:
        with pytest.raises(ValidationError, match=rf"{key}\n  Field required"):
            TABLES.validate_python({name: CREEP[name] for name in CREEP if name != key})
    with pytest.raises(ValidationError, match=r"rate\n  Extra inputs are not permitted"):
        TABLES.validate_python({**CREEP, "rate": 1.0})


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"young": 1.0},
        {"young": 1.0, "poisson": 0.3, "orthotropic": WOOD},
        {"orthotropic": WOOD, "stiffness": [[1.0] * 6] * 6},
    ],
)
def test_an_elastic_law_is_given_in_one_way(keys):
    with pytest.raises(ValidationError, match="give either 'young' and 'poisson' or 'stiffness'"):
        TABLES.validate_python({"law": "Elastic", **keys})


def test_every_law_of_a_run_file_is_listed():
    known = "Elastic J2 Chaboche DruckerPrager Norton Perzyna Maxwell CrystalPlasticity"
    listed = ", ".join(f'"{name}"' for name in known.split())
    with pytest.raises(ValidationError, match=f"'law' as one of {listed}"):
        TABLES.validate_python({"law": "J3"})


def test_a_parameter_out_of_range_is_named_with_its_place():
    table = TABLES.validate_python({**CREEP, "exponent": 0.5})
    with pytest.raises(InputError, match=r"run\.toml: body: Norton: exponent = 0\.5 must be at"):
        material_law(table, "run.toml: body")
