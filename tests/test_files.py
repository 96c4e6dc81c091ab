"""Files that appear whole or not at all."""

import os

import numpy as np
import pytest
import torch
from helpers.files import largest_file
from helpers.networks import random_network

from dmn_fe import InputError
from dmn_fe import files as files_module
from dmn_fe.files import written_whole
from dmn_fe.homogenization.journal import Journal, read_journal
from dmn_fe.microstructure import VoxelRVE, write
from dmn_fe.network import save
from dmn_fe.training.checkpoint import Checkpoint


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


@pytest.mark.parametrize("name", ["a.npy", "a.vti"])
def test_an_rve_on_a_full_disk_leaves_what_was_there(tmp_path, name):
    path = tmp_path / name
    rve = VoxelRVE(np.random.default_rng(0).integers(0, 2, (12, 12, 12)), ("a", "b"))
    write(rve, path)
    content = path.read_bytes()
    for size in (10, 100, 1000, len(content) - 1):
        with largest_file(size), pytest.raises(InputError, match="File too large; check the file"):
            write(rve, path)
    assert path.read_bytes() == content


def test_a_journal_on_a_full_disk_keeps_its_whole_records(tmp_path):
    path = tmp_path / "a.partial-0"
    with largest_file(500), pytest.raises(InputError, match="partial-0: File too large; check"):
        filled(path)
    records = read_journal(path, {}, 10)
    assert 1 <= len(records) < 10
    filled(path)
    assert len(read_journal(path, {}, 10)) == 10


def filled(path) -> None:
    """A journal of ten records."""
    with Journal(path, {}, 10) as journal:
        for number in range(10):
            journal.append(number, np.full(10, float(number)))


def test_a_checkpoint_on_a_full_disk_lets_the_training_go_on(tmp_path, caplog):
    checkpoint = Checkpoint(tmp_path / "a.safetensors", {})
    with largest_file(100):
        assert not checkpoint.write({"x": torch.zeros(1000)})
    assert "the training goes on without its checkpoint" in caplog.text
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
