"""Files that appear whole or not at all."""

import contextlib
import os
import resource

import pytest
import torch
from helpers.networks import random_network

from dmn_fe import InputError
from dmn_fe import files as files_module
from dmn_fe.files import written_whole
from dmn_fe.network import save
from dmn_fe.training.checkpoint import Checkpoint


@contextlib.contextmanager
def largest_file(size: int):
    """No file of this process grows beyond ``size`` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_there_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    with written_whole(path) as partial:
        partial.write_text("all of it")
        assert not path.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "all of it"


def test_an_interruption_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def interrupted() -> None:
        with written_whole(path) as partial:
            partial.write_text("a part")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "before"


def test_a_full_disk_gets_a_sentence_and_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with largest_file(100), pytest.raises(InputError) as refused, written_whole(path) as partial:
        partial.write_text("x" * 1000)
    assert str(refused.value).startswith(f"{path}: File too large; check the file")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "before"


def test_a_network_on_a_full_disk_gets_a_sentence(tmp_path):
    path = tmp_path / "a.dmn"
    with largest_file(100), pytest.raises(InputError, match=r"a\.dmn: "):
        save(random_network(3), path)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_on_a_full_disk_lets_the_training_go_on(tmp_path, caplog):
    checkpoint = Checkpoint(tmp_path / "a.safetensors", {})
    with largest_file(100):
        assert not checkpoint.write({"x": torch.zeros(1000)})
    assert "the training goes on" in caplog.text
    assert checkpoint.write({"x": torch.zeros(1000)})


def test_the_error_of_another_file_is_its_own(tmp_path):
    with pytest.raises(FileNotFoundError) as error, written_whole(tmp_path / "a.txt"):
        (tmp_path / "other.txt").read_text()
    assert error.value.filename.endswith("other.txt")


def test_a_file_system_that_cannot_sync_is_no_failure(tmp_path, monkeypatch):
    def cannot(_: int) -> None:
        raise OSError(files_module.errno.EINVAL, os.strerror(files_module.errno.EINVAL))

    monkeypatch.setattr(files_module.os, "fsync", cannot)
    with written_whole(tmp_path / "a.txt") as partial:
        partial.write_text("all of it")
    assert (tmp_path / "a.txt").read_text() == "all of it"
