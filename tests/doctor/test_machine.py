"""What is said of cores, memory, threads and folders."""

import os

import pytest

from dmn_fe.doctor import machine
from dmn_fe.doctor.machine import all_of_the_machine
from dmn_fe.resources import Memory

GB = 10**9


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """A machine without want: 8 cores, 32 GB, one thread."""
    monkeypatch.setattr(machine, "available_cores", lambda: 8)
    monkeypatch.setattr(machine, "core_quota", lambda: None)
    monkeypatch.setattr(machine, "memory", lambda: Memory(32 * GB, 30 * GB, False))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("TMPDIR", raising=False)


def found(name):
    return {each.name: each for each in all_of_the_machine()}[name]


def test_a_large_machine_needs_no_advice():
    for name in ("Python", "system", "cores", "memory", "threads"):
        assert (found(name).status, found(name).advice) == ("ok", "")
    assert found("memory").text == "32.0 GB, 30.0 GB available"
    assert found("memory").values == {"total": 32 * GB, "available": 30 * GB, "limited": False}


def test_a_container_with_fewer_cores_than_are_visible(monkeypatch):
    monkeypatch.setattr(machine, "core_quota", lambda: 2.5)
    assert found("cores").status == "warning"
    assert "the time of 2.5" in found("cores").text
    assert "OMP_NUM_THREADS=2" in found("cores").advice
    assert found("cores").values["quota"] == 2.5
    monkeypatch.setattr(machine, "core_quota", lambda: 8.0)
    assert found("cores").status == "ok"


def test_little_memory(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: Memory(GB, GB // 2, True))
    assert found("memory").status == "warning"
    assert found("memory").text == "1.0 GB (the limit of the container), 0.5 GB available"
    monkeypatch.setattr(machine, "memory", lambda: Memory(GB, None, False))
    assert found("memory").text == "1.0 GB"
    monkeypatch.setattr(machine, "memory", lambda: None)
    assert found("memory").status == "ok"


@pytest.mark.parametrize(
    ("wish", "status", "word"),
    [
        (None, "warning", "export OMP_NUM_THREADS=1"),
        ("8,2", "ok", ""),
        ("9", "warning", "8 core(s)"),
        ("many", "warning", "no number"),
        ("0", "warning", "no number"),
    ],
)
def test_threads(monkeypatch, wish, status, word):
    if wish is None:
        monkeypatch.delenv("OMP_NUM_THREADS")
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", wish)
    assert found("threads").status == status
    assert word in found("threads").advice
    assert found("threads").values == {"OMP_NUM_THREADS": wish}


def test_one_core_needs_no_word_about_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(machine, "available_cores", lambda: 1)
    assert found("threads").status == "ok"


def test_a_temporary_folder_that_cannot_be_used(monkeypatch):
    assert found("temporary folder").status in ("ok", "warning")  # of a full disk
    monkeypatch.setenv("TMPDIR", os.devnull)
    assert found("temporary folder").status == "failed"
    assert os.devnull in found("temporary folder").text


def test_a_temporary_folder_that_only_python_goes_round(monkeypatch, tmp_path):
    """As in the image without its group: Python takes the present folder then."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert found("temporary folder").status == "failed"
    assert found("temporary folder").text == "/tmp cannot be written to"
    assert "--group-add dmn_fe" in found("temporary folder").advice


def test_no_temporary_folder(monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", none)
    assert found("temporary folder").status == "failed"
    assert "TMPDIR" in found("temporary folder").advice
    assert "--group-add dmn_fe" in found("temporary folder").advice


def test_no_home(monkeypatch):
    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(machine.Path, "home", none)
    assert found("home folder").status == "failed"
    assert "Set HOME" in found("home folder").advice


def test_libraries_that_are_missing_or_old(monkeypatch):
    assert found("dmn_fe").status == "ok"
    monkeypatch.setattr(machine, "version", lambda name: "0.1" if name == "rich" else "9999")
    monkeypatch.setattr(
        machine, "find_spec", lambda module: None if module in ("PIL", "meshio") else True
    )
    assert found("dmn_fe").status == "failed"
    assert found("dmn_fe").advice.endswith(": pillow, meshio, rich.")
    assert "pillow" in found("dmn_fe").install
