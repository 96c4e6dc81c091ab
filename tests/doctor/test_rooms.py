"""The self-tests see a room that computes something else."""

import importlib
from types import SimpleNamespace

import pytest

from dmn_fe import laws
from dmn_fe.doctor.finding import WrongAnswer
from dmn_fe.doctor.rooms import answers, evaluate, homogenization, microstructure, network, training
from dmn_fe.doctor.rooms import laws as laws_room
from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.laws import J2, LinearHardening
from dmn_fe.microstructure import laminate, random_spheres

OTHER = J2(3000.0, 0.37, LinearHardening(31.0, 100.0))


@pytest.mark.parametrize(
    ("room", "name", "wrong"),
    [
        (
            laws_room,
            "LinearHardening",
            lambda stress, slope: LinearHardening(stress, 1.001 * slope),
        ),
        (laws_room.mandel, "rotation_matrix", lambda turn: turn.new_ones(6, 6)),
        (microstructure, "random_spheres", lambda n, f, **how: random_spheres(n, f + 0.002, **how)),
        (homogenization, "laminate", lambda n, f: laminate(n, f, axis=1)),
        (network, "load", lambda _: network.one_laminate(0.2501)),
        (evaluate, "NetworkLaw", lambda *_, **__: OTHER),
        (
            training,
            "train",
            lambda *_, **__: SimpleNamespace(chosen=SimpleNamespace(validation_max=float("nan"))),
        ),
    ],
)
def test_a_wrong_answer_is_seen(monkeypatch, room, name, wrong):
    check = evaluate.check_torch if room is evaluate else getattr(room, "check", laws_room.check)
    assert check().status == "ok"
    monkeypatch.setattr(room, name, wrong)
    with pytest.raises(WrongAnswer):
        check()


def test_a_wrong_stress_in_dolfinx_is_seen(monkeypatch):
    pytest.importorskip("dolfinx")
    fem = importlib.import_module("dmn_fe.doctor.rooms.fem")
    true = fem.patch_test
    softer = laws.Elastic.isotropic(2999.0, 0.37)
    monkeypatch.setattr(fem, "patch_test", lambda law, gradient: true(softer, gradient))
    with pytest.raises(WrongAnswer, match="stress"):
        fem.check()
    monkeypatch.setattr(fem, "patch_test", true)
    assert fem.check().status == "ok"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (TimeoutError("compilation timed out"), "remove "),
        (PermissionError(13, "Permission denied"), "XDG_CACHE_HOME"),
        ("VerificationError", "C compiler"),
    ],
)
def test_what_dolfinx_says_of_its_forms(monkeypatch, error, word):
    pytest.importorskip("dolfinx")
    fem = importlib.import_module("dmn_fe.doctor.rooms.fem")
    error = fem.VerificationError("no gcc") if isinstance(error, str) else error

    def fail():
        raise error

    monkeypatch.setattr(fem, "_patch_test", fail)
    found = fem.check()
    assert (found.status, found.text) == ("failed", str(error))
    assert word in found.advice


@pytest.mark.skipif(find_compiler() is None, reason="there is no compiler")
def test_the_core():
    assert evaluate.check_core().status == "ok"


def test_numbers_that_are_none_are_wrong():
    with pytest.raises(WrongAnswer):
        answers.expect("x", float("nan"), 1.0, 1e-3)
    answers.expect("x", 1.0005, 1.0, 1e-3)


def test_layers_are_those_of_an_isotropic_material_where_phases_are_equal(monkeypatch):
    monkeypatch.setattr(answers, "GLASS", answers.RESIN)
    stiffness = laws.Elastic.isotropic(*answers.RESIN).stiffness
    right = [float(stiffness[k, k]) for k in (0, 5, 3)]
    assert answers.layers_along_e1(0.3).tolist() == pytest.approx(right, rel=1e-12)
