"""What is said of GPUs, compilers and the cache, on machines that have them and not."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dmn_fe import InputError
from dmn_fe.doctor import engines
from dmn_fe.evaluate.core.compiler import find_compiler


@pytest.fixture
def gpu(monkeypatch):
    """A torch built for CUDA that sees a GPU."""
    device = SimpleNamespace(name="NVIDIA H100", total_memory=80 * 10**9)
    cuda = SimpleNamespace(
        is_available=lambda: True, device_count=lambda: 1, get_device_properties=lambda _: device
    )
    fake = SimpleNamespace(version=SimpleNamespace(cuda="12.4"), cuda=cuda)
    monkeypatch.setattr(engines, "torch", fake)
    monkeypatch.setattr(engines, "cuda_core", lambda: None)
    monkeypatch.setattr(engines, "version", lambda name: {"cuda-core": "1.0"}.get(name, "12.9"))
    return fake


def test_a_gpu(gpu):
    found = engines.cuda()
    assert found.status == "ok"
    assert found.text == (
        "NVIDIA H100 (80.0 GB); torch for CUDA 12.4, cuda-core 1.0, cuda-bindings 12.9"
    )


def test_a_gpu_without_what_compiles_for_it(gpu, monkeypatch):
    def none():
        raise InputError("cuda-core is not installed; pip install it.")

    monkeypatch.setattr(engines, "cuda_core", none)
    found = engines.cuda()
    assert (found.status, found.advice) == (
        "missing",
        "cuda-core is not installed; pip install it.",
    )


@pytest.mark.parametrize("built", [None, "12.4"])
@pytest.mark.parametrize("there", [False, True])
def test_no_gpu_that_torch_can_use(gpu, tmp_path, monkeypatch, built, there):
    gpu.version.cuda, gpu.cuda.is_available = built, lambda: False
    monkeypatch.setattr(engines, "_DEVICE", tmp_path if there else tmp_path / "none")
    found = engines.cuda()
    assert found.status == ("warning" if there and built else "missing")
    assert found.advice.startswith("Networks are evaluated on the processor.")
    if there:
        assert ("nvidia-smi" if built else "built for CUDA") in found.advice


@pytest.fixture
def no_compiler(tmp_path, monkeypatch):
    find_compiler.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("sysconfig.get_config_var", lambda _: None)
    yield
    find_compiler.cache_clear()


def test_no_compiler(no_compiler):
    assert engines.compiler().status == "missing"


def test_a_wish_that_is_no_command(no_compiler, monkeypatch):
    monkeypatch.setenv("CXX", '"')
    found = engines.compiler()
    assert found.status == "failed"
    assert "CXX" in found.text
    assert "CXX" in found.advice


def test_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert engines.cache().status in ("ok", "warning")  # of a full disk
    assert not (tmp_path / "cache").exists()  # it only looks
    folder = tmp_path / "cache" / "dmn_fe" / "core"
    folder.mkdir(parents=True)
    (folder / "one.so").touch()
    assert f"{folder}, 1 core(s) built" in engines.cache().text


def test_a_cache_that_cannot_be_written(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    found = engines.cache()
    assert found.status == "warning"
    assert "cannot be written" in found.text
    assert "XDG_CACHE_HOME" in found.advice


def test_no_home(monkeypatch):
    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", none)
    assert engines.cache().status == "warning"
